//! How a step fails, and how that looks as data.

use std::sync::Arc;

use rejoin_value::{Object, Value};

/// Why a call did not yield a value.
#[derive(Clone, Debug)]
pub enum StepError {
    /// An error that the step's spec names, such as `networkError`. It becomes data: `{errors: [{type, …}]}`.
    Domain(DomainError),
    /// The call itself went wrong: a bad argument, a script that failed. Its type is `<name>Error`.
    Failed(String),
    /// Nothing in the program can catch this: the route ends.
    Abort(Abort),
}

/// An error with a type of its own.
#[derive(Clone, Debug)]
pub struct DomainError {
    /// The type that `result` branches match.
    pub kind: Arc<str>,
    /// What happened, for a person.
    pub message: String,
    /// More fields, such as `status` or `url`.
    pub fields: Object,
    /// Whether the same call may succeed when it is made again.
    pub retry: bool,
    /// More about what happened, for the log alone: the program and its clients do not see it.
    pub for_log: Option<String>,
}

impl DomainError {
    /// An error of type `kind` that is not worth another try.
    pub fn new(kind: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            fields: Object::new(),
            retry: false,
            for_log: None,
        }
    }

    /// Adds a field to the envelope.
    #[must_use]
    pub fn field(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key, value);
        self
    }

    /// Says what only whoever runs the program may know, such as where a database is.
    #[must_use]
    pub fn for_log(mut self, more: impl Into<String>) -> Self {
        self.for_log = Some(more.into());
        self
    }

    /// Says that another try may succeed.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retry = true;
        self
    }
}

impl From<DomainError> for StepError {
    fn from(error: DomainError) -> Self {
        Self::Domain(error)
    }
}

/// An end of the route that the program cannot catch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abort {
    /// A short fixed text, such as `foreach needs an array`.
    pub title: String,
    /// What happened here, for a person.
    pub detail: String,
}
