//! Names that are bound again: on one path, and from inside a branch.

use std::collections::HashMap;

use super::super::ast::{Block, ValueKind};
use super::program::Program;
use super::{is, parts, place, shown};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    for body in program.bodies() {
        let mut walk = Walk { problems, bound: HashMap::new(), order: Vec::new() };
        for param in body.signature.into_iter().flat_map(|signature| parts(signature, "param")) {
            if let Some(name) = param.text("name") {
                walk.add(
                    name,
                    Bound {
                        span: place(param, "name"),
                        is_mut: false,
                        branches: 0,
                        is_pattern: false,
                    },
                );
            }
        }
        let place = Place { may_rebind: false, branches: 0 };
        body.steps.iter().for_each(|step| walk.step(step, place));
    }
}

#[derive(Clone, Copy)]
struct Bound {
    span: Span,
    is_mut: bool,
    /// How many branches were around it.
    branches: usize,
    is_pattern: bool,
}

#[derive(Clone, Copy)]
struct Place {
    /// In a loop or a handler names may be bound again.
    may_rebind: bool,
    branches: usize,
}

struct Walk<'p, 'f> {
    problems: &'p mut Vec<Diagnostic>,
    bound: HashMap<&'f str, Bound>,
    /// What was bound anew, in order, so that leaving a path can forget it.
    order: Vec<&'f str>,
}

impl<'f> Walk<'_, 'f> {
    fn add(&mut self, name: &'f str, bound: Bound) {
        if self.bound.insert(name, bound).is_none() {
            self.order.push(name);
        }
    }

    /// Forgets what was bound since then and gives it back.
    fn leave(&mut self, since: usize) -> Vec<(&'f str, Bound)> {
        let gone = self.order.split_off(since);
        gone.into_iter().filter_map(|name| Some((name, self.bound.remove(name)?))).collect()
    }

    fn steps(&mut self, block: &'f Block, place: Place) {
        parts(block, "step").for_each(|step| self.step(step, place));
    }

    fn step(&mut self, step: &'f Block, place: Place) {
        let before = self.order.len();
        match step.text("kind").unwrap_or_default() {
            "if" => self.apart(parts(step, "then").chain(parts(step, "else")), place),
            "match" => self.apart(parts(step, "case"), place),
            "for" => {
                if let Some(name) = step.text("var") {
                    self.bind(name, super::place(step, "var"), false, place);
                }
                self.steps(step, Place { may_rebind: true, ..place });
            }
            "parallel" | "race" => {
                for branch in parts(step, "branch") {
                    let since = self.order.len();
                    self.steps(branch, Place { may_rebind: false, branches: place.branches + 1 });
                    self.leave(since);
                }
            }
            "call" => {
                let cases = parts(step, "handle").flat_map(|handle| parts(handle, "case"));
                self.apart(cases, Place { may_rebind: true, ..place });
            }
            _ => self.steps(step, place),
        }
        let Some(name) = step.text("as").filter(|name| *name != "_") else { return };
        // What a step's own parts gave the name to is what the step gives it to.
        if !self.order[before..].contains(&name) {
            self.bind(name, super::place(step, "as"), step.has_flag("mut"), place);
        }
    }

    /// Paths of which one is taken: what they bind can be read behind them, and is not bound twice.
    fn apart(&mut self, paths: impl Iterator<Item = &'f Block>, place: Place) {
        let mut all = Vec::new();
        for path in paths {
            let since = self.order.len();
            for (name, span) in pattern_names(path) {
                // Names such as `error` come again in one match after the other.
                let again = self.bound.get(name).is_some_and(|earlier| earlier.is_pattern);
                let may_rebind = place.may_rebind || again;
                self.bind(name, span, false, Place { may_rebind, ..place });
                if let Some(bound) = self.bound.get_mut(name).filter(|bound| bound.span == span) {
                    bound.is_pattern = true;
                }
            }
            self.steps(path, place);
            let bound = self.leave(since);
            // Nobody comes from there to what stands behind.
            if !parts(path, "step").any(|step| step.text("kind") == Some("return")) {
                all.extend(bound);
            }
        }
        all.into_iter().for_each(|(name, bound)| self.add(name, bound));
    }

    fn bind(&mut self, name: &'f str, span: Span, is_mut: bool, place: Place) {
        let bound = Bound { span, is_mut, branches: place.branches, is_pattern: false };
        let Some(earlier) = self.bound.get(name).copied() else { return self.add(name, bound) };
        let shown = shown(name);
        if earlier.branches < place.branches {
            let problem = if earlier.is_mut {
                let message = format!("a branch binds `{shown}` again, which is `mut` outside");
                Diagnostic::new(Code::COV_REBOUND_MUT, span, message).label("does not change it")
            } else {
                let message = format!("a branch binds `{shown}` again");
                Diagnostic::new(Code::COV_REBOUND_IN_BRANCH, span, message)
                    .label("known in this branch only")
            };
            let help = "take another name, and read it from the result of the step";
            self.problems.push(problem.also(earlier.span, "bound outside").help(help));
            // Said once a branch; what the name was comes back behind it.
            return;
        }
        if !place.may_rebind {
            let message = format!("`{shown}` is bound twice on one path");
            self.problems.push(
                Diagnostic::new(Code::COV_BOUND_TWICE, span, message)
                    .label("again here")
                    .also(earlier.span, "first here")
                    .help("take another name"),
            );
        }
    }
}

fn pattern_names(case: &Block) -> Vec<(&str, Span)> {
    let mut names = Vec::new();
    for attribute in case.attributes() {
        match (&*attribute.name.text, &attribute.value.kind) {
            ("bindings" | "fields", ValueKind::Names(all)) if is(case, "case") => {
                names.extend(all.iter().map(|name| (&**name, attribute.value.span)));
            }
            ("binding", ValueKind::Text(name)) => names.push((&**name, attribute.value.span)),
            _ => {}
        }
    }
    names
}
