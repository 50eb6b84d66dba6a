//! Equality, jq's total order and hashing; none of them recurses with the depth of the value.

use super::{Array, Number, Object, Value};
use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

/// Levels that plain recursion may take before the rest waits in a list.
const INLINE_LEVELS: u32 = 64;

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        let mut put_off = Vec::new();
        let mut equal = equal(self, other, INLINE_LEVELS, &mut put_off);
        while equal && let Some((left, right)) = put_off.pop() {
            equal = self::equal(left, right, INLINE_LEVELS, &mut put_off);
        }
        equal
    }
}

/// `nan`, which differs from itself in jq, is why this is a promise and not quite a law.
impl Eq for Value {}

type Pairs<'v> = Vec<(&'v Value, &'v Value)>;

fn equal<'v>(left: &'v Value, right: &'v Value, levels: u32, put_off: &mut Pairs<'v>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(l), Value::Bool(r)) => l == r,
        (Value::Number(l), Value::Number(r)) => l == r,
        (Value::String(l), Value::String(r)) => l == r,
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_))
            if levels == 0 =>
        {
            put_off.push((left, right));
            true
        }
        (Value::Array(l), Value::Array(r)) => {
            l.len() == r.len()
                && l.iter().zip(r.iter()).all(|(l, r)| equal(l, r, levels - 1, put_off))
        }
        (Value::Object(l), Value::Object(r)) => {
            l.len() == r.len()
                && l.iter()
                    .all(|(key, l)| r.get(key).is_some_and(|r| equal(l, r, levels - 1, put_off)))
        }
        _ => false,
    }
}

/// As jq's `<`: like [`Ord`], but `nan` is less than itself.
#[expect(clippy::non_canonical_partial_ord_impl, reason = "nan is less than itself in jq")]
impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Value::Number(l), Value::Number(r)) if l.is_nan() && r.is_nan() => {
                Some(Ordering::Less)
            }
            _ => Some(self.cmp(other)),
        }
    }
}

/// jq's order of sorting: `null < false < true < numbers < strings < arrays < objects`; arrays
/// element by element; objects by their sorted keys first, then value by value.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        let mut rest = Rest { frames: Vec::new() };
        let mut order = compare(self, other, &mut rest);
        while order == Ordering::Equal
            && let Some((left, right)) = rest.next()
        {
            order = compare(left, right, &mut rest);
        }
        order
    }
}

/// What is left to compare while everything so far was equal.
struct Rest<'v> {
    frames: Vec<Frame<'v>>,
}

enum Frame<'v> {
    Arrays(&'v [Value], &'v [Value]),
    /// Values of objects with equal key sets, in the order of the keys, last first.
    Pairs(Pairs<'v>),
}

impl<'v> Rest<'v> {
    fn next(&mut self) -> Option<(&'v Value, &'v Value)> {
        loop {
            match self.frames.last_mut()? {
                Frame::Arrays(left, right) => {
                    if let (Some((l, ls)), Some((r, rs))) =
                        (left.split_first(), right.split_first())
                    {
                        (*left, *right) = (ls, rs);
                        return Some((l, r));
                    }
                }
                Frame::Pairs(pairs) => {
                    if let Some(pair) = pairs.pop() {
                        return Some(pair);
                    }
                }
            }
            // Lengths of arrays decide only when all shared elements were equal.
            if let Some(Frame::Arrays(left, right)) = self.frames.pop()
                && left.len() != right.len()
            {
                let longer: &'static Value = &Value::Bool(true);
                let shorter: &'static Value = &Value::Bool(false);
                return Some(if left.is_empty() { (shorter, longer) } else { (longer, shorter) });
            }
        }
    }
}

fn compare<'v>(left: &'v Value, right: &'v Value, rest: &mut Rest<'v>) -> Ordering {
    match (left, right) {
        (Value::Bool(l), Value::Bool(r)) => l.cmp(r),
        (Value::Number(l), Value::Number(r)) => l.cmp(r),
        (Value::String(l), Value::String(r)) => l.cmp(r),
        (Value::Array(l), Value::Array(r)) => compare_arrays(l, r, rest),
        (Value::Object(l), Value::Object(r)) => compare_objects(l, r, rest),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn compare_arrays<'v>(left: &'v Array, right: &'v Array, rest: &mut Rest<'v>) -> Ordering {
    if left.ptr_eq(right) {
        return Ordering::Equal;
    }
    // Scalars in front are compared at once: most arrays are decided without anything put off.
    for (at, (l, r)) in left.iter().zip(right.iter()).enumerate() {
        if l.is_container() && r.is_container() {
            rest.frames.push(Frame::Arrays(&left[at..], &right[at..]));
            return Ordering::Equal;
        }
        let order = compare(l, r, rest);
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

fn compare_objects<'v>(left: &'v Object, right: &'v Object, rest: &mut Rest<'v>) -> Ordering {
    if left.ptr_eq(right) {
        return Ordering::Equal;
    }
    let (left, right) = (left.sorted(), right.sorted());
    let keys = left.iter().map(|(key, _)| key).cmp(right.iter().map(|(key, _)| key));
    if keys == Ordering::Equal {
        let pairs = left.iter().zip(&right).map(|((_, l), (_, r))| (*l, *r));
        rest.frames.push(Frame::Pairs(pairs.rev().collect()));
    }
    keys
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || Value::Array(self.clone()) == Value::Array(other.clone())
    }
}

impl Eq for Array {}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || Value::Object(self.clone()) == Value::Object(other.clone())
    }
}

impl Eq for Object {}

/// Equal values hash alike: objects whatever their order of keys, numbers whatever their form.
///
/// Looks at most four levels down, which bounds the work and still tells most values apart.
impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash(self, 4, state);
    }
}

fn hash<H: Hasher>(value: &Value, levels: u32, state: &mut H) {
    rank(value).hash(state);
    match value {
        Value::Null => {}
        Value::Bool(b) => b.hash(state),
        Value::Number(n) => n.hash(state),
        Value::String(s) => s.hash(state),
        Value::Array(array) => {
            array.len().hash(state);
            if levels > 0 {
                array.iter().for_each(|item| hash(item, levels - 1, state));
            }
        }
        Value::Object(object) => {
            object.len().hash(state);
            if levels > 0 {
                for (key, value) in object.sorted() {
                    key.hash(state);
                    hash(value, levels - 1, state);
                }
            }
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Equal numbers have the same nearest double; zero has two signs.
        (self.as_f64() + 0.0).to_bits().hash(state);
    }
}
