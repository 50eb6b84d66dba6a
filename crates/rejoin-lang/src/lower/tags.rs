//! Tags: what they ask of the step, and when it runs.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Cond, Policy, Retry, Script};
use crate::source::Span;
use crate::wp::ast::{BlockTags, Tag, TagArg, TagExpr, TagValue};

use super::Lowering;

/// Every tag that means something.
const TAGS: &[&str] = &[
    "async", "detach", "env", "error", "fallback", "flag", "guard", "hedge", "limit", "needs",
    "optional", "result", "retry", "timeout", "when",
];

/// What the tags of a step ask for, wherever they stand in its condition.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// `@async(name)`
    pub(super) task: Option<(Arc<str>, Span)>,
    /// `@result(name)`
    pub(super) result: Option<(Arc<str>, Span)>,
    /// `@error(name)`
    pub(super) error: Option<(Arc<str>, Span)>,
    /// `@optional`
    pub(super) optional: Option<Span>,
    /// `@detach`
    pub(super) detach: Option<Span>,
    /// `@timeout(…)`
    pub(super) timeout: Option<(Duration, Span)>,
    /// `@retry(…)`
    pub(super) retry: Option<(Retry, Span)>,
    /// `@hedge(…)`
    pub(super) hedge: Option<(Duration, Span)>,
    /// `@fallback(…)`
    pub(super) fallback: Option<(Script, Span)>,
    /// `@limit(…)`
    pub(super) limit: Option<(NonZeroU32, Span)>,
}

/// What the tags of a block ask for.
pub(super) struct BlockMarks {
    /// When it runs.
    pub(super) guard: Option<Cond>,
    /// What holds when it is slow or fails.
    pub(super) policy: Option<Box<Policy>>,
    /// Where its result goes, for a block of branches.
    pub(super) result: Option<Arc<str>>,
    /// How many elements at once, for a loop.
    pub(super) limit: Option<NonZeroU32>,
}

impl Marks {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            timeout: self.timeout.as_ref().map(|(limit, _)| *limit),
            retry: self.retry.as_ref().map(|(retry, _)| retry.clone()),
            hedge: self.hedge.as_ref().map(|(after, _)| *after),
            fallback: self.fallback.as_ref().map(|(script, _)| script.clone()),
            // The failure of a task is its joins' affair.
            optional: self.optional.is_some() && self.task.is_none(),
        }
    }

    /// The places of all of them.
    fn spans(&self) -> impl Iterator<Item = Span> {
        let first = |mark: &Option<(Arc<str>, Span)>| mark.as_ref().map(|mark| mark.1);
        let spans = [
            first(&self.task),
            first(&self.result),
            first(&self.error),
            self.optional,
            self.detach,
            self.timeout.as_ref().map(|mark| mark.1),
            self.retry.as_ref().map(|mark| mark.1),
            self.hedge.as_ref().map(|mark| mark.1),
            self.fallback.as_ref().map(|mark| mark.1),
            self.limit.as_ref().map(|mark| mark.1),
        ];
        spans.into_iter().flatten()
    }
}

/// A block's word with its article.
pub(super) fn a(word: &str) -> String {
    let article = if matches!(word, "if" | "any") { "an" } else { "a" };
    format!("{article} `{word}`")
}

impl Lowering<'_> {
    /// A step's tags: what they ask for, and its guard, which is `None` when it always holds.
    pub(super) fn tags(&mut self, tags: Option<&TagExpr>) -> (Marks, Option<Cond>) {
        let mut marks = Marks::default();
        let Some(tags) = tags else { return (marks, None) };
        let cond = self.cond(tags, &mut marks);
        let guard = Some(cond).filter(|cond| *cond != Cond::Const(true));
        (marks, guard)
    }

    /// The condition of a case. Tags that ask something of a step mean nothing there.
    pub(super) fn case_condition(&mut self, tags: &TagExpr) -> Cond {
        let mut marks = Marks::default();
        let cond = self.cond(tags, &mut marks);
        for span in marks.spans() {
            self.no_effect(span, "this tag belongs to a step, not to a case", "move it to a step");
        }
        cond
    }

    /// The tags of a block. Those that only mean something on a plain step are reported.
    pub(super) fn block_tags(&mut self, tags: Option<&BlockTags>, word: &str) -> BlockMarks {
        let (marks, guard) = self.tags(tags.map(|tags| &tags.condition));
        let is_fork = !matches!(word, "if" | "dispatch" | "foreach" | "result");
        let hedge = marks.hedge.as_ref().map(|mark| mark.1);
        for (span, what) in [
            (marks.task.as_ref().map(|mark| mark.1), "be a task"),
            (marks.detach, "be detached"),
            (hedge, "be hedged"),
        ] {
            let Some(span) = span else { continue };
            self.report(
                bad_tag(span, format!("{} block cannot {what}", a(word)))
                    .label("not on a block")
                    .help("move the block into a pipeline, and tag the call of the pipeline"),
            );
        }
        if let Some((_, span)) = &marks.error {
            let help = "put it on a step inside: each names the errors of one call";
            self.no_effect(*span, "`@error` does nothing on a block", help);
        }
        if let Some((_, span)) = marks.result.as_ref().filter(|_| !is_fork) {
            let text = format!("`@result` does nothing on `{word}`");
            self.no_effect(*span, &text, "put it on a step inside");
        }
        if let Some((_, span)) = marks.limit.as_ref().filter(|_| word != "foreach") {
            let (text, help) = match is_fork {
                true => (
                    format!("`@limit` does nothing on `{word}`"),
                    "write `limit: 4` in its parentheses",
                ),
                false => (format!("`@limit` does nothing on `{word}`"), "it is for `foreach`"),
            };
            self.no_effect(*span, &text, help);
        }
        let policy = Some(Policy { hedge: None, ..marks.policy() });
        BlockMarks {
            guard,
            policy: policy.filter(|policy| *policy != Policy::default()).map(Box::new),
            result: marks.result.map(|mark| mark.0),
            limit: marks.limit.map(|mark| mark.0),
        }
    }

    fn cond(&mut self, expr: &TagExpr, marks: &mut Marks) -> Cond {
        match expr {
            TagExpr::Tag(tag) => self.tag(tag, marks),
            TagExpr::And(parts) => all(parts.iter().map(|part| self.cond(part, marks)).collect()),
            TagExpr::Or(parts) => any(parts.iter().map(|part| self.cond(part, marks)).collect()),
        }
    }

    fn tag(&mut self, tag: &Tag, marks: &mut Marks) -> Cond {
        let name = &*tag.name.text;
        let negated = tag.negated;
        match name {
            "env" => match self.names(tag, 1, "@env(production)").as_deref() {
                Some([name]) => return Cond::Env { name: name.clone(), negated },
                _ => return Cond::Const(true),
            },
            "flag" | "when" => {
                let example = if name == "flag" { "@flag(beta)" } else { "@when(premium)" };
                let Some(names) = self.names(tag, usize::MAX, example) else {
                    return Cond::Const(true);
                };
                if name == "when" {
                    return Cond::When { names, negated };
                }
                self.body.looks_at_flags = true;
                return Cond::Flags { names, negated };
            }
            "guard" => return self.guard(tag),
            "needs" => {
                let names = self.names(tag, usize::MAX, "@needs(flags)").unwrap_or_default();
                self.body.looks_at_flags |= names.iter().any(|name| &**name == "flags");
                return Cond::Const(true);
            }
            _ => {}
        }
        if negated && TAGS.contains(&name) {
            let text = format!("`@!{name}` does nothing");
            self.no_effect(tag.span, &text, &format!("write `@{name}`, or remove it"));
            return Cond::Const(true);
        }
        match name {
            "async" | "result" | "error" => self.naming_tag(tag, marks),
            "optional" | "detach" => {
                if let Some(first) = tag.args.first() {
                    self.report(
                        bad_tag(first.span, format!("`@{name}` takes no arguments"))
                            .label("not expected here")
                            .help(format!("write `@{name}`")),
                    );
                }
                let mark = if name == "optional" { &mut marks.optional } else { &mut marks.detach };
                *mark = Some(tag.span);
            }
            "timeout" => {
                if let Some(limit) = self.timeout(tag) {
                    let first = marks.timeout.replace((limit, tag.span));
                    self.written_once(tag, first.map(|mark| mark.1));
                }
            }
            "retry" => {
                if let Some(retry) = self.retry(tag) {
                    let first = marks.retry.replace((retry, tag.span));
                    self.written_once(tag, first.map(|mark| mark.1));
                }
            }
            "hedge" => {
                if let Some(after) = self.hedge(tag) {
                    let first = marks.hedge.replace((after, tag.span));
                    self.written_once(tag, first.map(|mark| mark.1));
                }
            }
            "fallback" => {
                if let Some(script) = self.fallback(tag) {
                    let first = marks.fallback.replace((script, tag.span));
                    self.written_once(tag, first.map(|mark| mark.1));
                }
            }
            "limit" => {
                if let Some(limit) = self.limit(tag) {
                    let first = marks.limit.replace((limit, tag.span));
                    self.written_once(tag, first.map(|mark| mark.1));
                }
            }
            _ => self.unknown_tag(tag),
        }
        Cond::Const(true)
    }

    /// `@async(name)`, `@result(name)`, `@error(name)`: the first of each counts.
    fn naming_tag(&mut self, tag: &Tag, marks: &mut Marks) {
        let name = &*tag.name.text;
        let example = match name {
            "async" => "@async(users)",
            "result" => "@result(user)",
            _ => "@error(upstream)",
        };
        let [arg] = &tag.args[..] else {
            let count = match tag.args.len() {
                0 => "none is".to_owned(),
                n => format!("{n} are"),
            };
            self.report(
                bad_tag(tag.span, format!("`@{name}` takes one name, and {count} given"))
                    .label("expected one name")
                    .help(format!("write it as in `{example}`")),
            );
            return;
        };
        let Some(value) = self.name_of(tag, arg, example) else { return };
        let mark = match name {
            "async" => &mut marks.task,
            "result" => &mut marks.result,
            _ => &mut marks.error,
        };
        match mark {
            None => *mark = Some((value, arg.span)),
            Some((_, first)) => {
                let first = *first;
                self.written_once(tag, Some(first));
            }
        }
    }

    fn written_once(&mut self, tag: &Tag, first: Option<Span>) {
        let Some(first) = first else { return };
        self.report(
            bad_tag(tag.span, format!("`@{}` stands twice on one step", tag.name.text))
                .label("written again")
                .also(first, "first written here")
                .help("remove one of the two".to_owned()),
        );
    }

    /// The names in a tag's parentheses, or `None` (reported) when there are none or more than `most`.
    fn names(&mut self, tag: &Tag, most: usize, example: &str) -> Option<Vec<Arc<str>>> {
        let names: Option<Vec<_>> =
            tag.args.iter().map(|arg| self.name_of(tag, arg, example)).collect();
        let names = names?;
        if names.is_empty() || names.len() > most {
            let count = match names.len() {
                0 => "no name".to_owned(),
                n => format!("{n} names"),
            };
            let text = format!("`@{}` with {count} always holds", tag.name.text);
            self.no_effect(tag.span, &text, &format!("write it as in `{example}`"));
            return None;
        }
        Some(names)
    }

    fn name_of(&mut self, tag: &Tag, arg: &TagArg, example: &str) -> Option<Arc<str>> {
        if arg.key.is_none() {
            match &arg.value {
                TagValue::Text(text) if !text.value.trim().is_empty() => {
                    return Some(text.value.trim().into());
                }
                TagValue::Text(_) => {}
                // A name may look like a number or a duration; its letters are what counts.
                _ => return Some(self.sources.text(arg.span).into()),
            }
        }
        self.report(
            bad_tag(arg.span, format!("`@{}` takes names", tag.name.text))
                .label("expected a name")
                .help(format!("write it as in `{example}`")),
        );
        None
    }

    fn guard(&mut self, tag: &Tag) -> Cond {
        let arg = match &tag.args[..] {
            [] => {
                let help = "give it a jq program, as in ``@guard(`.n > 1`)``";
                self.no_effect(tag.span, "`@guard` without a program always holds", help);
                return Cond::Const(true);
            }
            [arg] if arg.key.is_none() => arg,
            [.., arg] => {
                self.report(
                    bad_tag(arg.span, "`@guard` takes one jq program".to_owned())
                        .label("one too many")
                        .help("join the programs with `and`, in one text".to_owned()),
                );
                return Cond::Const(true);
            }
        };
        let script = match &arg.value {
            TagValue::Text(text) => Script { text: text.value.clone(), span: text.span },
            _ => Script { text: self.sources.text(arg.span).into(), span: arg.span },
        };
        Cond::Guard { script, negated: tag.negated }
    }

    fn unknown_tag(&mut self, tag: &Tag) {
        let name = &*tag.name.text;
        if name.is_empty() {
            return; // The parser has said that it is missing.
        }
        let help = match nearest(name, TAGS.iter().copied()) {
            Some(near) => format!("did you mean `@{near}`?"),
            None => "remove it, or use `@env`, `@flag`, `@when` or `@guard`".to_owned(),
        };
        self.report(
            Diagnostic::new(
                Code::UNKNOWN_TAG,
                tag.name.span,
                format!("no tag is called `@{name}`, so it does nothing"),
            )
            .label("not known")
            .help(help),
        );
    }

    pub(super) fn no_effect(&mut self, span: Span, message: &str, help: &str) {
        self.report(
            Diagnostic::new(Code::TAG_WITHOUT_EFFECT, span, message)
                .label("has no effect")
                .help(help),
        );
    }
}

pub(super) fn bad_tag(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BAD_TAG, span, message)
}

/// All of these hold; what always holds is left out.
fn all(parts: Vec<Cond>) -> Cond {
    let mut kept: Vec<Cond> = parts.into_iter().filter(|part| *part != Cond::Const(true)).collect();
    match kept.len() {
        0 => Cond::Const(true),
        1 => kept.remove(0),
        _ => Cond::All(kept),
    }
}

/// One of these holds.
fn any(mut parts: Vec<Cond>) -> Cond {
    if parts.contains(&Cond::Const(true)) {
        return Cond::Const(true);
    }
    match parts.len() {
        1 => parts.remove(0),
        _ => Cond::Any(parts),
    }
}
