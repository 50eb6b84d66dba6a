//! What may have become of a task at a place, as a function of what held where its body began.
//!
//! A body (of a route or pipeline) is read once, whoever calls it: each place keeps how a task's fate there
//! follows from the fate at the entry, and the callers fill in the entry later.

use std::collections::BTreeMap;

/// Which task, by its place among the plan's names of tasks.
pub(super) type TaskId = u32;

/// A set of what may hold for a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fates(u8);

impl Fates {
    /// Not under way: never started, or skipped by its guard.
    pub(super) const ABSENT: Fates = Fates(1);
    /// Started and not joined.
    pub(super) const RUNNING: Fates = Fates(2);
    /// Joined: its value is in the state.
    pub(super) const JOINED: Fates = Fates(4);
    pub(super) const ANY: Fates = Fates(7);

    pub(super) fn may(self, other: Fates) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn or(self, other: Fates) -> Fates {
        Fates(self.0 | other.0)
    }
}

/// For each fate at the entry, the fates here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change([Fates; 3]);

const ONE_EACH: [Fates; 3] = [Fates::ABSENT, Fates::RUNNING, Fates::JOINED];

impl Change {
    /// As at the entry.
    pub(super) const NONE: Change = Change(ONE_EACH);
    /// A start of the task.
    pub(super) const START: Change = Change([Fates::RUNNING; 3]);
    /// A join: what runs is joined, and nothing else happens.
    pub(super) const JOIN: Change = Change([Fates::ABSENT, Fates::JOINED, Fates::JOINED]);
    /// A body that begins with no tasks of its own, though it sees those that were joined.
    pub(super) const FRESH: Change = Change([Fates::ABSENT, Fates::ABSENT, Fates::JOINED]);
    /// Nothing is known.
    pub(super) const ANY: Change = Change([Fates::ANY; 3]);

    /// What may hold here if `entry` may hold at the entry.
    pub(super) fn of(self, entry: Fates) -> Fates {
        ONE_EACH
            .into_iter()
            .zip(self.0)
            .filter(|(at_entry, _)| entry.may(*at_entry))
            .fold(Fates::default(), |all, (_, here)| all.or(here))
    }

    /// This, and then `next`.
    pub(super) fn then(self, next: Change) -> Change {
        Change(self.0.map(|here| next.of(here)))
    }

    /// This or `other`.
    pub(super) fn or(self, other: Change) -> Change {
        let mut either = self.0;
        for (mine, theirs) in either.iter_mut().zip(other.0) {
            *mine = mine.or(theirs);
        }
        Change(either)
    }
}

/// The changes of all tasks at a place; a task that is not in it is as at the entry.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes(BTreeMap<TaskId, Change>);

impl Changes {
    pub(super) fn get(&self, task: TaskId) -> Change {
        self.0.get(&task).copied().unwrap_or(Change::NONE)
    }

    pub(super) fn set(&mut self, task: TaskId, change: Change) {
        self.0.insert(task, change);
    }

    pub(super) fn add(&mut self, task: TaskId, change: Change) {
        let known = self.get(task);
        self.set(task, known.or(change));
    }

    /// What holds when either of two ways was taken.
    pub(super) fn merge(&mut self, other: &Changes) {
        for (task, change) in &mut self.0 {
            *change = change.or(other.get(*task));
        }
        for (task, change) in &other.0 {
            self.0.entry(*task).or_insert_with(|| change.or(Change::NONE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_makes_joined_of_what_runs_and_leaves_the_rest() {
        let joined = Change::START.then(Change::JOIN);
        assert_eq!(joined.of(Fates::ABSENT), Fates::JOINED);
        assert_eq!(Change::JOIN.of(Fates::ABSENT), Fates::ABSENT);
        let maybe = Change::NONE.or(Change::START).then(Change::JOIN);
        assert_eq!(maybe.of(Fates::ABSENT), Fates::ABSENT.or(Fates::JOINED));
    }

    #[test]
    fn composing_is_applying_one_after_the_other() {
        let changes = [
            Change::NONE,
            Change::START,
            Change::JOIN,
            Change::FRESH,
            Change::NONE.or(Change::START),
        ];
        for first in changes {
            for second in changes {
                for entry in 0..8 {
                    let entry = Fates(entry);
                    assert_eq!(first.then(second).of(entry), second.of(first.of(entry)));
                }
            }
        }
    }

    #[test]
    fn merging_knows_that_a_missing_task_is_as_at_the_entry() {
        let (mut left, mut right) = (Changes::default(), Changes::default());
        left.set(1, Change::START);
        right.set(2, Change::START);
        left.merge(&right);
        for task in [1, 2] {
            assert_eq!(left.get(task).of(Fates::ABSENT), Fates::ABSENT.or(Fates::RUNNING));
        }
    }
}
