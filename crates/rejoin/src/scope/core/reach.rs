//! A stop and the scopes further in: who is told, and in which order graces end there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::stop::{ALL, Stop};
use super::wakers::Wakers;
use super::{Core, Phase, StopCause};
use crate::seam::Instant;

/// Scopes that were told to stop.
#[derive(Default)]
pub(super) struct Signalled {
    /// Outermost first.
    pub(super) cores: Vec<Arc<Core>>,
    /// When the longest grace in them is over, if there is any.
    pub(super) until: Option<Instant>,
}

impl Signalled {
    fn lasts(&mut self, stop: &Stop) {
        if !stop.enforced && !stop.grace.is_zero() {
            // One that no clock can hold never ends.
            self.until = self.until.max(stop.since.checked_add(stop.grace));
        }
    }
}

/// Ends graces in scopes which may not be polled by those who run them.
pub(super) fn enforce_inside(mut cores: Vec<Arc<Core>>, now: Option<Instant>) {
    let mut at = 0;
    while let Some(core) = cores.get(at) {
        let inner = core.lock().all_inner();
        cores.extend(inner);
        at += 1;
    }
    for core in cores.into_iter().rev() {
        core.end_graces(now);
    }
}

/// Signals `core` and all scopes below it that take cancellation from outside, outermost first. One of
/// those below whose own deadline has passed at this moment has timed out, whatever stops the others.
/// A work list instead of recursion: scopes can be nested deeper than a stack.
pub(super) fn signal_tree(
    core: Arc<Core>,
    stop: Stop,
    cause: StopCause,
    wakers: &mut Wakers,
    signalled: &mut Signalled,
) {
    let root = core.id;
    let mut queue = vec![(core, stop, cause)];
    while let Some((core, mut stop, mut cause)) = queue.pop() {
        // What has not been said yet is true all the same: that its own time was up.
        if core.id != root && core.has_timed_out() {
            (stop.reason, cause) = (core.timed_out(), StopCause::Deadline);
        }
        let mut state = core.lock();
        if let Some(stop) = &state.rare().stop {
            signalled.lasts(stop);
            continue;
        }
        if state.phase == Phase::Closed {
            continue;
        }
        signalled.lasts(&stop);
        core.signals.fetch_or(ALL, Ordering::SeqCst);
        let gone = core.collect(&mut state);
        let members = std::iter::once(&state.body).chain(state.table.sitters());
        for inner in
            members.filter_map(|sitter| sitter.extra.as_ref()).flat_map(|extra| &extra.inner)
        {
            if !inner.settings.shielded {
                let stop = stop.passed_down(inner.settings.grace);
                queue.push((Arc::clone(inner), stop, StopCause::Asked));
            }
        }
        state.record_mut().stop = Some((cause, stop.reason.clone()));
        state.rare_mut().stop = Some(stop);
        state.take_wakers(wakers);
        drop(state);
        drop(gone);
        signalled.cores.push(core);
    }
}

/// Innermost first: an outer task is dropped only when nothing inside holds it any more.
pub(super) fn enforce_all(signalled: Vec<Arc<Core>>) {
    for core in signalled.into_iter().rev() {
        core.enforce();
    }
}
