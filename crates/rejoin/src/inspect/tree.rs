//! The tree of scopes and tasks as it was at some moment.

use std::fmt;
use std::time::Duration;

use super::wait::{Wait, rounded, shown};
use crate::cancel::CancelReason;
use crate::name::Name;
use crate::scope::TaskId;

/// Scopes and their tasks, as they were when somebody asked. [`Display`](fmt::Display) draws them, a
/// line for each.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub(crate) nodes: Vec<Node>,
}

impl Tree {
    /// All of them, each after the one that it is inside of, tasks in the order of submission.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

/// A scope or a task in a [`Tree`].
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) kind: Kind,
    pub(crate) name: Option<Name>,
    pub(crate) depth: usize,
    pub(crate) state: State,
    pub(crate) left: Option<Duration>,
    pub(crate) age: Option<Duration>,
    pub(crate) reason: Option<CancelReason>,
    pub(crate) shielded: bool,
}

/// What a [`Node`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A scope, with its number; its body is part of it. A [`timeout`](crate::timeout) and a
    /// [`shield`](crate::shield) are scopes too.
    Scope(u64),
    /// A child of a scope.
    Task(TaskId),
}

/// How a task, or the body of a scope, was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It waits. For nothing that this library knows of, if there is none here: a socket, a timer,
    /// a channel.
    Waiting(Vec<Wait>),
    /// It was in the middle of a poll, or had none yet, and did not come to a wait in a tenth of a
    /// second; or it has started since.
    Running,
    /// It has a thread of its own, in a [pool](crate::pool), or a process.
    Blocking,
    /// The body of the scope has ended, and so many tasks have not.
    Closing(usize),
    /// The future that ran the scope was dropped, and so many tasks have not ended.
    Dropped(usize),
}

impl Node {
    /// Whether it is a scope or a task, and which one.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// How many nodes it is inside of. The nearest one before it with a smaller depth is its parent.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// What it did.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// How long it was until the scope's own deadline.
    pub fn left(&self) -> Option<Duration> {
        self.left
    }

    /// How long it had been there. Only what has a name knows.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Why it was told to stop, if it was.
    pub fn reason(&self) -> Option<&CancelReason> {
        self.reason.as_ref()
    }

    /// Whether it is a scope that takes no cancellation from outside.
    pub fn is_shielded(&self) -> bool {
        self.shielded
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last_of_their_kind();
        // For each level on the way in, whether more follows there.
        let mut follows: Vec<bool> = Vec::new();
        for (at, (node, last)) in self.nodes.iter().zip(last).enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            follows.truncate(node.depth.saturating_sub(1));
            for more in &follows {
                f.write_str(if *more { "│  " } else { "   " })?;
            }
            if node.depth > 0 {
                f.write_str(if last { "└─ " } else { "├─ " })?;
                follows.push(!last);
            }
            node.fmt(f)?;
        }
        Ok(())
    }
}

impl Tree {
    /// For each node whether none of its depth follows under the same parent.
    fn last_of_their_kind(&self) -> Vec<bool> {
        let mut open: Vec<bool> = Vec::new();
        let mut last: Vec<bool> = self
            .nodes
            .iter()
            .rev()
            .map(|node| {
                // What comes later and lies deeper belongs to others.
                open.resize(node.depth + 1, false);
                !std::mem::replace(&mut open[node.depth], true)
            })
            .collect();
        last.reverse();
        last
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Scope(id) if self.shielded => write!(f, "shielded scope {id}")?,
            Kind::Scope(id) => write!(f, "scope {id}")?,
            Kind::Task(id) => write!(f, "task {id}")?,
        }
        if let Some(name) = &self.name {
            write!(f, " `{}`", shown(name))?;
        }
        write!(f, ": {}", self.state)?;
        if let Some(left) = self.left {
            write!(f, "; {:?} left", rounded(left))?;
        }
        if let Some(age) = self.age {
            write!(f, "; {:?} old", rounded(age))?;
        }
        if let Some(reason) = &self.reason {
            write!(f, "; told to stop ({})", shown(&Name::from(reason.to_string())))?;
        }
        Ok(())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Waiting(waits) => match waits.as_slice() {
                [] => f.write_str("waits outside the library"),
                [first, others @ ..] => {
                    write!(f, "waits for {first}")?;
                    others.iter().try_for_each(|wait| write!(f, ", {wait}"))
                }
            },
            State::Running => f.write_str("runs"),
            State::Blocking => f.write_str("runs on a thread or in a process of its own"),
            State::Closing(1) => f.write_str("has ended but for 1 task"),
            State::Closing(tasks) => write!(f, "has ended but for {tasks} tasks"),
            State::Dropped(1) => f.write_str("was dropped, 1 task is left"),
            State::Dropped(tasks) => write!(f, "was dropped, {tasks} tasks are left"),
        }
    }
}
