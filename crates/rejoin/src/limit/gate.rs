//! What is common to all limits: something is counted, and whoever does not fit stands in line.
//!
//! Whoever changes what is counted serves those who are first in the line, under the lock, and then
//! calls them: each is called once, and has its place when it comes. Nobody overtakes.

use std::sync::{Arc, PoisonError};

use super::LimitError;
use super::line::Line;
use super::turn::{Part, Wakers, acquire};
use crate::seam::{Instant, Mutex, MutexGuard};

/// What a limit counts.
pub(super) trait Meter: Send {
    /// The most that can be had at once.
    fn most(&self) -> u32;

    /// Whether `weight` can be had now. If not, since when, if time alone is enough.
    fn fits(&mut self, weight: u32) -> Result<(), Option<Instant>>;

    /// Takes what fits.
    fn take(&mut self, weight: u32) -> Grant;

    /// Corrects a grant to what was really used, and says what is now held.
    fn settle(&mut self, grant: Grant, used: u32) -> Grant;

    /// The holder has gone.
    fn leave(&mut self, grant: Grant);

    /// Whether `wanted` can ever be had.
    fn admit(&self, wanted: u32) -> Result<(), LimitError> {
        let most = self.most();
        if wanted > most { Err(LimitError::TooMuch { wanted, most }) } else { Ok(()) }
    }
}

/// What was taken.
#[derive(Clone, Copy)]
pub(super) struct Grant {
    pub(super) weight: u32,
    /// The meter's own mark.
    pub(super) stamp: u64,
}

pub(super) struct Gate<M: ?Sized> {
    state: Mutex<State<M>>,
}

pub(super) struct State<M: ?Sized> {
    pub(super) line: Line,
    pub(super) meter: M,
}

impl<M: Meter + 'static> Gate<M> {
    pub(super) fn new(meter: M) -> Arc<Self> {
        Arc::new(Gate { state: Mutex::new(State { line: Line::default(), meter }) })
    }

    /// One, which there always is.
    pub(super) async fn acquire_one(self: &Arc<Self>) -> Grant {
        self.acquire(1).await.expect("no limit is smaller than one")
    }

    pub(super) async fn acquire(self: &Arc<Self>, weight: u32) -> Result<Grant, LimitError> {
        if let Some(grant) = self.try_acquire(weight) {
            return Ok(grant);
        }
        let part = Part { gate: Arc::clone(self) as Arc<Gate<dyn Meter>>, weight };
        Ok(acquire(std::slice::from_ref(&part)).await?[0])
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&M) -> T) -> T {
        look(&self.state().meter)
    }
}

impl<M: Meter + ?Sized> Gate<M> {
    pub(super) fn admit(&self, wanted: u32) -> Result<(), LimitError> {
        self.state().meter.admit(wanted)
    }

    pub(super) fn try_acquire(&self, weight: u32) -> Option<Grant> {
        let mut state = self.state();
        state.is_free(weight).then(|| state.meter.take(weight))
    }

    /// Changes the meter, and serves those who wait.
    #[inline]
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut M) -> T) -> T {
        let mut state = self.state();
        let changed = change(&mut state.meter);
        if !state.line.is_empty() {
            serve(state);
        }
        changed
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Meter + ?Sized> State<M> {
    /// Whether it can be had now without overtaking anybody.
    pub(super) fn is_free(&mut self, weight: u32) -> bool {
        self.line.is_empty() && self.meter.fits(weight).is_ok()
    }

    pub(super) fn serve(&mut self, wakers: &mut Wakers) {
        self.line.serve(&mut self.meter, wakers);
    }
}

fn serve<M: Meter + ?Sized>(mut state: MutexGuard<'_, State<M>>) {
    let mut wakers = Wakers::default();
    state.serve(&mut wakers);
    drop(state);
    wakers.wake();
}
