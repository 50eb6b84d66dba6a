//! The tree for people.

use std::fmt::Write;

use super::critical::Critical;
use super::{Body, Entry, Kind};

pub(super) fn of(bodies: &[Body]) -> String {
    let mut out = String::new();
    for (n, body) in bodies.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{}  ({})", body.name, body.location);
        entries(&mut out, &body.entries, "");
        critical(&mut out, &body.critical);
    }
    out
}

fn entries(out: &mut String, list: &[Entry], indent: &str) {
    for (n, entry) in list.iter().enumerate() {
        let is_last = n + 1 == list.len();
        let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let _ = writeln!(out, "{indent}{branch}{}", headline(entry));
        let below = format!("{indent}{below}");
        let facts = facts(entry);
        if !facts.is_empty() {
            let bar = if entry.parts.is_empty() { "  " } else { "│ " };
            let _ = writeln!(out, "{below}{bar}{facts}");
        }
        for (n, part) in entry.parts.iter().enumerate() {
            let is_last = n + 1 == entry.parts.len();
            let (branch, inner) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let _ = writeln!(out, "{below}{branch}{}:", part.label);
            entries(out, &part.entries, &format!("{below}{inner}"));
        }
    }
}

pub(super) fn headline(entry: &Entry) -> String {
    let when = entry.guard.iter().map(|guard| format!("[{guard}] ")).collect::<String>();
    let what = &entry.what;
    when + &match &entry.kind {
        Kind::Call => what.clone(),
        Kind::Fork(task) => format!("fork {task}: {what}"),
        kind if what.is_empty() => kind.word().to_owned(),
        kind => format!("{} {what}", kind.word()),
    }
}

fn facts(entry: &Entry) -> String {
    let mut facts = Vec::new();
    if !entry.reads.is_empty() {
        facts.push(format!("reads {}", entry.reads.join(", ")));
    }
    if !entry.writes.is_empty() {
        facts.push(format!("writes {}", entry.writes.join(", ")));
    }
    facts.join(" · ")
}

fn critical(out: &mut String, critical: &Critical) {
    let Critical { calls, total, is_cut } = critical;
    if *total > 0 {
        let of = if *total == 1 { "call" } else { "calls" };
        let _ = writeln!(out, "critical path: {} of {total} {of} to the outside", calls.len());
        for (n, (what, location)) in calls.iter().enumerate() {
            let _ = writeln!(out, "  {}. {what}  ({location})", n + 1);
        }
    }
    if *is_cut {
        out.push_str("the program is too large: the critical path was not searched to its end\n");
    }
}
