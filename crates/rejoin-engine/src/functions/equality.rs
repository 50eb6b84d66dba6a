//! When two values are the same: deeply, numbers by what they count, and records whatever the order of their fields.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rejoin_value::Number;

use super::Datum;
use super::record::Record;

/// Up to so many fields are looked for one by one.
const FEW: usize = 8;

impl PartialEq for Datum {
    fn eq(&self, other: &Self) -> bool {
        // What is the same has as many parts.
        if self.size() != other.size() {
            return false;
        }
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Int(whole), Self::Float(number)) | (Self::Float(number), Self::Int(whole)) => {
                self::whole(*number) == Some(*whole)
            }
            (Self::Long(a), Self::Long(b)) => a == b,
            (Self::Long(long), Self::Float(number)) | (Self::Float(number), Self::Long(long)) => {
                *long == Number::from(*number)
            }
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => a[..] == b[..],
            (Self::Record(a), Self::Record(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

// No number of a program is NaN: operations without a finite result fail.
impl Eq for Datum {}

/// What else can be read of the result of a block is no part of it.
impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        let (own, others) = (&self.fields, &other.fields);
        if self.kind != other.kind || own.len() != others.len() {
            return false;
        }
        let in_order = own.iter().zip(others).all(|((a, _), (b, _))| a == b);
        if in_order {
            return own.iter().zip(others).all(|((_, a), (_, b))| a == b);
        }
        if own.len() <= FEW {
            return own.iter().all(|(name, value)| other.get(name) == Some(value));
        }
        let found: HashMap<&str, &Datum> = others.iter().map(|(name, v)| (&**name, v)).collect();
        own.iter().all(|(name, value)| found.get(&**name) == Some(&value))
    }
}

/// Equal values have the same hash.
impl Hash for Datum {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::None => 0_u8.hash(state),
            Self::Bool(value) => (1_u8, value).hash(state),
            Self::Int(number) => (2_u8, number).hash(state),
            Self::Float(number) => match whole(*number) {
                Some(number) => (2_u8, number).hash(state),
                None => (3_u8, number.to_bits()).hash(state),
            },
            Self::Long(number) => (3_u8, number.as_f64().to_bits()).hash(state),
            Self::Text(text) => (4_u8, text).hash(state),
            Self::Bytes(bytes) => (5_u8, bytes).hash(state),
            Self::List(items) => (6_u8, &items[..]).hash(state),
            Self::Record(record) => {
                let order = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default();
                let field = |field| std::hash::BuildHasher::hash_one(&order, field);
                // A sum, so that the order of the fields does not matter.
                let sum = record.fields.iter().map(field).fold(0, u64::wrapping_add);
                (7_u8, &record.kind, sum).hash(state);
            }
        }
    }
}

/// The order of two numbers, so that those are equal that [are the same](Datum::eq): no digit of a whole number is lost.
pub(super) fn order(a: &Datum, b: &Datum) -> Option<Ordering> {
    match (a, b) {
        (Datum::Int(a), Datum::Int(b)) => Some(a.cmp(b)),
        (Datum::Float(a), Datum::Float(b)) => a.partial_cmp(b),
        (Datum::Int(a), Datum::Float(b)) => Some(beside(*a, *b)),
        (Datum::Float(a), Datum::Int(b)) => Some(beside(*b, *a).reverse()),
        (Datum::Long(_), _) | (_, Datum::Long(_)) => Some(number(a)?.cmp(&number(b)?)),
        _ => None,
    }
}

fn number(value: &Datum) -> Option<Number> {
    match value {
        Datum::Int(number) => Some((*number).into()),
        Datum::Float(number) => Some((*number).into()),
        Datum::Long(number) => Some(number.clone()),
        _ => None,
    }
}

/// A whole number beside one with a fraction.
fn beside(a: i64, b: f64) -> Ordering {
    match whole(b.trunc()) {
        // What is between two whole numbers is behind the one that is nearer to nothing, or before it.
        Some(near) => a.cmp(&near).then(0.0_f64.partial_cmp(&b.fract()).unwrap_or(Ordering::Equal)),
        None if b > 0.0 => Ordering::Less,
        None => Ordering::Greater,
    }
}

/// The whole number that a number with a fraction is, if its fraction is nothing.
fn whole(number: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    ((-END..END).contains(&number) && number.fract() == 0.0).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;
    use std::collections::HashSet;

    use super::Datum;

    fn map(names: &[&str]) -> Datum {
        Datum::map(names.iter().map(|name| ((*name).into(), Datum::text(*name))).collect())
    }

    #[test]
    fn numbers_have_an_order_that_agrees_with_what_is_the_same() {
        const EDGE: i64 = 1 << 53;
        let ascending = [
            Datum::Float(-1e300),
            Datum::Int(i64::MIN),
            Datum::Int(-2),
            Datum::Float(-1.5),
            Datum::Int(-1),
            Datum::Float(-0.5),
            Datum::Int(0),
            Datum::Float(0.5),
            Datum::Int(1),
            Datum::Float(EDGE as f64),
            Datum::Int(EDGE + 1),
            Datum::Float((EDGE + 2) as f64),
            Datum::Int(i64::MAX),
            Datum::Float(i64::MAX as f64),
        ];
        for (at, a) in ascending.iter().enumerate() {
            for (other, b) in ascending.iter().enumerate() {
                assert_eq!(super::order(a, b), Some(at.cmp(&other)), "{a:?} {b:?}");
                assert_eq!(a == b, at == other);
            }
        }
        assert_eq!(super::order(&Datum::Int(1), &Datum::Float(1.0)), Some(Ordering::Equal));
        assert_eq!(super::order(&Datum::Float(-0.0), &Datum::Int(0)), Some(Ordering::Equal));
    }

    #[test]
    fn values_are_the_same_or_they_are_not() {
        let list = |number: Datum| Datum::List([Datum::None, number].into());
        let many: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let forth: Vec<&str> = many.iter().map(String::as_str).collect();
        let back: Vec<&str> = many.iter().rev().map(String::as_str).collect();
        let same = [
            (Datum::Int(1), Datum::Float(1.0)),
            (Datum::Float(0.0), Datum::Float(-0.0)),
            (list(Datum::Int(2)), list(Datum::Float(2.0))),
            (map(&["a", "b"]), map(&["b", "a"])),
            (map(&forth), map(&back)),
        ];
        for (a, b) in same {
            assert_eq!(a, b);
            assert_eq!(HashSet::from([a, b]).len(), 1);
        }
        let different = [
            (Datum::Int(i64::MAX), Datum::Float(i64::MAX as f64)),
            (Datum::Int(1), Datum::text("1")),
            (Datum::Int(0), Datum::None),
            (map(&["a"]), map(&["a", "b"])),
            (map(&["a", "c"]), map(&["b", "a"])),
            (map(&[]), Datum::record("Empty", [])),
            (map(&forth), map(&back[1..])),
        ];
        for (a, b) in different {
            assert_ne!(a, b);
        }
    }
}
