//! Branches that run at the same time, and the one vocabulary of policies for them: blocks and joins of `.wp` programs and
//! the steps of `.cov` functions say the same with the same words.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::Block;
use crate::source::Span;

/// When branches have decided, and what their failures and the end of their time mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForkPolicy {
    /// How many branches decide.
    pub kind: ForkKind,
    /// What a failure does. Only [`ForkKind::Parallel`] has a choice.
    pub on_error: ForkOnError,
    /// How long all of it may take.
    pub timeout: Option<Duration>,
    /// Whether what is there counts when the time is up; otherwise it is an error.
    pub partial: bool,
    /// How many branches run at once; all of them without a limit.
    pub limit: Option<NonZeroU32>,
}

/// How many branches decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkKind {
    /// All of them.
    Parallel,
    /// The first that ends, well or not.
    Race,
    /// The first that ends well.
    Any,
    /// So many that end well.
    Quorum(u32),
}

/// What a failure of a branch does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForkOnError {
    /// It cancels the others, and decides.
    #[default]
    FailFast,
    /// It stands in the result.
    CollectAll,
    /// It leaves nothing in the result.
    IgnoreErrors,
}

/// A block of branches, each a list of steps with a state of its own.
#[derive(Clone, Debug)]
pub struct ForkBlock {
    /// When it has decided.
    pub policy: ForkPolicy,
    /// Where its word stands.
    pub word_span: Span,
    /// Where what the branches made goes: below `.data` under this name, and otherwise to `.async`.
    pub result: Option<Arc<str>>,
    /// The branches in the order written.
    pub branches: Vec<BlockBranch>,
}

/// A branch of a block.
#[derive(Clone, Debug)]
pub struct BlockBranch {
    /// The key of its value in the result.
    pub name: Arc<str>,
    /// Where the name stands.
    pub name_span: Span,
    /// What it does.
    pub block: Block,
}

impl ForkPolicy {
    /// The policy of a block that says nothing about it.
    pub fn new(kind: ForkKind) -> Self {
        Self { kind, on_error: ForkOnError::FailFast, timeout: None, partial: false, limit: None }
    }

    /// Whether a failure stands in the result, for whoever looks at it.
    pub fn keeps_failures(&self) -> bool {
        self.kind == ForkKind::Parallel && self.on_error == ForkOnError::CollectAll
    }

    /// Whether the failure of one branch can be the failure of all.
    pub fn passes_failures_on(&self) -> bool {
        match self.kind {
            ForkKind::Parallel => self.on_error == ForkOnError::FailFast,
            ForkKind::Race => true,
            ForkKind::Any | ForkKind::Quorum(_) => false,
        }
    }
}

impl ForkKind {
    /// The word that opens such a block.
    pub fn word(self) -> &'static str {
        match self {
            ForkKind::Parallel => "parallel",
            ForkKind::Race => "race",
            ForkKind::Any => "any",
            ForkKind::Quorum(_) => "quorum",
        }
    }
}

impl ForkOnError {
    /// The policy as programs write it.
    pub fn word(self) -> &'static str {
        match self {
            ForkOnError::FailFast => "fail_fast",
            ForkOnError::CollectAll => "collect_all",
            ForkOnError::IgnoreErrors => "ignore_errors",
        }
    }
}
