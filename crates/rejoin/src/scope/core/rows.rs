//! Where seats stand: in rows, of which each is as long as all before it together.
//!
//! A slab, then, with two differences that show when many children come at once. A new row leaves the
//! others where they are, so nothing is copied under the lock of the scope. And what is taken out is
//! changed where it stands: the seat of a child that has ended is not moved through the stack.

/// The length of the first row. Most scopes need no other.
const FIRST: usize = 4;

pub(super) struct Rows<T> {
    first: Vec<Slot<T>>,
    more: Vec<Vec<Slot<T>>>,
    /// The slot that was given up last.
    free: Option<u32>,
    taken: usize,
}

enum Slot<T> {
    Taken(T),
    /// Free, as is the next one if there is one.
    Free(Option<u32>),
}

impl<T> Slot<T> {
    fn as_ref(&self) -> Option<&T> {
        match self {
            Slot::Taken(value) => Some(value),
            Slot::Free(_) => None,
        }
    }

    fn as_mut(&mut self) -> Option<&mut T> {
        match self {
            Slot::Taken(value) => Some(value),
            Slot::Free(_) => None,
        }
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Rows { first: Vec::new(), more: Vec::new(), free: None, taken: 0 }
    }
}

impl<T> Rows<T> {
    pub(super) fn len(&self) -> usize {
        self.taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    /// Puts a value somewhere and says where.
    ///
    /// # Panics
    ///
    /// If there are more than four thousand million.
    #[inline]
    pub(super) fn insert(&mut self, value: T) -> u32 {
        let key = match self.free {
            Some(key) => {
                let slot = self.slot_mut(key).expect("a free slot is there");
                let Slot::Free(next) = *slot else { unreachable!("a free slot is not taken") };
                *slot = Slot::Taken(value);
                self.free = next;
                key
            }
            None => {
                let key = self.taken;
                self.row_to_grow(key).push(Slot::Taken(value));
                u32::try_from(key).expect("fewer than four thousand million tasks are alive")
            }
        };
        self.taken += 1;
        key
    }

    /// The row that `key`, the first that never was used, is the end of.
    fn row_to_grow(&mut self, key: usize) -> &mut Vec<Slot<T>> {
        let Some(row) = row_of(key) else {
            if self.first.capacity() == 0 {
                self.first.reserve_exact(FIRST);
            }
            return &mut self.first;
        };
        if row == self.more.len() {
            self.more.push(Vec::with_capacity(FIRST << row));
        }
        &mut self.more[row]
    }

    /// Lets `last` look at a value for the last time, and drops it.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[inline]
    pub(super) fn remove<R>(&mut self, key: u32, last: impl FnOnce(&mut T) -> R) -> R {
        let next = self.free;
        let slot = self.slot_mut(key).expect("only what is there is removed");
        let result = last(slot.as_mut().expect("nothing is removed twice"));
        *slot = Slot::Free(next);
        self.free = Some(key);
        self.taken -= 1;
        result
    }

    pub(super) fn get(&self, key: u32) -> Option<&T> {
        let key = key as usize;
        let slot = match row_of(key) {
            None => self.first.get(key),
            Some(row) => self.more.get(row)?.get(key - (FIRST << row)),
        };
        slot?.as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut T> {
        self.slot_mut(key)?.as_mut()
    }

    #[inline]
    fn slot_mut(&mut self, key: u32) -> Option<&mut Slot<T>> {
        let key = key as usize;
        match row_of(key) {
            None => self.first.get_mut(key),
            Some(row) => self.more.get_mut(row)?.get_mut(key - (FIRST << row)),
        }
    }

    /// All of them with their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let slots = self.first.iter().chain(self.more.iter().flatten());
        (0..).zip(slots).filter_map(|(key, slot)| Some((key, slot.as_ref()?)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        let slots = self.first.iter_mut().chain(self.more.iter_mut().flatten());
        (0..).zip(slots).filter_map(|(key, slot)| Some((key, slot.as_mut()?)))
    }
}

/// Which of the rows after the first a key is in.
#[inline]
fn row_of(key: usize) -> Option<usize> {
    (key / FIRST).checked_ilog2().map(|row| row as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_to_what_was_put_there_however_many_come_and_go() {
        let mut rows = Rows::default();
        let keys: Vec<u32> = (0..1000).map(|n| rows.insert(n)).collect();
        assert_eq!(keys, (0..1000).collect::<Vec<u32>>());
        for key in (0..1000).filter(|key| key % 3 == 0) {
            assert_eq!(rows.remove(key, |value| *value), key);
            assert_eq!(rows.get(key), None);
        }
        assert_eq!(rows.len(), 666);
        let again: Vec<u32> = (0..400).map(|n| rows.insert(2000 + n)).collect();
        assert!(again[..334].iter().all(|key| key % 3 == 0), "what is free is used first");
        assert_eq!(again[334..], (1000..1066).collect::<Vec<u32>>());
        for (n, key) in (0..).zip(again) {
            assert_eq!(rows.get_mut(key).copied(), Some(2000 + n));
        }
        assert!(rows.iter().all(|(key, value)| *value >= 2000 || key == *value));
        assert_eq!(rows.iter().count(), rows.len());
    }

    #[test]
    fn rows_that_are_there_do_not_move() {
        let mut rows = Rows::default();
        rows.insert(0_u32);
        let place = std::ptr::from_ref(rows.get(0).unwrap());
        for n in 1..500 {
            rows.insert(n);
        }
        assert_eq!(std::ptr::from_ref(rows.get(0).unwrap()), place);
    }
}
