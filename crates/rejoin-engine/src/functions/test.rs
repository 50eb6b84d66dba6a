//! Tests of functions: a run with a bench, which judges, makes values up and may say in which order branches end.

use std::sync::Arc;
use std::time::Duration;

use rejoin_lang::source::Span;

use super::missing::Needs;
use super::{Datum, FunctionProgram, data, exec};

/// What a test of functions has besides its host.
pub trait FunctionBench: Send + Sync {
    /// Calls a function that tests alone have, at this place.
    ///
    /// # Errors
    /// A failure with which the test, or the branch of it, ends.
    fn call(&self, place: Span, function: &str, arguments: &[Datum]) -> Result<Datum, Datum>;

    /// A branch of this id begins; once for each. It ends so much later than it would, so that a test can have those that
    /// run together end in any order.
    fn held_back(&self, branch: &str) -> Duration {
        let _ = branch;
        Duration::ZERO
    }

    /// A branch of this id has ended by itself.
    fn ended(&self, branch: &str) {
        let _ = branch;
    }
}

/// What a test came to.
#[derive(Clone, Debug)]
pub struct FunctionTested {
    /// What it returned, if it did; or the failure that ended it.
    pub value: Datum,
    /// The names that it bound, with their values.
    pub bound: Datum,
}

impl FunctionProgram {
    /// Runs the test of that index. Functions that something stands in for are not called.
    ///
    /// # Errors
    /// If nothing was run, as something is missing.
    ///
    /// # Cancel safety
    /// As that of [`run`](Self::run).
    pub async fn test(
        &self,
        index: usize,
        bench: Arc<dyn FunctionBench>,
    ) -> Result<FunctionTested, String> {
        let test = &self.functions.tests[index].function;
        let needs = Needs::of(&self.functions, test, true);
        needs.met_by(&self.functions, &*self.host)?;
        let stores = data::Stores::open(&self.functions, &*self.host, &needs.databases)?;
        Ok(exec::Run::new(self, stores).tested(test, bench).await)
    }
}
