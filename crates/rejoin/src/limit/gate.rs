//! Waiting in line, for one limit or for several at once.
//!
//! Capacity is taken from all or from none, while the states of all are locked, in the order of the
//! gates' addresses. Whoever has to wait joins all the lines under the same locks, so that of two who
//! share several limits the same one is first in each of those lines: the one who came first of all is
//! always at the head of all its lines, and nobody waits in a circle. At the head of all its lines
//! it is the only one who may take, so only it waits for a change, and a change wakes nobody else.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::{MaybeDone, join_all, maybe_done, select, select_all};
use tokio::sync::Notify;
use tokio::task::unconstrained;

use super::LimitError;
use crate::inspect::waits;
use crate::seam::{self, Instant, Mutex, MutexGuard};

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
}

/// What was taken.
#[derive(Clone, Copy)]
pub(super) struct Grant {
    pub(super) weight: u32,
    /// The meter's own mark.
    pub(super) stamp: u64,
}

pub(super) struct Gate<M: ?Sized> {
    /// Whoever holds it is the next; the lock hands it on in the order of arrival.
    line: tokio::sync::Mutex<()>,
    /// For the one at the head of the line. A change that comes before the wait is kept.
    changed: Notify,
    state: Mutex<State<M>>,
}

struct State<M: ?Sized> {
    waiting: usize,
    meter: M,
}

/// So much of one limit.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) gate: Arc<Gate<dyn Meter>>,
    pub(super) weight: u32,
}

impl<M: Meter + 'static> Gate<M> {
    pub(super) fn new(meter: M) -> Arc<Self> {
        let state = Mutex::new(State { waiting: 0, meter });
        Arc::new(Gate { line: tokio::sync::Mutex::new(()), changed: Notify::new(), state })
    }

    /// One, which there always is.
    pub(super) async fn acquire_one(self: &Arc<Self>) -> Grant {
        self.acquire(1).await.expect("no limit is smaller than one")
    }

    pub(super) async fn acquire(self: &Arc<Self>, weight: u32) -> Result<Grant, LimitError> {
        if let Some(grant) = self.try_acquire(weight) {
            return Ok(grant);
        }
        self.admit(weight)?;
        let part = Part { gate: Arc::clone(self) as Arc<Gate<dyn Meter>>, weight };
        Ok(acquire(std::slice::from_ref(&part)).await?[0])
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&M) -> T) -> T {
        look(&self.state().meter)
    }
}

impl<M: Meter + ?Sized> Gate<M> {
    pub(super) fn admit(&self, wanted: u32) -> Result<(), LimitError> {
        let most = self.state().meter.most();
        if wanted > most { Err(LimitError::TooMuch { wanted, most }) } else { Ok(()) }
    }

    pub(super) fn try_acquire(&self, weight: u32) -> Option<Grant> {
        let mut state = self.state();
        let free = state.waiting == 0 && state.meter.fits(weight).is_ok();
        free.then(|| state.meter.take(weight))
    }

    /// Changes the meter, and lets the next one look again.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut M) -> T) -> T {
        let changed = change(&mut self.state().meter);
        self.changed.notify_one();
        changed
    }

    fn state(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until all parts can be had together. They are sorted by address, each gate is there once.
///
/// A limit may have become too small meanwhile: whoever comes to the head of the line with a wish that
/// cannot be granted any more has an error, and does not hold up those behind.
///
/// Dropped while it waits, it has taken nothing.
pub(super) async fn acquire(parts: &[Part]) -> Result<Vec<Grant>, LimitError> {
    waits("a place in a limit", acquire_in_turn(parts)).await
}

/// Whether each of the parts can ever be had.
pub(super) fn admit(parts: &[Part]) -> Result<(), LimitError> {
    parts.iter().try_for_each(|part| part.gate.admit(part.weight))
}

async fn acquire_in_turn(parts: &[Part]) -> Result<Vec<Grant>, LimitError> {
    let (_waiting, mut lines) = match poll_fn(|cx| Poll::Ready(enter(parts, cx))).await {
        Ok(grants) => return Ok(grants),
        Err(waiting) => waiting,
    };
    lines.as_mut().await;
    let _head_of_all = lines.as_mut().take_output();
    loop {
        let until = match take(parts, &mut lock_all(parts)) {
            Ok(grants) => return Ok(grants),
            Err(until) => until,
        };
        admit(parts)?;
        // Of any of them: one that would fit may have become too small.
        let changed = select_all(parts.iter().map(|part| Box::pin(part.gate.changed.notified())));
        match until {
            None => drop(changed.await),
            // What others give back may make it sooner.
            Some(at) => {
                select(pin!(seam::sleep_until(at)), pin!(changed)).await;
            }
        }
    }
}

/// Takes all parts if they are free and nobody waits for any of them.
pub(super) fn try_acquire(parts: &[Part]) -> Option<Vec<Grant>> {
    take_unless_others_wait(parts, &mut lock_all(parts))
}

type Lines<F> = Pin<Box<MaybeDone<F>>>;

/// Takes all, or joins all the lines.
fn enter<'a>(
    parts: &'a [Part],
    cx: &mut Context<'_>,
) -> Result<Vec<Grant>, (Waiting<'a>, Lines<impl Future<Output: Send + Sync> + use<'a>>)> {
    let mut states = lock_all(parts);
    if let Some(grants) = take_unless_others_wait(parts, &mut states) {
        return Ok(grants);
    }
    for state in &mut states {
        state.waiting += 1;
    }
    let waiting = Waiting(parts);
    // The first poll joins the lines. Not with a task's budget: when that is used up, it would not.
    let lines = unconstrained(join_all(parts.iter().map(|part| part.gate.line.lock())));
    let mut lines = Box::pin(maybe_done(lines));
    let _ = lines.as_mut().poll(cx);
    drop(states);
    Err((waiting, lines))
}

type States<'a> = Vec<MutexGuard<'a, State<dyn Meter>>>;

fn lock_all(parts: &[Part]) -> States<'_> {
    parts.iter().map(|part| part.gate.state()).collect()
}

fn take_unless_others_wait(parts: &[Part], states: &mut States<'_>) -> Option<Vec<Grant>> {
    if states.iter().any(|state| state.waiting > 0) {
        return None;
    }
    take(parts, states).ok()
}

/// Takes all. If one does not fit, says since when it would, if time alone is enough.
fn take(parts: &[Part], states: &mut States<'_>) -> Result<Vec<Grant>, Option<Instant>> {
    for (part, state) in parts.iter().zip(&mut *states) {
        state.meter.fits(part.weight)?;
    }
    Ok(parts.iter().zip(states).map(|(part, state)| state.meter.take(part.weight)).collect())
}

/// Counted as one who waits, at each of them.
struct Waiting<'a>(&'a [Part]);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        for part in self.0 {
            part.gate.state().waiting -= 1;
        }
    }
}
