//! [`Resting`]: the connections that lie unused, of which there are only so many.
//!
//! The pool bounds them for each host. Who asks very many hosts, one after the other, would have one for each of them
//! for as long as it may lie there, until the system gives no more sockets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;

use futures_util::task::AtomicWaker;

/// The connections of one client that have served a request, the one that has rested longest first.
#[derive(Debug)]
pub(crate) struct Resting {
    most: usize,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    rests: BTreeMap<u64, Weak<Rest>>,
    next: u64,
}

/// Whether one connection rests. Only for HTTP/1, where a request follows the answer to the one before.
///
/// Its transport says when it is written to and read, its requests say when their answer was taken. It rests when the
/// answers that have begun were all taken, and nothing was written since the last of them began. As that is one
/// number, there is no moment at which a connection with a request on it could be taken for one that rests.
#[derive(Debug)]
pub(crate) struct Rest {
    /// How many answers have begun, and what it does.
    state: AtomicU64,
    taken: AtomicU64,
    /// The turn in the list, if it is there; only changed under the lock of that.
    turn: Mutex<Option<u64>>,
    reader: AtomicWaker,
    list: Weak<Resting>,
}

/// A request was written, in part at least, and no answer has begun.
const ASKED: u64 = 0;
const ANSWERED: u64 = 1;
const RESTS: u64 = 2;
/// Somebody needs its place. A request that comes first keeps it.
const UNWANTED: u64 = 3;
const CLOSED: u64 = 4;
/// What it does stands in the lowest bits.
const DOES: u64 = 7;
const ONE_ANSWER: u64 = 8;

impl Resting {
    pub(crate) fn new(most: usize) -> Arc<Resting> {
        Arc::new(Resting { most, list: Mutex::default() })
    }

    /// A new connection, which is busy.
    pub(crate) fn connection(self: &Arc<Self>) -> Arc<Rest> {
        Arc::new(Rest {
            state: AtomicU64::new(ASKED),
            taken: AtomicU64::new(0),
            turn: Mutex::default(),
            reader: AtomicWaker::new(),
            list: Arc::downgrade(self),
        })
    }

    /// Makes room, so that there are no more than may be. Those that are busy are left alone: they come
    /// back when they rest again.
    fn make_room(&self, list: &mut List) {
        while list.rests.len() > self.most {
            let Some((_, longest)) = list.rests.pop_first() else { return };
            let Some(rest) = longest.upgrade() else { continue };
            *lock(&rest.turn) = None;
            if rest.change(|state| (state & DOES == RESTS).then_some(state + UNWANTED - RESTS)) {
                rest.reader.wake();
            }
        }
    }
}

impl Rest {
    /// An answer was taken to its end.
    pub(crate) fn taken(self: &Arc<Self>) {
        let taken = self.taken.fetch_add(1, Ordering::AcqRel) + 1;
        let (answered, rests) = (taken * ONE_ANSWER + ANSWERED, taken * ONE_ANSWER + RESTS);
        let Some(resting) = self.list.upgrade() else { return };
        let mut list = lock(&resting.list);
        if !self.change(|state| (state == answered).then_some(rests)) {
            return;
        }
        let turn = list.next;
        list.next += 1;
        if let Some(before) = lock(&self.turn).replace(turn) {
            list.rests.remove(&before);
        }
        list.rests.insert(turn, Arc::downgrade(self));
        resting.make_room(&mut list);
    }

    /// Something is written.
    pub(crate) fn written(&self) {
        if self.state.load(Ordering::Acquire) & DOES != ASKED {
            self.change(|state| Some(state & !DOES | ASKED));
        }
    }

    /// Something was read.
    pub(crate) fn read(&self) {
        if self.state.load(Ordering::Acquire) & DOES == ASKED {
            self.change(|state| (state & DOES == ASKED).then_some(state + ONE_ANSWER + ANSWERED));
        }
    }

    /// Whether it is to be closed, asked when there is nothing to read. If not, `reader` is woken when it is.
    pub(crate) fn is_unwanted(&self, reader: &Waker) -> bool {
        self.reader.register(reader);
        self.change(|state| (state & DOES == UNWANTED).then_some(state + CLOSED - UNWANTED))
            || self.state.load(Ordering::Acquire) & DOES == CLOSED
    }

    /// Whether it was changed.
    fn change(&self, to: impl Fn(u64) -> Option<u64>) -> bool {
        self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, to).is_ok()
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        let turn = lock(&self.turn).take();
        if let (Some(turn), Some(resting)) = (turn, self.list.upgrade()) {
            lock(&resting.list).rests.remove(&turn);
        }
    }
}

/// No code that can panic runs under these locks, so that they are never poisoned in earnest.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
