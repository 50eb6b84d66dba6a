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
        for call in function.calls() {
            let name = call.text("fn").unwrap_or_default();
            let Some(callee) = program.resolve(name) else {
                if let Some(effect) = program.library(name).and_then(|function| function.effect) {
                    outside(call, effect, &own, problems);
                    unheld(call, effect, &own, problems);
                }
                continue;
            };
            let callee = &program.functions[callee];
            // A declaration of what the library has limits nothing.
            if callee.body.is_empty()
                && let Some(effect) = program.library(callee.id).and_then(|known| known.effect)
            {
                unheld(call, effect, &own, problems);
            }
            for (name, _, needs) in effects(callee) {
                let mut declared = own.iter().filter(|(own, ..)| *own == name).peekable();
                let Some((_, first, _)) = declared.peek() else { continue };
                let first = first.word.span;
                if declared.any(|(_, _, allows)| covers(allows, needs)) {
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
    call: &Block,
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
    let called = call.text("fn").unwrap_or_default();
    problems.push(
        Diagnostic::new(Code::COV_EFFECT_PARAMETER, declared.word.span, message)
            .label("would be no limit")
            .also(place(call, "fn"), format!("`{}` is not limited by it", shown(called)))
            .help("leave the parameter out; `filesystem` alone can be limited, to a folder: `effect filesystem(path=\"/srv\")`"),
    );
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

/// Whether each limit of the caller is one of the callee, too. What the caller does not mention is not limited.
fn covers(allows: &Parameters, needs: &Parameters) -> bool {
    allows.iter().all(|(name, allowed)| {
        let needed = needs.iter().find(|(needed, _)| needed == name).map(|(_, value)| value);
        match (&**name, allowed, needed) {
            (_, _, None) => false,
            ("path", ValueKind::Text(outer), Some(ValueKind::Text(inner))) => {
                is_below(inner, outer)
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
