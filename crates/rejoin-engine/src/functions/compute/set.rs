//! The operations on sets: lists in which nothing is twice, in the order in which it came.

use std::collections::HashSet;

use super::{Datum, kinds};

pub(super) fn apply(name: &str, inputs: &[Datum]) -> Result<Datum, String> {
    use Datum::{Bool, Int, List};
    let [List(own), rest @ ..] = inputs else { return Err(kinds(inputs)) };
    Ok(match (name, rest) {
        ("is_empty", []) => Bool(own.is_empty()),
        // A list that is used as a set may have something twice.
        ("len", []) => Int(own.count_different() as i64),
        ("to_list", []) => List(own.clone().without_doubles()),
        ("has", [item]) => Bool(own.has(item)),
        ("add", [item]) => List(own.clone().with_new(item.clone())),
        ("remove", [item]) => List(distinct(own.iter().filter(|own| *own != item))),
        ("union", [List(other)]) => List(distinct(own.iter().chain(&**other))),
        ("intersect", [List(other)]) => {
            let other = keys(other);
            List(distinct(own.iter().filter(|item| other.contains(item))))
        }
        ("diff", [List(other)]) => {
            let other = keys(other);
            List(distinct(own.iter().filter(|item| !other.contains(item))))
        }
        ("symmetric_diff", [List(other)]) => {
            let (mine, theirs) = (keys(own), keys(other));
            let left = own.iter().filter(|item| !theirs.contains(item));
            List(distinct(left.chain(other.iter().filter(|item| !mine.contains(item)))))
        }
        ("is_subset", [List(other)]) => Bool(keys(own).is_subset(&keys(other))),
        ("is_superset", [List(other)]) => Bool(keys(own).is_superset(&keys(other))),
        _ => return Err(kinds(inputs)),
    })
}

fn keys(items: &[Datum]) -> HashSet<&Datum> {
    items.iter().collect()
}

fn distinct<'d>(items: impl Iterator<Item = &'d Datum>) -> super::super::List {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(*item)).cloned().collect()
}
