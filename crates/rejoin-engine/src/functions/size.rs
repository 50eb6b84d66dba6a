//! How large values are. Each list and record knows it, so that asking costs nothing: values share their parts, and a few steps make one
//! of more parts than any memory holds, or one that is nested deeper than a thread can follow.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use super::Datum;

/// The deepest nesting of a value.
pub(super) const MAX_DEPTH: u32 = 512;

/// The most parts of a value that is written out.
const MOST_WRITTEN: u32 = 1_000_000;

/// The most parts of a value that a step makes.
const MOST_MADE: u32 = 16_000_000;

/// So many bytes of a text weigh as much as one part.
const BYTES_OF_A_PART: usize = 64;

/// The parts of a value, those that are shared counted each time, and how deep they are nested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    parts: u32,
    depth: u32,
}

impl Size {
    pub(super) fn of<'d>(inner: impl Iterator<Item = &'d Datum>) -> Self {
        let mut size = Self::default();
        inner.for_each(|value| size.add(value));
        Self { parts: size.parts.saturating_add(1), depth: size.depth.saturating_add(1) }
    }

    /// With one more value in it.
    pub(super) fn add(&mut self, value: &Datum) {
        let size = value.size();
        self.parts = self.parts.saturating_add(size.parts);
        self.depth = self.depth.max(size.depth);
    }

    /// With one more value one level within.
    pub(super) fn with_inner(self, value: &Datum) -> Self {
        let Self { parts, depth } = value.size();
        Self {
            parts: self.parts.saturating_add(parts),
            depth: self.depth.max(depth.saturating_add(1)),
        }
    }

    fn of_bytes(count: usize) -> Self {
        let parts = u32::try_from(count / BYTES_OF_A_PART).unwrap_or(u32::MAX);
        Self { parts: parts.saturating_add(1), depth: 1 }
    }

    /// Why a step may not make a value of this size, if it may not.
    pub(super) fn overgrown(self) -> Option<String> {
        let Size { parts, depth } = self;
        match (depth > MAX_DEPTH, parts > MOST_MADE) {
            (true, _) => Some(format!("a value that is nested more than {MAX_DEPTH} deep")),
            (_, true) => Some(format!(
                "a value of more than {MOST_MADE} parts, {BYTES_OF_A_PART} bytes of a text being one"
            )),
            _ => None,
        }
    }
}

impl Datum {
    pub(super) fn size(&self) -> Size {
        match self {
            Self::List(list) => list.size,
            Self::Record(record) => record.size,
            Self::Text(text) => Size::of_bytes(text.len()),
            Self::Bytes(bytes) => Size::of_bytes(bytes.len()),
            _ => Size { parts: 1, depth: 1 },
        }
    }

    /// Whether it has more parts than are written out, or is nested deeper.
    pub(super) fn is_too_large(&self) -> bool {
        self.size().parts > MOST_WRITTEN || self.size().depth > MAX_DEPTH
    }

    /// Why a step may not make it, if it may not.
    pub(super) fn overgrown(&self) -> Option<String> {
        self.size().overgrown()
    }

    /// The failure in place of a value that is too large to be written out.
    pub(super) fn too_large() -> Self {
        let message = format!(
            "a value of more than {MOST_WRITTEN} parts, {BYTES_OF_A_PART} bytes of a text being one, or nested more than {MAX_DEPTH} deep, cannot leave its function"
        );
        Self::record(
            "RuntimeError",
            [("code", Self::text("E-RT-SIZE")), ("message", Self::text(message))],
        )
    }
}

/// The elements of a list, or of a set. Cloning one costs a counter.
#[derive(Clone, Debug)]
pub struct List {
    items: Arc<Vec<Datum>>,
    size: Size,
}

impl List {
    /// The same with one element more. Nothing is copied if nobody else has the list.
    pub(super) fn with(mut self, item: Datum) -> Self {
        self.size = self.size_with(&item);
        Arc::make_mut(&mut self.items).push(item);
        self
    }

    /// The first of equal elements, wherever they stand.
    pub(super) fn without_doubles(self) -> Self {
        let mut seen = HashSet::with_capacity(self.len());
        let kept: Vec<Datum> = self.iter().filter(|item| seen.insert(*item)).cloned().collect();
        if kept.len() == self.len() { self } else { kept.into() }
    }

    /// How large it would be then.
    pub(super) fn size_with(&self, item: &Datum) -> Size {
        self.size.with_inner(item)
    }
}

impl Deref for List {
    type Target = [Datum];

    fn deref(&self) -> &[Datum] {
        &self.items
    }
}

impl<T: Into<Vec<Datum>>> From<T> for List {
    fn from(items: T) -> Self {
        let items = items.into();
        Self { size: Size::of(items.iter()), items: Arc::new(items) }
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
