//! The operations on sets: lists in which nothing is twice, in the order in which it came.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Datum, kinds};

pub(super) fn apply(name: &str, inputs: &[Datum]) -> Result<Datum, String> {
    use Datum::{Bool, Int, List};
    let [List(own), rest @ ..] = inputs else { return Err(kinds(inputs)) };
    Ok(match (name, rest) {
        ("is_empty", []) => Bool(own.is_empty()),
        // A list that is used as a set may have something twice.
        ("len", []) => Int(keys(own).len() as i64),
        ("to_list", []) => List(distinct(own.iter())),
        ("has", [item]) => Bool(own.contains(item)),
        ("add", [item]) => List(distinct(own.iter().chain([item]))),
        ("remove", [item]) => List(distinct(own.iter().filter(|own| *own != item))),
        ("union", [List(other)]) => List(distinct(own.iter().chain(&**other))),
        ("intersect", [List(other)]) => {
            let other = keys(other);
            List(distinct(own.iter().filter(|item| other.contains(&Key(item)))))
        }
        ("diff", [List(other)]) => {
            let other = keys(other);
            List(distinct(own.iter().filter(|item| !other.contains(&Key(item)))))
        }
        ("symmetric_diff", [List(other)]) => {
            let (mine, theirs) = (keys(own), keys(other));
            let left = own.iter().filter(|item| !theirs.contains(&Key(item)));
            List(distinct(left.chain(other.iter().filter(|item| !mine.contains(&Key(item))))))
        }
        ("is_subset", [List(other)]) => Bool(keys(own).is_subset(&keys(other))),
        ("is_superset", [List(other)]) => Bool(keys(own).is_superset(&keys(other))),
        _ => return Err(kinds(inputs)),
    })
}

fn keys(items: &[Datum]) -> HashSet<Key<'_>> {
    items.iter().map(Key).collect()
}

fn distinct<'d>(items: impl Iterator<Item = &'d Datum>) -> Arc<[Datum]> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(Key(item))).cloned().collect()
}

/// A value by which others are found: equal ones have the same hash.
#[derive(PartialEq)]
pub(super) struct Key<'d>(pub(super) &'d Datum);

// No number of a program is NaN: operations without a finite result fail.
impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self.0).hash(state);
        match self.0 {
            Datum::None => {}
            Datum::Bool(value) => value.hash(state),
            Datum::Int(number) => number.hash(state),
            // The two zeros are equal.
            Datum::Float(number) => (number + 0.0).to_bits().hash(state),
            Datum::Text(text) => text.hash(state),
            Datum::Bytes(bytes) => bytes.hash(state),
            Datum::List(items) => items.iter().for_each(|item| Key(item).hash(state)),
            Datum::Record(record) => {
                record.kind.hash(state);
                for (name, value) in &record.fields {
                    name.hash(state);
                    Key(value).hash(state);
                }
            }
        }
    }
}
