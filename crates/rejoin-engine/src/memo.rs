//! Answering for the rest of a list of steps with what it made before.
//!
//! A step that can do so looks its answer up when it is reached. If it has one, the list ends there with it;
//! if not, the steps after it run, and when the list has ended it is told what came of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use rejoin_value::{Object, Value};

use crate::call;
use crate::context::{Context, Leading};
use crate::envelope;
use crate::error::{Abort, StepError};
use crate::exec::Frame;
use crate::program::Call;
use crate::state::REQUEST_KEYS;
use crate::step::{ContentType, Input};

/// A step that can answer for the steps after it in its list.
pub trait Memo: Send + Sync {
    /// Looks the answer up. With `may_wait` it may wait for another request that is making it; without, the request
    /// is itself making one that others may wait for, and waiting could go in a circle.
    fn look_up<'a>(&'a self, input: Input<'a>, may_wait: bool) -> LookingUp<'a>;
}

/// A look-up under way.
pub type LookingUp<'a> = Pin<Box<dyn Future<Output = Result<LookUp, StepError>> + Send + 'a>>;

/// What a look-up found.
#[non_exhaustive]
pub enum LookUp {
    /// Nothing, and what is made is not wanted either.
    Skip,
    /// What the list ends with.
    Found(Arc<Outcome>),
    /// Nothing; what is made is wanted.
    Missing(Box<dyn Keep>),
}

impl fmt::Debug for LookUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skip => f.write_str("Skip"),
            Self::Found(outcome) => f.debug_tuple("Found").field(outcome).finish(),
            Self::Missing(_) => f.write_str("Missing"),
        }
    }
}

/// Waits for an outcome. It is dropped without one if the list of steps failed or was cancelled.
pub trait Keep: Send {
    /// Takes the outcome.
    fn keep(self: Box<Self>, outcome: Outcome);

    /// The list ended well, but what it made is for one caller alone, such as a cookie: others who ask for the same would
    /// wait in vain.
    fn decline(self: Box<Self>);
}

/// How a list of steps ended: well, and for everybody.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The final state without what it only passed on from the request.
    made: Value,
    /// What it passed on: each request has its own.
    passed_on: Vec<&'static str>,
    status: Option<u16>,
    content_type: ContentType,
}

impl Outcome {
    /// About how many bytes it holds; it stops counting beyond `enough`.
    pub fn size(&self, enough: usize) -> usize {
        self.made.memory_estimate(enough) + size_of::<Self>()
    }

    fn is_failure(frame: &Frame) -> bool {
        envelope::error_type(frame.state.value()).is_some()
            || !frame.failures.is_empty()
            || frame.status.is_some_and(|status| status >= 500)
    }

    /// Of a list that did not fail; `None` if it is for one caller alone.
    fn of(frame: &Frame, before: &Value) -> Option<Self> {
        let state = frame.state.value();
        if !frame.kept.is_empty() || state.get("setCookies").is_some() {
            return None;
        }
        let mut made = state.clone();
        let mut passed_on = Vec::new();
        if let (Value::Object(made), Value::Object(before)) = (&mut made, before) {
            for key in REQUEST_KEYS {
                if before.get(key).is_some_and(|value| made.get(key) == Some(value)) {
                    made.remove(key);
                    passed_on.push(key);
                }
            }
        }
        Some(Self { made, passed_on, status: frame.status, content_type: frame.content_type })
    }

    fn recall(&self, frame: &mut Frame) {
        let mut rest = Object::new();
        for key in &self.passed_on {
            if let Some(value) = frame.state.value().get(key) {
                rest.insert(*key, value.clone());
            }
        }
        match &self.made {
            Value::Object(_) => {
                frame.state.set_value(rest.into());
                frame.state.merge(self.made.clone());
            }
            other => frame.state.assign(other.clone()),
        }
        frame.status = self.status.or(frame.status);
        frame.content_type = self.content_type;
    }
}

/// Someone who wants to know how a list of steps ends.
pub(crate) struct Waiting {
    keep: Box<dyn Keep>,
    before: Value,
    _leading: Leading,
}

impl Waiting {
    pub(crate) fn settle(self, frame: &Frame) {
        if Outcome::is_failure(frame) {
            return;
        }
        match Outcome::of(frame, &self.before) {
            Some(outcome) => self.keep.keep(outcome),
            None => self.keep.decline(),
        }
    }
}

/// Whether the list of steps ends here, because what it would make is known.
pub(crate) async fn recall(
    context: &Context,
    memo: &dyn Memo,
    call: &Call,
    frame: &mut Frame,
    waiting: &mut Vec<Waiting>,
) -> Result<bool, Abort> {
    let looked_up = match call::arguments(context, call, frame.state.value()).await {
        Ok(args) => {
            let input = Input { state: frame.state.value(), args: &args, context };
            memo.look_up(input, !context.is_leading()).await
        }
        Err(error) => Err(error),
    };
    match looked_up {
        Ok(LookUp::Skip) => Ok(false),
        Ok(LookUp::Found(outcome)) => {
            outcome.recall(frame);
            Ok(true)
        }
        Ok(LookUp::Missing(keep)) => {
            let before = frame.state.value().clone();
            waiting.push(Waiting { keep, before, _leading: context.lead() });
            Ok(false)
        }
        Err(error) => {
            call::failed(call, frame, error, false)?;
            Ok(false)
        }
    }
}
