//! Looking at what members wait for.
//!
//! Nobody writes down what it waits for while nobody asks. Whoever asks makes every scope *noisy*
//! ([`LOOK`] in [`Core::signals`]) and wakes every member. A member that comes to its poll in a noisy
//! scope begins a list, the waits of this crate that it comes by put themselves on it, and parking
//! ends it. So a look costs one poll of each member, and nothing at all when there is none.
//!
//! Wakers are taken out to be called, and put back. In a noisy scope every poll parks anew, so a
//! member whose waker is out for a moment misses nothing: what comes before its waker is called is
//! seen by the poll that follows, what comes later finds the waker that this poll has parked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;

use super::seats::Sitter;
use super::wakers::call;
use super::{Core, Member, State};
use crate::inspect::Wait;

/// The bit of [`Core::signals`] that says that somebody looks. It tells nobody to stop.
pub(super) const LOOK: usize = 1 << (usize::BITS - 1);

/// How many look, in the whole process: waits ask this before anything else.
static LOOKERS: AtomicUsize = AtomicUsize::new(0);

/// Whether somebody looks at what is waited for.
#[inline]
pub(crate) fn is_on() -> bool {
    LOOKERS.load(Ordering::Relaxed) != 0
}

/// What a member says to those who look.
#[derive(Default)]
pub(super) struct Answer {
    /// In a poll that began after the last one had asked.
    noting: bool,
    /// What it has come by in this poll.
    noted: Vec<Wait>,
    /// What it came by in the last one.
    given: Vec<Wait>,
    /// Those who have not got their answer.
    askers: Vec<Arc<Tally>>,
}

impl Answer {
    fn give(&mut self) -> Answered {
        self.noting = false;
        self.given = std::mem::take(&mut self.noted);
        Answered(Some(std::mem::take(&mut self.askers)))
    }

    /// The answer to this one, if it came.
    pub(super) fn to(&self, asker: &Arc<Tally>) -> Option<&[Wait]> {
        let still_asks = self.askers.iter().any(|other| Arc::ptr_eq(other, asker));
        (!still_asks).then_some(&self.given)
    }
}

/// A look at some scopes and all that is inside them. Dropping it ends it.
pub(crate) struct Look {
    tally: Arc<Tally>,
    cores: Vec<Arc<Core>>,
}

/// How many have not answered.
pub(crate) struct Tally {
    left: AtomicUsize,
    looker: AtomicWaker,
}

impl Tally {
    fn one_less(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            call(|| self.looker.wake());
        }
    }
}

impl Look {
    /// Asks every member of `roots` and of the scopes inside them.
    pub(crate) fn begin(roots: Vec<Arc<Core>>) -> Look {
        LOOKERS.fetch_add(1, Ordering::Relaxed);
        // One more than are asked, until all are.
        let tally = Arc::new(Tally { left: AtomicUsize::new(1), looker: AtomicWaker::new() });
        let mut look = Look { tally, cores: Vec::new() };
        let mut queue = roots;
        while let Some(core) = queue.pop() {
            let parked = core.ask(&look.tally, &mut queue);
            look.cores.push(Arc::clone(&core));
            for (_, waker) in &parked {
                call(|| waker.wake_by_ref());
            }
            core.put_back(parked);
        }
        look.tally.one_less();
        look
    }

    /// Whom the answers are for.
    pub(crate) fn asker(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Ready when everybody has answered.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        self.tally.looker.register(cx.waker());
        if self.tally.left.load(Ordering::Acquire) == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        for core in &self.cores {
            core.end_look(&self.tally);
        }
        LOOKERS.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Core {
    fn ask(&self, tally: &Arc<Tally>, queue: &mut Vec<Arc<Core>>) -> Vec<(Member, Waker)> {
        let mut parked = Vec::new();
        let mut guard = self.lock();
        let state = &mut *guard;
        state.rare_mut().lookers += 1;
        self.signals.fetch_or(LOOK, Ordering::SeqCst);
        let gone = self.collect(state);
        let mut ask = |member: Member, sitter: &mut Sitter, may_answer: bool| {
            if let Some(extra) = &sitter.extra {
                queue.extend(extra.inner.iter().cloned());
            }
            if may_answer && !sitter.extra.as_ref().is_some_and(|extra| extra.blocking) {
                let answer = sitter.extra.get_or_insert_default().answer.get_or_insert_default();
                answer.noting = false;
                answer.noted.clear();
                answer.askers.push(Arc::clone(tally));
                tally.left.fetch_add(1, Ordering::Relaxed);
                parked.extend(sitter.waker.take().map(|waker| (member, waker)));
            }
        };
        ask(Member::BODY, &mut state.body, !state.body_ended);
        state.table.each_known(&self.marks, |member, sitter| ask(member, sitter, true));
        drop(guard);
        drop(gone);
        parked
    }

    fn put_back(&self, parked: Vec<(Member, Waker)>) {
        let mut parked_anew = Vec::new();
        let mut state = self.lock();
        for (member, waker) in parked {
            match state.sitter_to_be(member) {
                Some(sitter) if sitter.waker.is_none() => sitter.waker = Some(waker),
                _ => parked_anew.push(waker),
            }
        }
        drop(state);
        // The destructor of a waker is the runtime's: it runs here, unlocked.
        drop(parked_anew);
    }

    fn end_look(&self, asker: &Arc<Tally>) {
        let mut state = self.lock();
        let state = &mut *state;
        let rare = state.rare_mut();
        rare.lookers -= 1;
        let nobody_looks = rare.lookers == 0;
        if nobody_looks {
            self.signals.fetch_and(!LOOK, Ordering::Release);
        }
        for sitter in std::iter::once(&mut state.body).chain(state.table.sitters_mut()) {
            let Some(extra) = &mut sitter.extra else { continue };
            if nobody_looks {
                extra.answer = None;
            } else if let Some(answer) = &mut extra.answer {
                answer.askers.retain(|other| !Arc::ptr_eq(other, asker));
            }
        }
    }

    /// A poll of `member` begins in a noisy scope.
    #[cold]
    pub(crate) fn begin_answer(&self, member: Member) {
        // Who has not seen yet that somebody looks is asked to poll again when it parks.
        if self.signals.load(Ordering::Acquire) & LOOK == 0 {
            return;
        }
        if let Some(answer) = self.lock().answer(member) {
            answer.noting = true;
            answer.noted.clear();
        }
    }

    /// Something that `member` waits for.
    pub(crate) fn note(&self, member: Member, wait: Wait) {
        if let Some(answer) = self.lock().answer(member)
            && answer.noting
            && !answer.noted.contains(&wait)
        {
            answer.noted.push(wait);
        }
    }
}

/// Some to tell, with no lock held, that one more has answered.
#[must_use = "those who look have to be told"]
pub(super) struct Answered(Option<Vec<Arc<Tally>>>);

impl Answered {
    const NOBODY: Answered = Answered(None);

    #[inline]
    pub(super) fn tell(self) {
        if let Some(askers) = self.0 {
            askers.iter().for_each(|asker| asker.one_less());
        }
    }
}

impl State {
    fn answer(&mut self, member: Member) -> Option<&mut Answer> {
        self.sitter_mut(member)?.extra.as_mut()?.answer.as_deref_mut()
    }

    /// The poll of `member` has come back. `None` if it began before the member was asked: then it
    /// has to be polled again.
    #[inline]
    pub(super) fn end_answer(&mut self, member: Member) -> Option<Answered> {
        if self.rare().lookers == 0 {
            Some(Answered::NOBODY)
        } else {
            self.end_answer_in_noise(member)
        }
    }

    #[cold]
    fn end_answer_in_noise(&mut self, member: Member) -> Option<Answered> {
        match self.answer(member) {
            Some(answer) if answer.noting => Some(answer.give()),
            Some(answer) if !answer.askers.is_empty() => None,
            Some(_) | None => Some(Answered::NOBODY),
        }
    }

    /// `member` is about to go, or waits for its children only: it will not answer.
    #[inline]
    pub(super) fn skip_answer(&mut self, member: Member) -> Answered {
        if self.rare().lookers == 0 { Answered::NOBODY } else { self.skip_answer_in_noise(member) }
    }

    #[cold]
    fn skip_answer_in_noise(&mut self, member: Member) -> Answered {
        self.answer(member).map_or(Answered::NOBODY, Answer::give)
    }
}
