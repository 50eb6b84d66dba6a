//! Fields in order: structs, variants, maps and the results of blocks.

use std::collections::HashMap;
use std::sync::Arc;

use super::Datum;
use super::lookup::{FEW, Lookup};
use super::size::Size;

static NOTHING: Datum = Datum::None;

/// Fields in order, of a type.
#[derive(Debug)]
pub struct Record {
    /// The name of its struct, or `Enum::Variant`; none for a map.
    pub kind: Option<Arc<str>>,
    /// The fields, in order.
    pub fields: Vec<(Arc<str>, Datum)>,
    pub(super) size: Size,
    /// Where each field is.
    pub(super) places: Lookup<HashMap<Arc<str>, usize>>,
    /// Whether it stands for something that went wrong although its name does not say so.
    pub(super) is_failure: bool,
    /// Fields that it may go without, and does: they are read as `none`.
    pub(super) absent: Arc<[Arc<str>]>,
    /// What else can be read of the result of a block.
    pub(super) ended: Option<Ended>,
}

/// How the branches of a block ended: views that are no fields.
#[derive(Debug)]
pub(super) struct Ended {
    /// The name that the last step of each branch binds.
    pub(super) aliases: Vec<Option<Arc<str>>>,
    pub(super) successes: Datum,
    pub(super) failures: Datum,
}

impl Record {
    pub(super) fn new(kind: Option<Arc<str>>, fields: Vec<(Arc<str>, Datum)>) -> Self {
        let size = Size::of(fields.iter().map(|(_, value)| value));
        Self {
            kind,
            fields,
            size,
            places: Lookup::default(),
            is_failure: false,
            absent: Arc::default(),
            ended: None,
        }
    }

    /// Whether it is of no type and has nothing but its fields.
    pub(super) fn is_map(&self) -> bool {
        self.kind.is_none() && self.ended.is_none() && self.absent.is_empty() && !self.is_failure
    }

    /// How large a map is at most with one value more.
    pub(super) fn size_with(&self, value: &Datum) -> Size {
        self.size.with_inner(value)
    }

    /// A map with one value more, or another under its key. Nothing is copied if nobody else has it.
    pub(super) fn with(mut self: Arc<Self>, key: Arc<str>, value: Datum) -> Arc<Self> {
        match Arc::get_mut(&mut self) {
            Some(own) => own.put(key, value),
            None => {
                let mut copy = Self::new(None, self.fields.clone());
                copy.put(key, value);
                self = Arc::new(copy);
            }
        }
        self
    }

    /// Puts a value under a name.
    pub(super) fn put(&mut self, key: Arc<str>, value: Datum) {
        match self.place(&key) {
            Some(at) => {
                let old = std::mem::replace(&mut self.fields[at].1, value);
                let new = &self.fields[at].1;
                let changed = self.size.with_other_inner(&old, new);
                let anew = || Size::of(self.fields.iter().map(|(_, value)| value));
                self.size = changed.unwrap_or_else(anew);
            }
            None => {
                self.size = self.size.with_inner(&value);
                if let Some(places) = self.places.get_mut() {
                    places.insert(key.clone(), self.fields.len());
                }
                self.fields.push((key, value));
            }
        }
    }

    /// Takes a value out from under its name, if it is there, so that nobody else has it: `none` keeps its place. How deep the rest is is
    /// not looked at.
    pub(super) fn vacate(&mut self, key: &str, value: &Datum) {
        let Some(at) = self.place(key) else { return };
        let place = &mut self.fields[at].1;
        let is_it = match (&*place, value) {
            (Datum::List(own), Datum::List(value)) => own.is_same(value),
            (Datum::Record(own), Datum::Record(value)) => Arc::ptr_eq(own, value),
            _ => false,
        };
        if let Some(size) = self.size.without_inner(value).filter(|_| is_it) {
            *place = Datum::None;
            self.size = size;
        }
    }

    /// Where the field of this name is.
    fn place(&self, name: &str) -> Option<usize> {
        let places = || {
            // Of two fields of one name it is the first.
            let places = self.fields.iter().enumerate().rev();
            places.map(|(at, (name, _))| (name.clone(), at)).collect()
        };
        let table = if self.fields.len() > FEW { self.places.asked(places) } else { None };
        match table {
            Some(places) => places.get(name).copied(),
            None => self.fields.iter().position(|(field, _)| **field == *name),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Datum> {
        self.place(name).map(|at| &self.fields[at].1)
    }

    /// What can be read under a name of the result of a block: a branch, what its last step binds, or a view.
    /// The flag says that failures in it are there to be looked at.
    pub(super) fn read(&self, name: &str) -> Option<(&Datum, bool)> {
        if let Some(value) = self.get(name) {
            return Some((value, false));
        }
        if self.absent.iter().any(|absent| **absent == *name) {
            return Some((&NOTHING, false));
        }
        let ended = self.ended.as_ref()?;
        // A branch hides a view by its id alone, not by what its last step binds.
        match name {
            "successes" => return Some((&ended.successes, false)),
            "failures" => return Some((&ended.failures, true)),
            _ => {}
        }
        let mut named =
            (0..).zip(&ended.aliases).filter(|(_, alias)| alias.as_deref() == Some(name));
        match (named.next(), named.next()) {
            (Some((at, _)), None) => self.fields.get(at).map(|(_, value)| (value, false)),
            // By its position.
            _ => Some((&self.fields.get(name.parse::<usize>().ok()?)?.1, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Datum, Record, Size};

    #[test]
    fn a_map_knows_its_fields_and_its_size_whatever_is_put_into_it() {
        let deep = || Datum::List([Datum::List([Datum::Int(1)].into()), Datum::None].into());
        let mut map = Arc::new(Record::new(None, Vec::new()));
        for turn in 0_u8..100 {
            let key = |number: u8| Arc::from(format!("{}", number % 60));
            let value = || if turn % 7 == 0 { deep() } else { Datum::Int(turn.into()) };
            let known = turn >= 60;
            assert_eq!(map.get(&key(turn)).is_some(), known);
            map = map.with(key(turn), value());
            assert_eq!(map.get(&key(turn)), Some(&value()));
            map = map.with(key(turn / 2), Datum::text("x".repeat(turn.into())));
            assert_eq!(map.size, Size::of(map.fields.iter().map(|(_, value)| value)));
        }
        assert_eq!(map.fields.len(), 60);
        let other = map.clone();
        assert!(map.with("new".into(), Datum::None).get("new").is_some());
        assert_eq!(other.get("new"), None);
    }
}
