//! Who waits for a limit, in the order of arrival.

use std::collections::BTreeMap;
use std::mem;
use std::task::Waker;

use super::LimitError;
use super::gate::{Grant, Meter};

/// A place in a line. Smaller ones come first.
pub(super) type Ticket = u64;

#[derive(Default)]
pub(super) struct Line {
    next: Ticket,
    waiting: BTreeMap<Ticket, Waiter>,
    /// What those who were first got meanwhile, until they come for it.
    served: BTreeMap<Ticket, Result<Grant, LimitError>>,
}

struct Waiter {
    weight: u32,
    /// Stands in other lines, too: it has to be first in all of them, and sees to that itself.
    elsewhere: bool,
    /// None while it has been called and has not come.
    waker: Option<Waker>,
}

impl Line {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn join(&mut self, weight: u32, elsewhere: bool, waker: Option<Waker>) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        self.waiting.insert(ticket, Waiter { weight, elsewhere, waker });
        ticket
    }

    /// Stays in the line, and is to be called by `waker`, which becomes the former one.
    pub(super) fn stay(&mut self, ticket: Ticket, waker: &mut Option<Waker>) {
        if let Some(waiter) = self.waiting.get_mut(&ticket) {
            mem::swap(&mut waiter.waker, waker);
        }
    }

    pub(super) fn is_first(&self, ticket: Ticket) -> bool {
        self.waiting.first_key_value().is_some_and(|(first, _)| *first == ticket)
    }

    /// What it got, if it was served.
    pub(super) fn take_served(&mut self, ticket: Ticket) -> Option<Result<Grant, LimitError>> {
        self.served.remove(&ticket)
    }

    /// Leaves the line, served or not. The waker is for the caller to drop, unlocked.
    pub(super) fn leave(
        &mut self,
        ticket: Ticket,
    ) -> (Option<Result<Grant, LimitError>>, Option<Waker>) {
        match self.waiting.remove(&ticket) {
            Some(waiter) => (None, waiter.waker),
            None => (self.take_served(ticket), None),
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
        let Some(mut first) = self.waiting.first_entry() else { return false };
        let Waiter { weight, elsewhere, .. } = *first.get();
        let got = match meter.admit(weight).map(|()| meter.fits(weight)) {
            Ok(Err(None)) => return false,
            Ok(Ok(())) if !elsewhere => Some(Ok(meter.take(weight))),
            Err(too_much) if !elsewhere => Some(Err(too_much)),
            // It is to look at the other lines, or at the clock: what others give back may let it in sooner.
            _ => None,
        };
        call.extend(first.get_mut().waker.take());
        let Some(got) = got else { return false };
        let (ticket, _) = first.remove_entry();
        self.served.insert(ticket, got);
        true
    }
}
