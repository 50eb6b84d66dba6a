//! One call: what is called, with what, and where its output goes.

use std::sync::Arc;

use super::{Cond, PipelineId, Policy};
use crate::source::Span;

/// A jq program inside a plan, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The source.
    pub text: Arc<str>,
    /// Where it stands in the file.
    pub span: Span,
}

/// What a call calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// A step of the catalog, by name.
    Step(Arc<str>),
    /// A named pipeline of this plan.
    Pipeline(PipelineId),
    /// The pipeline that loads for many resolvers at once; it gets their keys.
    Loader(PipelineId),
    /// A name that nothing answers to; the checker has reported it and such a plan does not run.
    Unknown,
}

impl Callee {
    /// The pipeline that is called, with a state or with keys.
    pub fn pipeline(&self) -> Option<PipelineId> {
        match self {
            Callee::Pipeline(id) | Callee::Loader(id) => Some(*id),
            Callee::Step(_) | Callee::Unknown => None,
        }
    }
}

/// The text that a step was given, after variables were put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallText {
    /// The text.
    pub value: Arc<str>,
    /// Where it stands (in the variable's declaration, if it is one).
    pub span: Span,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name as written; an execution failure has the type `<name>Error`.
    pub name: Arc<str>,
    /// Where that name stands.
    pub name_span: Span,
    /// What is called.
    pub callee: Callee,
    /// Inline arguments, evaluated on the state before the call.
    pub args: Vec<Script>,
    /// Whether brackets were written at all (`name()` has none inside, yet is a call with arguments).
    pub has_args: bool,
    /// The text.
    pub text: Option<CallText>,
    /// Where the output goes.
    pub output: Output,
    /// Whether the call ends its block.
    pub last: Last,
    /// While the step runs, the state has this under `resultName` unless it has one already.
    pub auto_name: Option<Arc<str>>,
    /// Whether it is all that runs: a test executes the variable with its text.
    pub is_alone: bool,
    /// What the type of an error of this call is changed to.
    pub rename_error: Option<Arc<str>>,
    /// What holds when it is slow or fails.
    pub policy: Policy,
    /// The joined tasks whose outcome the call's program looks at.
    pub reads_tasks: TaskReads,
}

/// Where a call's output goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Nowhere: the state stays.
    Unchanged,
    /// Its keys are put into the state; a value that is no object replaces the state.
    Merge,
    /// It becomes the state; request keys are carried over unless the call is [`Last`].
    Replace,
    /// It becomes the state and is text for the response.
    Render,
    /// It goes to `.data.<name>`; without any name as `unnamed` says.
    Data {
        /// The name, when it is fixed by the program. Otherwise the state's `resultName` decides.
        name: Option<Arc<str>>,
        /// What holds without a name.
        unnamed: Unnamed,
    },
}

/// Where the output of a data step goes when it has no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// To `.data`; the rest of the state stays.
    Merge,
    /// `{data: output}` becomes the state, as for [`Output::Replace`].
    Replace,
    /// The output is an answer of GraphQL, `{data, errors}`, and becomes the state, as for [`Output::Replace`]. With a name
    /// its data goes there: what is in the only field, if that has the name, else the answer; in a task always the data.
    Response,
}

/// Whether nothing runs after a call in its block.
#[derive(Clone, Debug)]
pub enum Last {
    /// Something always follows.
    No,
    /// Nothing follows.
    Yes,
    /// Only guarded calls follow: it is the last unless one of these holds on the state before the call.
    UnlessAny(Vec<Cond>),
}

/// The joined tasks that a program looks at, under `.async`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TaskReads {
    /// None.
    #[default]
    None,
    /// These, each with the place of the read.
    Named(Vec<(Arc<str>, Span)>),
    /// Any of them (`.async[]`, `.async | keys`, a computed key).
    All(Span),
}
