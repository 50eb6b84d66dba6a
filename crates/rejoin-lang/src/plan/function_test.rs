//! Tests of functions, and what answers in them for the world outside.

use std::sync::Arc;

use super::Function;
use crate::source::Span;

/// One test.
#[derive(Clone, Debug)]
pub struct FunctionTest {
    /// The id of the snippet that it stands in.
    pub suite: Arc<str>,
    /// How it is run.
    pub kind: FunctionTestKind,
    /// From its word to its `end`.
    pub span: Span,
    /// Its id and its steps. It takes nothing and may do anything.
    pub function: Function,
}

/// How a test is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionTestKind {
    /// Once: `unit` and `integration`.
    #[default]
    Once,
    /// Once, and what it returns is held against what was recorded.
    Golden,
    /// On many values that are made up.
    Property,
}

/// What is called in tests in place of a function, of this program or of the library.
#[derive(Clone, Debug)]
pub struct FunctionStandIn {
    /// The id of the function that it stands in for.
    pub of: Arc<str>,
    /// What is called.
    pub function: Function,
}
