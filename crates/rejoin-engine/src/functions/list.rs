//! The elements of lists and sets.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use super::Datum;
use super::lookup::{FEW, Lookup};
use super::size::Size;

/// The elements of a list, or of a set. Cloning one costs a counter.
#[derive(Clone, Debug)]
pub struct List {
    items: Arc<Items>,
    size: Size,
}

#[derive(Debug, Default)]
struct Items {
    all: Vec<Datum>,
    /// Those that are different from each other.
    different: Lookup<HashSet<Datum>>,
}

impl List {
    /// The same with one element more. Nothing is copied if nobody else has the list.
    pub(super) fn with(mut self, item: Datum) -> Self {
        self.size = self.size_with(&item);
        let items = Arc::make_mut(&mut self.items);
        if let Some(different) = items.different.get_mut() {
            different.insert(item.clone());
        }
        items.all.push(item);
        self
    }

    /// The set of its elements with one more, unless that is there. Nothing is copied if nobody else has the list, and nothing is in it
    /// twice.
    pub(super) fn with_new(mut self, item: Datum) -> Self {
        let known = |all: &[Datum]| all.iter().cloned().collect::<HashSet<Datum>>();
        let Some(items) = Arc::get_mut(&mut self.items) else {
            return Self::from(self.to_vec()).with_new(item);
        };
        let different = items.different.made(|| known(&items.all));
        if different.len() < items.all.len() {
            return self.without_doubles().with_new(item);
        }
        if different.insert(item.clone()) {
            items.all.push(item.clone());
            self.size = self.size.with_inner(&item);
        }
        self
    }

    /// Whether an element is in it.
    pub(super) fn has(&self, item: &Datum) -> bool {
        let known = || self.iter().cloned().collect();
        let table = if self.len() > FEW { self.items.different.asked(known) } else { None };
        table.map_or_else(|| self.contains(item), |different| different.contains(item))
    }

    /// How many elements there are that are different from each other.
    pub(super) fn count_different(&self) -> usize {
        let count = || self.iter().collect::<HashSet<_>>().len();
        self.items.different.get().map_or_else(count, HashSet::len)
    }

    /// The first of equal elements, wherever they stand.
    pub(super) fn without_doubles(self) -> Self {
        if self.items.different.get().is_some_and(|different| different.len() == self.len()) {
            return self;
        }
        let mut seen = HashSet::with_capacity(self.len());
        let kept: Vec<Datum> = self.iter().filter(|item| seen.insert(*item)).cloned().collect();
        if kept.len() == self.len() { self } else { kept.into() }
    }

    /// How large it would be with one element more.
    pub(super) fn size_with(&self, item: &Datum) -> Size {
        self.size.with_inner(item)
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Whether it is another name for the same list.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.items, &other.items)
    }
}

/// A copy is made to be changed; it makes its table when it needs one.
impl Clone for Items {
    fn clone(&self) -> Self {
        Self { all: self.all.clone(), different: Lookup::default() }
    }
}

impl Deref for List {
    type Target = [Datum];

    fn deref(&self) -> &[Datum] {
        &self.items.all
    }
}

impl<T: Into<Vec<Datum>>> From<T> for List {
    fn from(items: T) -> Self {
        let all = items.into();
        let size = Size::of(all.iter());
        Self { size, items: Arc::new(Items { all, different: Lookup::default() }) }
    }
}

impl FromIterator<Datum> for List {
    fn from_iter<I: IntoIterator<Item = Datum>>(items: I) -> Self {
        items.into_iter().collect::<Vec<Datum>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Datum, List};

    fn numbers(numbers: impl IntoIterator<Item = i64>) -> List {
        numbers.into_iter().map(Datum::Int).collect()
    }

    #[test]
    fn a_list_grows_where_it_is_if_nobody_else_has_it() {
        let mut list = List::from(Vec::with_capacity(64));
        let place = list.as_ptr();
        for number in 0..64 {
            list = list.with(Datum::Int(number));
        }
        assert_eq!(list.as_ptr(), place);
        let other = list.clone();
        list = list.with(Datum::None);
        assert_eq!((other.len(), list.len()), (64, 65));
    }

    #[test]
    fn so_does_a_set_and_nothing_is_twice_in_it() {
        let mut set = List::from(Vec::with_capacity(64));
        let place = set.as_ptr();
        for number in (0..64).chain(0..64) {
            set = set.with_new(Datum::Int(number));
        }
        assert_eq!((set.as_ptr(), set.len()), (place, 64));
        assert_eq!(set.size(), numbers(0..64).size());
        let other = set.clone();
        set = set.with_new(Datum::None);
        assert_eq!((other.len(), set.len()), (64, 65));
        assert_eq!(&numbers([3, 3, 1]).with_new(Datum::Int(1))[..], &numbers([3, 1])[..]);
    }

    #[test]
    fn what_is_in_it_is_known_however_often_it_is_asked_and_changed() {
        let mut list = numbers((0..50).chain(0..50));
        for turn in 50..60 {
            for number in [0, 49, turn - 1] {
                assert!(list.has(&Datum::Int(number)));
            }
            assert!(!list.has(&Datum::Int(turn)));
            list = list.with(Datum::Int(turn));
            assert_eq!(list.count_different() as i64, turn + 1);
        }
        let copy = list.clone();
        list = list.with(Datum::None);
        assert!(list.has(&Datum::None) && !copy.has(&Datum::None) && !copy.has(&Datum::None));
        assert_eq!(list.without_doubles().len(), 61);
    }

    #[test]
    fn it_knows_its_size_then() {
        let deep = || Datum::List([Datum::List([Datum::Int(1)].into()), Datum::None].into());
        for list in [List::from([]), List::from([deep()]), List::from([Datum::None])] {
            for item in [Datum::Int(1), deep(), Datum::text("x".repeat(1000))] {
                let anew: List = list.iter().chain([&item]).cloned().collect();
                assert_eq!(list.clone().with(item).size, anew.size);
            }
        }
    }
}
