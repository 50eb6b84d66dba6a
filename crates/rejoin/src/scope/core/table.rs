//! The table of a scope: who sits where.
//!
//! A child that only runs takes two words here, written when it comes and looked at when it goes. What
//! more there is to know, of one that waits or that somebody asks something of, is a [`Sitter`] beside
//! the table: most children that end at once never have one.

use slab::Slab;
use smallvec::SmallVec;

use super::member::Member;
use super::seats::Sitter;

/// No seat, no sitter.
const NONE: u32 = u32::MAX;

pub(super) struct Table {
    // Most scopes are small, and take no memory besides their own.
    seats: SmallVec<[Seat; 4]>,
    /// The seat that was given up last.
    free: u32,
    taken: usize,
    sitters: Slab<Sitter>,
}

struct Seat {
    /// The child's position in the order of submission.
    index: u64,
    /// While it is taken, who sits there, if more is known of it; else the next free seat.
    link: u32,
    claim: Claim,
}

/// Whether a handle may still ask for the outcome.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// Nobody sits there.
    Free,
    Claimed,
    Disclaimed,
}

/// What was left at a seat.
pub(super) struct Leftover {
    pub(super) claimed: bool,
    pub(super) sitter: Option<Sitter>,
}

impl Default for Table {
    fn default() -> Self {
        Table { seats: SmallVec::new(), free: NONE, taken: 0, sitters: Slab::new() }
    }
}

impl Table {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Gives a seat to the child with this index, which is claimed.
    ///
    /// # Panics
    ///
    /// If four thousand million are taken.
    #[inline]
    pub(super) fn sit(&mut self, index: u64) -> Member {
        self.taken += 1;
        Member::of_child(self.free_seat(index), index)
    }

    #[inline]
    fn free_seat(&mut self, index: u64) -> u32 {
        if self.free == NONE {
            return self.new_seat(index);
        }
        let at = self.free;
        let seat = &mut self.seats[at as usize];
        self.free = seat.link;
        seat.index = index;
        seat.link = NONE;
        seat.claim = Claim::Claimed;
        at
    }

    fn new_seat(&mut self, index: u64) -> u32 {
        let at = u32::try_from(self.seats.len()).ok().filter(|at| *at != NONE);
        let at = at.expect("fewer than four thousand million tasks are alive");
        self.seats.push(Seat { index, link: NONE, claim: Claim::Claimed });
        at
    }

    /// Frees the seat of a child that is claimed, and of whom no more is known. False, and nothing
    /// changes, if that is not how it is.
    #[inline]
    pub(super) fn leave_unknown(&mut self, member: Member) -> bool {
        let at = member.seat();
        match self.seats.get_mut(at as usize) {
            Some(seat)
                if seat.is_of(member) && seat.claim == Claim::Claimed && seat.link == NONE =>
            {
                seat.claim = Claim::Free;
                seat.link = self.free;
                self.free = at;
                self.taken -= 1;
                true
            }
            _ => false,
        }
    }

    /// Frees the seat of a child.
    ///
    /// # Panics
    ///
    /// If it does not sit there.
    #[inline]
    pub(super) fn leave(&mut self, member: Member) -> Leftover {
        let at = member.seat();
        let seat = &mut self.seats[at as usize];
        assert!(seat.is_of(member), "nobody leaves twice");
        self.taken -= 1;
        let claimed = seat.claim == Claim::Claimed;
        seat.claim = Claim::Free;
        let sitter = std::mem::replace(&mut seat.link, self.free);
        self.free = at;
        let sitter = (sitter != NONE).then(|| self.sitters.remove(sitter as usize));
        Leftover { claimed, sitter }
    }

    /// The position in the order of submission, if it is there.
    pub(super) fn index(&self, member: Member) -> Option<u64> {
        self.seat(member).map(|seat| seat.index)
    }

    /// Whether a handle may still ask for the outcome.
    pub(super) fn is_claimed(&self, member: Member) -> bool {
        self.seat(member).is_some_and(|seat| seat.claim == Claim::Claimed)
    }

    /// No handle will ask for the outcome. False if it has gone.
    pub(super) fn disclaim(&mut self, member: Member) -> bool {
        match self.seats.get_mut(member.seat() as usize) {
            Some(seat) if seat.is_of(member) => {
                seat.claim = Claim::Disclaimed;
                true
            }
            _ => false,
        }
    }

    fn seat(&self, member: Member) -> Option<&Seat> {
        self.seats.get(member.seat() as usize).filter(|seat| seat.is_of(member))
    }

    /// Who sits there, if more is known of it.
    pub(super) fn sitter(&self, member: Member) -> Option<&Sitter> {
        self.sitters.get(self.seat(member)?.link as usize)
    }

    pub(super) fn sitter_mut(&mut self, member: Member) -> Option<&mut Sitter> {
        let link = self.seat(member)?.link;
        self.sitters.get_mut(link as usize)
    }

    /// Who sits there, of whom more is to be known from now on. `None` if it has gone.
    pub(super) fn sitter_to_be(&mut self, member: Member) -> Option<&mut Sitter> {
        let seat = self.seats.get_mut(member.seat() as usize).filter(|seat| seat.is_of(member))?;
        if seat.link == NONE {
            let key = self.sitters.insert(Sitter::default());
            seat.link = u32::try_from(key).expect("there are no more sitters than seats");
        }
        self.sitters.get_mut(seat.link as usize)
    }

    /// Everybody, with the index, and with what more is known.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Member, u64, Option<&Sitter>)> {
        let seats = (0..).zip(&self.seats).filter(|(_, seat)| seat.claim != Claim::Free);
        seats.map(|(at, seat)| {
            let sitter = self.sitters.get(seat.link as usize);
            (Member::of_child(at, seat.index), seat.index, sitter)
        })
    }

    /// Everybody, of whom more is to be known from now on.
    pub(super) fn each_to_be(&mut self, mut work: impl FnMut(Member, &mut Sitter)) {
        for at in 0..self.seats.len() {
            let seat = &self.seats[at];
            let at = u32::try_from(at).expect("seats are counted so");
            let member = Member::of_child(at, seat.index);
            if let Some(sitter) = self.sitter_to_be(member) {
                work(member, sitter);
            }
        }
    }

    /// Those of whom more is known.
    pub(super) fn sitters(&self) -> impl Iterator<Item = &Sitter> {
        self.sitters.iter().map(|(_, sitter)| sitter)
    }

    pub(super) fn sitters_mut(&mut self) -> impl Iterator<Item = &mut Sitter> {
        self.sitters.iter_mut().map(|(_, sitter)| sitter)
    }
}

impl Seat {
    #[inline]
    fn is_of(&self, member: Member) -> bool {
        self.index as u32 == member.generation() && self.claim != Claim::Free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_leads_to_its_own_seat_however_many_come_and_go() {
        let mut table = Table::default();
        let first: Vec<Member> = (0..1000).map(|index| table.sit(index)).collect();
        for member in first.iter().step_by(3) {
            assert!(table.leave(*member).claimed);
        }
        assert_eq!(table.len(), 666);
        let second: Vec<Member> = (1000..1400).map(|index| table.sit(index)).collect();
        assert!(second[..334].iter().all(|m| m.seat() % 3 == 0), "what is free is used first");
        for (index, member) in (0..).zip(&first) {
            assert_eq!(table.index(*member), (index % 3 != 0).then_some(index));
        }
        for (index, member) in (1000..).zip(&second) {
            assert_eq!(table.index(*member), Some(index));
        }
        assert_eq!(table.iter().count(), table.len());
    }

    #[test]
    fn what_is_known_of_one_goes_with_it() {
        let mut table = Table::default();
        let (one, other) = (table.sit(0), table.sit(1));
        assert!(table.sitter(one).is_none() && table.sitter_mut(one).is_none());
        table.sitter_to_be(one).unwrap().extra = Some(Box::default());
        table.sitter_to_be(one).unwrap();
        assert_eq!(table.sitters().count(), 1);
        assert!(table.sitter(other).is_none());
        assert!(table.leave(one).sitter.is_some_and(|sitter| sitter.extra.is_some()));
        assert!(table.sitter_to_be(one).is_none());
        let next = table.sit(2);
        assert_eq!(next.seat(), one.seat());
        assert!(table.sitter(next).is_none() && table.sitter(one).is_none());
        assert!(!table.disclaim(one) && table.disclaim(next));
        assert!(!table.leave(next).claimed);
    }
}
