//! Parameters of effects: what a function limits itself to must hold for what it calls.

use std::sync::Arc;

use super::super::ast::{Block, Entry, ValueKind};
use super::program::{Callable, Program};
use super::{parts, place, shown};
use crate::diagnostic::{Code, Diagnostic};

type Parameters = [(Arc<str>, ValueKind)];

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    for function in &program.functions {
        let own: Vec<(&str, &Block, &Parameters)> = effects(function).collect();
        if own.iter().all(|(_, _, parameters)| parameters.is_empty()) {
            continue;
        }
        for step in function.steps(|kind| data_target(kind).is_some()) {
            on_data(program, step, &own, problems);
        }
        for call in function.calls() {
            let name = call.text("fn").unwrap_or_default();
            let Some(callee) = program.resolve(name) else {
                if let Some(effect) = program.library(name).and_then(|function| function.effect) {
                    outside(call, effect, &own, problems);
                    unheld((call, "fn"), effect, &own, problems);
                }
                continue;
            };
            let callee = &program.functions[callee];
            // A declaration of what the library has limits nothing.
            if callee.body.is_empty()
                && let Some(effect) = program.library(callee.id).and_then(|known| known.effect)
            {
                unheld((call, "fn"), effect, &own, problems);
            }
            for (name, _, needs) in effects(callee) {
                let mut declared = own.iter().filter(|(own, ..)| *own == name).peekable();
                let Some((_, first, _)) = declared.peek() else { continue };
                let first = first.word.span;
                let is_same =
                    |(a, b): (&str, &str)| name == "database" && is_same_database(program, a, b);
                if declared.any(|(_, _, allows)| covers(allows, needs, is_same)) {
                    continue;
                }
                let message =
                    format!("`{}` may do more with `{name}` than its caller", shown(callee.id));
                problems.push(
                    Diagnostic::new(Code::COV_EFFECT_PARAMETER, place(call, "fn"), message)
                        .label("goes beyond what is declared")
                        .also(first, "the caller is limited here")
                        .help("limit the called function as much, or widen this effect"),
                );
            }
        }
    }
}

/// Parameters that no function of the library is held to: whoever reads them would take them for a limit.
fn unheld(
    (step, attribute): (&Block, &str),
    effect: &str,
    own: &[(&str, &Block, &Parameters)],
    problems: &mut Vec<Diagnostic>,
) {
    let declared: Vec<_> = own.iter().filter(|(name, ..)| *name == effect).collect();
    // Beside one without parameters the others limit nothing anyway.
    if declared.iter().any(|(_, _, parameters)| parameters.is_empty()) {
        return;
    }
    let is_held = |name: &str, value: &ValueKind| {
        effect == "filesystem" && name == "path" && matches!(value, ValueKind::Text(_))
    };
    let first = declared.iter().find_map(|(_, declared, parameters)| {
        let (name, _) = parameters.iter().find(|(name, value)| !is_held(name, value))?;
        Some((declared, name))
    });
    let Some((declared, name)) = first else { return };
    let message = format!("nothing holds `{effect}` to this `{}`", shown(name));
    let called = step.text(attribute).unwrap_or_default();
    problems.push(
        Diagnostic::new(Code::COV_EFFECT_PARAMETER, declared.word.span, message)
            .label("would be no limit")
            .also(place(step, attribute), format!("`{}` is not limited by it", shown(called)))
            .help("leave the parameter out; `filesystem` can be limited to a folder, `effect filesystem(path=\"/srv\")`, and `database` to one of the program's, `effect database(name=\"bank\")`"),
    );
}

/// The attribute of a step on data that says where the data is.
fn data_target(kind: &str) -> Option<&'static str> {
    match kind {
        "query" | "update" => Some("target"),
        "insert" => Some("into"),
        "delete" => Some("from"),
        _ => None,
    }
}

/// A step on data: an effect `database` may be limited to one by its name.
fn on_data(
    program: &Program<'_>,
    step: &Block,
    own: &[(&str, &Block, &Parameters)],
    problems: &mut Vec<Diagnostic>,
) {
    let kind = step.text("kind").unwrap_or_default();
    let Some(attribute) = data_target(kind) else { return };
    let Some(whole) = step.text(attribute) else { return };
    let database = match kind {
        "query" => whole,
        _ => whole.rsplit_once('.').map_or(whole, |(database, _)| database),
    };
    let effect = match database {
        "project" => "meta",
        "std.storage" => "std.storage",
        _ => "database",
    };
    let is_name = |(name, value): &(Arc<str>, ValueKind)| {
        &**name == "name" && effect == "database" && text(value).is_some()
    };
    let declared = own.iter().filter(|(name, ..)| *name == effect);
    let declared: Vec<_> = declared.collect();
    if !declared.iter().any(|(_, _, parameters)| parameters.iter().all(is_name)) {
        return unheld((step, attribute), effect, own, problems);
    }
    let allows = |parameters: &Parameters| {
        let mut names = parameters.iter().filter_map(|(_, value)| text(value));
        let is_this = |name: &str| is_same_database(program, name, database);
        parameters.iter().all(is_name) && names.all(is_this)
    };
    if declared.iter().any(|(_, _, parameters)| allows(parameters)) {
        return;
    }
    let Some((_, first, _)) = declared.first() else { return };
    let message = format!("`{}` is another database than `{effect}` names", shown(database));
    problems.push(
        Diagnostic::new(Code::COV_EFFECT_PARAMETER, place(step, attribute), message)
            .label("goes beyond what is declared")
            .also(first.word.span, "the function is limited here")
            .help("name this database there, or leave the parameter out"),
    );
}

/// Whether two names are of one database: its id, or how that ends if no other does. What no database of the program has is only a name.
fn is_same_database(program: &Program<'_>, a: &str, b: &str) -> bool {
    let ids = || {
        let databases = program.snippets.iter().filter(|one| one.text("kind") == Some("database"));
        databases.filter_map(|one| one.text("id"))
    };
    let last = |id: &str| id.rsplit('.').next().map(str::to_owned);
    let ending = |name: &str| ids().filter(|id| last(id).as_deref() == Some(name)).count();
    let whole = |name: &str| {
        let only = || ids().find(|id| last(id).as_deref() == Some(name) && ending(name) == 1);
        ids().find(|id| *id == name).or_else(only).unwrap_or(name).to_owned()
    };
    whole(a) == whole(b)
}

/// Paths that are written out and lie outside of the folders that the caller limits an effect to. Others are looked at when
/// the program runs.
fn outside(
    call: &Block,
    effect: &str,
    own: &[(&str, &Block, &Parameters)],
    problems: &mut Vec<Diagnostic>,
) {
    let folders = own.iter().filter(|(name, ..)| *name == effect);
    let folders: Vec<(&Block, Option<&str>)> = folders
        .map(|(_, declared, parameters)| {
            let path = parameters.iter().find(|(name, _)| &**name == "path");
            (*declared, path.and_then(|(_, value)| text(value)))
        })
        .collect();
    let Some((first, _)) = folders.first() else { return };
    for arg in parts(call, "arg") {
        let is_path = matches!(arg.text("name"), Some("path" | "src" | "dst" | "dest"));
        let written = arg.attribute("lit").and_then(|lit| text(&lit.value.kind));
        let Some(path) = written.filter(|path| is_path && path.starts_with('/')) else { continue };
        let allowed = |folder: &Option<&str>| match folder {
            Some(folder) => !folder.starts_with('/') || is_below(path, folder),
            None => true,
        };
        if !folders.iter().any(|(_, folder)| allowed(folder)) {
            let message = format!("`{}` lies outside of the folder of `{effect}`", shown(path));
            problems.push(
                Diagnostic::new(Code::COV_EFFECT_PARAMETER, place(arg, "lit"), message)
                    .label("goes beyond what is declared")
                    .also(first.word.span, "the function is limited here")
                    .help("take a path within, or widen this effect"),
            );
        }
    }
}

fn text(value: &ValueKind) -> Option<&str> {
    match value {
        ValueKind::Text(text) => Some(text),
        _ => None,
    }
}

fn effects<'f>(
    function: &Callable<'f>,
) -> impl Iterator<Item = (&'f str, &'f Block, &'f Parameters)> {
    let effects = parts(function.snippet, "effects").flat_map(|all| parts(all, "effect"));
    effects.filter_map(|effect| {
        let (mut name, mut parameters): (Option<&str>, &Parameters) = (None, &[]);
        for entry in &effect.entries {
            match entry {
                Entry::Flag(word) => name = Some(&word.text),
                Entry::Value(value) => {
                    if let ValueKind::Parameters(given) = &value.kind {
                        parameters = given;
                    }
                }
                _ => {}
            }
        }
        Some((name?, effect, parameters))
    })
}

/// Whether each limit of the caller is one of the callee, too. What the caller does not mention is not limited. `is_same` says of two names
/// whether they are of the same thing.
fn covers(allows: &Parameters, needs: &Parameters, is_same: impl Fn((&str, &str)) -> bool) -> bool {
    allows.iter().all(|(name, allowed)| {
        let needed = needs.iter().find(|(needed, _)| needed == name).map(|(_, value)| value);
        match (&**name, allowed, needed) {
            (_, _, None) => false,
            ("path", ValueKind::Text(outer), Some(ValueKind::Text(inner))) => {
                is_below(inner, outer)
            }
            ("name", ValueKind::Text(outer), Some(ValueKind::Text(inner))) => {
                outer == inner || is_same((outer, inner))
            }
            (_, allowed, Some(needed)) => allowed == needed,
        }
    })
}

/// Whether a path is another one or lies below it: `/data` is not above `/database`, nor above `/data/../etc`.
fn is_below(inner: &str, outer: &str) -> bool {
    let (below, above) = (components(inner), components(outer));
    inner.starts_with('/') == outer.starts_with('/')
        && below.starts_with(&above)
        && below.get(above.len()).is_none_or(|next| *next != "..")
}

/// The parts of a path without `.` and, but for those that lead out of a relative one, without `..`.
fn components(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
            // Above the root there is only the root.
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn paths_are_compared_part_by_part() {
        assert!(is_below("/data", "/data") && is_below("/data/x", "/data/") && is_below("/x", "/"));
        assert!(!is_below("/database", "/data") && !is_below("/", "/data"));
    }

    #[test]
    fn paths_are_compared_as_what_they_lead_to() {
        for (inner, outer, is) in [
            ("/in/../out", "/in", false),
            ("/in/sub/../../out", "/in", false),
            ("/in/sub/../x", "/in", true),
            ("/out/../in/x", "/in", true),
            ("/in/./x", "/in/.", true),
            ("/in//x", "/in", true),
            ("/../in/x", "/in", true),
            ("/x", "/in/..", true),
            ("in/x", "./in", true),
            ("x", ".", true),
            ("../x", ".", false),
            ("../x", "..", true),
            ("../../x", "..", false),
            ("in/../../x", ".", false),
            ("in/x", "/in", false),
            ("/in/x", "in", false),
        ] {
            assert_eq!(is_below(inner, outer), is, "{inner} {outer}");
        }
    }
}
