//! Tests, with everything put in that the file says about them.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use rejoin_value::Value;

use super::{Method, PipelineId, Script};
use crate::source::Span;

/// One test: what it starts, with what, and what has to hold.
#[derive(Clone, Debug)]
pub struct Test {
    /// The name of its `describe`.
    pub suite: Arc<str>,
    /// Its own name.
    pub name: Arc<str>,
    /// The place of its name.
    pub span: Span,
    /// The place of all of it.
    pub whole: Span,
    /// Whether something in it cannot be read, so that not all that it says is here.
    pub is_faulty: bool,
    /// The values that its jq programs see, as `$name` and as their input's `.name`.
    pub variables: Vec<(Arc<str>, Value)>,
    /// What is replaced, at most one mock a target.
    pub mocks: Vec<Mock>,
    /// What is started.
    pub trigger: Trigger,
    /// What it is started with.
    pub given: Vec<Given>,
    /// What has to hold, in the order written.
    pub checks: Vec<Check>,
}

/// A replacement for a step or pipeline.
#[derive(Clone, Debug)]
pub struct Mock {
    /// What is replaced.
    pub target: MockTarget,
    /// What it does instead.
    pub answer: MockAnswer,
    /// How long it takes.
    pub after: Duration,
    /// Where its target stands.
    pub span: Span,
}

/// What a mock replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MockTarget {
    /// A step; with a name only its calls of that variable, result, task or branch.
    Step {
        /// The step.
        step: Arc<str>,
        /// The variable, result, task or branch.
        name: Option<Arc<str>>,
    },
    /// A pipeline.
    Pipeline(Arc<str>),
}

/// What a mock does.
#[derive(Clone, Debug)]
pub enum MockAnswer {
    /// It yields what the program makes of the test's variables.
    Returning(Script),
    /// It fails with an error of this type.
    Failing(Arc<str>),
}

/// What a test starts.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A request.
    Calling {
        /// Its method.
        method: Method,
        /// Its path and query.
        path: Arc<str>,
    },
    /// A pipeline.
    Pipeline(PipelineId),
    /// A resolver, by the pipeline that is its body.
    Resolver(PipelineId),
    /// Something that is not there, which was reported.
    Unknown,
}

/// Something that the trigger is started with.
#[derive(Clone, Debug)]
pub struct Given {
    /// What it is.
    pub kind: GivenKind,
    /// The program that makes it of the test's variables.
    pub script: Script,
}

pub use crate::wp::ast::GivenKind;

/// One thing that has to hold.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its place.
    pub span: Span,
    /// What it looks at.
    pub kind: CheckKind,
}

/// The kinds of checks.
#[derive(Clone, Debug)]
pub enum CheckKind {
    /// The status lies between these two, inclusive.
    Status(u16, u16),
    /// The answer took between these two, inclusive.
    Took(Duration, Duration),
    /// The content type without its parameters is this.
    ContentType(Arc<str>),
    /// A header of the answer compares so.
    Header {
        /// Its name.
        name: Arc<str>,
        /// How it is compared.
        operator: Operator,
        /// With what.
        value: Value,
    },
    /// The output, after the filter if there is one, compares so.
    Output {
        /// The filter.
        filter: Option<Script>,
        /// How it is compared.
        operator: Operator,
        /// With what.
        value: Value,
    },
    /// The output is a page, and what the CSS selector finds in it is like this.
    Selector {
        /// The selector.
        css: Arc<str>,
        /// What is asked of what it finds.
        asks: SelectorCheck,
    },
    /// The task was started and cut off before its end.
    Cancelled(Arc<str>),
    /// Some call of the pipeline had a state that contains this.
    Call {
        /// The pipeline.
        pipeline: Arc<str>,
        /// The program that makes the part of the test's variables.
        script: Script,
    },
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// They are equal; numbers by their value.
    Equals,
    /// Every key, some element, or the text is in the other.
    Contains,
    /// The text matches a regular expression.
    Matches,
}

/// What a test asks of the elements that a selector finds.
#[derive(Clone, Debug)]
pub enum SelectorCheck {
    /// There is one.
    Exists,
    /// There is none.
    Absent,
    /// The text of the first, without blanks around it, compares so.
    Text(SelectorComparison),
    /// Their number compares so.
    Count {
        /// How it is compared.
        order: Ordering,
        /// With what.
        number: usize,
    },
    /// An attribute of the first compares so.
    Attribute {
        /// Its name.
        name: Arc<str>,
        /// How its value is compared.
        comparison: SelectorComparison,
    },
}

/// How a text of a page is compared.
#[derive(Clone, Debug)]
pub struct SelectorComparison {
    /// Whether it must not hold.
    pub negated: bool,
    /// How it is compared.
    pub operator: Operator,
    /// With what, verbatim.
    pub value: Arc<str>,
}
