//! What a step is to the engine: something that is prepared once, when a program is loaded, and called for
//! each request.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use rejoin_lang::plan::{FunctionName, Graphql, Import, Variable};
use rejoin_lang::source::SourceId;
use rejoin_lang::step_spec::{GraphqlProblem, GraphqlTexts, Partials, StepSpec, TextProblem};
use rejoin_value::Value;

use crate::context::Context;
use crate::error::StepError;
use crate::memo::Memo;
use crate::settings::Settings;

/// A step that programs can name. Register it with a [`Registry`](crate::Registry).
///
/// A step never spawns outside the scope that it is given through [`Context::scope`], applies no time-out,
/// retry or limit of its own (the engine's `policy.rs` does), and writes nothing to the console: it reports
/// through [`Context::emit`].
pub trait Step: Send + Sync + 'static {
    /// Its name, parameters, effects and errors.
    fn spec(&self) -> &StepSpec;

    /// Problems of a text in the step's own language. Called when a program is checked; must not run it.
    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        let _ = text;
        Vec::new()
    }

    /// What the step ignores of such a text, which does not stop the program.
    fn warn_text(&self, text: &str) -> Vec<TextProblem> {
        let _ = text;
        Vec::new()
    }

    /// Whether a call with that text never ends with one of the errors of its spec.
    fn never_fails(&self, text: &str) -> bool {
        let _ = text;
        false
    }

    /// How many elements the array must have that is its first argument, if the text says so.
    fn placeholders(&self, text: &str) -> Option<usize> {
        let _ = text;
        None
    }

    /// Whether the text surely changes nothing outside, though others of the step may.
    fn only_reads(&self, text: &str) -> bool {
        let _ = text;
        false
    }

    /// Whether the text may change something outside, though others of the step change nothing.
    fn may_write(&self, text: &str) -> bool {
        let _ = text;
        false
    }

    /// The partials that the text includes, if texts of the step may include any.
    fn partials(&self, text: &str) -> Option<Partials> {
        let _ = text;
        None
    }

    /// Fills in a template that is no text of a step, if this step is what knows templates: a test's text with `{{name}}`.
    fn fill(&self, text: &str, values: &Value) -> Option<Result<String, TextProblem>> {
        let _ = (text, values);
        None
    }

    /// Makes one call ready to run: compiles its text, reads its settings. Nothing is compiled per request.
    ///
    /// # Errors
    /// What is wrong with the call, placed in its text.
    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem>;

    /// Problems of a program's GraphQL, if the step is the one that knows about it.
    fn check_graphql(&self, graphql: &GraphqlTexts<'_>) -> Vec<GraphqlProblem> {
        let _ = graphql;
        Vec::new()
    }

    /// The step as an endpoint that clients ask, for `config graphql { endpoint }`; `None` if it cannot be one. Its state is
    /// the request, its value the answer.
    ///
    /// # Errors
    /// What keeps it from being one.
    fn prepare_endpoint(
        &self,
        site: &CallSite<'_>,
    ) -> Result<Option<Arc<dyn Prepared>>, TextProblem> {
        let _ = site;
        Ok(None)
    }
}

/// One call of a step in a program.
#[derive(Clone, Copy, Debug)]
pub struct CallSite<'a> {
    /// The text after the colon, with variables put in.
    pub text: Option<&'a str>,
    /// How many inline arguments there are; `None` without brackets.
    pub args: Option<usize>,
    /// `file:line` of the call.
    pub location: &'a str,
    /// The program's configuration.
    pub settings: &'a Settings,
    /// The variables of the environment.
    pub environment: Environment<'a>,
    /// The file that the text stands in, of which its names are.
    pub source: SourceId,
    /// The directory in which the program's scripts lie.
    pub scripts: &'a Path,
    /// The program's number: no other that this process loads has it.
    pub program: u64,
    /// All variables of the program, for texts that name others.
    pub variables: &'a [Variable],
    /// The names that files have in others, of whose variables texts may speak as well.
    pub imports: &'a [Import],
    /// The program's GraphQL, for documents that ask it.
    pub graphql: &'a Graphql,
    /// The function that the text names, for a step whose text is such a name.
    pub function: Option<FunctionName<'a>>,
}

/// The variables of the environment, as whoever loads a program sees them.
#[derive(Clone, Copy)]
pub struct Environment<'a>(pub(crate) &'a dyn Fn(&str) -> Option<String>);

impl Environment<'_> {
    /// The value of a variable, if it is set.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }
}

// Values may be secrets.
impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}

/// A call that is ready to run, shared by all requests.
pub trait Prepared: Send + Sync {
    /// Runs it on one state. Dropping the future stops the work and everything that it started outside.
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a>;

    /// Whether the call stays inside the process although its step may reach outside: a test's clock stands still for it.
    fn is_inside(&self) -> bool {
        false
    }

    /// The same call as one that may know how its list of steps ends. It takes the place of `call` wherever steps
    /// come after it.
    fn memo(&self) -> Option<&dyn Memo> {
        None
    }
}

/// What a call gets.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The state that flows.
    pub state: &'a Value,
    /// The inline arguments, evaluated on that state.
    pub args: &'a [Value],
    /// The request that it is part of.
    pub context: &'a Context,
}

/// A call that was made: done at once, or under way.
pub enum Called<'a> {
    /// It needed no waiting.
    Ready(StepResult),
    /// It waits for something.
    Pending(Pin<Box<dyn Future<Output = StepResult> + Send + 'a>>),
}

impl<'a> Called<'a> {
    /// A call that waits for something.
    pub fn pending(future: impl Future<Output = StepResult> + Send + 'a) -> Self {
        Self::Pending(Box::pin(future))
    }

    /// Waits until it is done.
    pub async fn done(self) -> StepResult {
        match self {
            Self::Ready(result) => result,
            Self::Pending(future) => future.await,
        }
    }
}

impl fmt::Debug for Called<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

/// How a call ended.
pub type StepResult = Result<StepOutput, StepError>;

/// What a call yields.
#[derive(Clone, Debug)]
pub struct StepOutput {
    /// The value, put where the step's [`OutputClass`](rejoin_lang::step_spec::OutputClass) says.
    pub value: Value,
    /// What it is, if the response is made of it.
    pub content_type: ContentType,
    /// Whether a result that goes under `.data` is, without a name, the state itself, or what is put into it.
    pub bare: bool,
}

impl From<Value> for StepOutput {
    fn from(value: Value) -> Self {
        Self { value, content_type: ContentType::Json, bare: false }
    }
}

/// What a response's body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentType {
    /// A JSON value.
    #[default]
    Json,
    /// A string of HTML.
    Html,
    /// A string that is sent as it is; its headers say more.
    Text,
}
