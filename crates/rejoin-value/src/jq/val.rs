//! The value as jaq's evaluator sees it: its traits, over the operations in [`ops`].

use super::{
    limits::{charge_items, tick},
    ops::{self, Fail, Outcome},
};
use crate::{Object, Value};
use jaq_core::{
    Error, Exn, ValR, ValX,
    box_iter::{BoxIter, box_once},
    path::Opt,
    val::Range,
};
use std::{cmp::Ordering, fmt, ops as operators};

/// A [`Value`] with jaq's traits, which would otherwise show in the public interface.
#[derive(Clone)]
pub(super) struct Val(pub(super) Value);

/// An outcome in jaq's terms.
pub(super) fn lift(outcome: Outcome) -> ValR<Val> {
    outcome.map(Val).map_err(raise)
}

pub(super) fn raise(Fail(value): Fail) -> Error<Val> {
    Error::new(Val(value))
}

impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&ops::cut(&self.0))
    }
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[expect(clippy::non_canonical_partial_ord_impl, reason = "nan is less than itself in jq")]
impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl From<bool> for Val {
    fn from(b: bool) -> Self {
        Val(b.into())
    }
}

impl From<isize> for Val {
    fn from(n: isize) -> Self {
        Val(n.into())
    }
}

impl From<usize> for Val {
    fn from(n: usize) -> Self {
        Val(n.into())
    }
}

impl From<f64> for Val {
    fn from(x: f64) -> Self {
        Val(x.into())
    }
}

impl From<String> for Val {
    fn from(s: String) -> Self {
        Val(s.into())
    }
}

/// A slice as a key of a path.
impl From<Range<Val>> for Val {
    fn from(range: Range<Val>) -> Self {
        let bound = |bound: Option<Val>| bound.map_or(Value::Null, |Val(value)| value);
        let mut key = Object::with_capacity(2);
        key.insert("start", bound(range.start));
        key.insert("end", bound(range.end));
        Val(key.into())
    }
}

impl FromIterator<Val> for Val {
    fn from_iter<I: IntoIterator<Item = Val>>(items: I) -> Self {
        let counted = items.into_iter().map(|Val(value)| {
            tick();
            charge_items(1);
            value
        });
        Val(counted.collect())
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $op:expr) => {
        impl operators::$trait for Val {
            type Output = ValR<Val>;

            fn $method(self, right: Val) -> ValR<Val> {
                lift($op(self.0, right.0))
            }
        }
    };
}
operator!(Add, add, ops::add);
operator!(Sub, sub, |l, r| ops::sub(&l, &r));
operator!(Mul, mul, ops::mul);
operator!(Div, div, |l, r| ops::div(&l, &r));
operator!(Rem, rem, |l, r| ops::rem(&l, &r));

impl operators::Neg for Val {
    type Output = ValR<Val>;

    fn neg(self) -> ValR<Val> {
        lift(ops::neg(&self.0))
    }
}

/// Runs an update on what is at a key, with nothing sharing it meanwhile; `None` of no output.
fn updated<'a, I: Iterator<Item = ValX<'a, Val>>>(
    outer: &mut Value,
    key: &Value,
    inner: Value,
    f: impl Fn(Val) -> I,
) -> Result<Option<Value>, Exn<'a, Val>> {
    ops::take_slot(outer, key);
    f(Val(inner)).next().map(|out| out.map(|Val(value)| value)).transpose()
}

impl jaq_core::ValT for Val {
    fn from_num(n: &str) -> ValR<Self> {
        crate::Number::parse(n)
            .map(|n| Val(Value::Number(n)))
            .ok_or_else(|| Error::str(format!("{n} is not a number")))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(entries: I) -> ValR<Self> {
        let mut object = Object::new();
        for (Val(key), Val(value)) in entries {
            charge_items(2);
            object.insert(ops::object_key(key).map_err(raise)?, value);
        }
        Ok(Val(object.into()))
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        // `..` goes down into a value without any other step.
        tick();
        match self.0 {
            Value::Array(array) => Box::new(
                array.into_iter().enumerate().map(|(at, value)| Ok((Val(at.into()), Val(value)))),
            ),
            Value::Object(object) => {
                Box::new(object.into_iter().map(|(key, value)| Ok((Val(key.into()), Val(value)))))
            }
            other => box_once(Err(raise(ops::no_children(&other)))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        tick();
        match self.0 {
            Value::Array(array) => Box::new(array.into_iter().map(|value| Ok(Val(value)))),
            Value::Object(object) => Box::new(object.into_iter().map(|(_, value)| Ok(Val(value)))),
            other => box_once(Err(raise(ops::no_children(&other)))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        lift(ops::index(&self.0, &index.0))
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        let bound = |bound: Option<&'_ Val>| bound.map(|Val(value)| value.clone());
        let (from, to) = (bound(range.start), bound(range.end));
        lift(ops::slice(&self.0, from.as_ref(), to.as_ref()))
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        tick();
        match self.0 {
            Value::Array(array) => {
                let outputs = array.into_iter().filter_map(|value| f(Val(value)).next());
                outputs.collect()
            }
            Value::Object(mut object) => {
                let mut gone = false;
                for value in object.values_mut() {
                    match f(Val(value.take())).next() {
                        Some(output) => *value = output?.0,
                        None => {
                            // Stands for "to be removed": no value contains this one.
                            gone = true;
                            *value = removed();
                        }
                    }
                }
                if gone {
                    let mark = removed();
                    object.retain(|_, value| !value.ptr_eq(&mark));
                }
                Ok(Val(object.into()))
            }
            other => opt.fail(Val(other), |Val(other)| Exn::from(raise(ops::no_children(&other)))),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        tick();
        let (Val(mut outer), Val(key)) = (self, index);
        let inner = match ops::index(&outer, key) {
            Ok(inner) => inner,
            Err(fail) => return opt.fail(Val(outer), |_| Exn::from(raise(fail))),
        };
        Ok(match updated(&mut outer, key, inner, f)? {
            Some(new) => lift(ops::put(outer, key, new))?,
            None => lift(ops::delete(outer, key))?,
        })
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let Val(key) = Val::from(range.start.cloned()..range.end.cloned());
        let outer = self.0;
        let inner = match ops::index(&outer, &key) {
            Ok(inner) => inner,
            Err(fail) => return opt.fail(Val(outer), |_| Exn::from(raise(fail))),
        };
        Ok(match f(Val(inner)).next().transpose()? {
            Some(Val(new)) => lift(ops::put(outer, &key, new))?,
            None => lift(ops::delete(outer, &key))?,
        })
    }

    fn as_bool(&self) -> bool {
        self.0.is_truthy()
    }

    fn into_string(self) -> Self {
        Val(ops::tostring(self.0))
    }
}

/// One string that nothing else shares, as a mark of its own.
fn removed() -> Value {
    thread_local! {
        static REMOVED: crate::Str = crate::Str::from("removed");
    }
    REMOVED.with(|mark| Value::String(mark.clone()))
}

impl Eq for Val {}

impl Ord for Val {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

/// What the functions of mathematics, dates and regular expressions ask for.
impl jaq_std::ValT for Val {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self.0 {
            Value::Array(array) => Ok(array.into_iter().map(Val).collect()),
            other => Err(Val(other)),
        }
    }

    fn is_int(&self) -> bool {
        matches!(&self.0, Value::Number(n) if n.is_whole())
    }

    fn as_isize(&self) -> Option<isize> {
        self.0.as_i64().and_then(|n| isize::try_from(n).ok())
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self.0, Value::String(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_str().map(str::as_bytes)
    }

    fn as_sub_str(&self, sub: &[u8]) -> Self {
        Val(String::from_utf8_lossy(sub).into_owned().into())
    }

    fn from_utf8_bytes(b: impl AsRef<[u8]> + Send + 'static) -> Self {
        Val(String::from_utf8_lossy(b.as_ref()).into_owned().into())
    }
}
