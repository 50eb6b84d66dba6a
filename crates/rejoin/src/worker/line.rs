//! The queue of a worker, and its copies.
//!
//! * Calls are served in the order in which they were submitted, by whichever copy is free. Somebody
//!   waits only while no copy is free, so a free copy is never passed by.
//! * A call that ends hands its copy to the first who waits, directly. One who has been cancelled
//!   leaves the queue at once; if the copy was on its way to him, it goes on to the next.
//! * The worker's host rests in its scope while no call is unfinished; both change under the lock of
//!   the line, which is taken before that of the scope.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::balance::Balance;
use super::builder::Runs;
use super::refused::Why;
use super::restart::{Restart, Restarts};
use super::turn::Turn;
use super::within::Within;
use crate::cancel::CancelReason;
use crate::inspect::waits;
use crate::name::Name;
use crate::scope::core::{Core, Place};
use crate::seam::{Mutex, MutexGuard};

/// What a worker, its calls and its host share.
pub(super) struct Shared<S> {
    pub(super) name: Name,
    pub(super) runs: Runs,
    pub(super) balance: Balance,
    pub(super) restart: Restart,
    pub(super) copies: usize,
    pub(super) make: Box<dyn Fn() -> S + Send + Sync>,
    /// What a state has died of by itself: one that is in another process.
    pub(super) lost: fn(&mut S) -> Option<Name>,
    /// The worker's own scope, in which its calls are children.
    pub(super) core: Arc<Core>,
    pub(super) within: Arc<Within>,
    /// Where the worker's host sits in the scope that the worker belongs to.
    pub(super) host: Place,
    /// One for each call that waits or runs. Closed when no more are taken.
    pub(super) places: Arc<Semaphore>,
    pub(super) queue: usize,
    /// Has no permits; closed when the worker has ended.
    pub(super) ended: Semaphore,
    pub(super) line: Mutex<Line<S>>,
}

pub(super) struct Line<S> {
    /// Empty while somebody waits.
    pub(super) free: Vec<OneCopy<S>>,
    /// In the order of submission, by number.
    pub(super) waiting: VecDeque<(u64, oneshot::Sender<Turn<S>>)>,
    pub(super) submitted: u64,
    /// Calls that have been taken and not ended.
    pub(super) unfinished: usize,
    /// Copies that are not gone for good.
    pub(super) alive: usize,
    /// The number of the copy whose turn it is.
    next: usize,
    pub(super) restarts: Restarts,
    /// No more calls are taken.
    pub(super) closed: bool,
    /// The host has gone: a copy that comes back is dropped.
    pub(super) released: bool,
    /// What the last copy has died of.
    pub(super) died: Option<Name>,
    /// Wakes the host.
    pub(super) owner: Option<Waker>,
}

/// One copy of a worker: a state, and what is counted for it.
pub(super) struct OneCopy<S> {
    pub(super) number: usize,
    pub(super) served: u64,
    // Boxed: it changes hands with every call.
    pub(super) state: Box<S>,
}

impl<S> Line<S> {
    pub(super) fn new(free: Vec<OneCopy<S>>) -> Self {
        Line {
            alive: free.len(),
            free,
            waiting: VecDeque::new(),
            submitted: 0,
            unfinished: 0,
            next: 0,
            restarts: Restarts::default(),
            closed: false,
            released: false,
            died: None,
            owner: None,
        }
    }

    fn take(&mut self, balance: Balance, all: usize) -> Option<OneCopy<S>> {
        let at = if self.free.len() <= 1 {
            0
        } else {
            let free: Vec<_> = self.free.iter().map(|copy| (copy.number, copy.served)).collect();
            balance.choose(&free, self.next, all)?
        };
        if at >= self.free.len() {
            return None;
        }
        let mut copy = self.free.swap_remove(at);
        copy.served += 1;
        self.next = (copy.number + 1) % all;
        Some(copy)
    }
}

impl<S> Shared<S> {
    pub(super) fn line(&self) -> MutexGuard<'_, Line<S>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why no more calls are taken.
    pub(super) fn why_closed(line: &Line<S>) -> Why {
        line.died.clone().map_or(Why::Stopped, Why::Died)
    }

    /// Joins the line.
    pub(super) fn enter(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Result<Ticket<S>, Why> {
        let mut line = self.line();
        if line.closed {
            return Err(Self::why_closed(&line));
        }
        if line.unfinished == 0 && !self.host.core.resume() {
            line.closed = true;
            return Err(Why::Stopped);
        }
        line.unfinished += 1;
        line.submitted += 1;
        let number = line.submitted;
        let unfinished = Unfinished { shared: Arc::clone(self), _place: place };
        let state = loop {
            let Some(mut copy) = line.take(self.balance, self.copies) else {
                let (sender, receiver) = oneshot::channel();
                // The last, unless a copy was lost meanwhile.
                let at = line.waiting.partition_point(|(other, _)| *other < number);
                line.waiting.insert(at, (number, sender));
                break Waiting::InLine(receiver);
            };
            drop(line);
            // What has died in idleness costs no call.
            let sound = match (self.lost)(&mut copy.state) {
                Some(of) => self.renew(copy, &of),
                None => Some(copy),
            };
            if let Some(copy) = sound {
                break Waiting::Here(Turn::new(Arc::clone(self), copy));
            }
            line = self.line();
            if line.alive == 0 {
                let why = Self::why_closed(&line);
                drop(line);
                return Err(why);
            }
        };
        Ok(Ticket { number, state, unfinished })
    }

    /// Hands a copy to the first who waits.
    pub(super) fn give_back(self: &Arc<Self>, mut copy: OneCopy<S>) {
        loop {
            let mut line = self.line();
            if line.released {
                drop(line);
                return drop(copy);
            }
            let Some((_, first)) = line.waiting.pop_front() else {
                return line.free.push(copy);
            };
            drop(line);
            copy.served += 1;
            match first.send(Turn::new(Arc::clone(self), copy)) {
                Ok(()) => return,
                // He was cancelled meanwhile.
                Err(turn) => {
                    let Some(back) = turn.into_copy() else { return };
                    copy = back;
                    copy.served -= 1;
                }
            }
        }
    }

    /// A copy is gone for good. Returns whether it was the last one.
    pub(super) fn lose(&self, of: &Name) -> bool {
        let mut line = self.line();
        line.alive -= 1;
        if line.alive > 0 {
            return false;
        }
        line.closed = true;
        line.died = Some(of.clone());
        let waiting = std::mem::take(&mut line.waiting);
        drop(line);
        self.places.close();
        // Who waits sees that nobody will serve him.
        drop(waiting);
        true
    }

    /// Takes no more calls; those that have been taken are served.
    pub(super) fn close(&self) {
        let mut line = self.line();
        line.closed = true;
        let owner = if line.unfinished == 0 { line.owner.take() } else { None };
        drop(line);
        self.places.close();
        if let Some(owner) = owner {
            owner.wake();
        }
    }
}

/// A place in the line.
pub(super) struct Ticket<S> {
    number: u64,
    state: Waiting<S>,
    // Dropped last: the worker has something to do until the copy is back.
    unfinished: Unfinished<S>,
}

enum Waiting<S> {
    Here(Turn<S>),
    InLine(oneshot::Receiver<Turn<S>>),
    Over,
}

impl<S> Ticket<S> {
    /// Waits for a copy, which comes once. The call has not ended before the ticket is dropped.
    pub(super) async fn turn(&mut self) -> Result<Turn<S>, CancelReason> {
        let turn = match &mut self.state {
            Waiting::InLine(receiver) => waits("its turn at a worker", receiver).await.ok(),
            _ => match std::mem::replace(&mut self.state, Waiting::Over) {
                Waiting::Here(turn) => Some(turn),
                _ => None,
            },
        };
        self.state = Waiting::Over;
        turn.ok_or_else(|| {
            let shared = &self.unfinished.shared;
            let why = Shared::why_closed(&shared.line());
            why.reason(&shared.name)
        })
    }
}

impl<S> Drop for Ticket<S> {
    fn drop(&mut self) {
        if let Waiting::InLine(_) = &self.state {
            let mut line = self.unfinished.shared.line();
            let at = line.waiting.binary_search_by_key(&self.number, |(number, _)| *number);
            let left = at.ok().and_then(|at| line.waiting.remove(at));
            drop(line);
            drop(left);
        }
    }
}

/// A call that has been taken and has not ended.
struct Unfinished<S> {
    shared: Arc<Shared<S>>,
    _place: OwnedSemaphorePermit,
}

impl<S> Drop for Unfinished<S> {
    fn drop(&mut self) {
        let mut line = self.shared.line();
        line.unfinished -= 1;
        if line.unfinished > 0 || line.released {
            return;
        }
        let resting = self.shared.host.core.rest();
        let owner = if line.closed { line.owner.take() } else { None };
        drop(line);
        resting.into_iter().chain(owner).for_each(Waker::wake);
    }
}
