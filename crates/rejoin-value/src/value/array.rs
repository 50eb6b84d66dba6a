//! Shared arrays.

use super::{Depth, Value, depth::drop_children};
use std::{fmt, ops::Deref, sync::Arc};

/// A shared array, read as a slice of [`Value`]. A change copies the slots once if the array is
/// shared, never what they hold.
#[derive(Clone, Default)]
pub struct Array(Arc<Items>);

#[derive(Clone, Default)]
struct Items {
    values: Vec<Value>,
    depth: Depth,
}

impl Drop for Items {
    fn drop(&mut self) {
        drop_children(&self.depth, self.values.iter_mut());
    }
}

impl Array {
    /// An empty array.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty array with room for `n` elements.
    #[must_use]
    pub fn with_capacity(n: usize) -> Self {
        Self::from_vec(Vec::with_capacity(n))
    }

    /// The array of these elements.
    #[must_use]
    pub fn from_vec(values: Vec<Value>) -> Self {
        let depth = Depth::of_few(values.iter());
        Array(Arc::new(Items { values, depth }))
    }

    pub(crate) fn with_depth(values: Vec<Value>, depth: u32) -> Self {
        Array(Arc::new(Items { values, depth: Depth::known(depth) }))
    }

    /// The elements as a vector that can be changed at will; copied first if the array is shared.
    pub fn make_mut(&mut self) -> &mut Vec<Value> {
        let items = Arc::make_mut(&mut self.0);
        items.depth.forget();
        &mut items.values
    }

    /// The elements, moved out if nobody shares the array, else copied (one level).
    #[must_use]
    pub fn into_vec(self) -> Vec<Value> {
        match Arc::try_unwrap(self.0) {
            Ok(mut items) => std::mem::take(&mut items.values),
            Err(shared) => shared.values.clone(),
        }
    }

    /// Appends an element.
    pub fn push(&mut self, value: impl Into<Value>) {
        self.make_mut().push(value.into());
    }

    /// The elements as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Value] {
        &self.0.values
    }

    /// True if both are the very same shared array.
    #[must_use]
    pub fn ptr_eq(&self, other: &Array) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn may_be_deep(&self) -> bool {
        !self.0.depth.is_shallow() && !self.is_empty()
    }

    /// Shows the elements to `f` if nobody else holds the array, then drops it.
    pub(super) fn dismantle(self, f: impl FnMut(&mut Value)) {
        if let Some(mut items) = Arc::into_inner(self.0) {
            items.values.iter_mut().for_each(f);
            items.values.clear();
        }
    }

    pub(super) fn remembered_depth(&self) -> u32 {
        if self.is_empty() { 1 } else { self.0.depth.remembered() }
    }

    pub(crate) fn depth_within(&self, limit: u32) -> Option<u32> {
        self.0.depth.within(limit, self.0.values.iter())
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0.values
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl From<Vec<Value>> for Array {
    fn from(values: Vec<Value>) -> Self {
        Self::from_vec(values)
    }
}

impl<T: Into<Value>> FromIterator<T> for Array {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::from_vec(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> Extend<T> for Array {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.make_mut().extend(items.into_iter().map(Into::into));
    }
}

impl IntoIterator for Array {
    type Item = Value;
    type IntoIter = std::vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
