//! Aliases that lead back to themselves: in a list or a map, `alias name="Tree" type="Int | Tree[]"`, that is data of any depth; without
//! one, `A` that is `B` and `B` that is `A`, it is nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::super::ast::Block;
use super::super::{place, shown};
use super::{Type, read};
use crate::diagnostic::{Code, Diagnostic};

/// What each alias mentions.
type Mentioned<'f> = HashMap<&'f str, Vec<&'f str>>;

/// The aliases that lead back to themselves in some way, and those between two of them.
pub(super) fn recursive<'f>(aliases: &HashMap<&'f str, &'f str>) -> HashSet<&'f str> {
    let mut there = Mentioned::new();
    for (name, text) in aliases {
        let names = read::read(text).map(|(_, names)| names).unwrap_or_default();
        let names = names.into_iter().filter(|name| aliases.contains_key(name));
        there.insert(name, names.collect::<HashSet<_>>().into_iter().collect());
    }
    let back = turned(&there);
    let all: HashSet<&str> = aliases.keys().copied().collect();
    without_ends(without_ends(all, &there, &back), &back, &there)
}

/// The other way round: by whom each is mentioned.
fn turned<'f>(there: &Mentioned<'f>) -> Mentioned<'f> {
    let mut back: Mentioned<'f> = there.keys().map(|name| (*name, Vec::new())).collect();
    for (name, mentioned) in there {
        for mentioned in mentioned {
            back.entry(mentioned).or_default().push(name);
        }
    }
    back
}

/// Without those from where no way goes on, again and again.
fn without_ends<'f>(
    mut left: HashSet<&'f str>,
    there: &Mentioned<'f>,
    back: &Mentioned<'f>,
) -> HashSet<&'f str> {
    let ways = |name: &&'f str, left: &HashSet<&'f str>| {
        there.get(name).into_iter().flatten().filter(|next| left.contains(*next)).count()
    };
    let mut counts: HashMap<&str, usize> =
        left.iter().map(|name| (*name, ways(name, &left))).collect();
    let mut ends: Vec<&str> = left.iter().filter(|name| counts[**name] == 0).copied().collect();
    while let Some(end) = ends.pop() {
        left.remove(end);
        for before in back.get(end).into_iter().flatten() {
            if let Some(count) = counts.get_mut(before).filter(|_| left.contains(before)) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ends.push(before);
                }
            }
        }
    }
    left
}

/// Says so of each that is no data at all.
pub(super) fn check<'f>(aliases: &[&'f Block], problems: &mut Vec<Diagnostic>) {
    let mut open: HashMap<&'f str, &'f Block> = HashMap::new();
    for alias in aliases {
        if let Some(name) = alias.text("name") {
            open.entry(name).or_insert(alias);
        }
    }
    // What means something else in the end does so by one of its members.
    let (mut known, mut users): (Vec<&str>, HashMap<Arc<str>, Vec<&str>>) = Default::default();
    for (name, alias) in &open {
        let kind = alias.text("type").and_then(read::read).map_or(Type::Any, |(kind, _)| kind);
        for member in kind.members() {
            match member {
                Type::Named(of) if open.contains_key(&**of) => {
                    users.entry(of.clone()).or_default().push(name);
                }
                _ => known.push(name),
            }
        }
    }
    while let Some(name) = known.pop() {
        if open.remove(name).is_some() {
            known.extend(users.get(name).into_iter().flatten());
        }
    }
    for (name, alias) in &open {
        let message = format!("the alias `{}` leads back to itself", shown(name));
        problems.push(
            Diagnostic::new(Code::COV_ALIAS_CIRCLE, place(alias, "type"), message)
                .label("means nothing else")
                .help("name the type that is meant; a list or a map of the alias itself is one"),
        );
    }
}
