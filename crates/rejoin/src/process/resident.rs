//! A state in a child process, for a worker that has its calls one at a time.
//!
//! It is *unborn* until the first call, which starts the child and makes the state; *alive* between
//! calls; and *lost* when the child has died, a method has panicked, or a call was dropped while the
//! child ran it. What is lost stays lost: the worker decides whether there is to be a new one.

use std::mem::replace;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::call::Call;
use super::error::ProcessError;
use super::process::Process;
use super::registry::{self, Kind};
use super::taken::Taken;
use crate::name::Name;
use crate::outcome::{Outcome, TaskError};
use crate::scope::guest::Guest;

/// How the states of one worker are made.
pub(crate) struct Plan {
    name: Name,
    make: Call,
    limit: usize,
    /// One for each child that may exist: the next is not started before a lost one has gone.
    places: Arc<Semaphore>,
}

impl Plan {
    /// At most `copies` children, whose state `function` makes of `arguments`.
    pub(crate) fn new<F: 'static, A: Serialize>(
        name: Name,
        function: F,
        arguments: &A,
        limit: usize,
        copies: usize,
    ) -> Result<Plan, ProcessError> {
        let make = Call::new(Kind::State, function, arguments, limit)?;
        Ok(Plan { name, make, limit, places: Arc::new(Semaphore::new(copies)) })
    }
}

/// Fails if `F` is not registered as a method.
pub(crate) fn registered_method<F: 'static>() -> Result<(), ProcessError> {
    registry::number_of::<F>(Kind::Method).map(drop)
}

pub(crate) struct Resident {
    plan: Arc<Plan>,
    life: Life,
}

enum Life {
    Unborn,
    // Boxed: it goes into each call and back.
    Alive(Box<Taken<OwnedSemaphorePermit>>),
    /// And of what.
    Lost(Name),
}

const DROPPED: Name =
    Name::literal("a call was cancelled while its process ran it, so the process was killed");

impl Resident {
    pub(crate) fn new(plan: Arc<Plan>) -> Resident {
        Resident { plan, life: Life::Unborn }
    }

    /// What it has died of, if it has.
    pub(crate) fn lost(&mut self) -> Option<Name> {
        if let Life::Alive(taken) = &mut self.life
            && taken.process().has_ended()
        {
            self.life = Life::Lost("its process has ended between two calls".into());
        }
        match &self.life {
            Life::Lost(of) => Some(of.clone()),
            _ => None,
        }
    }

    /// Has the child run `method`. Dropped meanwhile, the state is lost, unless it was not made yet.
    pub(crate) async fn answer<F, A, T>(
        &mut self,
        method: F,
        arguments: A,
    ) -> Outcome<T, ProcessError>
    where
        F: 'static,
        A: Serialize,
        T: DeserializeOwned,
    {
        let call = Call::new(Kind::Method, method, &arguments, self.plan.limit)?;
        drop(arguments);
        if let Life::Unborn = self.life {
            match self.start().await {
                Ok(taken) => self.life = Life::Alive(Box::new(taken)),
                Err(error) => {
                    self.life = Life::Lost(error.to_string().into());
                    return Err(error);
                }
            }
        }
        let mut taken = match replace(&mut self.life, Life::Lost(DROPPED)) {
            Life::Alive(taken) => taken,
            Life::Unborn | Life::Lost(_) => unreachable!("a worker uses no state that is lost"),
        };
        let outcome = match call.send(taken.process()).await {
            Ok(answer) => call.read(&answer),
            Err(_) => Err(call.lost(taken.process()).await.into()),
        };
        self.life = match &outcome {
            // A method that panics leaves a state behind that may be broken.
            Err(error @ TaskError::Panicked(_)) => {
                taken.process().end().await;
                Life::Lost(error.to_string().into())
            }
            Err(error @ TaskError::Failed(failed))
                if matches!(**failed, ProcessError::Lost { .. }) =>
            {
                Life::Lost(error.to_string().into())
            }
            _ => Life::Alive(taken),
        };
        outcome
    }

    async fn start(&self) -> Outcome<Taken<OwnedSemaphorePermit>, ProcessError> {
        let plan = &self.plan;
        let place = Arc::clone(&plan.places).acquire_owned().await.expect("it is never closed");
        let guest = Guest::of_caller(&plan.name).map_err(TaskError::Cancelled)?;
        let mut taken = Taken::new(Process::start(plan.name.as_str(), guest)?, place);
        taken.process().ready().await?;
        match plan.make.send(taken.process()).await {
            Ok(answer) => plan.make.read::<()>(&answer)?,
            Err(_) => return Err(plan.make.lost(taken.process()).await.into()),
        }
        Ok(taken)
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        if let Life::Alive(taken) = replace(&mut self.life, Life::Unborn) {
            taken.dismiss();
        }
    }
}
