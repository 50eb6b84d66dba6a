//! Marks: what is said of a child without the lock of its scope.
//!
//! Each seat has a mark beside the table, which stays where it is as long as the scope. It says that
//! the handle of the child has been dropped, or that the child has left: one that never waited, of
//! whom no more is known than that it is there. While nobody cares who is left (see [`reports`]),
//! such a child puts its mark and is gone.
//!
//! * Who begins to care says so in [`Core::signals`], under the lock, and then [sweeps](Core::sweep)
//!   up who has left. A child puts its mark, and then looks at the signals again. What the two write and
//!   what they read is in one order for all threads (`SeqCst`): so either the mark is swept up, or its
//!   child sees that somebody cares and goes by the lock.
//! * A seat is taken until it is swept up. A spawn that finds no free one sweeps, but not again before
//!   as many seats are new as there were children then: in all, each spawn looks at few.
//! * What is kept until then is a seat and a mark, three words: of whom more is known (one that waited,
//!   that has a name, or has opened a scope) leaves by a report or by the lock, and takes it along.
//!
//! [`reports`]: super::reports

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use super::{Core, Member, State};
use crate::seam::{self, AtomicU64};

/// So many marks are in the scope itself: most scopes are small.
pub(super) const NEAR: u32 = 4;

/// Each of them has as many marks as there are before it.
const CHUNKS: usize = (u32::BITS - NEAR.ilog2()) as usize;

/// The handle was dropped: nobody will ask for the outcome.
const DISCLAIMED: u64 = 1;
/// More is known of the child than that it is there.
const KNOWN: u64 = 2;
/// It has left; also where nobody has sat yet.
const LEFT: u64 = 4;
/// The rest says who it is.
const WHO: u32 = 32;

type Chunk = Box<[AtomicU64]>;

pub(super) struct Marks {
    near: [AtomicU64; NEAR as usize],
    /// Made under the lock, in turn, before the first child sits there.
    far: OnceLock<Box<[OnceLock<Chunk>; CHUNKS]>>,
}

impl Default for Marks {
    fn default() -> Self {
        Marks { near: std::array::from_fn(|_| AtomicU64::new(LEFT)), far: OnceLock::new() }
    }
}

impl Marks {
    /// A child sits down. The caller has the lock.
    #[inline]
    pub(super) fn sit(&self, member: Member) {
        // The spawn passes it on to whoever polls the child.
        self.of(member).store(unmarked(member), Ordering::Relaxed);
    }

    /// A child has left by the lock, which the caller has. Nobody else changes the mark of one that leaves so, but for
    /// its handle, which has nothing more to say.
    #[inline]
    pub(super) fn clear(&self, member: Member) {
        self.of(member).store(LEFT, Ordering::Relaxed);
    }

    /// More is known of a child from now on, who leaves by the lock then. False if it has left already. The
    /// caller has the lock, and the child its seat.
    #[cold]
    pub(super) fn know(&self, member: Member) -> bool {
        self.of(member).fetch_or(KNOWN, Ordering::Relaxed) & LEFT == 0
    }

    /// Whether somebody may still ask for the outcome of a child that has not left.
    #[inline]
    pub(super) fn is_claimed(&self, member: Member) -> bool {
        self.of(member).load(Ordering::Relaxed) & DISCLAIMED == 0
    }

    /// The handle was dropped. If the child has left, the mark may be another's.
    #[inline]
    pub(super) fn disclaim(&self, member: Member) {
        let mark = self.of(member);
        let mut seen = unmarked(member);
        // It was put or passed on before the handle was made.
        while let Err(found) = mark.compare_exchange_weak(
            seen,
            seen | DISCLAIMED,
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            if found & LEFT != 0 || found >> WHO != unmarked(member) >> WHO {
                return;
            }
            seen = found;
        }
    }

    /// The child leaves, unless more is known of it.
    #[inline]
    pub(super) fn leave(&self, member: Member) -> bool {
        let mark = self.of(member);
        let mut seen = mark.load(Ordering::Relaxed);
        while seen & KNOWN == 0 {
            match mark.compare_exchange_weak(seen, seen | LEFT, Ordering::SeqCst, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(found) => seen = found,
            }
        }
        false
    }

    #[inline]
    pub(super) fn has_left(&self, seat: u32) -> bool {
        self.at(seat).load(Ordering::SeqCst) & LEFT != 0
    }

    /// Whether somebody sits where children of a small scope do.
    #[inline]
    pub(super) fn is_anyone_near(&self) -> bool {
        self.near.iter().any(|mark| mark.load(Ordering::Relaxed) & LEFT == 0)
    }

    /// Makes room for a seat; all before it have some. The caller has the lock.
    #[cold]
    pub(super) fn make_room(&self, seat: u32) {
        if let Some((chunk, 0)) = far(seat) {
            let far = self.far.get_or_init(|| Box::new([const { OnceLock::new() }; CHUNKS]));
            let marks = || (0..NEAR << chunk).map(|_| AtomicU64::new(LEFT)).collect();
            far[chunk].get_or_init(marks);
        }
    }

    #[inline]
    fn of(&self, member: Member) -> &AtomicU64 {
        self.at(member.seat())
    }

    #[inline]
    fn at(&self, seat: u32) -> &AtomicU64 {
        match self.near.get(seat as usize) {
            Some(mark) => mark,
            None => self.far_at(seat),
        }
    }

    #[inline]
    fn far_at(&self, seat: u32) -> &AtomicU64 {
        let mark = far(seat).and_then(|(chunk, at)| self.far.get()?[chunk].get()?.get(at));
        mark.expect("there was room before a child sat down")
    }
}

/// In which chunk, and where in it.
#[inline]
fn far(seat: u32) -> Option<(usize, usize)> {
    let chunk = seat.checked_div(NEAR)?.checked_ilog2()?;
    Some((chunk as usize, (seat - (NEAR << chunk)) as usize))
}

#[inline]
fn unmarked(member: Member) -> u64 {
    u64::from(member.generation()) << WHO
}

impl Core {
    /// Whether a child that has never waited is gone without further ado.
    #[inline]
    pub(super) fn leaves_unnoticed(&self, member: Member) -> bool {
        if !self.nobody_cares() || !self.marks.leave(member) {
            return false;
        }
        // The last look at the scope: it may close at once.
        seam::fence_for_checker();
        self.nobody_cares()
    }

    /// Frees the seats of children that have left unnoticed. Afterwards, and as long as the lock is held, there
    /// is no such child, if they can see that somebody cares.
    #[inline]
    pub(super) fn sweep(&self, state: &mut State) {
        seam::fence_for_checker();
        state.table.sweep(&self.marks);
    }
}

#[cfg(all(test, not(any(shuttle, rejoin_loom))))]
mod tests {
    use super::*;

    #[test]
    fn each_seat_has_a_mark_of_its_own() {
        let marks = Marks::default();
        (0..1000).for_each(|seat| marks.make_room(seat));
        let members: Vec<Member> =
            (0..1000).map(|seat| Member::of_child(seat, u64::from(seat) + 7)).collect();
        members.iter().for_each(|member| marks.sit(*member));
        for member in members.iter().step_by(3) {
            assert!(marks.leave(*member));
        }
        for member in members.iter().step_by(5) {
            marks.disclaim(*member);
        }
        for (seat, member) in (0..).zip(&members) {
            assert_eq!(marks.has_left(seat), seat % 3 == 0);
            assert_eq!(marks.is_claimed(*member), seat % 3 == 0 || seat % 5 != 0);
        }
    }

    #[test]
    fn a_handle_disclaims_no_child_but_its_own() {
        let marks = Marks::default();
        let (gone, next) = (Member::of_child(0, 0), Member::of_child(0, 1));
        marks.sit(gone);
        assert!(marks.leave(gone));
        marks.disclaim(gone);
        marks.sit(next);
        marks.disclaim(gone);
        assert!(marks.is_claimed(next));
    }

    #[test]
    fn of_whom_more_is_known_leaves_no_mark() {
        let marks = Marks::default();
        let member = Member::of_child(0, 0);
        marks.sit(member);
        assert!(marks.know(member));
        assert!(!marks.leave(member) && !marks.has_left(0));
        marks.disclaim(member);
        assert!(!marks.is_claimed(member));
    }
}
