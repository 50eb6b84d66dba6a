//! What the syntax alone can say about a tree: ids, the shape of concurrency, operations, the order of sections.

use std::collections::HashMap;

use super::ast::{Block, File, ValueKind, Word};
use super::form;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;

/// So many branches may be told to run at once: more than a program can have.
const MOST_AT_ONCE: i64 = 1_000_000;

/// Every problem of this kind, in no order. Nesting is bounded by the parser.
pub(super) fn check(file: &File) -> Vec<Diagnostic> {
    let mut rules = Rules { problems: Vec::new(), steps: HashMap::new() };
    let snippets = file.blocks.iter().filter(|block| is(block, "snippet"));
    rules.unique(snippets.clone(), Code::COV_DUPLICATE_SNIPPET);
    for snippet in snippets {
        rules.snippet(snippet);
    }
    // Steps that stand alone are one list.
    rules.steps.clear();
    for step in file.blocks.iter().filter(|block| is(block, "step")) {
        rules.block(step, Place::default());
    }
    for refactor in file.blocks.iter().filter(|block| is(block, "refactor")) {
        rules.steps.clear();
        rules.block(refactor, Place { in_refactor: true, ..Place::default() });
    }
    rules.problems
}

struct Rules<'f> {
    problems: Vec<Diagnostic>,
    /// The ids of the steps of this snippet.
    steps: HashMap<&'f str, Span>,
}

/// What a step stands in.
#[derive(Clone, Copy, Default)]
struct Place {
    transaction: Option<Span>,
    branch: Option<Span>,
    in_refactor: bool,
}

impl<'f> Rules<'f> {
    fn snippet(&mut self, snippet: &'f Block) {
        if let (Some(kind), Some(attribute)) = (snippet.text("kind"), snippet.attribute("kind")) {
            if !form::SNIPPET_KINDS.contains(&kind) {
                let span = attribute.value.span;
                self.unknown(span, "kind of snippet", kind, form::SNIPPET_KINDS.iter().copied());
            } else if kind.starts_with("extern")
                && let Some(id) = snippet.attribute("id")
                && snippet.text("id").is_some_and(|id| !id.contains('.'))
            {
                let message = format!("the id of an `{kind}` snippet has no dot");
                self.problems.push(
                    Diagnostic::new(Code::COV_EXTERN_ID, id.value.span, message)
                        .label("needs the module it belongs to")
                        .help("write it like `module.name`"),
                );
            }
        }
        let mut last: Option<(usize, &Word)> = None;
        for section in snippet.blocks() {
            let Some(at) = form::SECTIONS.iter().position(|name| *name == &*section.word.text)
            else {
                continue;
            };
            if let Some((before, word)) = last.filter(|(before, _)| *before > at) {
                let message = format!(
                    "`{}` usually stands before `{}`",
                    section.word.text,
                    form::SECTIONS[before]
                );
                self.problems.push(
                    Diagnostic::new(Code::COV_ORDER, section.word.span, message)
                        .label("stands behind it")
                        .also(word.span, "it stands here")
                        .help("move it up"),
                );
                continue;
            }
            last = Some((at, &section.word));
        }
        for word in ["body", "signature"] {
            self.only_one(snippet, word, "a snippet has one");
        }
        // The tables of a database may be written as structs, too.
        for types in snippet.blocks().filter(|section| is(section, "types")) {
            if snippet.text("kind") == Some("database") {
                self.distinct(types, "struct");
            }
        }
        for signature in snippet.blocks().filter(|section| is(section, "signature")) {
            self.only_one(signature, "fn", "a signature has one");
            for function in signature.blocks() {
                self.distinct(function, "param");
                self.only_one(function, "returns", "what may be several is `returns union`");
            }
        }
        self.steps.clear();
        self.block(snippet, Place::default());
    }

    /// Only the first of several would count.
    fn only_one(&mut self, block: &Block, word: &str, why: &str) {
        let mut found = block.blocks().filter(|inner| is(inner, word));
        if let (Some(first), Some(second)) = (found.next(), found.next()) {
            let message = format!("`{word}` is written twice: {why}");
            self.problems.push(
                Diagnostic::new(Code::COV_REPEATED, second.word.span, message)
                    .label("again here")
                    .also(first.word.span, "first here")
                    .help("put them together, or remove one of them"),
            );
        }
    }

    /// A value comes from one place: of several all but one would not count.
    fn one_source(&mut self, block: &Block) {
        let is_value = match block.text("kind").filter(|_| is(block, "step")) {
            Some(kind) => matches!(kind, "bind" | "return" | "construct"),
            None => !is(block, "step"),
        };
        if !is_value {
            return;
        }
        let named = |name: &str| block.attribute(name).map(|attribute| attribute.name.span);
        let sources = ["from", "var", "lit", "of"].into_iter().filter_map(named);
        let inner = block.blocks().filter(|inner| {
            matches!(&*inner.word.text, "struct" | "variant" | "collection") && is(block, "step")
        });
        let mut all: Vec<Span> = sources.chain(inner.map(|inner| inner.word.span)).collect();
        all.sort_by_key(|span| span.start);
        if let [first, second, ..] = all[..] {
            let problem =
                Diagnostic::new(Code::COV_UNEXPECTED, second, "a second source of the value")
                    .label("there is one already")
                    .also(first, "this one");
            self.problems.push(problem.help("remove one of them"));
        }
    }

    /// Names of parts, each of which there is once.
    fn distinct(&mut self, block: &Block, word: &str) {
        let mut names: HashMap<&str, Span> = HashMap::new();
        for part in block.blocks().filter(|part| is(part, word)) {
            let (Some(name), Some(attribute)) = (part.text("name"), part.attribute("name")) else {
                continue;
            };
            let span = attribute.value.span;
            if let Some(first) = names.insert(name, span) {
                let shown: String = name.chars().take(40).collect();
                let message = format!("two parts of `{}` are called `{shown}`", block.word.text);
                self.problems.push(
                    Diagnostic::new(Code::COV_REPEATED, span, message)
                        .label("again here")
                        .also(first, "first here")
                        .help("give one of them another name"),
                );
            }
        }
    }

    fn block(&mut self, block: &'f Block, mut place: Place) {
        match &*block.word.text {
            "step" | "input" | "arg" | "item" | "set" | "field" => self.one_source(block),
            _ => {}
        }
        match &*block.word.text {
            // Values of fields are counted where their types are known.
            "struct" | "variant" if block.attribute("name").is_some() => {
                self.distinct(block, "field");
            }
            "schema" => self.distinct(block, "table"),
            "table" => self.distinct(block, "field"),
            "enum" => self.distinct(block, "variant"),
            _ => {}
        }
        if is(block, "step") {
            place = self.step(block, place);
        } else if is(block, "branch") {
            place.branch = Some(block.word.span);
        } else if is(block, "test") {
            // Every test has steps, names and ids of its own.
            if let (Some(kind), Some(attribute)) = (block.text("kind"), block.attribute("kind"))
                && !form::TEST_KINDS.contains(&kind)
            {
                let span = attribute.value.span;
                self.unknown(span, "kind of test", kind, form::TEST_KINDS.iter().copied());
            }
            let outer = std::mem::take(&mut self.steps);
            block.blocks().for_each(|child| self.block(child, Place::default()));
            self.steps = outer;
            return;
        }
        block.blocks().for_each(|child| self.block(child, place));
    }

    fn step(&mut self, step: &'f Block, mut place: Place) -> Place {
        if let (Some(id), Some(attribute)) = (step.text("id"), step.attribute("id")) {
            let span = attribute.value.span;
            match self.steps.get(id) {
                Some(first) => {
                    let problem = duplicate(Code::COV_DUPLICATE_ID, "steps", id, span, *first);
                    self.problems.push(problem);
                }
                None => {
                    self.steps.insert(id, span);
                }
            }
        }
        if step.text("kind") != Some("call")
            && let Some(handle) = step.blocks().find(|block| is(block, "handle"))
        {
            let problem = Diagnostic::new(
                Code::COV_UNEXPECTED,
                handle.word.span,
                "`handle` of what is no call",
            );
            self.problems.push(
                problem.label("unexpected").help("remove it, and look at the value with `match`"),
            );
        }
        for word in ["then", "else", "handle", "where"] {
            self.only_one(step, word, "a step has one");
        }
        match step.text("kind") {
            Some("compute") => self.compute(step),
            Some("call") => {
                if let (Some(function), Some(tool)) = (step.attribute("fn"), step.attribute("tool"))
                {
                    let (a, b) = (function.name.span, tool.name.span);
                    let (first, second) = if a.start < b.start { (a, b) } else { (b, a) };
                    let problem =
                        Diagnostic::new(Code::COV_UNEXPECTED, second, "a call of two things")
                            .label("there is one already")
                            .also(first, "this one");
                    self.problems.push(problem.help("remove one of them"));
                }
            }
            Some(kind @ ("update_snippet" | "update_all")) if !place.in_refactor => {
                let message = format!("`{kind}` outside of a `refactor` block");
                self.problems.push(
                    Diagnostic::new(Code::COV_UNEXPECTED, step.word.span, message)
                        .label("changes the program itself")
                        .help("move it into `refactor id=\"name\" … end`"),
                );
            }
            Some("transaction") => place.transaction = Some(step.word.span),
            Some(kind @ ("parallel" | "race")) => self.concurrency(step, kind, place),
            Some("return") if place.branch.is_some() => self.problems.push(
                Diagnostic::new(
                    Code::COV_RETURN_IN_BRANCH,
                    step.word.span,
                    "this `return` ends its branch, not the function",
                )
                .label("gives the branch its value")
                .help("if the function should end, return behind the concurrency step"),
            ),
            _ => {}
        }
        place
    }

    fn compute(&mut self, step: &Block) {
        let (Some(operation), Some(attribute)) = (step.text("op"), step.attribute("op")) else {
            return;
        };
        let Some(wanted) = form::inputs(operation) else {
            let span = attribute.value.span;
            return self.unknown(span, "operation", operation, form::operations());
        };
        let given = step.blocks().filter(|block| is(block, "input")).count();
        if !wanted.contains(&given) {
            let (least, most) = (wanted.start(), wanted.end());
            let count =
                if least == most { least.to_string() } else { format!("{least} to {most}") };
            let inputs = if count == "1" { "input" } else { "inputs" };
            let message = format!("`{operation}` takes {count} {inputs}, not {given}");
            self.problems.push(
                Diagnostic::new(Code::COV_INPUTS, attribute.value.span, message)
                    .label(format!("has {given}"))
                    .help("write one `input` line for each"),
            );
        }
    }

    fn concurrency(&mut self, step: &'f Block, kind: &str, place: Place) {
        if let Some(transaction) = place.transaction {
            let message = format!("`{kind}` inside a transaction");
            self.problems.push(
                Diagnostic::new(Code::COV_IN_TRANSACTION, step.word.span, message)
                    .label("a transaction is one connection, which does one thing at a time")
                    .also(transaction, "the transaction")
                    .help("move it before or behind the transaction"),
            );
        }
        // A race has one value, so it cannot collect.
        let on_error: &[&str] = match kind {
            "race" => &["fail_fast", "ignore_errors"],
            _ => &["fail_fast", "collect_all", "ignore_errors"],
        };
        let policies: [(&str, Code, &[&str]); 2] = [
            ("on_error", Code::COV_ON_ERROR, on_error),
            ("on_timeout", Code::COV_ON_TIMEOUT, &["cancel", "return_partial"]),
        ];
        for (name, code, allowed) in policies {
            let Some(attribute) = step.attribute(name) else { continue };
            let value = step.text(name).unwrap_or_default();
            if !allowed.contains(&value) {
                let help = match nearest(value, allowed.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("write one of {}", allowed.join(", ")),
                };
                let message = format!("`{name}` has a value that it cannot have");
                let problem = Diagnostic::new(code, attribute.value.span, message);
                self.problems.push(problem.label("unknown").help(help));
            }
        }
        if let Some(limit) = step.attribute("limit")
            && !matches!(limit.value.kind, ValueKind::Int(1..=MOST_AT_ONCE))
        {
            let message = format!("a limit that is no whole number from 1 to {MOST_AT_ONCE}");
            self.problems.push(
                Diagnostic::new(Code::COV_BAD_VALUE, limit.value.span, message)
                    .label("does not fit here")
                    .help("write how many branches may run at once, such as `limit=10`"),
            );
        }
        let branches: Vec<&Block> = step.blocks().filter(|block| is(block, "branch")).collect();
        self.unique(branches.iter().copied(), Code::COV_DUPLICATE_ID);
        if branches.is_empty() {
            let message = format!("`{kind}` without a branch");
            self.problems.push(
                Diagnostic::new(Code::COV_NO_BRANCH, step.word.span, message)
                    .label("has nothing to run")
                    .help("add `branch id=\"name\"` with steps in it, then `end`"),
            );
        }
        if let ("race", [only]) = (kind, &*branches) {
            self.idle(only.word.span, "a race with one branch", "add another branch");
        }
        if let (Some(attribute), None) = (step.attribute("on_timeout"), step.attribute("timeout")) {
            let span = attribute.name.span;
            self.idle(span, "`on_timeout` without `timeout`", "add `timeout`, or remove it");
        }
        for branch in branches {
            if !branch.blocks().any(|block| is(block, "step")) {
                self.idle(branch.word.span, "a branch without steps", "add a step");
            }
            if let (Some(id @ ("successes" | "failures")), Some(attribute), "parallel") =
                (branch.text("id"), branch.attribute("id"), kind)
            {
                let message = format!("a branch named `{id}` hides the list of that name");
                self.problems.push(
                    Diagnostic::new(Code::COV_SHADOWED_VIEW, attribute.value.span, message)
                        .label("the result has such a list already")
                        .help("give the branch another id"),
                );
            }
        }
    }

    fn idle(&mut self, span: Span, message: &str, help: &str) {
        let problem = Diagnostic::new(Code::COV_IDLE_PART, span, message);
        self.problems.push(problem.label("has no effect").help(help));
    }

    fn unknown(
        &mut self,
        span: Span,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'static str> + Clone,
    ) {
        let help = match nearest(name, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.clone().nth(20).is_some() => "take one that the language has".to_owned(),
            None => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        };
        let shown: String = name.chars().take(40).collect();
        let message = format!("`{shown}` is no {what}");
        let problem = Diagnostic::new(Code::COV_UNKNOWN_WORD, span, message);
        self.problems.push(problem.label("unknown").help(help));
    }

    fn unique<'b>(&mut self, blocks: impl Iterator<Item = &'b Block>, code: Code) {
        let mut ids: HashMap<&str, Span> = HashMap::new();
        for block in blocks {
            let (Some(id), Some(attribute)) = (block.text("id"), block.attribute("id")) else {
                continue;
            };
            let span = attribute.value.span;
            match ids.get(id) {
                Some(first) => {
                    let what = if is(block, "branch") { "branches" } else { "snippets" };
                    self.problems.push(duplicate(code, what, id, span, *first));
                }
                None => {
                    ids.insert(id, span);
                }
            }
        }
    }
}

fn duplicate(code: Code, what: &str, id: &str, span: Span, first: Span) -> Diagnostic {
    let shown: String = id.chars().take(40).collect();
    Diagnostic::new(code, span, format!("two {what} have the id `{shown}`"))
        .label("again here")
        .also(first, "first here")
        .help("give one of them another id")
}

fn is(block: &Block, word: &str) -> bool {
    &*block.word.text == word
}
