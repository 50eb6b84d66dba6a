//! What is found by its hash in a list or a map that is asked again and again, as a loop does: looking through all of it each time would
//! make the loop take the square of its turns.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Up to so many are looked through one by one.
pub(super) const FEW: usize = 32;

/// A table beside the parts of a value, made when it is asked for the second time: who asks once looks through the parts faster.
#[derive(Debug)]
pub(super) struct Lookup<T> {
    asked: AtomicBool,
    /// Apart, as most values have none.
    table: OnceLock<Box<T>>,
}

impl<T> Lookup<T> {
    /// The table, if it is worth one.
    pub(super) fn asked(&self, make: impl FnOnce() -> T) -> Option<&T> {
        match self.table.get() {
            None if !self.asked.swap(true, Ordering::Relaxed) => None,
            _ => Some(self.table.get_or_init(|| Box::new(make()))),
        }
    }

    /// The table, if there is one.
    pub(super) fn get(&self) -> Option<&T> {
        self.table.get().map(|table| &**table)
    }

    /// The same, to keep it as the parts are.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        self.table.get_mut().map(|table| &mut **table)
    }

    /// The table in any case.
    pub(super) fn made(&mut self, make: impl FnOnce() -> T) -> &mut T {
        if self.table.get().is_none() {
            self.table = OnceLock::from(Box::new(make()));
        }
        self.table.get_mut().expect("it was made above")
    }
}

impl<T> Default for Lookup<T> {
    fn default() -> Self {
        Self { asked: AtomicBool::new(false), table: OnceLock::new() }
    }
}
