//! The bookkeeping of one scope: who lives in it, what stops it, what it has recorded.
//!
//! # Shape
//!
//! A [`Core`] is shared by the scope's [`run`](super::run), its children, its handles, and by the
//! scopes that were opened inside it. Everything that changes sits in one [`State`] under one lock;
//! the lock is held for a few instructions, never while user code runs (a waker, a destructor, a
//! future), and never two scopes' locks at once except outer before inner.
//!
//! A *member* is somebody who can be told to stop: the body, or a child. Each has a [`Seat`]. A
//! child takes its seat when it is spawned and leaves it when its future has been dropped, so "no
//! seat is taken" is the same as "every child has ended and its destructors have run".
//!
//! # Stopping
//!
//! `running -> signalled -> enforced`, for the whole scope ([`State::stop`]) or for one member
//! ([`Extra::stop`]); never back. *Signalled*: `cancelled()` is ready. *Enforced*: a member that
//! waits for anything while nothing holds it (a shield, an inner scope that is still closing) is
//! dropped where it waits. Between the two lies the grace. Even without a grace all wakers are
//! called in between, so that no member is dropped before it could have seen the signal.
//!
//! # No lost wake-ups
//!
//! Members look at [`Core::is_quiet`], one atomic load, before they take the lock. Whoever stops
//! something first changes the state and the atomic under the lock, then takes the wakers out, then
//! wakes. A member parks its waker under the same lock after looking at the state again.

use std::any::Any;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use super::OnError;
use super::error::Refusal;
use crate::cancel::{CancelReason, CancelSource};
use crate::name::Name;
use crate::seam::{self, Instant};

/// Counts scopes, so that ids in logs are unique within the process.
static SCOPES: AtomicU64 = AtomicU64::new(1);

/// The bit of [`Core::signals`] that says that the whole scope stops. The rest counts members that
/// were told to stop one by one and are still there.
const ALL: usize = 1;
const ONE: usize = 2;

/// A place in a scope, together with the scope: what a task carries with it.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) core: Arc<Core>,
    pub(crate) member: Member,
}

/// Who, within a scope. Small, because every task carries one: the generation, which keeps a reused
/// seat from being mistaken for its former owner, is the low half of the child's index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    seat: u32,
    generation: u32,
}

impl Member {
    pub(crate) const BODY: Member = Member { seat: u32::MAX, generation: 0 };
    /// A child that was refused: no seat is ever its own.
    pub(crate) const NOBODY: Member = Member { seat: u32::MAX, generation: 1 };

    fn of_child(seat: usize, index: u64) -> Member {
        let seat = u32::try_from(seat).expect("fewer than four thousand million tasks are alive");
        Member { seat, generation: index as u32 }
    }

    fn key(self) -> usize {
        self.seat as usize
    }

    fn owns(self, seat: &Seat) -> bool {
        seat.index as u32 == self.generation
    }
}

impl Place {
    /// Why whoever sits here was told to stop.
    pub(crate) fn reason(&self) -> Option<CancelReason> {
        match self.core.standing(self.member) {
            Standing::Running => None,
            Standing::Signalled(end) | Standing::Enforced(end) => Some(end.into_reason()),
        }
    }
}

/// What a scope is opened with; nothing here ever changes.
pub(crate) struct Settings {
    pub(crate) name: Option<Name>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) grace: Duration,
    pub(crate) on_error: OnError,
    /// Takes no cancellation and no deadline from outside.
    pub(crate) shielded: bool,
}

pub(crate) struct Core {
    id: u64,
    settings: Settings,
    parent: Option<Place>,
    deadline: Option<Instant>,
    owns_deadline: bool,
    /// Zero while nobody has been told to stop. Written under the lock only.
    signals: AtomicUsize,
    /// How many children have lost their handle and not ended. Written under the lock only.
    unclaimed: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seats: Slab<Seat>,
    body: Seat,
    spawned: u64,
    phase: Phase,
    stop: Option<Stop>,
    record: Record,
    /// The body has returned, or was dropped.
    body_ended: bool,
    /// Inner scopes that were dropped with children alive, and have not emptied yet.
    orphanages: usize,
    /// The outer scope that waits for the children of this one, which was dropped.
    adopter: Option<Arc<Core>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The future that ran it was dropped: nothing starts, an outer scope waits for what is left.
    Abandoned,
    /// Every member has ended.
    Closed,
}

#[derive(Default)]
struct Seat {
    /// The position in the order of submission.
    index: u64,
    /// Wakes the child's task; for the body, the future that runs the scope.
    waker: Option<Waker>,
    /// Whether a handle may still ask for the outcome.
    claimed: bool,
    // Boxed: most children live and end without any of it, and seats should be small.
    extra: Option<Box<Extra>>,
}

/// What only some members need.
#[derive(Default)]
struct Extra {
    name: Option<Name>,
    stop: Option<Stop>,
    /// Scopes that this member has opened in its own task.
    inner: Vec<Arc<Core>>,
    watchers: Slab<Option<Waker>>,
}

#[derive(Clone, Debug)]
struct Stop {
    reason: CancelReason,
    since: Instant,
    /// How long after `since` it is enforced: the longest grace between here and where it began.
    grace: Duration,
    enforced: bool,
}

impl Stop {
    fn new(reason: CancelReason, grace: Duration) -> Stop {
        Stop { reason, since: seam::now(), grace, enforced: false }
    }

    /// As it reaches a scope further in, which may allow a longer grace.
    fn passed_down(&self, grace: Duration) -> Stop {
        let reason = self.reason.passed_down();
        Stop { reason, since: self.since, grace: self.grace.max(grace), enforced: false }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StopCause {
    /// The scope's own deadline.
    Deadline,
    /// A failure under `FailFast`.
    Failure,
    /// Everything else: a caller's `cancel`, or an outer scope.
    Asked,
}

/// What the scope will say about itself when it has closed.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) failures: Vec<RecordedFailure>,
    /// The submission index of the failure that made the others stop.
    pub(crate) deciding: Option<Option<u64>>,
    /// Children that ended only because they were stopped together with the scope.
    pub(crate) stopped: usize,
    pub(crate) stop: Option<(StopCause, CancelReason)>,
}

/// A failure with its type erased, so that the bookkeeping is compiled once. It is put in and taken
/// out by `Scope<E>`, always as a `TaskError<E>` of the scope's own `E`.
pub(crate) struct RecordedFailure {
    pub(crate) index: Option<u64>,
    pub(crate) name: Option<Name>,
    pub(crate) error: Box<dyn Any + Send>,
}

/// How a member stands at this moment.
pub(crate) enum Standing {
    Running,
    Signalled(End),
    /// To be dropped at once.
    Enforced(End),
}

/// How a member ends if it is interrupted.
#[derive(Debug)]
pub(crate) struct End {
    stop: Stop,
    /// The deadline that passed is the scope's own.
    pub(crate) own_deadline: bool,
    /// It was stopped together with the scope, not alone.
    pub(crate) with_scope: bool,
}

impl End {
    pub(crate) fn into_reason(self) -> CancelReason {
        self.stop.reason
    }
}

/// Wakers that were taken out under locks, to be called when none is held, in this order: first
/// those who watch for the signal, then those who run scopes, then the tasks themselves.
#[derive(Default)]
struct Wakers {
    watchers: Vec<Waker>,
    owners: Vec<Waker>,
    tasks: Vec<Waker>,
}

impl Wakers {
    fn wake(self) {
        for waker in self.watchers.into_iter().chain(self.owners).chain(self.tasks) {
            waker.wake();
        }
    }
}

impl Core {
    /// Opens a scope inside `parent`, if there is one. If `parent` is stopping, the new scope is
    /// born stopped.
    pub(crate) fn open(parent: Option<Place>, settings: Settings) -> Arc<Core> {
        let inherited = match &parent {
            Some(place) if !settings.shielded => place.core.deadline,
            _ => None,
        };
        // The minimum keeps its owner, and a tie goes outward: only a strictly earlier deadline is
        // the scope's own.
        let (deadline, owns_deadline) = match (settings.deadline, inherited) {
            (Some(own), Some(outer)) if own >= outer => (Some(outer), false),
            (Some(own), _) => (Some(own), true),
            (None, outer) => (outer, false),
        };
        let core = Arc::new(Core {
            id: SCOPES.fetch_add(1, Ordering::Relaxed),
            settings,
            parent,
            deadline,
            owns_deadline,
            signals: AtomicUsize::new(0),
            unclaimed: AtomicUsize::new(0),
            state: Mutex::default(),
        });
        if let Some(place) = &core.parent {
            place.core.enter_inner(place.member, &core);
        }
        core
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn name(&self) -> Option<&Name> {
        self.settings.name.as_ref()
    }

    pub(crate) fn on_error(&self) -> OnError {
        self.settings.on_error
    }

    /// The earliest deadline that holds here, whoever set it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The deadline that this scope has to enforce itself.
    pub(crate) fn own_deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| self.owns_deadline)
    }

    /// How many children have not ended, those of dropped inner scopes not counted.
    pub(crate) fn live(&self) -> usize {
        self.lock().seats.len()
    }

    /// Whether nobody here has been told to stop. One load; see "No lost wake-ups" above.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.signals.load(Ordering::Acquire) == 0
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- members come and go -------------------------------------------------------------------

    /// Takes a seat for a child that is about to be spawned, and gives its index with it.
    #[inline]
    pub(crate) fn admit(&self, name: Option<&Name>) -> Result<(Member, u64), Refusal> {
        let extra =
            name.map(|name| Box::new(Extra { name: Some(name.clone()), ..Extra::default() }));
        let mut state = self.lock();
        state.refusal()?;
        let index = state.spawned;
        state.spawned += 1;
        let seat = state.seats.insert(Seat { index, waker: None, claimed: true, extra });
        Ok((Member::of_child(seat, index), index))
    }

    /// Gives a child's seat back. Its future has been dropped.
    pub(crate) fn leave(&self, member: Member) {
        let mut state = self.lock();
        let Seat { waker, extra, claimed, .. } = state.seats.remove(member.key());
        if extra.as_ref().is_some_and(|extra| extra.stop.is_some()) {
            self.signals.fetch_sub(ONE, Ordering::Release);
        }
        if !claimed {
            self.unclaimed.fetch_sub(1, Ordering::Release);
        }
        self.left(state);
        // The destructor of a waker is the runtime's: it runs here, unlocked.
        drop((waker, extra));
    }

    /// A child or an orphanage has gone: if it was the last, tells whoever waits for that.
    #[inline]
    fn left(&self, state: MutexGuard<'_, State>) {
        if state.body_ended && state.is_empty() {
            self.last_left(state);
        }
    }

    #[cold]
    fn last_left(&self, mut state: MutexGuard<'_, State>) {
        let owner = state.body.waker.take();
        let adopter = state.adopter.take();
        if adopter.is_some() {
            state.phase = Phase::Closed;
        }
        drop(state);
        if let Some(owner) = owner {
            owner.wake();
        }
        if let Some(adopter) = adopter {
            adopter.close_orphanage();
        }
    }

    /// The handle was dropped: nobody will ask for the outcome.
    pub(crate) fn disclaim(&self, member: Member) {
        if let Some(seat) = self.lock().seat_mut(member) {
            seat.claimed = false;
            self.unclaimed.fetch_add(1, Ordering::Release);
        }
    }

    /// Whether a handle may still ask for the outcome.
    #[inline]
    pub(crate) fn is_claimed(&self, member: Member) -> bool {
        self.unclaimed.load(Ordering::Acquire) == 0
            || self.lock().seat(member).is_some_and(|seat| seat.claimed)
    }

    /// Parks the task of `member`, or says that it has to end now.
    pub(crate) fn park(&self, member: Member, waker: &Waker) -> Standing {
        let waker = waker.clone();
        let mut state = self.lock();
        let standing = state.standing(member);
        let mut old = None;
        if !matches!(standing, Standing::Enforced(_))
            && let Some(seat) = state.seat_mut(member)
        {
            old = seat.waker.replace(waker);
        }
        drop(state);
        drop(old);
        standing
    }

    /// How `member` stands.
    #[inline]
    pub(crate) fn standing(&self, member: Member) -> Standing {
        if self.is_quiet() { Standing::Running } else { self.standing_in_noise(member) }
    }

    #[cold]
    fn standing_in_noise(&self, member: Member) -> Standing {
        self.lock().standing(member)
    }

    // ---- failures ------------------------------------------------------------------------------

    /// Keeps a failure, and under `FailFast` stops the others. The failure is in the record before
    /// anybody hears of the stop.
    pub(crate) fn fail(self: &Arc<Core>, member: Member, error: Box<dyn Any + Send>) {
        let mut state = self.lock();
        let seat = state.seat(member);
        let index = seat.filter(|_| member != Member::BODY).map(|seat| seat.index);
        let name = seat.and_then(|seat| seat.extra.as_ref()).and_then(|extra| extra.name.clone());
        state.record.failures.push(RecordedFailure { index, name: name.clone(), error });
        if self.settings.on_error != OnError::FailFast || state.stop.is_some() {
            return;
        }
        state.record.deciding.get_or_insert(index);
        drop(state);
        let text = match (name, index) {
            (Some(name), _) => format!("task `{name}` failed"),
            (None, Some(index)) => format!("task {index} failed"),
            (None, None) => "the body of the scope failed".to_owned(),
        };
        self.stop(CancelReason::new(CancelSource::SiblingFailed, text), StopCause::Failure);
    }

    /// Whether a failure passes `test`; the record stays as it is.
    pub(crate) fn has_failure(&self, mut test: impl FnMut(&(dyn Any + Send)) -> bool) -> bool {
        self.lock().record.failures.iter().any(|failure| test(failure.error.as_ref()))
    }

    /// Counts a child that ended only because the scope was stopped.
    pub(crate) fn count_stopped(&self) {
        self.lock().record.stopped += 1;
    }

    // ---- stopping ------------------------------------------------------------------------------

    /// Stops the whole scope and everything below it. False if it had stopped or closed before.
    pub(crate) fn stop(self: &Arc<Core>, reason: CancelReason, cause: StopCause) -> bool {
        let mut wakers = Wakers::default();
        let mut signalled = Vec::new();
        let stop = Stop::new(reason, self.settings.grace);
        signal_tree(Arc::clone(self), stop, cause, &mut wakers, &mut signalled);
        let news = !signalled.is_empty();
        wakers.wake();
        enforce_all(signalled);
        news
    }

    /// Stops one member and everything that it has opened. False if it had ended or was stopping.
    pub(crate) fn stop_member(self: &Arc<Core>, member: Member, reason: CancelReason) -> bool {
        if member == Member::BODY {
            return self.stop(reason, StopCause::Asked);
        }
        self.stop_members(Some(member), reason)
    }

    /// Stops every child of this moment; the scope itself goes on.
    pub(crate) fn stop_children(self: &Arc<Core>, reason: CancelReason) -> bool {
        self.stop_members(None, reason)
    }

    fn stop_members(self: &Arc<Core>, only: Option<Member>, reason: CancelReason) -> bool {
        let stop = Stop::new(reason, self.settings.grace);
        let mut wakers = Wakers::default();
        let mut inner = Vec::new();
        let mut stopped = 0;
        {
            let mut state = self.lock();
            if state.stop.is_some() {
                return false;
            }
            let mut stop_seat = |seat: &mut Seat| {
                let extra = seat.extra.get_or_insert_default();
                if extra.stop.is_some() {
                    return;
                }
                extra.stop = Some(stop.clone());
                inner.extend(extra.inner.iter().filter(|core| !core.settings.shielded).cloned());
                seat.take_wakers(&mut wakers);
                stopped += 1;
            };
            match only {
                Some(member) => {
                    if let Some(seat) = state.seat_mut(member) {
                        stop_seat(seat);
                    }
                }
                None => state.seats.iter_mut().for_each(|(_, seat)| stop_seat(seat)),
            }
            self.signals.fetch_add(ONE * stopped, Ordering::Release);
            // The owner keeps the time of the grace.
            if stopped > 0 && !self.settings.grace.is_zero() {
                wakers.owners.extend(state.body.waker.take());
            }
        }
        let mut signalled = Vec::new();
        for core in inner {
            let stop = stop.passed_down(core.settings.grace);
            signal_tree(core, stop, StopCause::Asked, &mut wakers, &mut signalled);
        }
        wakers.wake();
        signalled.insert(0, Arc::clone(self));
        enforce_all(signalled);
        stopped > 0
    }

    /// Ends the grace of all who have had it, and says when that of the next one ends.
    pub(crate) fn enforce(&self) -> Option<Instant> {
        self.enforce_at(Some(seam::now()))
    }

    /// With `None`, as if every grace were over.
    fn enforce_at(&self, now: Option<Instant>) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        // True if the stop changed from signalled to enforced.
        let mut advance = |stop: &mut Stop| {
            if stop.enforced {
                return false;
            }
            let at = stop.since + stop.grace;
            stop.enforced = now.is_none_or(|now| at <= now);
            if !stop.enforced {
                next = Some(next.map_or(at, |earlier| earlier.min(at)));
            }
            stop.enforced
        };
        let mut wakers = Wakers::default();
        {
            let mut state = self.lock();
            let state = &mut *state;
            if state.stop.as_mut().is_some_and(&mut advance) {
                state.take_wakers(&mut wakers);
            }
            if self.signals.load(Ordering::Relaxed) >= ONE {
                for (_, seat) in &mut state.seats {
                    if seat.extra.as_mut().and_then(|e| e.stop.as_mut()).is_some_and(&mut advance) {
                        seat.take_wakers(&mut wakers);
                    }
                }
            }
        }
        wakers.wake();
        next
    }

    // ---- scopes inside scopes ------------------------------------------------------------------

    fn enter_inner(self: &Arc<Core>, member: Member, inner: &Arc<Core>) {
        let mut state = self.lock();
        let born_stopped = match state.standing(member) {
            Standing::Running => None,
            Standing::Signalled(end) | Standing::Enforced(end) => Some(end.stop),
        };
        if let Some(seat) = state.seat_mut(member) {
            seat.extra.get_or_insert_default().inner.push(Arc::clone(inner));
        }
        drop(state);
        if let Some(stop) = born_stopped.filter(|_| !inner.settings.shielded) {
            // An outer grace that is over is over here too; one that is not lets the body start.
            let stop = stop.passed_down(Duration::ZERO);
            let (mut wakers, mut signalled) = (Wakers::default(), Vec::new());
            signal_tree(Arc::clone(inner), stop, StopCause::Asked, &mut wakers, &mut signalled);
            enforce_all(signalled);
        }
    }

    fn leave_inner(&self, member: Member, inner: &Core) {
        let mut state = self.lock();
        let mut removed = None;
        if let Some(extra) = state.seat_mut(member).and_then(|seat| seat.extra.as_mut())
            && let Some(at) = extra.inner.iter().position(|core| core.id == inner.id)
        {
            removed = Some(extra.inner.swap_remove(at));
        }
        drop(state);
        drop(removed);
    }

    /// Takes in what an abandoned inner scope has left behind; false if this scope has gone itself.
    fn open_orphanage(&self) -> bool {
        let mut state = self.lock();
        let living = match state.phase {
            Phase::Open => true,
            Phase::Abandoned => !state.is_empty(),
            Phase::Closed => false,
        };
        state.orphanages += usize::from(living);
        living
    }

    fn close_orphanage(&self) {
        let mut state = self.lock();
        state.orphanages -= 1;
        self.left(state);
    }

    // ---- the end -------------------------------------------------------------------------------

    /// The body has ended: closes the scope if nobody is left in it; else parks its owner, whom the
    /// last one to leave wakes. Nothing starts in a closed scope, so this and
    /// [`admit`](Core::admit) decide under one lock who comes first.
    pub(crate) fn close_or_park(&self, waker: &Waker) -> Option<Record> {
        let mut state = self.lock();
        if !state.is_empty() {
            drop(state);
            let waker = waker.clone();
            state = self.lock();
            state.body_ended = true;
            if !state.is_empty() {
                let old = state.body.waker.replace(waker);
                drop(state);
                drop(old);
                return None;
            }
        }
        state.phase = Phase::Closed;
        let record = std::mem::take(&mut state.record);
        drop(state);
        self.leave_parent();
        Some(record)
    }

    /// The future that ran the scope was dropped before the scope had closed. Children are told to
    /// stop, with no grace, and the nearest living outer scope waits for them.
    pub(crate) fn abandon(self: &Arc<Core>) {
        let adopter = self.nearest_living_outer();
        let orphaned = {
            let mut state = self.lock();
            state.body_ended = true;
            if state.is_empty() {
                state.phase = Phase::Closed;
                false
            } else {
                state.phase = Phase::Abandoned;
                state.adopter.clone_from(&adopter);
                true
            }
        };
        if !orphaned && let Some(adopter) = adopter {
            adopter.close_orphanage();
        }
        let reason = CancelReason::new(CancelSource::Parent, "the scope was dropped");
        self.stop(reason, StopCause::Asked);
        self.enforce_at(None);
        self.leave_parent();
    }

    fn nearest_living_outer(&self) -> Option<Arc<Core>> {
        let mut outer = self.parent.as_ref();
        while let Some(place) = outer {
            if place.core.open_orphanage() {
                return Some(Arc::clone(&place.core));
            }
            outer = place.core.parent.as_ref();
        }
        None
    }

    fn leave_parent(&self) {
        if let Some(place) = &self.parent {
            place.core.leave_inner(place.member, self);
        }
    }

    // ---- watching ------------------------------------------------------------------------------

    /// Why `member` was told to stop; while it was not, wakes `waker` when it is. `watch` is the
    /// caller's registration, empty at first.
    pub(crate) fn watch(
        &self,
        member: Member,
        watch: &mut Option<usize>,
        waker: &Waker,
    ) -> Option<CancelReason> {
        let waker = waker.clone();
        let mut state = self.lock();
        if let Standing::Signalled(end) | Standing::Enforced(end) = state.standing(member) {
            return Some(end.into_reason());
        }
        let mut old = None;
        if let Some(seat) = state.seat_mut(member) {
            let watchers = &mut seat.extra.get_or_insert_default().watchers;
            match *watch {
                Some(key) => old = watchers[key].replace(waker),
                None => *watch = Some(watchers.insert(Some(waker))),
            }
        }
        drop(state);
        drop(old);
        None
    }

    /// Ends a registration.
    pub(crate) fn unwatch(&self, member: Member, watch: usize) {
        let mut state = self.lock();
        let mut old = None;
        if let Some(extra) = state.seat_mut(member).and_then(|seat| seat.extra.as_mut()) {
            old = extra.watchers.try_remove(watch);
        }
        drop(state);
        drop(old);
    }

    /// Whether something in this scope must not be cut off by a member of an outer scope being
    /// dropped: it has children, its grace is not over, or a shield in it is up.
    fn holds(&self) -> bool {
        let state = self.lock();
        match &state.stop {
            // Not told to stop, so shielded. A bound that has passed holds nothing any longer.
            None => self.own_deadline().is_none_or(|at| seam::now() < at),
            Some(stop) => !stop.enforced || !state.is_empty() || state.body.is_held(),
        }
    }
}

impl State {
    #[inline]
    fn refusal(&self) -> Result<(), Refusal> {
        match &self.stop {
            _ if self.phase != Phase::Open => Err(Refusal::Closed),
            Some(stop) => Err(Refusal::Cancelled(stop.reason.clone())),
            None => Ok(()),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.orphanages == 0
    }

    fn seat(&self, member: Member) -> Option<&Seat> {
        if member == Member::BODY {
            return Some(&self.body);
        }
        self.seats.get(member.key()).filter(|seat| member.owns(seat))
    }

    fn seat_mut(&mut self, member: Member) -> Option<&mut Seat> {
        if member == Member::BODY {
            return Some(&mut self.body);
        }
        self.seats.get_mut(member.key()).filter(|seat| member.owns(seat))
    }

    fn standing(&self, member: Member) -> Standing {
        let Some(seat) = self.seat(member) else { return Standing::Running };
        let alone = seat.extra.as_ref().and_then(|extra| extra.stop.as_ref());
        // Whichever came first gives the reason.
        let (Some(first), with_scope) = (alone.or(self.stop.as_ref()), alone.is_none()) else {
            return Standing::Running;
        };
        let own_deadline = with_scope && matches!(self.record.stop, Some((StopCause::Deadline, _)));
        let end = End { stop: first.clone(), own_deadline, with_scope };
        let enforced = first.enforced || self.stop.as_ref().is_some_and(|stop| stop.enforced);
        if enforced && !seat.is_held() { Standing::Enforced(end) } else { Standing::Signalled(end) }
    }

    fn take_wakers(&mut self, wakers: &mut Wakers) {
        wakers.owners.extend(self.body.waker.take());
        self.body.take_wakers(wakers);
        for (_, seat) in &mut self.seats {
            seat.take_wakers(wakers);
        }
    }
}

impl Seat {
    fn take_wakers(&mut self, wakers: &mut Wakers) {
        wakers.tasks.extend(self.waker.take());
        if let Some(extra) = &mut self.extra {
            for (_, watcher) in &mut extra.watchers {
                wakers.watchers.extend(watcher.take());
            }
        }
    }

    /// Locks inner scopes while the outer one is locked: the one place where two locks are held.
    fn is_held(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.inner.iter().any(|core| core.holds()))
    }
}

/// Signals `core` and all scopes below it that take cancellation from outside, outermost first.
/// A work list instead of recursion: scopes can be nested deeper than a stack.
fn signal_tree(
    core: Arc<Core>,
    stop: Stop,
    cause: StopCause,
    wakers: &mut Wakers,
    signalled: &mut Vec<Arc<Core>>,
) {
    let mut queue = vec![(core, stop, cause)];
    while let Some((core, stop, cause)) = queue.pop() {
        let mut state = core.lock();
        if state.stop.is_some() || state.phase == Phase::Closed {
            continue;
        }
        core.signals.fetch_or(ALL, Ordering::Release);
        let members = std::iter::once(&state.body).chain(state.seats.iter().map(|(_, seat)| seat));
        for inner in members.filter_map(|seat| seat.extra.as_ref()).flat_map(|extra| &extra.inner) {
            if !inner.settings.shielded {
                let stop = stop.passed_down(inner.settings.grace);
                queue.push((Arc::clone(inner), stop, StopCause::Asked));
            }
        }
        state.record.stop = Some((cause, stop.reason.clone()));
        state.stop = Some(stop);
        state.take_wakers(wakers);
        drop(state);
        signalled.push(core);
    }
}

/// Innermost first: an outer task is dropped only when nothing inside holds it any more.
fn enforce_all(signalled: Vec<Arc<Core>>) {
    for core in signalled.into_iter().rev() {
        core.enforce();
    }
}
