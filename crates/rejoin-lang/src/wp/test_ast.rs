//! Tests as they were written: `describe`, `it` and what stands in them.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use super::ast::{Name, Owner, Text};
use crate::source::Span;

/// `describe "name"` with what follows, up to the next declaration.
#[derive(Clone, Debug)]
pub struct Describe {
    /// Its name.
    pub name: Text,
    /// Values for all of its tests.
    pub lets: Vec<Let>,
    /// Mocks for all of its tests.
    pub mocks: Vec<Mock>,
    /// The tests.
    pub tests: Vec<It>,
    /// From `describe` to the end of its last part.
    pub span: Span,
}

/// `it "name"` with its clauses, in any order.
#[derive(Clone, Debug)]
pub struct It {
    /// Its name.
    pub name: Text,
    /// Values for this test.
    pub lets: Vec<Let>,
    /// Mocks for this test.
    pub mocks: Vec<Mock>,
    /// What is started.
    pub trigger: Option<Trigger>,
    /// What it is started with.
    pub given: Vec<Given>,
    /// What has to hold.
    pub checks: Vec<TestCheck>,
    /// From `it` to the end of its last part.
    pub span: Span,
    /// Whether a part of it could not be read.
    pub is_faulty: bool,
}

/// `let name = value`
#[derive(Clone, Debug)]
pub struct Let {
    /// The name.
    pub name: Name,
    /// The value.
    pub value: Written,
}

/// A value as it was written.
#[derive(Clone, Debug)]
pub enum Written {
    /// `` `text` ``
    Backtick(Text),
    /// `"text"`
    Quoted(Text),
    /// Anything else, up to the end of the line or a comment.
    Bare(Text),
}

impl Written {
    /// The text, whatever its quotes.
    pub fn text(&self) -> &Text {
        match self {
            Self::Backtick(text) | Self::Quoted(text) | Self::Bare(text) => text,
        }
    }
}

/// `with mock target returning …`
#[derive(Clone, Debug)]
pub struct Mock {
    /// What is replaced.
    pub target: MockTarget,
    /// What it does instead.
    pub answer: MockAnswer,
    /// How long it takes.
    pub after: Duration,
    /// The target's place.
    pub span: Span,
}

/// What a mock replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MockTarget {
    /// `step`, or `step.name` for the calls of that name only.
    Step {
        /// The step.
        step: Arc<str>,
        /// The variable, result, task or branch.
        name: Option<Arc<str>>,
    },
    /// `pipeline name`
    Pipeline(Arc<str>),
    /// `query name`, `mutation name` or `Type.field`
    Resolver(Owner, Name),
}

/// What a mock does.
#[derive(Clone, Debug)]
pub enum MockAnswer {
    /// ``returning `jq` ``
    Returning(Text),
    /// `failing "typeOfError"`
    Failing(Text),
}

/// What a test starts.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// `calling METHOD path`
    Calling {
        /// The method.
        method: Name,
        /// Path and query.
        path: Text,
    },
    /// `executing pipeline name` or `executing pipeline module::name`
    Pipeline {
        /// The module, if it is another file's.
        module: Option<Name>,
        /// The pipeline.
        name: Name,
    },
    /// `executing query name`, `executing mutation name` or `executing resolver Type.field`
    Resolver(Owner, Name),
    /// `executing variable step name` or `executing variable step module::name`
    Variable {
        /// The step.
        step: Name,
        /// The module, if it is another file's.
        module: Option<Name>,
        /// The variable.
        name: Name,
    },
}

/// ``with body `jq` ``, `and stdin is "text"` and the like.
#[derive(Clone, Debug)]
pub struct Given {
    /// What is given.
    pub kind: GivenKind,
    /// The jq program that makes it; the input itself if it is one.
    pub text: Text,
}

/// What a test can give to what it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenKind {
    /// The state that a pipeline or variable starts with.
    Input,
    /// The request's body.
    Body,
    /// The request's headers.
    Headers,
    /// The request's cookies.
    Cookies,
    /// The feature flags that are on.
    Flags,
    /// Words, for `$context.args`.
    Args,
    /// Named values, for `$context.options`.
    Options,
    /// What a pipeline reads from its standard input: a text, and no jq program.
    Stdin,
}

impl GivenKind {
    /// What `word` names.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "input" => Self::Input,
            "body" => Self::Body,
            "headers" => Self::Headers,
            "cookies" => Self::Cookies,
            "flags" => Self::Flags,
            "args" => Self::Args,
            "options" => Self::Options,
            "stdin" => Self::Stdin,
            _ => return None,
        })
    }
}

/// `then field operator value`
#[derive(Clone, Debug)]
pub enum TestCheck {
    /// `status is 200`, `status in 200..299`
    Status {
        /// The lowest status that is right.
        from: u16,
        /// The highest.
        to: u16,
        /// The whole check.
        span: Span,
    },
    /// `took 100ms..150ms`
    Took {
        /// The shortest time that is right.
        from: Duration,
        /// The longest.
        to: Duration,
        /// The whole check.
        span: Span,
    },
    /// `contentType is "text/html"`
    ContentType {
        /// The type, without parameters.
        value: Written,
        /// The whole check.
        span: Span,
    },
    /// `header "Name" contains "x"`
    Header {
        /// Its name.
        name: Text,
        /// `equals`, `contains` or `matches`.
        operator: Name,
        /// What it is compared with.
        value: Written,
        /// The whole check.
        span: Span,
    },
    /// ``output `filter` equals value``
    Output {
        /// The part of the output that is looked at.
        filter: Option<Text>,
        /// `equals`, `contains` or `matches`.
        operator: Name,
        /// What it is compared with.
        value: Written,
        /// The whole check.
        span: Span,
    },
    /// ``selector `css` text equals "x"``
    Selector {
        /// The CSS selector.
        css: Text,
        /// What is asked of what it finds.
        asks: SelectorCheck,
        /// The whole check.
        span: Span,
    },
    /// `task name was cancelled`
    Cancelled {
        /// The task.
        task: Name,
        /// The whole check.
        span: Span,
    },
    /// ``call pipeline name with `jq` ``, or `call query name …` and the like
    Call {
        /// Whose field, if it is a resolver that is called.
        owner: Option<Owner>,
        /// The pipeline or the field.
        name: Name,
        /// What its state has to contain.
        value: Written,
        /// The whole check.
        span: Span,
    },
}

/// What a test asks of the elements that a selector finds.
#[derive(Clone, Debug)]
pub enum SelectorCheck {
    /// `exists`
    Exists,
    /// `does not exist`
    Absent,
    /// `text contains "x"`, of the first element, without blanks around it.
    Text(SelectorComparison),
    /// `count is greater than 2`
    Count {
        /// How it is compared.
        order: Ordering,
        /// With what.
        number: usize,
    },
    /// ``attribute `href` matches "^/"``, of the first element.
    Attribute {
        /// Its name.
        name: Text,
        /// How its value is compared.
        comparison: SelectorComparison,
    },
}

/// `equals "x"`, `does not contain "x"`
#[derive(Clone, Debug)]
pub struct SelectorComparison {
    /// Whether it must not hold.
    pub negated: bool,
    /// `equals`, `contains` or `matches`.
    pub operator: Arc<str>,
    /// What the text is compared with, verbatim.
    pub value: Written,
}
