//! The transaction that steps run in: begun by its first statement, ended with its block.

use std::sync::Arc;

use rejoin_lang::plan::{Isolation, Request};
use tokio::sync::Mutex;

use super::super::Datum;
use super::store::{Answer, Store, Transaction, refused};

/// A transaction of a program. Its steps, and those of the functions that they call, share it.
pub(in super::super) struct Held {
    isolation: Isolation,
    /// The id of its step.
    step: Arc<str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The database, once there was a statement.
    open: Option<(usize, Box<dyn Transaction>)>,
    /// For each transaction inside that is open, whether the database was there before it, and has a mark.
    marks: Vec<bool>,
    /// What ended it before its end.
    broken: Option<Datum>,
}

impl Held {
    pub(super) fn new(isolation: Isolation, step: Arc<str>) -> Self {
        Self { isolation, step, state: Mutex::default() }
    }

    pub(super) async fn run(
        &self,
        database: usize,
        store: &Arc<dyn Store>,
        request: Request<Datum>,
    ) -> Result<Answer, Datum> {
        let mut state = self.state.lock().await;
        if let Some(broken) = &state.broken {
            return Err(broken.clone());
        }
        let (open, transaction) = match &mut state.open {
            Some((open, transaction)) => (*open, transaction),
            none => {
                let begun = store.begin(self.isolation).await?;
                (database, &mut none.insert((database, begun)).1)
            }
        };
        if open != database {
            let message = format!("the transaction `{}` is on another database", self.step);
            return Err(refused("0A000", &message));
        }
        transaction.run(request).await
    }

    /// From here on nothing runs in it.
    pub(super) async fn broke(&self, failure: &Datum) {
        self.state.lock().await.broken.get_or_insert_with(|| failure.clone());
    }

    /// Begins a transaction inside.
    pub(super) async fn save(&self) -> Result<(), Datum> {
        let mut state = self.state.lock().await;
        if let Some(broken) = &state.broken {
            return Err(broken.clone());
        }
        if let Some((_, transaction)) = &mut state.open {
            transaction.save().await?;
        }
        let marked = state.open.is_some();
        state.marks.push(marked);
        Ok(())
    }

    /// Ends the last transaction inside. Without a failure what it did stays, to be made to last with the whole.
    ///
    /// # Errors
    /// Why it was undone.
    pub(super) async fn end_inner(&self, failure: Option<Datum>) -> Result<(), Datum> {
        let mut state = self.state.lock().await;
        let failure = state.broken.take().or(failure);
        let marked = state.marks.pop().unwrap_or(false);
        let done = match (&mut state.open, marked, failure.is_some()) {
            (Some((_, transaction)), true, false) => transaction.release().await,
            (Some((_, transaction)), true, true) => transaction.undo().await,
            // All that the database did was within it.
            (Some(_), false, true) => match state.open.take() {
                Some((_, transaction)) => transaction.roll_back().await,
                None => Ok(()),
            },
            _ => Ok(()),
        };
        if let Err(broken) = done {
            state.broken = Some(broken.clone());
            return Err(failure.unwrap_or(broken));
        }
        failure.map_or(Ok(()), Err)
    }

    /// Ends it.
    ///
    /// # Errors
    /// Why all of it was undone.
    pub(super) async fn end(&self, failure: Option<Datum>) -> Result<(), Datum> {
        let mut state = self.state.lock().await;
        let failure = state.broken.take().or(failure);
        let Some((_, transaction)) = state.open.take() else {
            return failure.map_or(Ok(()), Err);
        };
        match failure {
            None => transaction.commit().await,
            Some(failure) => {
                // One that cannot be undone in words is undone by the end of its connection.
                transaction.roll_back().await.ok();
                Err(failure)
            }
        }
    }
}
