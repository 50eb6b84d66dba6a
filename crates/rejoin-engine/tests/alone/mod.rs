//! Functions of a `.cov` file by themselves: nothing that is outside of them is there.

use std::sync::Arc;

use rejoin_engine::{CallPlace, Datum, FunctionHost, FunctionProgram, HostCall};
use rejoin_lang::cov;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::plan::Functions;
use rejoin_lang::source::Source;

struct Nothing;

impl FunctionHost for Nothing {
    fn knows(&self, _: &str) -> bool {
        false
    }

    fn call(&self, _: &str, _: Vec<Datum>, _: &CallPlace<'_>) -> HostCall {
        Box::pin(std::future::ready(Datum::None))
    }
}

/// The functions of a text, which has no errors.
#[track_caller]
pub(crate) fn loaded(text: &str) -> Functions {
    let (functions, problems) = cov::load(Source::new("t.cov", text));
    assert!(!has_errors(&problems), "{}", render_text(&functions.sources, &problems, false));
    functions
}

pub(crate) fn alone(functions: Functions) -> FunctionProgram {
    FunctionProgram::new(functions, Arc::new(Nothing))
}
