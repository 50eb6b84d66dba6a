//! Steps on data: `query`, `insert`, `update`, `delete`, `transaction`, `traverse`.

mod condition;
mod documents;
mod memory;
mod project;
mod returned;
mod select;
pub(super) mod store;
mod transaction;

use std::sync::Arc;

use rejoin_lang::plan::{
    DataStep, DataTarget, FunctionStep, Functions, Request, TransactionStep, Traverse,
};

use super::exec::{Exit, Flow, Frame, Run, fault, in_time, used};
use super::{Datum, FunctionHost};
use memory::Memory;
use store::Store;
pub(super) use transaction::Held;

/// The places of data of one run. Tables in memory begin and end with it.
#[derive(Clone, Default)]
pub(super) struct Stores(Arc<[Option<Arc<dyn Store>>]>);

impl Stores {
    /// Those that a program uses.
    ///
    /// # Errors
    /// Why one of them is not there.
    pub(super) fn open(
        program: &Functions,
        host: &dyn FunctionHost,
        used: &[usize],
    ) -> Result<Self, String> {
        let databases = program.databases.iter().enumerate();
        let stores = databases.map(|(at, database)| {
            if !used.contains(&at) {
                return Ok(None);
            }
            match database.connection {
                Some(_) => host.store(database).map(Some).map_err(|why| {
                    let place = program.sources.location(database.span);
                    format!("{place}: the database `{}`: {why}", database.id)
                }),
                None => Ok(Some(Arc::new(Memory::new(database)) as Arc<dyn Store>)),
            }
        });
        stores.collect::<Result<_, String>>().map(Self)
    }

    fn get(&self, database: usize) -> Option<&Arc<dyn Store>> {
        self.0.get(database)?.as_ref()
    }
}

impl Run {
    /// Asks; what the database refuses is a value, but for within a transaction, which it ends.
    pub(super) async fn data(&self, frame: &Frame, step: &FunctionStep, data: &DataStep) -> Flow {
        let request = data.request.try_map(&mut |operand| used(frame, step, operand))?;
        let answer = match data.target {
            DataTarget::Project => match &request {
                Request::Select(select) => project::select(&self.project(), select),
                _ => Ok(store::Answer::default()),
            },
            DataTarget::Documents if self.transaction.is_some() => {
                // The checker sees it within one function; this one was called in a transaction.
                Err(store::refused("0A000", "`std.storage` has no transactions"))
            }
            DataTarget::Documents => self.documents(&request).await,
            DataTarget::Database(at) => {
                let Some(store) = self.stores.get(at) else { return Ok(Datum::None) };
                match &self.transaction {
                    None => store.run(request.clone()).await,
                    Some(held) => held.run(at, store, request.clone()).await,
                }
            }
        };
        if answer.is_err() {
            in_time().await;
        }
        match answer
            .and_then(|answer| returned::value(&self.program.functions.types, &request, answer))
        {
            Ok(value) => Ok(value),
            Err(failure) => match (&self.transaction, data.target) {
                (Some(held), DataTarget::Database(_) | DataTarget::Documents) => {
                    // The database has given up on all of it.
                    held.broke(&failure).await;
                    Err(Exit::Failed(failure))
                }
                _ => Ok(failure),
            },
        }
    }

    /// Runs steps as a whole, or not at all. One inside another can be undone alone.
    ///
    /// # Cancel safety
    /// Dropping it undoes what was done.
    pub(super) async fn transact(
        &self,
        frame: &mut Frame,
        step: &FunctionStep,
        transaction: &TransactionStep,
    ) -> Flow {
        let outer = &self.transaction;
        let held = match outer {
            Some(held) => held.clone(),
            None => Arc::new(Held::new(transaction.isolation, step.id.clone())),
        };
        if outer.is_some() {
            held.save().await.map_err(Exit::Failed)?;
        }
        let run = self.within(held.clone());
        let ended = run.steps(frame, &transaction.steps).await;
        let failure = match &ended {
            Ok(value) | Err(Exit::Return(value)) => value.is_failure().then(|| value.clone()),
            Err(Exit::Failed(failure)) => Some(failure.clone()),
        };
        let done = match outer {
            Some(_) => held.end_inner(failure).await,
            None => held.end(failure).await,
        };
        if done.is_err() {
            in_time().await;
        }
        match (done, ended) {
            (Ok(()), ended) => ended,
            // A failure that is returned on purpose leaves the function.
            (Err(_), Err(Exit::Return(value))) if value.is_failure() => Err(Exit::Return(value)),
            (Err(failure), Err(Exit::Return(_))) => Err(Exit::Failed(failure)),
            (Err(failure), _) => Ok(failure),
        }
    }

    /// The nodes that relations lead to.
    pub(super) fn traverse(&self, frame: &Frame, step: &FunctionStep, walk: &Traverse) -> Flow {
        let from = used(frame, step, &walk.from)?;
        let filter = walk
            .filter
            .as_ref()
            .map(|filter| filter.try_map(&mut |operand| used(frame, step, operand)));
        let filter = filter.transpose()?;
        match project::traverse(&self.project(), walk, &from, filter.as_ref()) {
            Ok(nodes) => Ok(Datum::List(nodes.into())),
            Err(message) => Err(Exit::Failed(fault("E-QUERY-002", step, message))),
        }
    }
}
