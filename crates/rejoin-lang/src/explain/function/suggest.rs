//! What of a function could run at the same time: neighbouring steps that only read outside, and not what the others bring.
//!
//! A failure is a value there, which stays with its name until someone uses it; branches of a block that collects them all
//! keep it so. No step that may change something outside is moved, none that writes to the console, and none in a
//! transaction, which is one connection.

use std::collections::HashMap;
use std::fmt::Write;

use super::super::Suggestion;
use super::{critical, is_outside, of_interest, outline};
use crate::cov;
use crate::cov::ast::Block;
use crate::plan::{Action, FunctionCallee, FunctionStep, Functions, Operand};
use crate::source::{SourceId, Span};
use crate::step_spec::{Effect, StepCatalog};

/// Looks for such steps in one function and those that it calls, or everywhere.
pub fn suggest_functions(
    functions: &Functions,
    catalog: &dyn StepCatalog,
    subject: Option<usize>,
) -> Vec<Suggestion> {
    let Some(source) = functions.sources.files().first() else { return Vec::new() };
    let (file, _) = cov::parse(source, SourceId::default());
    let mut spans = HashMap::new();
    file.blocks.iter().for_each(|block| all(block, &mut spans));
    let written = |step: &FunctionStep| {
        let span = spans.get(&step.span.start).copied().unwrap_or(step.span);
        laid_out(&source.text[span.range()], column(&source.text, span))
    };
    let mut found = Vec::new();
    for index in of_interest(functions, subject) {
        let function = &functions.functions[index];
        let mut search = Search { functions, catalog, groups: Vec::new() };
        search.steps(function.body.as_deref().unwrap_or_default());
        let now = critical::of(functions, index).calls.len();
        for group in search.groups {
            let steps: Vec<String> = group.iter().map(|step| written(step)).collect();
            found.push(Suggestion {
                body: function.id.to_string(),
                location: functions.sources.location(group[0].span),
                rewrite: rewrite(&group, &steps),
                steps,
                saving: (now, now.saturating_sub(group.len() - 1)),
            });
        }
    }
    found
}

/// Where each step ends that begins at this place.
fn all(block: &Block, spans: &mut HashMap<u32, Span>) {
    if &*block.word.text == "step" {
        spans.insert(block.word.span.start, block.span);
    }
    block.blocks().for_each(|inner| all(inner, spans));
}

fn column(text: &str, span: Span) -> usize {
    let before = &text[..span.range().start];
    before.len() - before.rfind('\n').map_or(0, |at| at + 1)
}

/// A step without the indentation that its place in the file gives it.
fn laid_out(text: &str, column: usize) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |out, line| {
        let indent = line.len() - line.trim_start().len();
        out + "\n" + line.get(indent.min(column)..).unwrap_or_default()
    })
}

struct Search<'p> {
    functions: &'p Functions,
    catalog: &'p dyn StepCatalog,
    groups: Vec<Vec<&'p FunctionStep>>,
}

impl<'p> Search<'p> {
    fn steps(&mut self, steps: &'p [FunctionStep]) {
        let mut group: Vec<&FunctionStep> = Vec::new();
        for step in steps {
            let reads = self.reads_outside(step);
            if !reads || !is_apart(step, &group) {
                self.close(&mut group);
            }
            if reads {
                group.push(step);
            }
            if !matches!(step.action, Action::Transaction(_)) {
                step.inner(|steps| self.steps(steps));
            }
        }
        self.close(&mut group);
    }

    fn close(&mut self, group: &mut Vec<&'p FunctionStep>) {
        let done = std::mem::take(group);
        if done.len() > 1 {
            self.groups.push(done);
        }
    }

    /// Whether a step reaches outside, changes nothing there, and gives what it brings a name.
    fn reads_outside(&self, step: &FunctionStep) -> bool {
        let is_read = match &step.action {
            Action::Call(call) if !call.handlers.is_empty() => false,
            Action::Call(call) => match call.callee {
                FunctionCallee::Function(index) => {
                    let effects = self.functions.functions[index].effects.iter();
                    let mut effects = effects.map(|(effect, _)| &**effect);
                    self.functions.effect(index, self.catalog) == Effect::Read
                        && !effects.any(|effect| matches!(effect, "console" | "timers"))
                }
                FunctionCallee::Library(function) => {
                    function.reads
                        && is_outside(function.effect)
                        && function.effect != Some("timers")
                }
                FunctionCallee::Unknown => false,
            },
            Action::Data(data) => {
                outline::is_remote(self.functions, data)
                    && self.functions.effect_of(data, self.catalog) == Effect::Read
            }
            _ => false,
        };
        is_read && step.output.is_some()
    }
}

/// Whether a step reads nothing that one of the group brings, and brings something else.
fn is_apart(step: &FunctionStep, group: &[&FunctionStep]) -> bool {
    let brought: Vec<&str> = group.iter().filter_map(|step| step.output.as_deref()).collect();
    let mut is_apart = step.output.as_deref().is_none_or(|name| !brought.contains(&name));
    step.operands(&mut |operand| {
        let path = match operand {
            Operand::Path(path, _) | Operand::Node(path) => path,
            Operand::Literal(_) | Operand::Default(..) => return,
        };
        let reads = |name: &&str| {
            path.strip_prefix(*name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        is_apart &= !brought.iter().any(reads);
    });
    is_apart
}

/// The same steps as branches, and their names as they were.
fn rewrite(group: &[&FunctionStep], steps: &[String]) -> String {
    let names: Vec<&str> = group.iter().filter_map(|step| step.output.as_deref()).collect();
    let id = |step: &FunctionStep, what: &str| format!("{}.{what}", step.id);
    let together = id(group[0], "together");
    let result = free("together", &names);
    let mut out = format!("step id=\"{together}\" kind=\"parallel\"\n  on_error=\"collect_all\"\n");
    for (name, step) in names.iter().zip(steps) {
        let _ = writeln!(out, "  branch id=\"{name}\"");
        for line in step.lines() {
            let _ = writeln!(out, "    {line}");
        }
        let _ = writeln!(out, "  end");
    }
    let _ = writeln!(out, "  as=\"{result}\"\nend");
    for (name, step) in names.iter().zip(group) {
        let id = id(step, "name");
        let _ = writeln!(out, "step id=\"{id}\" kind=\"bind\"");
        let _ = writeln!(out, "  from=\"{result}.{name}\"\n  as=\"{name}\"\nend");
    }
    out
}

fn free(wanted: &str, names: &[&str]) -> String {
    let mut name = wanted.to_owned();
    while names.contains(&&*name) {
        name.push('_');
    }
    name
}
