//! A copy of a worker in the hands of one call: running the call, and what its end means for the
//! state.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use futures_util::FutureExt;

use super::call::Call;
use super::line::{OneCopy, Shared};
use crate::name::Name;
use crate::outcome::{Outcome, Panic, TaskError};
use crate::seam;

/// A copy, until it is given back: at the latest when this is dropped.
pub(super) struct Turn<S> {
    shared: Arc<Shared<S>>,
    copy: Option<OneCopy<S>>,
}

impl<S> Turn<S> {
    pub(super) fn new(shared: Arc<Shared<S>>, copy: OneCopy<S>) -> Self {
        Turn { shared, copy: Some(copy) }
    }

    /// The copy, which has not been used.
    pub(super) fn into_copy(mut self) -> Option<OneCopy<S>> {
        self.copy.take()
    }

    /// Runs `call` on the copy and gives the copy back.
    pub(super) async fn run<C: Call<S>>(mut self, call: C) -> Outcome<C::Output, C::Error> {
        let copy = self.copy.as_mut().expect("a turn has its copy until it is over");
        // A state that a panic has left broken is dropped.
        let ran = AssertUnwindSafe(async { call.run(&mut copy.state).await }).catch_unwind().await;
        // If the state has died of itself, that is seen when the copy is given back.
        ran.unwrap_or_else(|payload| {
            let panic = Panic::new(payload);
            self.die(panic.to_string().into());
            Err(TaskError::Panicked(panic))
        })
    }

    /// The state is lost: gives the copy back with a new one, if there is to be one.
    fn die(&mut self, of: Name) {
        let Some(copy) = self.copy.take() else { return };
        if let Some(copy) = self.shared.renew(copy, &of) {
            self.shared.give_back(copy);
        }
    }
}

impl<S> Shared<S> {
    /// The state of `copy` is lost: makes a new one, or takes the copy out of service.
    pub(super) fn renew(&self, copy: OneCopy<S>, of: &Name) -> Option<OneCopy<S>> {
        let OneCopy { number, served, state } = copy;
        // Its destructor may find it broken too; that is no news.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(state)));
        let again = self.line().restarts.allow(self.restart, seam::now());
        if !again {
            self.lose(of);
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| (self.make)())) {
            Ok(state) => Some(OneCopy { number, served, state: Box::new(state) }),
            Err(payload) => {
                let panic = Panic::new(payload);
                self.lose(&format!("{of}, and its new state {panic}").into());
                None
            }
        }
    }
}

impl<S> Drop for Turn<S> {
    fn drop(&mut self) {
        if self.copy.is_some() && thread::panicking() {
            // A destructor has panicked, of a call that was cancelled.
            return self.die("panicked while a call was dropped".into());
        }
        if let Some(copy) = &mut self.copy
            && let Some(of) = (self.shared.lost)(&mut copy.state)
        {
            return self.die(of);
        }
        if let Some(copy) = self.copy.take() {
            self.shared.give_back(copy);
        }
    }
}
