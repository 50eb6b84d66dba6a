//! What the tests of the syntax share: walking a tree, and what holds for every text.
#![allow(dead_code, reason = "each test binary uses its own part")]

use rejoin_lang::diagnostic::{Diagnostic, render_json, render_text};
use rejoin_lang::source::{Source, SourceId, Sources, Span};
use rejoin_lang::wp;
use rejoin_lang::wp::ast::*;

/// A file that uses every form of the syntax.
pub(crate) const TOUR: &str = include_str!("../corpus/tour.wp");
/// A file with every clause of tests.
pub(crate) const TESTS: &str = include_str!("../corpus/tests.wp");

pub(crate) fn parse(text: &str) -> (File, Vec<Diagnostic>) {
    wp::parse(&Source::new("test.wp", text), SourceId(0))
}

/// The tree of a text without problems.
#[track_caller]
pub(crate) fn good(text: &str) -> File {
    let (file, problems) = parse(text);
    assert!(problems.is_empty(), "{}", drawn(text, &problems));
    file
}

pub(crate) fn drawn(text: &str, problems: &[Diagnostic]) -> String {
    render_text(&Sources::single(Source::new("test.wp", text)), problems, false)
}

/// Checks what must hold for any text at all.
#[track_caller]
pub(crate) fn check_laws(text: &str) -> (File, Vec<Diagnostic>) {
    let (file, problems) = parse(text);
    let valid = |span: Span, what: &str| {
        assert!(span.start <= span.end, "{what}: {span:?} is inside out, in {text:?}");
        let sliced = text.get(span.range());
        assert!(sliced.is_some(), "{what}: {span:?} is no part of the text {text:?}");
    };
    for problem in &problems {
        valid(problem.span, "diagnostic");
        problem.labels.iter().for_each(|(span, _)| valid(*span, "label"));
        assert!(!problem.label.is_empty() && problem.help.is_some(), "{problem:?} in {text:?}");
    }
    assert!(problems.is_sorted_by_key(|problem| problem.span.start), "{problems:?}");
    for comment in &file.comments {
        valid(*comment, "comment");
        assert!(text[comment.range()].starts_with('#'), "{comment:?} in {text:?}");
    }
    assert!(file.comments.is_sorted_by_key(|comment| comment.start), "{:?}", file.comments);
    for (span, name) in spans(&file) {
        valid(span, name);
    }
    let sources = Sources::single(Source::new("test.wp", text));
    let drawing = render_text(&sources, &problems, false);
    let raw = drawing.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(raw, None, "a control character reached the drawing of {text:?}");
    let json = render_json(&sources, &problems);
    assert_eq!(json.lines().count(), problems.len());
    assert!(!json.chars().any(|c| c.is_control() && c != '\n'), "in the JSON for {text:?}");
    (file, problems)
}

/// Every span of a tree, with what it belongs to.
pub(crate) fn spans(file: &File) -> Vec<(Span, &'static str)> {
    let mut all = Vec::new();
    for item in &file.items {
        match item {
            Item::Import(import) => all.extend([
                (import.span, "import"),
                (import.path.span, "import's path"),
                (import.alias.span, "import's alias"),
            ]),
            Item::Config(config) => {
                all.extend([(config.span, "config"), (config.name.span, "config name")]);
                for entry in &config.entries {
                    all.extend([(entry.span, "value"), (entry.key.span, "key")]);
                }
            }
            Item::Variable(variable) => all.extend([
                (variable.step.span, "variable's step"),
                (variable.name.span, "variable"),
                (variable.text.span, "variable's text"),
            ]),
            Item::Pipeline(pipeline) => {
                all.extend([(pipeline.span, "pipeline"), (pipeline.name.span, "pipeline's name")]);
                steps(&pipeline.steps, &mut all);
            }
            Item::FeatureFlags(flags) => {
                all.push((flags.span, "flags"));
                steps(&flags.steps, &mut all);
            }
            Item::Schema(schema) => {
                all.extend([(schema.span, "schema"), (schema.text.span, "schema's text")]);
            }
            Item::Resolver(resolver) => {
                all.extend([(resolver.span, "resolver"), (resolver.field.span, "field")]);
                if let Owner::Type(name) = &resolver.owner {
                    all.push((name.span, "field's type"));
                }
                steps(&resolver.steps, &mut all);
            }
            Item::Route(route) => {
                all.extend([
                    (route.span, "route"),
                    (route.path.span, "path"),
                    (route.method.span, "method"),
                ]);
                steps(&route.steps, &mut all);
            }
            Item::Describe(describe) => {
                all.extend([(describe.span, "describe"), (describe.name.span, "describe's name")]);
                for it in &describe.tests {
                    all.extend([(it.span, "test"), (it.name.span, "test's name")]);
                }
            }
        }
    }
    all
}

fn steps(list: &[Step], all: &mut Vec<(Span, &'static str)>) {
    for step in list {
        all.push((step.span(), "step"));
        match step {
            Step::Plain(step) => {
                all.push((step.name.span, "step's name"));
                all.extend(step.args.iter().flatten().map(|arg| (arg.span, "argument")));
                match &step.config {
                    Some(StepConfig::Backtick(text) | StepConfig::Quoted(text)) => {
                        all.push((text.span, "step's text"));
                    }
                    Some(StepConfig::Bare { module, name }) => {
                        all.push((name.span, "bare text"));
                        all.extend(module.iter().map(|module| (module.span, "module")));
                    }
                    None => {}
                }
                step.tags.iter().for_each(|tags| condition(tags, all));
            }
            Step::Fork(block) => {
                all.push((block.word.span, "block's word"));
                all.extend(block.options.iter().flatten().map(|option| (option.span, "option")));
                block_tags(block.tags.as_ref(), all);
                for branch in &block.branches {
                    all.extend([(branch.span, "branch"), (branch.name.span, "branch's name")]);
                    steps(&branch.steps, all);
                }
            }
            Step::If(block) => {
                block_tags(block.tags.as_ref(), all);
                steps(&block.condition, all);
                steps(&block.then, all);
                block.otherwise.iter().for_each(|list| steps(list, all));
            }
            Step::Dispatch(block) => {
                block_tags(block.tags.as_ref(), all);
                for case in &block.cases {
                    all.push((case.span, "case"));
                    condition(&case.condition, all);
                    steps(&case.steps, all);
                }
                block.default.iter().for_each(|list| steps(list, all));
            }
            Step::ForEach(block) => {
                all.push((block.selector.span, "selector"));
                block_tags(block.tags.as_ref(), all);
                steps(&block.body, all);
            }
            Step::Result(block) => {
                for branch in &block.branches {
                    all.extend([(branch.span, "branch"), (branch.status_span, "status")]);
                    all.push((branch.name.span, "branch's name"));
                    steps(&branch.steps, all);
                }
            }
        }
    }
}

fn block_tags(tags: Option<&BlockTags>, all: &mut Vec<(Span, &'static str)>) {
    if let Some(tags) = tags {
        all.push((tags.span, "block's tags"));
        condition(&tags.condition, all);
    }
}

fn condition(expr: &TagExpr, all: &mut Vec<(Span, &'static str)>) {
    match expr {
        TagExpr::Tag(tag) => {
            all.extend([(tag.span, "tag"), (tag.name.span, "tag's name")]);
            for arg in &tag.args {
                all.push((arg.span, "tag's argument"));
                all.extend(arg.key.iter().map(|key| (key.span, "tag's key")));
            }
        }
        TagExpr::And(list) | TagExpr::Or(list) => list.iter().for_each(|expr| condition(expr, all)),
    }
}
