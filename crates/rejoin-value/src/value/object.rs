//! Shared objects that keep the order of insertion.

use super::{Depth, Str, Value, depth::drop_children};
use std::{
    fmt,
    hash::BuildHasher,
    sync::{Arc, LazyLock},
};

/// A shared object: a vector of entries in the order of insertion, with a hash index from 17 keys
/// on. A change copies the entries once if the object is shared, never what they hold. One that never
/// had an entry needs no allocation.
#[derive(Clone, Default)]
pub struct Object(Option<Arc<Fields>>);

struct Fields {
    entries: Vec<(Str, Value)>,
    index: Option<Index>,
    depth: Depth,
}

impl Fields {
    fn with_capacity(n: usize) -> Self {
        Fields { entries: Vec::with_capacity(n), index: None, depth: Depth::known(1) }
    }
}

impl Default for Fields {
    fn default() -> Self {
        Fields::with_capacity(0)
    }
}

/// A copy is made to be changed, most often by another key or two.
impl Clone for Fields {
    fn clone(&self) -> Self {
        let mut entries = Vec::with_capacity(self.entries.len() + 2);
        entries.extend_from_slice(&self.entries);
        Fields { entries, index: self.index.clone(), depth: self.depth.clone() }
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        drop_children(&self.depth, self.entries.iter_mut().map(|(_, value)| value));
    }
}

/// Up to this many keys a scan beats a hash table.
const SCANNED: usize = 16;

impl Fields {
    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.entries.iter().position(|(k, _)| k.as_str() == key),
            Some(index) => index.find(key, &self.entries),
        }
    }

    fn push(&mut self, key: Str, value: Value) {
        self.depth.gains(&value);
        self.entries.push((key, value));
        let last = self.entries.len() - 1;
        match &mut self.index {
            None if last < SCANNED => {}
            Some(index) if index.has_room(last + 1) => index.add(&self.entries[last].0, last),
            _ => self.reindex(),
        }
    }

    fn reindex(&mut self) {
        self.index = (self.entries.len() > SCANNED).then(|| Index::new(&self.entries));
    }
}

impl Object {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty object with room for `n` entries.
    #[must_use]
    pub fn with_capacity(n: usize) -> Self {
        Object(Some(Arc::new(Fields::with_capacity(n))))
    }

    /// The object of entries whose keys may repeat (the last value wins, at the first one's place).
    #[must_use]
    pub fn from_entries(entries: Vec<(Str, Value)>) -> Self {
        let depth = Depth::of_few(entries.iter().map(|(_, value)| value));
        Self::of(Fields { entries, index: None, depth })
    }

    /// The same for a container of a depth that is known.
    pub(crate) fn with_depth(entries: Vec<(Str, Value)>, depth: u32) -> Self {
        Self::of(Fields { entries, index: None, depth: Depth::known(depth) })
    }

    fn of(mut fields: Fields) -> Self {
        if fields.entries.is_empty() {
            return Object::new();
        }
        if fields.entries.len() > SCANNED {
            match Index::unique(&fields.entries) {
                Some(index) => fields.index = Some(index),
                None => fields = Self::deduplicated(fields),
            }
        } else if has_repeats(&fields.entries) {
            fields = Self::deduplicated(fields);
        }
        Object(Some(Arc::new(fields)))
    }

    fn deduplicated(mut fields: Fields) -> Fields {
        let mut object = Object::with_capacity(fields.entries.len());
        for (key, value) in std::mem::take(&mut fields.entries) {
            object.insert(key, value);
        }
        object.0.map(Arc::unwrap_or_clone).unwrap_or_default()
    }

    fn entries(&self) -> &[(Str, Value)] {
        self.0.as_ref().map_or(&[], |fields| &fields.entries)
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.0.as_ref()?.position(key)
    }

    /// Who changes the fields sees to it that their depth is right, or forgotten.
    fn make_mut(&mut self) -> &mut Fields {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    /// The fields, whose values are changed at will.
    fn make_mut_deeply(&mut self) -> &mut Fields {
        let fields = self.make_mut();
        fields.depth.forget();
        fields
    }

    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// True if it has no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        let fields = self.0.as_ref()?;
        fields.position(key).map(|at| &fields.entries[at].1)
    }

    /// The value under `key`, to be changed in place.
    #[must_use]
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.position(key)?;
        Some(&mut self.make_mut_deeply().entries[at].1)
    }

    /// The value under `key`, put there as `null` first if the key is new.
    pub fn entry(&mut self, key: &str) -> &mut Value {
        let at = self.position(key);
        let fields = self.make_mut_deeply();
        let at = at.unwrap_or_else(|| {
            fields.push(key.into(), Value::Null);
            fields.entries.len() - 1
        });
        &mut fields.entries[at].1
    }

    /// True if the key is there, whatever its value.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Puts a value under a key and returns the one that was there. A new key goes last; a known
    /// key keeps its place.
    pub fn insert(&mut self, key: impl Into<Str>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        let at = self.position(&key);
        let fields = self.make_mut();
        match at {
            Some(at) => {
                let place = &mut fields.entries[at].1;
                fields.depth.loses(place);
                fields.depth.gains(&value);
                Some(std::mem::replace(place, value))
            }
            None => {
                fields.push(key, value);
                None
            }
        }
    }

    /// Takes a key out and returns its value; the others keep their order.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let fields = self.make_mut();
        let (_, value) = fields.entries.remove(at);
        fields.depth.loses(&value);
        fields.reindex();
        Some(value)
    }

    /// Keeps the entries for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Value) -> bool) {
        let fields = self.make_mut_deeply();
        fields.entries.retain(|(key, value)| keep(key, value));
        fields.reindex();
    }

    /// The entries in order of insertion.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.entries().iter())
    }

    /// The values, to be changed in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.make_mut_deeply().entries.iter_mut().map(|(_, value)| value)
    }

    /// The keys in order of insertion.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Str> {
        self.entries().iter().map(|(key, _)| key)
    }

    /// The values in order of insertion.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.entries().iter().map(|(_, value)| value)
    }

    /// The entries in the order of their keys.
    #[must_use]
    pub fn sorted(&self) -> Vec<(&Str, &Value)> {
        let mut entries: Vec<_> = self.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
    }

    /// True if both are the very same shared object.
    #[must_use]
    pub fn ptr_eq(&self, other: &Object) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    pub(super) fn may_be_deep(&self) -> bool {
        self.0.as_ref().is_some_and(|f| !f.depth.is_shallow() && !f.entries.is_empty())
    }

    /// Shows the values to `f` if nobody else holds the object, then drops it.
    pub(super) fn dismantle(self, mut f: impl FnMut(&mut Value)) {
        if let Some(mut fields) = self.0.and_then(Arc::into_inner) {
            fields.entries.iter_mut().for_each(|(_, value)| f(value));
            fields.entries.clear();
        }
    }

    pub(super) fn remembered_depth(&self) -> u32 {
        match &self.0 {
            Some(fields) if !fields.entries.is_empty() => fields.depth.remembered(),
            _ => 1,
        }
    }

    pub(crate) fn depth_within(&self, limit: u32) -> Option<u32> {
        match &self.0 {
            Some(fields) => fields.depth.within(limit, self.values()),
            None => (limit >= 1).then_some(1),
        }
    }
}

fn has_repeats(entries: &[(Str, Value)]) -> bool {
    // Only keys that look alike are compared, by their lengths and ends.
    let mut looks = 0_u64;
    entries.iter().enumerate().any(|(at, (key, _))| {
        let bytes = key.as_bytes();
        let end = |byte: Option<&u8>| usize::from(byte.copied().unwrap_or_default());
        let look = bytes.len() + 3 * end(bytes.first()) + 5 * end(bytes.last());
        let look = 1 << (look % 64);
        let seen = looks & look != 0;
        looks |= look;
        seen && entries[..at].iter().any(|(earlier, _)| earlier == key)
    })
}

/// Borrowed entries of an [`Object`], in order of insertion.
#[derive(Clone, Debug)]
pub struct Iter<'a>(std::slice::Iter<'a, (Str, Value)>);

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a Str, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Str, &'a Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl IntoIterator for Object {
    type Item = (Str, Value);
    type IntoIter = std::vec::IntoIter<(Str, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        let entries = self.0.map(|fields| match Arc::try_unwrap(fields) {
            Ok(mut fields) => std::mem::take(&mut fields.entries),
            Err(shared) => shared.entries.clone(),
        });
        entries.unwrap_or_default().into_iter()
    }
}

impl<K: Into<Str>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value.into()));
        Self::from_entries(entries.collect())
    }
}

impl<K: Into<Str>, V: Into<Value>> Extend<(K, V)> for Object {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Open addressing over positions in the entries; at most half full.
#[derive(Clone)]
struct Index {
    slots: Vec<u32>,
}

/// Seeded once a process, so that nobody outside can choose keys that collide.
static HASHER: LazyLock<foldhash::fast::RandomState> = LazyLock::new(Default::default);
const FREE: u32 = u32::MAX;

impl Index {
    fn with_room(n: usize) -> Self {
        Index { slots: vec![FREE; (n * 2).next_power_of_two().max(64)] }
    }

    fn new(entries: &[(Str, Value)]) -> Self {
        let mut index = Self::with_room(entries.len());
        for (at, (key, _)) in entries.iter().enumerate() {
            index.add(key, at);
        }
        index
    }

    /// The index, or `None` if a key repeats.
    fn unique(entries: &[(Str, Value)]) -> Option<Self> {
        let mut index = Self::with_room(entries.len());
        for (at, (key, _)) in entries.iter().enumerate() {
            if index.find(key, entries).is_some() {
                return None;
            }
            index.add(key, at);
        }
        Some(index)
    }

    fn has_room(&self, n: usize) -> bool {
        n * 2 <= self.slots.len()
    }

    fn start(&self, key: &str) -> usize {
        HASHER.hash_one(key) as usize & (self.slots.len() - 1)
    }

    fn add(&mut self, key: &str, position: usize) {
        let mut at = self.start(key);
        while self.slots[at] != FREE {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = u32::try_from(position).expect("fewer than four thousand million keys");
    }

    fn find(&self, key: &str, entries: &[(Str, Value)]) -> Option<usize> {
        let mut at = self.start(key);
        while self.slots[at] != FREE {
            let position = self.slots[at] as usize;
            if entries[position].0.as_str() == key {
                return Some(position);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        None
    }
}
