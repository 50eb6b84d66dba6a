//! How containers remember their depth, and how they are dropped without deep recursion.

use super::Value;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The remembered depth of a container; 0 while nobody has asked since the last change.
///
/// The number is a cache of something that the contents decide, so a relaxed store that another
/// thread overwrites with the same number is harmless.
#[derive(Default)]
pub(crate) struct Depth(AtomicU32);

impl Depth {
    pub(crate) fn known(depth: u32) -> Self {
        Depth(AtomicU32::new(depth))
    }

    /// The depth of a new container with these children: known if there are few and all know their own.
    pub(crate) fn of_few<'v>(children: impl ExactSizeIterator<Item = &'v Value>) -> Self {
        let mut deepest = 0;
        if children.len() > FEW {
            return Depth::default();
        }
        for child in children {
            match child.remembered_depth() {
                0 if !child.is_scalar() => return Depth::default(),
                depth => deepest = deepest.max(depth),
            }
        }
        Depth::known(deepest + 1)
    }

    pub(crate) fn remembered(&self) -> u32 {
        self.0.load(Relaxed)
    }

    pub(crate) fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }

    /// The container has one more child.
    pub(crate) fn gains(&mut self, child: &Value) {
        let known = self.0.get_mut();
        *known = match child.remembered_depth() {
            0 if !child.is_scalar() => 0,
            _ if *known == 0 => 0,
            depth => (*known).max(depth + 1),
        };
    }

    /// The container has lost a child. If no other was sure to be as deep, nothing is known any longer.
    pub(crate) fn loses(&mut self, child: &Value) {
        let known = self.0.get_mut();
        let is_deepest = match child.remembered_depth() {
            0 => !child.is_scalar(),
            depth => depth + 1 >= *known,
        };
        if is_deepest {
            *known = 0;
        }
    }

    /// The depth of a container with these children, if it is at most `limit`.
    ///
    /// Recurses at most `limit` levels.
    pub(crate) fn within<'v>(
        &self,
        limit: u32,
        children: impl Iterator<Item = &'v Value>,
    ) -> Option<u32> {
        let known = self.0.load(Relaxed);
        if known != 0 {
            return (known <= limit).then_some(known);
        }
        let below = limit.checked_sub(1)?;
        let mut deepest = 0;
        for child in children {
            deepest = deepest.max(child.depth_within(below)?);
        }
        self.0.store(deepest + 1, Relaxed);
        Some(deepest + 1)
    }

    pub(crate) fn is_shallow(&self) -> bool {
        (1..=SHALLOW).contains(&self.0.load(Relaxed))
    }
}

impl Clone for Depth {
    fn clone(&self) -> Self {
        Depth(AtomicU32::new(self.0.load(Relaxed)))
    }
}

/// So many children are in the cache when their container is made: asking them then is cheaper than when it is
/// dropped.
const FEW: usize = 16;

/// Nesting that may be dropped by plain recursion.
const SHALLOW: u32 = 512;

/// Drops what a container holds, if its depth may be large.
///
/// Plain recursion would overflow the stack on a value of a hundred thousand levels, so children
/// of unknown depth are taken out into a list that is worked off here; nobody is left to recurse.
pub(crate) fn drop_children<'v>(depth: &Depth, children: impl Iterator<Item = &'v mut Value>) {
    if depth.is_shallow() {
        return;
    }
    let mut rest: Vec<Value> = children.filter_map(take_deep).collect();
    while let Some(value) = rest.pop() {
        value.dismantle(|child| rest.extend(take_deep(child)));
    }
}

/// The value, if its own drop could recurse deeply; `null` is left in its place.
fn take_deep(value: &mut Value) -> Option<Value> {
    let is_deep = match value {
        Value::Array(array) => array.may_be_deep(),
        Value::Object(object) => object.may_be_deep(),
        _ => false,
    };
    is_deep.then(|| value.take())
}

#[cfg(test)]
mod tests {
    use crate::{Array, Object, Value};
    use std::cell::RefCell;

    fn nested(levels: usize) -> Value {
        (0..levels).fold(Value::Null, |inner, n| {
            if n % 2 == 0 {
                Array::from_vec(vec![inner]).into()
            } else {
                Object::from_iter([("in", inner)]).into()
            }
        })
    }

    #[test]
    fn a_deep_value_may_be_the_last_thing_a_thread_drops() {
        thread_local! {
            static KEPT: RefCell<Option<Value>> = const { RefCell::new(None) };
        }
        let thread = std::thread::spawn(|| KEPT.set(Some(nested(200_000))));
        thread.join().expect("the thread ends in peace");
    }

    fn depth(value: &Value) -> u32 {
        let below = |object: &Object| object.values().map(depth).max().unwrap_or(0);
        value.as_object().map_or(0, |object| below(object) + 1)
    }

    #[test]
    fn what_an_object_remembers_after_a_change_is_right() {
        let object = |inner: Value| Value::from(Object::from_iter([("in", inner)]));
        let deep = object(object(Value::Null));
        let mut unknown = Object::from_iter([("in", deep.clone())]);
        *unknown.get_mut("in").expect("it is there") = Value::Null;
        let parts = [Value::Null, Object::new().into(), deep, unknown.into()];
        let changes: Vec<_> = parts.iter().map(Some).chain([None]).collect();
        for (first, second, third) in (0..125).map(|n| (n % 5, n / 5 % 5, n / 25)) {
            let mut changed = Object::new();
            for (key, change) in [("a", first), ("b", second), ("a", third)] {
                match changes[change] {
                    Some(part) => changed.insert(key, part.clone()),
                    None => changed.remove(key),
                };
                let changed = Value::from(changed.clone());
                let remembered = changed.remembered_depth();
                assert!(remembered == 0 || remembered == depth(&changed), "{changed:?}");
            }
            let changed = Value::from(changed);
            assert_eq!(changed.depth_within(9), Some(depth(&changed)), "{changed:?}");
        }
    }

    #[test]
    fn a_shared_part_outlives_the_deep_value_around_it() {
        let part = nested(1000);
        let around = Array::from_vec(vec![part.clone(), nested(100_000), part.clone()]);
        drop(around);
        assert_eq!(part.depth_within(2000), Some(1000));
    }
}
