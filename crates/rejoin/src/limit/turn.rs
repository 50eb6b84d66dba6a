//! Waiting for one's turn, at one limit or at several at once.
//!
//! Capacity is taken from all or from none, while the states of all are locked, in the order of the
//! gates' addresses. Whoever has to wait joins all the lines under the same locks, so that of two who
//! share several limits the same one is first in each of those lines: the one who came first of all is
//! always first in all its lines, and nobody waits in a circle.

use std::future::poll_fn;
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker, ready};

use smallvec::{SmallVec, smallvec};

use super::LimitError;
use super::gate::{Gate, Grant, Meter, State};
use super::line::Ticket;
use crate::inspect::waits;
use crate::scope::wake;
use crate::seam::{self, Instant, MutexGuard};

/// So much of one limit.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) gate: Arc<Gate<dyn Meter>>,
    pub(super) weight: u32,
}

/// One for each part.
pub(super) type Grants = SmallVec<[Grant; 1]>;

/// Wakers to be called, or dropped, when no lock is held.
#[derive(Default)]
pub(super) struct Wakers(SmallVec<[Waker; 2]>);

impl Extend<Waker> for Wakers {
    fn extend<I: IntoIterator<Item = Waker>>(&mut self, wakers: I) {
        self.0.extend(wakers);
    }
}

impl Wakers {
    pub(super) fn wake(self) {
        self.0.into_iter().for_each(wake);
    }
}

/// Waits until all parts can be had together. They are sorted by address, each gate is there once.
///
/// A limit may have become too small meanwhile: whoever comes to the head of the line with a wish that
/// cannot be granted any more has an error, and does not hold up those behind.
///
/// Dropped while it waits, it has taken nothing.
pub(super) async fn acquire(parts: &[Part]) -> Result<Grants, LimitError> {
    let mut turn = Turn { parts, tickets: SmallVec::new() };
    let mut time = pin!(None);
    let granted = poll_fn(|cx| {
        loop {
            match turn.look(cx.waker()) {
                Break(granted) => return Poll::Ready(granted),
                Continue(None) => {
                    time.set(None);
                    return Poll::Pending;
                }
                Continue(Some(at)) => {
                    time.set(Some(seam::sleep_until(at)));
                    let time = time.as_mut().as_pin_mut().expect("it was set just now");
                    ready!(seam::poll_sleep(time, cx));
                }
            }
        }
    });
    waits("a place in a limit", granted).await
}

/// Whether each of the parts can ever be had.
pub(super) fn admit(parts: &[Part]) -> Result<(), LimitError> {
    parts.iter().try_for_each(|part| part.gate.admit(part.weight))
}

/// Takes all parts if they are free and nobody waits for any of them.
pub(super) fn try_acquire(parts: &[Part]) -> Option<Grants> {
    let mut states = lock_all(parts);
    let nobody_waits = states.iter().all(|state| state.line.is_empty());
    if nobody_waits { take(parts, &mut states).ok() } else { None }
}

type States<'a> = SmallVec<[MutexGuard<'a, State<dyn Meter>>; 1]>;

fn lock_all(parts: &[Part]) -> States<'_> {
    parts.iter().map(|part| part.gate.state()).collect()
}

/// Takes all. If one does not fit, says since when it would, if time alone is enough.
fn take(parts: &[Part], states: &mut States<'_>) -> Result<Grants, Option<Instant>> {
    for (part, state) in parts.iter().zip(&mut *states) {
        state.meter.fits(part.weight)?;
    }
    Ok(parts.iter().zip(states).map(|(part, state)| state.meter.take(part.weight)).collect())
}

/// Somebody who waits, in the line of each part.
struct Turn<'a> {
    parts: &'a [Part],
    /// None as long as it has not joined the lines, and when it has left them.
    tickets: SmallVec<[Ticket; 1]>,
}

impl Turn<'_> {
    /// Takes what it wants if it is first and all is there; else waits in line, and says until when, if time alone
    /// is enough.
    fn look(&mut self, waker: &Waker) -> ControlFlow<Result<Grants, LimitError>, Option<Instant>> {
        // A waker's clone and destructor are the runtime's: they run unlocked.
        let mut own: SmallVec<[_; 1]> = self.parts.iter().map(|_| Some(waker.clone())).collect();
        let mut call = Wakers::default();
        let mut states = lock_all(self.parts);
        let found = self.look_at(&mut states, &mut own, &mut call);
        drop(states);
        call.wake();
        found
    }

    fn look_at(
        &mut self,
        states: &mut States<'_>,
        own: &mut SmallVec<[Option<Waker>; 1]>,
        call: &mut Wakers,
    ) -> ControlFlow<Result<Grants, LimitError>, Option<Instant>> {
        let served = match self.tickets[..] {
            [ticket] => states[0].line.take_served(ticket),
            _ => None,
        };
        if let Some(served) = served {
            self.tickets.clear();
            return Break(served.map(|grant| smallvec![grant]));
        }
        let waits = !self.tickets.is_empty();
        let is_first = if waits {
            self.tickets.iter().zip(&*states).all(|(ticket, state)| state.line.is_first(*ticket))
        } else {
            states.iter().all(|state| state.line.is_empty())
        };
        let mut until = None;
        if is_first || !waits {
            let mut parts = self.parts.iter().zip(&*states);
            if let Err(error) = parts.try_for_each(|(part, state)| state.meter.admit(part.weight)) {
                self.leave(states, own, call);
                return Break(Err(error));
            }
        }
        if is_first {
            match take(self.parts, states) {
                Ok(grants) => {
                    self.leave(states, own, call);
                    return Break(Ok(grants));
                }
                Err(at) => until = at,
            }
        }
        if waits {
            for ((ticket, state), own) in self.tickets.iter().zip(states).zip(own) {
                state.line.stay(*ticket, own);
            }
        } else {
            let elsewhere = self.parts.len() > 1;
            for ((part, state), own) in self.parts.iter().zip(states).zip(own) {
                self.tickets.push(state.line.join(part.weight, elsewhere, own.take()));
            }
        }
        Continue(until)
    }

    /// Leaves the lines, if it is in them, and lets the next ones come. What it has been served with goes back.
    fn leave(
        &mut self,
        states: &mut States<'_>,
        own: &mut SmallVec<[Option<Waker>; 1]>,
        call: &mut Wakers,
    ) {
        for (ticket, state) in self.tickets.drain(..).zip(states) {
            let (served, waker) = state.line.leave(ticket);
            own.push(waker);
            if let Some(Ok(grant)) = served {
                state.meter.settle(grant, 0);
            }
            state.serve(call);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.tickets.is_empty() {
            return;
        }
        let (mut own, mut call) = (SmallVec::new(), Wakers::default());
        let mut states = lock_all(self.parts);
        self.leave(&mut states, &mut own, &mut call);
        drop(states);
        call.wake();
    }
}
