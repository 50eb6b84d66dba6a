//! What could run at the same time: neighbouring calls to the outside that only read, and do not read what each other
//! brings.
//!
//! Only calls whose output has a name of its own are looked at, so that a rewrite can put everything where it was. No step
//! that may change something outside is moved, and none is moved past one.

use std::fmt::Write;
use std::sync::Arc;

use rejoin_value::jq::PathKey;

use super::{Subject, critical, outline, target};
use crate::check::writes_outside;
use crate::jq_facts::JqFacts;
use crate::plan::{Block, Call, Callee, Node, NodeKind, Output, Plan};
use crate::step_spec::{Effect, StepCatalog};

/// Steps that do not depend on each other.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The body that they stand in.
    pub body: String,
    /// `file:line` of the first of them.
    pub location: String,
    /// The steps as they stand there.
    pub steps: Vec<String>,
    /// What to write instead.
    pub rewrite: String,
    /// How many calls to the outside wait for each other in the body: now, and then.
    pub saving: (usize, usize),
}

/// Looks for such steps in one body and the pipelines that it calls, or everywhere.
pub fn suggest(
    plan: &Plan,
    catalog: &dyn StepCatalog,
    subject: Option<Subject>,
) -> Vec<Suggestion> {
    let subjects = match subject {
        Some(subject) => target::reachable(plan, subject),
        None => target::all(plan),
    };
    let mut found = Vec::new();
    for subject in subjects {
        let (name, _, block) = target::body(plan, subject);
        let now = critical::of(plan, catalog, block).calls.len();
        let mut search = Search { catalog, jq: JqFacts::default(), groups: Vec::new() };
        search.block(block);
        for group in search.groups {
            found.push(Suggestion {
                body: name.clone(),
                location: plan.sources.location(group[0].span),
                steps: group.iter().map(|node| written(plan, node)).collect(),
                rewrite: rewrite(plan, &group),
                // They take as long as the slowest of them.
                saving: (now, now.saturating_sub(group.len() - 1)),
            });
        }
    }
    found
}

/// All suggestions, for people.
pub fn suggestions_as_text(found: &[Suggestion]) -> String {
    if found.is_empty() {
        return "nothing to suggest: no neighbouring calls could run at the same time\n".to_owned();
    }
    let mut out = String::new();
    for (n, one) in found.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let count = one.steps.len();
        let _ = writeln!(out, "{}  ({})", one.body, one.location);
        let _ = writeln!(out, "these {count} steps do not depend on each other:");
        for step in &one.steps {
            let _ = writeln!(out, "  {}", outline::short(step));
        }
        let (now, then) = one.saving;
        let _ = writeln!(
            out,
            "at the same time they take as long as the slowest of them, not as their sum; the critical path gets {} of {now} calls shorter:",
            now - then,
        );
        for line in one.rewrite.lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}

struct Search<'p> {
    catalog: &'p dyn StepCatalog,
    jq: JqFacts,
    groups: Vec<Vec<&'p Node>>,
}

impl<'p> Search<'p> {
    fn block(&mut self, block: &'p Block) {
        let mut group: Vec<&'p Node> = Vec::new();
        for node in &block.nodes {
            let name = self.read_only(node);
            let fits = name.is_some_and(|name| self.is_apart(node, name, &group));
            if !fits {
                self.close(&mut group);
            }
            if name.is_some() {
                group.push(node);
            }
            for (_, inner) in outline::parts(&node.kind) {
                self.block(inner);
            }
        }
        self.close(&mut group);
    }

    fn close(&mut self, group: &mut Vec<&'p Node>) {
        let done = std::mem::take(group);
        if done.len() > 1 {
            self.groups.push(done);
        }
    }

    /// The name of the output of a call that reaches outside and changes nothing there; it always runs.
    fn read_only(&self, node: &'p Node) -> Option<&'p Arc<str>> {
        let NodeKind::Call(call) = &node.kind else { return None };
        let Output::Data { name: Some(name), .. } = &call.output else { return None };
        let Callee::Step(step) = &call.callee else { return None };
        let spec = self.catalog.spec(step)?;
        let reads =
            spec.effect != Effect::None && writes_outside(call, spec, self.catalog).is_none();
        (node.guard.is_none() && reads).then_some(name)
    }

    /// Whether a call reads nothing that one of the group brings.
    fn is_apart(&mut self, node: &Node, name: &str, group: &[&Node]) -> bool {
        let NodeKind::Call(call) = &node.kind else { return false };
        let brought: Vec<&str> = group.iter().filter_map(|node| output(node)).collect();
        if brought.contains(&name) {
            return false;
        }
        let reads = self.reads(call);
        !brought.iter().any(|name| {
            reads.iter().any(|keys| match &keys[..] {
                [] => true,
                [root] => matches!(root, PathKey::Key(key) if **key == *"data"),
                [PathKey::Key(root), PathKey::Key(key), ..] => **root == *"data" && **key == **name,
                [PathKey::Key(root), ..] => **root == *"data",
                _ => true,
            })
        })
    }

    /// The paths that a call reads; the whole state if nobody can say.
    fn reads(&mut self, call: &Call) -> Vec<Vec<PathKey>> {
        let mut reads = Vec::new();
        let fallback = call.policy.fallback.iter().map(|script| &script.text);
        for text in call.args.iter().map(|arg| &arg.text).chain(fallback) {
            let facts = self.jq.inline(text);
            match facts.problems().next() {
                Some(_) => reads.push(Vec::new()),
                None if sees_all(text) => reads.push(Vec::new()),
                None => reads.extend(facts.reads().iter().map(|read| read.keys.clone())),
            }
        }
        reads
    }
}

fn output(node: &Node) -> Option<&str> {
    match &node.kind {
        NodeKind::Call(call) => match &call.output {
            Output::Data { name: Some(name), .. } => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn written(plan: &Plan, node: &Node) -> String {
    plan.sources.text(node.span).trim().to_owned()
}

/// The same steps as branches of a block, and a step that puts their results where they were.
fn rewrite(plan: &Plan, group: &[&Node]) -> String {
    let mut out = String::from("|> parallel\n");
    for node in group {
        let _ = writeln!(out, "  {}:", output(node).unwrap_or("step"));
        let _ = writeln!(out, "    {}", written(plan, node));
    }
    let sum: Vec<String> = group
        .iter()
        .filter_map(|node| output(node))
        .map(|name| format!(".async.{name}.data"))
        .collect();
    let _ = writeln!(out, "end");
    let _ = writeln!(out, "|> jq: `.data += {}`", sum.join(" + "));
    out
}

/// Whether a program may look at the whole state: it has a `.` alone, or a filter that no path leads to.
fn sees_all(program: &str) -> bool {
    // What a `)` goes back to: out of an interpolation into its string, or on in the program.
    let mut open = Vec::new();
    let mut in_text = false;
    let mut before = ' ';
    let mut rest = program;
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        if in_text {
            match c {
                '"' => in_text = false,
                '\\' if rest[1..].starts_with('(') => {
                    open.push(true);
                    (in_text, before, len) = (false, '(', 2);
                }
                '\\' => len += rest[1..].chars().next().map_or(0, char::len_utf8),
                _ => {}
            }
            rest = &rest[len..];
            continue;
        }
        match c {
            '"' => in_text = true,
            '(' => open.push(false),
            ')' => in_text = open.pop().unwrap_or(false),
            '.' => {
                let key = rest[1..].trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
                len = rest.len() - key.len();
                if len == 1 && !rest[1..].starts_with(['"', '[']) || rest.starts_with("..") {
                    return true;
                }
            }
            c if c.is_alphabetic() || c == '_' || c == '@' => {
                let word =
                    rest.trim_start_matches(|c: char| c.is_alphanumeric() || "_@".contains(c));
                len = rest.len() - word.len();
                let is_key = word.trim_start().starts_with(':');
                let is_plain = ["true", "false", "null", "and", "or"].contains(&&rest[..len]);
                if !is_key && !is_plain && before != '|' {
                    return true;
                }
            }
            _ => {}
        }
        if !c.is_whitespace() {
            before = c;
        }
        rest = &rest[len..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::sees_all;

    #[test]
    fn a_program_of_paths_does_not_see_all() {
        for program in [
            ".params.id",
            "\"https://a/\" + (.params.id | tostring)",
            "\"https://a/\\(.params.id | @uri)?x=.\"",
            "{ method: \"GET\", headers: { accept: .headers.accept } }",
            "[.a[0], .\"b\", 1.5, true]",
            ".a // null",
        ] {
            assert!(!sees_all(program), "{program}");
        }
        for program in
            [".", ". | tostring", "tostring", "\"\\(.)\"", "keys[0]", "..", "1 + length", "$x | ."]
        {
            assert!(sees_all(program), "{program}");
        }
    }
}
