//! Queries of `project`: the program's own nodes and their relations.

use std::collections::{BTreeSet, HashSet};

use rejoin_lang::plan::{Condition, Project, Select, Traverse};

use super::super::Datum;
use super::condition::{Fields, Filter, id};
use super::select::finish;
use super::store::Answer;

/// A node, and the relations that it may have.
struct Node<'p> {
    project: &'p Project,
    value: Datum,
}

impl Fields for Node<'_> {
    fn field(&self, name: &str) -> Datum {
        // `metadata.author`
        let parts = name.split('.');
        parts.fold(self.value.clone(), |value, part| value.get(part).cloned().unwrap_or_default())
    }

    fn is_related(&self, kind: &str, to: Option<&str>) -> bool {
        let own = id(&self.value);
        self.project.relations.iter().any(|(from, relation, other)| {
            **from == *own && **relation == *kind && to.is_none_or(|to| **other == *to)
        })
    }

    fn is_related_from(&self, kind: &str, from: &str) -> bool {
        let own = id(&self.value);
        self.project
            .relations
            .iter()
            .any(|(other, relation, to)| **other == *from && **relation == *kind && **to == *own)
    }
}

fn nodes<'p>(project: &'p Project, collection: &str) -> impl Iterator<Item = Node<'p>> {
    let found = project.collections.iter().find(|(name, _)| **name == *collection);
    let nodes = found.map_or(&[][..], |(_, nodes)| nodes);
    nodes.iter().map(move |node| Node { project, value: node.into() })
}

/// The snippets with these ids, in the order of the ids.
fn snippets<'p>(project: &'p Project, ids: &BTreeSet<String>) -> Vec<Node<'p>> {
    nodes(project, "snippets").filter(|node| ids.contains(id(&node.value))).collect()
}

pub(super) fn select(project: &Project, select: &Select<Datum>) -> Result<Answer, Datum> {
    let mut found: Vec<Node<'_>> = nodes(project, &select.from).collect();
    if let Some(relation) = &select.follow {
        let ids: HashSet<&str> = found.iter().map(|node| id(&node.value)).collect();
        let reached = project
            .relations
            .iter()
            .filter(|(from, kind, _)| kind == relation && ids.contains(&**from));
        let reached: BTreeSet<String> = reached.map(|(_, _, to)| to.to_string()).collect();
        found = snippets(project, &reached);
    }
    finish(found, select, |node| node.value.clone()).map(Answer::of_rows)
}

/// The snippets that relations lead to from a node: those that are nearer first, those that are as near by their ids.
pub(super) fn traverse(
    project: &Project,
    walk: &Traverse,
    from: &Datum,
    filter: Option<&Condition<Datum>>,
) -> Result<Vec<Datum>, String> {
    let start = id(from).to_owned();
    if nodes(project, "snippets").all(|node| id(&node.value) != start) {
        let shown: String = start.chars().take(40).collect();
        return Err(format!("there is no node `{shown}` in the project"));
    }
    let filter = Filter::new(filter);
    let mut seen = HashSet::from([start.clone()]);
    let mut ring = BTreeSet::from([start]);
    let mut found = Vec::new();
    let mut depth = 0;
    while !ring.is_empty() && walk.depth.is_none_or(|most| depth < most) {
        depth += 1;
        let mut next = BTreeSet::new();
        for (from, kind, to) in &project.relations {
            if !walk.relations.contains(kind) {
                continue;
            }
            // Against a relation of this type: from its target to its source.
            let steps = [(walk.outgoing, from, to), (walk.incoming, to, from)];
            for (goes, from, to) in steps {
                if goes && ring.contains(&**from) && seen.insert(to.to_string()) {
                    next.insert(to.to_string());
                }
            }
        }
        for node in snippets(project, &next) {
            let wanted = filter.holds(&node).map_err(|failure| {
                let message = failure.get("message").and_then(Datum::as_text);
                message.unwrap_or_default().to_owned()
            })?;
            if wanted {
                found.push(node.value);
            }
        }
        ring = next;
    }
    Ok(found)
}
