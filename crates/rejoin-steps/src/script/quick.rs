//! Scripts that are known to be quick run where they are called.
//!
//! To hand a script to a thread and to be woken again takes longer than most scripts do. One that was quick so often in a
//! row is run in place, with little time. What it does to its request is kept until it has ended; if its time is up, or it
//! asks for what takes longer, that is forgotten, and it begins again on a thread as if it had not run.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rejoin_value::Value;

use super::Surroundings;
use super::sql::SqlEnd;

/// What counts as quick, and how long a script may take in place.
pub(super) const QUICK: Duration = Duration::from_micros(300);
/// So many runs in a row have to be quick.
const PROOF: u32 = 32;
/// The same after one that was not quick in place.
const PROOF_AFTER_FAILURE: u32 = 1024;

/// Missing forever.
const NEVER: u32 = u32::MAX;

/// How quick a script has been.
#[derive(Debug)]
pub(crate) struct Record {
    /// So many quick runs are missing.
    missing: AtomicU32,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { missing: AtomicU32::new(PROOF) }
    }

    /// Of a script that nothing may be able to stop: however quick it was, it runs on a thread.
    pub(crate) fn never_quick() -> Self {
        Self { missing: AtomicU32::new(NEVER) }
    }

    pub(super) fn is_quick(&self) -> bool {
        self.missing.load(Ordering::Relaxed) == 0
    }

    /// It has run on a thread.
    pub(super) fn took(&self, time: Duration) {
        // Runs at the same time may be counted as one: they only count.
        let missing = self.missing.load(Ordering::Relaxed);
        if missing == NEVER {
            return;
        }
        let now = if time < QUICK { missing.saturating_sub(1) } else { missing.max(PROOF) };
        self.missing.store(now, Ordering::Relaxed);
    }

    /// In place it was not quick.
    pub(super) fn failed(&self) {
        self.missing.store(PROOF_AFTER_FAILURE, Ordering::Relaxed);
    }
}

/// What a script has done, in order.
enum Change {
    Flag(String, bool),
    Condition(String, bool),
    Line(String),
}

/// The surroundings of a script that runs in place, with what the script has changed so far.
pub(super) struct Rehearsal<S> {
    around: S,
    done: Rc<Done>,
}

/// What a script has done in place.
#[derive(Default)]
pub(super) struct Done {
    changes: RefCell<Vec<Change>>,
    /// Whether it wanted what is only there on a thread.
    wants_thread: Cell<bool>,
}

impl<S: Surroundings> Rehearsal<S> {
    pub(super) fn new(around: S) -> (Self, Rc<Done>) {
        let done = Rc::new(Done::default());
        (Self { around, done: done.clone() }, done)
    }

    fn note(&self, change: Change) {
        self.done.changes.borrow_mut().push(change);
    }
}

impl Done {
    pub(super) fn wants_thread(&self) -> bool {
        self.wants_thread.get()
    }

    /// Does to the request what the script has done.
    pub(super) fn apply(&self, to: &impl Surroundings) {
        for change in self.changes.take() {
            match change {
                Change::Flag(name, on) => to.set_flag(&name, on),
                Change::Condition(name, holds) => to.set_condition(&name, holds),
                Change::Line(line) => to.print(&line),
            }
        }
    }
}

impl<S: Surroundings> Surroundings for Rehearsal<S> {
    fn flag(&self, name: &str) -> bool {
        self.around.flag(name)
    }

    fn set_flag(&self, name: &str, on: bool) {
        self.note(Change::Flag(name.to_owned(), on));
    }

    fn condition(&self, name: &str) -> bool {
        self.around.condition(name)
    }

    fn set_condition(&self, name: &str, holds: bool) {
        self.note(Change::Condition(name.to_owned(), holds));
    }

    fn env(&self, name: &str) -> Option<String> {
        self.around.env(name)
    }

    fn print(&self, line: &str) {
        self.note(Change::Line(line.to_owned()));
    }

    fn sql(&self, _: &str, _: Vec<Value>) -> Result<Value, SqlEnd> {
        self.done.wants_thread.set(true);
        Err(SqlEnd::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Notes what reaches it.
    #[derive(Default)]
    struct Noted(RefCell<Vec<String>>);

    impl Surroundings for Rc<Noted> {
        fn flag(&self, name: &str) -> bool {
            name == "set before"
        }

        fn set_flag(&self, name: &str, on: bool) {
            self.0.borrow_mut().push(format!("flag {name} {on}"));
        }

        fn condition(&self, name: &str) -> bool {
            name == "held before"
        }

        fn set_condition(&self, name: &str, holds: bool) {
            self.0.borrow_mut().push(format!("condition {name} {holds}"));
        }

        fn env(&self, name: &str) -> Option<String> {
            Some(name.to_uppercase())
        }

        fn print(&self, line: &str) {
            self.0.borrow_mut().push(format!("line {line}"));
        }

        fn sql(&self, _: &str, _: Vec<Value>) -> Result<Value, SqlEnd> {
            unreachable!("what runs in place has no statements")
        }
    }

    #[test]
    fn a_script_sees_what_was_there_and_the_request_sees_what_it_did_at_the_end() {
        let noted = Rc::new(Noted::default());
        let (script, done) = Rehearsal::new(noted.clone());
        assert!(script.flag("set before") && !script.flag("a"));
        script.set_flag("a", true);
        script.set_flag("set before", false);
        script.print("one");
        script.set_condition("c", true);
        script.set_flag("a", false);
        assert!(!script.flag("a") && script.flag("set before"));
        assert!(!script.condition("c") && script.condition("held before"));
        assert_eq!(script.env("x").as_deref(), Some("X"));
        assert!(noted.0.borrow().is_empty());
        done.apply(&noted);
        done.apply(&noted);
        let all = [
            "flag a true",
            "flag set before false",
            "line one",
            "condition c true",
            "flag a false",
        ];
        assert_eq!(*noted.0.borrow(), all);
        assert!(!done.wants_thread());
    }

    #[test]
    fn statements_are_for_threads() {
        let (script, done) = Rehearsal::new(Rc::new(Noted::default()));
        assert_eq!(script.sql("select 1", Vec::new()), Err(SqlEnd::Stopped));
        assert!(done.wants_thread());
    }

    #[test]
    fn what_nothing_can_stop_is_never_quick() {
        let record = Record::never_quick();
        for _ in 0..2 * PROOF_AFTER_FAILURE {
            record.took(QUICK / 2);
        }
        assert!(!record.is_quick());
    }

    #[test]
    fn quick_is_what_was_quick_in_a_row() {
        let record = Record::new();
        for _ in 1..PROOF {
            record.took(QUICK / 2);
        }
        assert!(!record.is_quick());
        record.took(2 * QUICK);
        for _ in 0..PROOF {
            assert!(!record.is_quick());
            record.took(QUICK / 2);
        }
        assert!(record.is_quick());
        record.failed();
        for _ in 0..PROOF_AFTER_FAILURE {
            assert!(!record.is_quick());
            record.took(QUICK / 2);
        }
        assert!(record.is_quick());
    }
}
