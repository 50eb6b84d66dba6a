//! Queries that cost more than their function says, and loops that do what a query could.
//!
//! What a query costs can be told without running it by how much it may have to look at: with conditions or a limit
//! little, a whole collection or a join more, and without bound if it runs once for each element of a list or follows relations
//! however far.

use super::super::ast::{Block, ValueKind};
use super::program::Program;
use super::{is, parts, place, shown};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The words of `cost_hint`, from the cheapest on.
const COSTS: [&str; 3] = ["cheap", "moderate", "expensive"];

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    for function in &program.functions {
        let steps: Vec<&Block> = function.body.clone();
        if let Some((hint, span)) = hint(function.snippet) {
            steps.iter().for_each(|step| exceeded(step, hint, span, false, problems));
        }
        filtered(&steps, &mut Vec::new(), problems);
    }
}

fn hint(snippet: &Block) -> Option<(usize, Span)> {
    let metadata = parts(snippet, "metadata").next()?;
    let hint = metadata.text("cost_hint")?;
    let at = COSTS.iter().position(|cost| *cost == hint)?;
    Some((at, place(metadata, "cost_hint")))
}

fn exceeded(
    block: &Block,
    hint: usize,
    said: Span,
    is_looped: bool,
    problems: &mut Vec<Diagnostic>,
) {
    let kind = block.text("kind").filter(|_| is(block, "step")).unwrap_or_default();
    if let Some((cost, why, help)) = cost(block, kind, is_looped).filter(|(cost, ..)| *cost > hint)
    {
        let message =
            format!("this step is {}, and its function says {}", COSTS[cost], COSTS[hint]);
        problems.push(
            Diagnostic::new(Code::COV_COST, block.word.span, message)
                .label(why)
                .also(said, "said here")
                .help(help),
        );
    }
    let is_looped = is_looped || kind == "for";
    block.blocks().for_each(|inner| exceeded(inner, hint, said, is_looped, problems));
}

/// What a step costs, and why.
fn cost(step: &Block, kind: &str, is_looped: bool) -> Option<(usize, &'static str, &'static str)> {
    let is_unbounded = kind == "traverse" && step.text("depth") == Some("unbounded");
    let reads = matches!(kind, "query" | "traverse");
    if is_unbounded {
        return Some((
            2,
            "follows relations however far",
            "write a `depth`, or another `cost_hint`",
        ));
    }
    if reads && is_looped {
        let help = "ask once, before the loop, or write another `cost_hint`";
        return Some((2, "asks once for each element of the list", help));
    }
    // A statement in SQL says what it costs to its database alone.
    if kind != "query" || step.text("dialect").is_some() {
        return None;
    }
    if parts(step, "join").next().is_some() {
        return Some((1, "puts two tables beside each other", "write another `cost_hint`"));
    }
    let is_limited = parts(step, "where").next().is_some() || step.attribute("limit").is_some();
    (!is_limited).then_some((
        1,
        "reads all there is",
        "add `where` or `limit`, or write another `cost_hint`",
    ))
}

/// Finds loops over the records of a query that only look at those which a condition picks.
fn filtered<'f>(
    steps: &[&'f Block],
    queried: &mut Vec<(&'f str, Span)>,
    problems: &mut Vec<Diagnostic>,
) {
    for step in steps {
        let kind = step.text("kind").unwrap_or_default();
        if kind == "query"
            && step.text("dialect").is_none()
            && let Some(name) = step.text("as")
        {
            queried.push((name, step.word.span));
        }
        if kind == "for"
            && let Some((_, query)) = queried.iter().find(|(name, _)| step.text("in") == Some(name))
            && let Some(field) = picks(step)
        {
            let message = "this loop picks records that the query could leave out";
            problems.push(
                Diagnostic::new(Code::COV_FILTER_IN_LOOP, step.word.span, message)
                    .label(format!("looks at `{}` of each", shown(field)))
                    .also(*query, "reads them all")
                    .help("add a `where` to the query"),
            );
        }
        let mut inner = Vec::new();
        within(step, &mut inner);
        filtered(&inner, queried, problems);
    }
}

fn within<'f>(block: &'f Block, found: &mut Vec<&'f Block>) {
    for part in block.blocks() {
        match is(part, "step") {
            true => found.push(part),
            false => within(part, found),
        }
    }
}

/// The field by which a loop picks: its steps are a comparison and an `if` on it, without `else`.
fn picks(step: &Block) -> Option<&str> {
    const COMPARISONS: &[&str] =
        &["equals", "not_equals", "less", "greater", "less_eq", "greater_eq", "contains"];
    let steps: Vec<&Block> = parts(step, "step").collect();
    let [compare, choose] = steps[..] else { return None };
    let is_comparison = compare.text("op").is_some_and(|op| COMPARISONS.contains(&op));
    let chooses = choose.text("kind") == Some("if")
        && choose.text("condition") == compare.text("as")
        && parts(choose, "else").next().is_none();
    if !is_comparison || !chooses {
        return None;
    }
    let item = step.text("var")?;
    parts(compare, "input").find_map(|input| {
        let path = match &input.attribute("var")?.value.kind {
            ValueKind::Text(path) | ValueKind::Var(path) => path,
            _ => return None,
        };
        path.strip_prefix(item)?.strip_prefix('.')
    })
}
