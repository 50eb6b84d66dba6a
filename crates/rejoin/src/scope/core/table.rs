//! The table of a scope: who sits where.
//!
//! A child that only runs takes two words here, written when it comes. What more there is to know, of
//! one that waits or that somebody asks something of, is a [`Sitter`] beside the table: most children
//! that end at once never have one.

use slab::Slab;
use smallvec::SmallVec;

use super::marks::{Marks, NEAR};
use super::member::Member;
use super::seats::Sitter;

/// No seat, no sitter.
const NONE: u32 = u32::MAX;
/// The index of a seat where nobody sits.
const FREE: u64 = u64::MAX;

pub(super) struct Table {
    // Most scopes are small, and take no memory besides their own.
    seats: SmallVec<[Seat; NEAR as usize]>,
    /// The seat that was given up last.
    free: u32,
    /// How many seats there are before it is time to sweep, so that each spawn looks at few in all.
    enough: u32,
    taken: usize,
    sitters: Slab<Sitter>,
}

struct Seat {
    /// The child's position in the order of submission.
    index: u64,
    /// While it is taken, who sits there, if more is known of it; else the next free seat.
    link: u32,
}

impl Default for Table {
    fn default() -> Self {
        // Those in the scope itself are there from the beginning, and free.
        let link = |at: u32| if at + 1 < NEAR { at + 1 } else { NONE };
        let seats = std::array::from_fn(|at| Seat { index: FREE, link: link(at as u32) });
        Table { seats: seats.into(), free: 0, enough: NEAR, taken: 0, sitters: Slab::new() }
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

    /// Gives a seat to the child with this index.
    ///
    /// # Panics
    ///
    /// If four thousand million are taken.
    #[inline]
    pub(super) fn sit(&mut self, index: u64, marks: &Marks) -> Member {
        if self.free == NONE {
            self.make_room(marks);
        }
        let at = self.free;
        let seat = &mut self.seats[at as usize];
        self.free = seat.link;
        *seat = Seat { index, link: NONE };
        self.taken += 1;
        let member = Member::of_child(at, index);
        marks.sit(member);
        member
    }

    fn make_room(&mut self, marks: &Marks) {
        let at = u32::try_from(self.seats.len()).ok().filter(|at| *at != NONE);
        let at = at.expect("fewer than four thousand million tasks are alive");
        if at >= self.enough {
            self.sweep(marks);
            let taken = u32::try_from(self.taken).expect("there are no more children than seats");
            self.enough = taken.saturating_mul(2).max(NEAR);
        }
        if self.free == NONE {
            marks.make_room(at);
            self.seats.push(Seat { index: FREE, link: NONE });
            self.free = at;
        }
    }

    /// Frees the seats of those who have marked that they have left.
    #[inline]
    pub(super) fn sweep(&mut self, marks: &Marks) {
        if self.taken == 0 {
            return;
        }
        for (at, seat) in (0..).zip(&mut self.seats) {
            if seat.index != FREE && marks.has_left(at) {
                seat.give_up(at, &mut self.free);
                self.taken -= 1;
            }
        }
    }

    /// Frees the seat of a child of whom no more is known. False, and nothing changes, if that is not how it is.
    #[inline]
    pub(super) fn leave_unknown(&mut self, member: Member, marks: &Marks) -> bool {
        let at = member.seat();
        match self.seats.get_mut(at as usize) {
            Some(seat) if seat.is_of(member) && seat.link == NONE => {
                marks.clear(member);
                seat.give_up(at, &mut self.free);
                self.taken -= 1;
                true
            }
            _ => false,
        }
    }

    /// Frees the seat of a child that has not been swept up, and gives what more was known of it.
    #[inline]
    pub(super) fn leave(&mut self, member: Member, marks: &Marks) -> Option<Sitter> {
        let at = member.seat();
        let seat = self.seats.get_mut(at as usize).filter(|seat| seat.is_of(member))?;
        marks.clear(member);
        let sitter = seat.give_up(at, &mut self.free);
        self.taken -= 1;
        (sitter != NONE).then(|| self.sitters.remove(sitter as usize))
    }

    /// The position in the order of submission, if it is there.
    pub(super) fn index(&self, member: Member) -> Option<u64> {
        self.seat(member).map(|seat| seat.index)
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

    /// As [`sitter_to_be`](Self::sitter_to_be), for a child that may not have waited yet: it leaves no
    /// mark from now on. `None` also if it has left one.
    pub(super) fn sitter_known(&mut self, member: Member, marks: &Marks) -> Option<&mut Sitter> {
        let is_news = self.seat(member)?.link == NONE;
        if is_news && !marks.know(member) { None } else { self.sitter_to_be(member) }
    }

    /// Who sits there, of whom more is to be known from now on. `None` if it has gone. For one that has waited: it
    /// leaves no mark any more, with which what is known would stay behind.
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
        let seats = (0..).zip(&self.seats).filter(|(_, seat)| seat.index != FREE);
        seats.map(|(at, seat)| {
            let sitter = self.sitters.get(seat.link as usize);
            (Member::of_child(at, seat.index), seat.index, sitter)
        })
    }

    /// Everybody, of whom more is to be known from now on.
    pub(super) fn each_known(&mut self, marks: &Marks, mut work: impl FnMut(Member, &mut Sitter)) {
        for at in 0..self.seats.len() {
            let index = self.seats[at].index;
            let at = u32::try_from(at).expect("seats are counted so");
            let member = Member::of_child(at, index);
            if let Some(sitter) = self.sitter_known(member, marks) {
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
        self.index as u32 == member.generation() && self.index != FREE
    }

    /// Puts the seat, which is the one at `at`, in front of the other free ones. Gives what it was linked with.
    #[inline]
    fn give_up(&mut self, at: u32, free: &mut u32) -> u32 {
        self.index = FREE;
        std::mem::replace(&mut self.link, std::mem::replace(free, at))
    }
}

#[cfg(all(test, not(any(shuttle, rejoin_loom))))]
mod tests {
    use super::*;

    #[test]
    fn a_member_leads_to_its_own_seat_however_many_come_and_go() {
        let (mut table, marks) = (Table::default(), Marks::default());
        let first: Vec<Member> = (0..1000).map(|index| table.sit(index, &marks)).collect();
        for member in first.iter().step_by(3) {
            assert!(table.leave(*member, &marks).is_none());
        }
        assert_eq!(table.len(), 666);
        let second: Vec<Member> = (1000..1400).map(|index| table.sit(index, &marks)).collect();
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
        let (mut table, marks) = (Table::default(), Marks::default());
        let (one, other) = (table.sit(0, &marks), table.sit(1, &marks));
        assert!(table.sitter(one).is_none() && table.sitter_mut(one).is_none());
        table.sitter_known(one, &marks).unwrap().extra = Some(Box::default());
        table.sitter_known(one, &marks).unwrap();
        assert!(!marks.leave(one));
        assert_eq!(table.sitters().count(), 1);
        assert!(table.sitter(other).is_none());
        assert!(table.leave(one, &marks).is_some_and(|sitter| sitter.extra.is_some()));
        assert!(table.sitter_to_be(one).is_none());
        let next = table.sit(2, &marks);
        assert_eq!(next.seat(), one.seat());
        assert!(table.sitter(next).is_none() && table.sitter(one).is_none());
    }

    #[test]
    fn who_has_left_a_mark_is_known_no_more() {
        let (mut table, marks) = (Table::default(), Marks::default());
        let gone = table.sit(0, &marks);
        assert!(marks.leave(gone));
        assert!(table.sitter_known(gone, &marks).is_none());
        assert_eq!(table.len(), 1);
        table.sweep(&marks);
        assert!(table.is_empty() && table.index(gone).is_none());
    }

    #[test]
    fn seats_of_those_who_left_a_mark_are_used_again() {
        let (mut table, marks) = (Table::default(), Marks::default());
        let stays: Vec<Member> = (0..100).map(|index| table.sit(index, &marks)).collect();
        for index in 100..10_000 {
            let member = table.sit(index, &marks);
            assert!(marks.leave(member));
        }
        assert!(table.seats.len() <= 201, "{} seats for 101", table.seats.len());
        assert!(stays.iter().all(|member| table.index(*member).is_some()));
    }
}
