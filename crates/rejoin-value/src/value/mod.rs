//! [`Value`] and the types inside it.

mod array;
mod depth;
mod number;
mod object;
mod order;
mod string;

pub use array::Array;
pub(crate) use depth::Depth;
pub use number::Number;
pub use object::{Iter as ObjectIter, Object};
pub use string::Str;

use std::fmt;

/// A JSON value: 24 bytes, cheap to clone, safe to share between threads.
///
/// Cloning is O(1) whatever the size: arrays, objects and strings are shared and copied only when
/// a holder changes its own. `==` is structural, ignores the order of keys and holds `1` equal to
/// `1.0`; [`Ord`] is jq's total order (`null < false < true < numbers < strings < arrays <
/// objects`).
#[derive(Clone, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number; see [`Number`] for what is kept exactly.
    Number(Number),
    /// A string of Unicode text.
    String(Str),
    /// An array.
    Array(Array),
    /// An object, its keys in the order of insertion.
    Object(Object),
}

impl Value {
    /// Reads one JSON document with the default limits of [`json::ParseLimits`].
    ///
    /// # Errors
    /// Says where the text stops being JSON, and what was expected there.
    ///
    /// [`json::ParseLimits`]: crate::json::ParseLimits
    pub fn parse(text: &[u8]) -> Result<Self, crate::ParseError> {
        crate::json::parse(text)
    }

    /// The compact JSON text of the value.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = crate::json::to_vec(self);
        String::from_utf8(text).expect("the printer writes only UTF-8")
    }

    /// The value under `key`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object().and_then(|object| object.get(key))
    }

    /// The element at `index`, if this is an array that long.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<&Value> {
        self.as_array().and_then(|array| array.get(index))
    }

    /// The value at the end of a path of keys, as in `.user.name`.
    #[must_use]
    pub fn path(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// True for `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// jq's truth: everything but `null` and `false`.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Value::Null | Value::Bool(false))
    }

    /// The Boolean, if this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The number as a 64-bit integer, if it is a whole number in that range.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Number(n) => n.as_i64(),
            _ => None,
        }
    }

    /// The number as a double, if this is one; integers that a double cannot hold are rounded.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(n) => Some(n.as_f64()),
            _ => None,
        }
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// The array, if this is one.
    #[must_use]
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Value::Array(a) => Some(a),
            _ => None,
        }
    }

    /// The array to change, if this is one.
    #[must_use]
    pub fn as_array_mut(&mut self) -> Option<&mut Array> {
        match self {
            Value::Array(a) => Some(a),
            _ => None,
        }
    }

    /// The object, if this is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(o) => Some(o),
            _ => None,
        }
    }

    /// The object to change, if this is one.
    #[must_use]
    pub fn as_object_mut(&mut self) -> Option<&mut Object> {
        match self {
            Value::Object(o) => Some(o),
            _ => None,
        }
    }

    /// The value, leaving `null` in its place.
    #[must_use]
    pub fn take(&mut self) -> Value {
        std::mem::take(self)
    }

    /// Shows what a container holds to `f` if nobody else holds the container, then drops it.
    fn dismantle(self, f: impl FnMut(&mut Value)) {
        match self {
            Value::Array(array) => array.dismantle(f),
            Value::Object(object) => object.dismantle(f),
            _ => {}
        }
    }

    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Value::Array(_) | Value::Object(_))
    }

    /// jq's name of the type: `null`, `boolean`, `number`, `string`, `array` or `object`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// True if both are the very same shared container or string (or equal scalars): a cheap test
    /// that never looks inside.
    #[must_use]
    pub fn ptr_eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::String(a), Value::String(b)) => a.ptr_eq(b),
            (Value::Array(a), Value::Array(b)) => a.ptr_eq(b),
            (Value::Object(a), Value::Object(b)) => a.ptr_eq(b),
            _ => false,
        }
    }

    /// How deep arrays and objects nest in this value: 0 for a scalar, 1 for `[]`, 2 for `[[]]`.
    ///
    /// Looks at most `limit` levels down; `None` if there are more. The answer is remembered in
    /// the containers, so asking again about a shared value costs nothing.
    #[must_use]
    pub fn depth_within(&self, limit: u32) -> Option<u32> {
        match self {
            Value::Array(array) => array.depth_within(limit),
            Value::Object(object) => object.depth_within(limit),
            _ => Some(0),
        }
    }

    /// The depth as far as it is known without a look at the contents; 0 if it is not, or for a scalar.
    pub(crate) fn remembered_depth(&self) -> u32 {
        match self {
            Value::Array(array) => array.remembered_depth(),
            Value::Object(object) => object.remembered_depth(),
            _ => 0,
        }
    }

    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Value::Array(_) | Value::Object(_))
    }

    /// An estimate of the memory that the value keeps alive, in bytes.
    ///
    /// Shared parts count each time they are met. Stops early once the sum passes `enough`, so
    /// that asking "is it more than?" of a huge value stays cheap.
    #[must_use]
    pub fn memory_estimate(&self, enough: usize) -> usize {
        let mut total = 0;
        let mut rest = vec![self];
        while let Some(value) = rest.pop() {
            total += size_of::<Value>();
            match value {
                Value::String(s) => total += 16 + s.len(),
                Value::Array(array) => {
                    total += 48;
                    rest.extend(array.iter());
                }
                Value::Object(object) => {
                    total += 64;
                    for (key, value) in object {
                        // Keys are mostly shared between the objects of one document.
                        total += 16 + key.len() / 4;
                        rest.push(value);
                    }
                }
                _ => {}
            }
            if total > enough {
                break;
            }
        }
        total
    }
}

/// The compact JSON text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

/// The compact JSON text, as [`Display`](fmt::Display) writes it.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Value::Null
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}

impl From<Number> for Value {
    fn from(n: Number) -> Self {
        Value::Number(n)
    }
}

macro_rules! from_number {
    ($($t:ty),*) => {$(
        impl From<$t> for Value {
            fn from(n: $t) -> Self {
                Value::Number(n.into())
            }
        }
    )*};
}
from_number!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f64);

impl From<Str> for Value {
    fn from(s: Str) -> Self {
        Value::String(s)
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::String(s.into())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Value::String(s.into())
    }
}

impl From<&String> for Value {
    fn from(s: &String) -> Self {
        Value::String(s.as_str().into())
    }
}

impl From<Array> for Value {
    fn from(array: Array) -> Self {
        Value::Array(array)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Value::Object(object)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::Array(items.into_iter().collect())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Self {
        Value::Array(items.into_iter().collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

impl From<&Value> for Value {
    fn from(value: &Value) -> Self {
        value.clone()
    }
}

/// Collects an array.
impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Value::Array(items.into_iter().collect())
    }
}
