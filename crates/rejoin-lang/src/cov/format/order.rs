//! What stands on one line, and in which order the lines are.

use super::super::ast::{Block, Entry};
use super::super::form::{self, Form};

/// The parts of a step that do not stand in the order written; what is not here stands in the middle.
const STEP: &[(&str, u8)] = &[
    ("dialect", 0),
    ("op", 1),
    ("fn", 1),
    ("tool", 1),
    ("on_error", 1),
    ("timeout", 2),
    ("on_timeout", 3),
    ("target", 4),
    ("into", 4),
    ("condition", 4),
    ("on", 4),
    ("type", 4),
    ("isolation", 4),
    ("select", 5),
    ("var", 6),
    ("from", 6),
    ("lit", 6),
    ("field", 6),
    ("in", 7),
    ("of", 7),
    ("else", 51),
    ("join", 52),
    ("follow", 52),
    ("relation", 52),
    ("depth", 53),
    ("direction", 54),
    ("where", 55),
    ("order", 56),
    ("limit", 57),
    ("offset", 58),
    ("mut", 60),
    ("as", 61),
    ("handle", 62),
];
const MIDDLE: u8 = 50;

/// Attributes of a step that share a line.
const PAIRS: &[(&str, &str)] =
    &[("field", "of"), ("var", "in"), ("depth", "direction"), ("limit", "offset")];

/// The form of a block that is closed by `end`, and has lines in it.
pub(super) fn closing_form(block: &Block) -> Option<&'static Form> {
    let form = match &*block.word.text {
        "step" => &form::ANY_STEP,
        "note" | "text" | "effect" | "not" => return None,
        "returns" if block.has_flag("union") => &form::RETURNS_UNION,
        "returns" => &form::RETURNS,
        word => form::of(word)?,
    };
    form.closes.then_some(form)
}

/// Whether something stands on the first line of its block.
pub(super) fn is_head(block: &Block, form: &Form, entry: &Entry) -> bool {
    let name = name(entry);
    match (&*block.word.text, entry) {
        (_, Entry::Value(_) | Entry::Block(_)) => false,
        ("step", _) => matches!(name, "id" | "kind"),
        ("tool", _) => matches!(name, "id" | "contract"),
        ("returns", _) => name == "union",
        _ => !form.free,
    }
}

/// The first line begins with what names the block; the rest of it stays as written, as the order may mean something.
pub(super) fn sorted_head(block: &Block, mut head: Vec<usize>) -> Vec<usize> {
    let is_named = block.attribute("id").or(block.attribute("name")).is_some();
    if is_named && closing_form(block).is_none_or(|form| !form.free) {
        head.sort_by_key(|at| match name(&block.entries[*at]) {
            "id" | "name" => 0,
            "kind" => 1,
            "type" | "implements" => 2,
            "platform" => 3,
            _ => 4,
        });
    }
    // A pattern begins with what it is one for.
    if &*block.word.text == "case" {
        head.sort_by_key(|at| match (&block.entries[*at], name(&block.entries[*at])) {
            (Entry::Flag(_), _) => 0,
            (_, "type") => 1,
            _ => 2,
        });
    }
    head
}

/// The other lines, in order; each has one entry or a few that belong together.
pub(super) fn groups(block: &Block, mut body: Vec<usize>) -> Vec<Vec<usize>> {
    match &*block.word.text {
        "snippet" => body.sort_by_key(|at| {
            let name = name(&block.entries[*at]);
            form::SECTIONS.iter().position(|section| *section == name).map_or(0, |at| at + 1)
        }),
        // The text of a query ends where certain words follow it.
        "step" if block.blocks().all(|part| &*part.word.text != "body") => {
            body.sort_by_key(|at| rank(block, &block.entries[*at]));
        }
        _ => {}
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in body {
        let entry = &block.entries[at];
        match groups.last_mut() {
            Some(group) if belongs(block, &block.entries[group[group.len() - 1]], entry) => {
                group.push(at);
            }
            _ => groups.push(vec![at]),
        }
    }
    groups
}

fn rank(step: &Block, entry: &Entry) -> u8 {
    let name = name(entry);
    // That of branches stands before them, that of a query at its end.
    if name == "limit" && matches!(step.text("kind"), Some("parallel" | "race")) {
        return 3;
    }
    // `field` lines of a struct share their word with an attribute.
    if matches!(entry, Entry::Block(_))
        && !matches!(name, "select" | "else" | "join" | "follow" | "where" | "order" | "handle")
    {
        return MIDDLE;
    }
    STEP.iter().find(|(known, _)| *known == name).map_or(MIDDLE, |(_, rank)| *rank)
}

/// Whether two neighbours share a line.
fn belongs(block: &Block, first: &Entry, second: &Entry) -> bool {
    match (first, second) {
        (Entry::Attribute(a), Entry::Attribute(b)) => {
            &*block.word.text == "step" && PAIRS.contains(&(&*a.name.text, &*b.name.text))
        }
        (Entry::Attribute(_), Entry::Flag(_)) => &*block.word.text == "returns",
        (Entry::Flag(_), Entry::Value(_)) => true,
        _ => false,
    }
}

fn name(entry: &Entry) -> &str {
    match entry {
        Entry::Attribute(attribute) => &attribute.name.text,
        Entry::Flag(word) => &word.text,
        Entry::Value(_) => "",
        Entry::Block(block) => &block.word.text,
    }
}

pub(super) fn is_note(entry: &Entry) -> bool {
    name(entry) == "note"
}

/// A note in triple quotes is closed; the `end` of its snippet is another one.
pub(super) fn has_end_of_its_own(block: &Block, text: &str) -> bool {
    let is_block = |entry: &Entry| match entry {
        Entry::Value(value) => text[value.span.range()].starts_with("\"\"\""),
        _ => false,
    };
    &*block.word.text == "note" && block.entries.iter().any(is_block)
}
