//! Conditions on a node, made of tags.

use std::sync::Arc;

use super::Script;

/// A condition, decided on the state and the request's context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cond {
    /// Always the same.
    Const(bool),
    /// All hold; decided from left to right, no further than needed.
    All(Vec<Cond>),
    /// One holds; likewise.
    Any(Vec<Cond>),
    /// The environment has this name. Without an environment: holds, and its negation does not.
    Env {
        /// The environment's name.
        name: Arc<str>,
        /// Whether it must be another one.
        negated: bool,
    },
    /// All these feature flags are true (negated: all are false or unset).
    Flags {
        /// The flags.
        names: Vec<Arc<str>>,
        /// Whether all must be false.
        negated: bool,
    },
    /// All these conditions, set by a script, are true (negated: all are false or unset).
    When {
        /// The conditions.
        names: Vec<Arc<str>>,
        /// Whether all must be false.
        negated: bool,
    },
    /// A jq program on the state yields neither `false` nor `null`. If it fails, the condition is false, negated or not.
    Guard {
        /// The program.
        script: Script,
        /// Whether it must yield `false` or `null`.
        negated: bool,
    },
}
