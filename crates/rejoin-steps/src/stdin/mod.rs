//! `stdin`: what a script reads.

mod run;
mod spec;

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{CallSite, Host, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

/// The step `stdin`. Its text says as what the input is read: `text`, `json` or `lines`. Only a script has an input
/// ([`allow`]); it is read once, when it is first asked for, and remembered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stdin;

impl Step for Stdin {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        run::form_of(text).err().into_iter().collect()
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        Ok(Arc::new(run::PreparedStdin(run::form_of(site.text.unwrap_or("text"))?)))
    }
}

/// What a host's programs read, if they may.
#[derive(Default)]
struct Source(Mutex<Option<Box<dyn Read + Send>>>, tokio::sync::OnceCell<Result<Arc<str>, String>>);

/// Gives the programs of a host an input that is known already, as a test does.
pub fn provide(host: &Host, input: &str) {
    // What was read before stays.
    let _ = host.shared.get::<Source>().1.set(Ok(input.into()));
}

/// Lets the programs of a host read an input, such as the process's own.
pub fn allow(host: &Host, input: impl Read + Send + 'static) {
    let source = host.shared.get::<Source>();
    *source.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(input));
}
