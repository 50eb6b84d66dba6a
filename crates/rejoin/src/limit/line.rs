//! Who waits for a limit, in the order of arrival: a list whose links are numbers, so that whoever gives up leaves
//! from anywhere at once.

use std::mem;
use std::task::Waker;

use slab::Slab;

use super::LimitError;
use super::gate::{Grant, Meter};

/// A place in a line, until it is left.
pub(super) type Ticket = usize;

/// Nobody.
const NONE: Ticket = usize::MAX;

pub(super) struct Line {
    waiters: Slab<Waiter>,
    first: Ticket,
    last: Ticket,
}

struct Waiter {
    weight: u32,
    /// Stands in other lines, too: it has to be first in all of them, and sees to that itself.
    elsewhere: bool,
    /// None while it has been called and has not come.
    waker: Option<Waker>,
    /// What it was served with: then it stands in the line no more, and has only to come for it.
    got: Option<Served>,
    before: Ticket,
    behind: Ticket,
}

pub(super) type Served = Result<Grant, LimitError>;

impl Default for Line {
    fn default() -> Self {
        Line { waiters: Slab::new(), first: NONE, last: NONE }
    }
}

impl Line {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    pub(super) fn join(&mut self, weight: u32, elsewhere: bool, waker: Option<Waker>) -> Ticket {
        let before = self.last;
        let waiter = Waiter { weight, elsewhere, waker, got: None, before, behind: NONE };
        let ticket = self.waiters.insert(waiter);
        *self.behind(before) = ticket;
        self.last = ticket;
        ticket
    }

    /// Stays in the line, and is to be called by `waker`, which becomes the former one.
    pub(super) fn stay(&mut self, ticket: Ticket, waker: &mut Option<Waker>) {
        mem::swap(&mut self.waiters[ticket].waker, waker);
    }

    pub(super) fn is_first(&self, ticket: Ticket) -> bool {
        self.first == ticket
    }

    /// What it got, if it was served.
    pub(super) fn take_served(&mut self, ticket: Ticket) -> Option<Served> {
        let got = self.waiters[ticket].got.take()?;
        self.waiters.remove(ticket);
        Some(got)
    }

    /// Leaves the line, served or not. The waker is for the caller to drop, unlocked.
    pub(super) fn leave(&mut self, ticket: Ticket) -> (Option<Served>, Option<Waker>) {
        if self.waiters[ticket].got.is_none() {
            self.step_out(ticket);
        }
        let waiter = self.waiters.remove(ticket);
        (waiter.got, waiter.waker)
    }

    fn step_out(&mut self, ticket: Ticket) {
        let Waiter { before, behind, .. } = self.waiters[ticket];
        *self.behind(before) = behind;
        match self.waiters.get_mut(behind) {
            Some(next) => next.before = before,
            None => self.last = before,
        }
    }

    /// Who stands behind this one, or behind nobody.
    fn behind(&mut self, ticket: Ticket) -> &mut Ticket {
        match self.waiters.get_mut(ticket) {
            Some(waiter) => &mut waiter.behind,
            None => &mut self.first,
        }
    }

    /// Serves those who are first as long as what they want is there. `call` gets the wakers of those who are to
    /// come: they have been served, or have to look for themselves.
    #[inline]
    pub(super) fn serve(
        &mut self,
        meter: &mut (impl Meter + ?Sized),
        call: &mut impl Extend<Waker>,
    ) {
        while !self.is_empty() && self.serve_first(meter, call) {}
    }

    /// Whether the next one may be served, too.
    fn serve_first(
        &mut self,
        meter: &mut (impl Meter + ?Sized),
        call: &mut impl Extend<Waker>,
    ) -> bool {
        let first = &mut self.waiters[self.first];
        let got = match meter.admit(first.weight).map(|()| meter.fits(first.weight)) {
            Ok(Err(None)) => return false,
            Ok(Ok(())) if !first.elsewhere => Some(Ok(meter.take(first.weight))),
            Err(too_much) if !first.elsewhere => Some(Err(too_much)),
            // It is to look at the other lines, or at the clock: what others give back may let it in sooner.
            _ => None,
        };
        call.extend(first.waker.take());
        first.got = got;
        let is_served = got.is_some();
        if is_served {
            self.step_out(self.first);
        }
        is_served
    }
}
