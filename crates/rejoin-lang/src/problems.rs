//! The problems found so far, without those that only follow from an earlier one.

use crate::diagnostic::{Code, Diagnostic};

/// Reading ends after this many problems: beyond it, a file is not a program with mistakes.
pub(crate) const MAX_PROBLEMS: usize = 500;

#[derive(Default)]
pub(crate) struct Problems {
    list: Vec<Diagnostic>,
    /// While set, whatever is wrong follows from a problem that was reported already.
    muted: bool,
}

impl Problems {
    /// Keeps `problem`, unless it is a consequence of another one.
    pub(crate) fn push(&mut self, problem: Diagnostic) {
        let same_place = |kept: &Diagnostic| kept.span.start == problem.span.start;
        if self.muted || self.is_full() || self.list.last().is_some_and(same_place) {
            return;
        }
        self.list.push(problem);
        if self.is_full() {
            self.list[MAX_PROBLEMS - 1].help =
                Some("mend these problems first; the rest of the file was not read".to_owned());
        }
    }

    /// Stops (or starts again) keeping problems; returns what held before.
    pub(crate) fn mute(&mut self, muted: bool) -> bool {
        std::mem::replace(&mut self.muted, muted)
    }

    /// Whether problems are not kept now.
    pub(crate) fn is_muted(&self) -> bool {
        self.muted
    }

    /// Forgets what was found at or behind `pos`, because the text there will be read again.
    pub(crate) fn forget_from(&mut self, pos: usize) {
        self.list.retain(|problem| (problem.span.start as usize) < pos);
    }

    /// Whether the last one that was kept is of this kind.
    pub(crate) fn last_is(&self, code: Code) -> bool {
        self.list.last().is_some_and(|problem| problem.code == code)
    }

    /// How many were kept so far.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MAX_PROBLEMS
    }

    /// All of them, in the order of the text.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|problem| (problem.span.start, problem.span.end));
        self.list
    }
}
