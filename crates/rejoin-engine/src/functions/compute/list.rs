//! The operations on lists that are no functions of the library.

use super::library::LONGEST;
use super::{Datum, kinds, order};

pub(super) fn apply(name: &str, inputs: &[Datum]) -> Result<Datum, String> {
    use Datum::{Int, List};
    Ok(match (name, inputs) {
        ("reverse", [List(list)]) => List(list.iter().rev().cloned().collect()),
        ("concat", [List(a), List(b)]) if a.len() + b.len() > LONGEST => {
            return Err(format!("makes no list of more than {LONGEST}"));
        }
        ("concat", [List(a), List(b)]) => List(a.iter().chain(&**b).cloned().collect()),
        ("prepend", [List(list), item]) => {
            List(std::iter::once(item).chain(&**list).cloned().collect())
        }
        ("take", [List(list), Int(count)]) => List(list[..place(*count, list.len())].into()),
        ("drop", [List(list), Int(count)]) => List(list[place(*count, list.len())..].into()),
        ("slice", [List(list), Int(from)]) => List(list[place(*from, list.len())..].into()),
        ("slice", [List(list), Int(from), Int(to)]) => {
            let (from, to) = (place(*from, list.len()), place(*to, list.len()));
            List(list[from..to.max(from)].into())
        }
        ("index_of", [List(list), item]) => {
            Int(list.iter().position(|own| own == item).map_or(-1, |at| at as i64))
        }
        ("sort", [List(list)]) => {
            // One order for all of them, or none: a text has no place among numbers.
            if let Some(pair) = list.windows(2).find(|pair| order(&pair[0], &pair[1]).is_none()) {
                return Err(format!("{} in one list", kinds(pair)));
            }
            let mut sorted = list.to_vec();
            sorted.sort_by(|a, b| order(a, b).unwrap_or(std::cmp::Ordering::Equal));
            List(sorted.into())
        }
        ("dedup", [List(list)]) => List(list.clone().without_doubles()),
        _ => return Err(kinds(inputs)),
    })
}

/// A position in a list: what is before it is its begin, what is behind it its end.
fn place(position: i64, length: usize) -> usize {
    usize::try_from(position).unwrap_or(0).min(length)
}
