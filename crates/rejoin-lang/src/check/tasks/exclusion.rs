//! Whether two guards can hold for the same request.

use crate::plan::Cond;

/// How two guarded places relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overlap {
    /// Never both.
    Never,
    /// Both, for some request.
    Sometimes,
    /// A program decides, so nobody can say.
    Unknown,
}

/// Compares two lists of conditions, each of which holds as a whole.
pub(super) fn overlap(left: &[&Cond], right: &[&Cond]) -> Overlap {
    let (left, right) = (parts(left), parts(right));
    if left.iter().any(|a| right.iter().any(|b| exclude(a, b))) {
        return Overlap::Never;
    }
    let unclear = |list: &[&Cond]| list.iter().any(|cond| !is_plain(cond));
    // What stands on one side alone narrows it; only two programs can exclude each other unseen.
    let is_same = left.len() == right.len() && left.iter().zip(&right).all(|(a, b)| same(a, b));
    if unclear(&left) && unclear(&right) && !is_same {
        return Overlap::Unknown;
    }
    Overlap::Sometimes
}

fn parts<'a>(conds: &[&'a Cond]) -> Vec<&'a Cond> {
    let mut all = Vec::new();
    let mut open: Vec<&Cond> = conds.to_vec();
    while let Some(cond) = open.pop() {
        match cond {
            Cond::All(inner) => open.extend(inner),
            other => all.push(other),
        }
    }
    all.reverse();
    all
}

/// Whether a condition is decided by names alone.
fn is_plain(cond: &Cond) -> bool {
    match cond {
        Cond::Guard { .. } => false,
        Cond::All(parts) | Cond::Any(parts) => parts.iter().all(is_plain),
        Cond::Const(_) | Cond::Env { .. } | Cond::Flags { .. } | Cond::When { .. } => true,
    }
}

/// Whether two conditions are written alike, wherever they stand.
fn same(left: &Cond, right: &Cond) -> bool {
    match (left, right) {
        (Cond::Guard { script: a, negated: x }, Cond::Guard { script: b, negated: y }) => {
            x == y && a.text == b.text
        }
        (Cond::All(a), Cond::All(b)) | (Cond::Any(a), Cond::Any(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => left == right,
    }
}

fn exclude(left: &Cond, right: &Cond) -> bool {
    match (left, right) {
        (Cond::Const(false), _) | (_, Cond::Const(false)) => true,
        (Cond::Env { name: a, negated: x }, Cond::Env { name: b, negated: y }) => {
            if x == y {
                !x && a != b
            } else {
                a == b
            }
        }
        (Cond::Flags { names: a, negated: x }, Cond::Flags { names: b, negated: y })
        | (Cond::When { names: a, negated: x }, Cond::When { names: b, negated: y }) => {
            x != y && a.iter().any(|name| b.contains(name))
        }
        (Cond::Guard { script: a, negated: x }, Cond::Guard { script: b, negated: y }) => {
            x != y && a.text == b.text
        }
        (Cond::Any(parts), other) | (other, Cond::Any(parts)) => {
            parts.iter().all(|part| exclude(part, other))
        }
        (Cond::All(parts), other) | (other, Cond::All(parts)) => {
            parts.iter().any(|part| exclude(part, other))
        }
        _ => false,
    }
}
