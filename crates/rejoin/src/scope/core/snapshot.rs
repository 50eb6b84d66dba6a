//! Scopes and members as they are, for whoever looks.

use std::sync::Arc;

use super::look::Tally;
use super::seats::Sitter;
use super::{Core, Phase};
use crate::inspect::{Kind, Node, State};
use crate::scope::TaskId;
use crate::seam::{self, Instant};

/// What is still to be shown. A stack instead of recursion: scopes can be nested deeper than a stack.
enum Next {
    Core(Arc<Core>, usize),
    /// A task that was seen together with its scope.
    Seen(Node, Vec<Arc<Core>>),
}

/// All of `roots` and what is inside them, outermost first.
pub(crate) fn nodes(roots: Vec<Arc<Core>>, asker: &Arc<Tally>) -> Vec<Node> {
    let now = seam::now();
    let mut nodes = Vec::new();
    let mut stack: Vec<Next> = roots.into_iter().rev().map(|core| Next::Core(core, 0)).collect();
    while let Some(next) = stack.pop() {
        let (node, inside) = match next {
            Next::Core(core, depth) => match core.look(depth, now, asker) {
                Some(seen) => seen,
                None => continue,
            },
            Next::Seen(node, inner) => {
                let depth = node.depth + 1;
                (node, inner.into_iter().map(|core| Next::Core(core, depth)).collect())
            }
        };
        nodes.push(node);
        stack.extend(inside.into_iter().rev());
    }
    nodes
}

impl Core {
    /// This scope and what is in it, if it has not closed.
    fn look(&self, depth: usize, now: Instant, asker: &Arc<Tally>) -> Option<(Node, Vec<Next>)> {
        let mut state = self.lock();
        let tasks = state.table.len();
        let body = match state.phase {
            Phase::Closed => return None,
            Phase::Abandoned => State::Dropped(tasks),
            Phase::Open if state.body_ended => State::Closing(tasks),
            Phase::Open => state.body.state(asker),
        };
        // If it has opened since the others were asked, nobody here goes by the lock.
        let gone = self.collect(&mut state);
        let node = Node {
            kind: Kind::Scope(self.id),
            name: self.settings.name.clone(),
            depth,
            state: body,
            left: state.deadline.map(|at| at.saturating_duration_since(now)),
            age: self.since.map(|since| now.saturating_duration_since(since)),
            reason: state.rare().stop.as_ref().map(|stop| stop.reason.clone()),
            shielded: self.settings.shielded,
        };
        let mut tasks: Vec<_> = state.table.iter().map(|(_, index, who)| (index, who)).collect();
        tasks.sort_unstable_by_key(|(index, _)| *index);
        let of_body = state.body.inner().into_iter().map(|core| Next::Core(core, depth + 1));
        let of_tasks = tasks.into_iter().map(|(index, sitter)| {
            let extra = sitter.and_then(|sitter| sitter.extra.as_deref());
            let node = Node {
                kind: Kind::Task(TaskId::new(self.id, index)),
                name: extra.and_then(|extra| extra.name.clone()),
                depth: depth + 1,
                state: sitter.map_or(State::Running, |sitter| sitter.state(asker)),
                left: None,
                age: extra.and_then(|e| e.since).map(|since| now.saturating_duration_since(since)),
                reason: extra.and_then(|e| e.stop.as_ref()).map(|stop| stop.reason.clone()),
                shielded: false,
            };
            Next::Seen(node, sitter.map(Sitter::inner).unwrap_or_default())
        });
        let inside = of_body.chain(of_tasks).collect();
        drop(state);
        drop(gone);
        Some((node, inside))
    }
}

impl Sitter {
    fn state(&self, asker: &Arc<Tally>) -> State {
        let Some(extra) = self.extra.as_deref() else { return State::Running };
        if extra.blocking {
            return State::Blocking;
        }
        let waits = extra.answer.as_ref().and_then(|answer| answer.to(asker));
        waits.map_or(State::Running, |waits| State::Waiting(waits.to_vec()))
    }

    fn inner(&self) -> Vec<Arc<Core>> {
        self.extra.as_ref().map(|extra| extra.inner.clone()).unwrap_or_default()
    }
}
