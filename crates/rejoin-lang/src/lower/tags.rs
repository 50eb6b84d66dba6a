//! Tags: what they ask of the step, and when it runs.

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Cond, Policy, Retry, Script};
use crate::source::Span;
use crate::wp::ast::{Tag, TagArg, TagExpr, TagValue};

use super::{Lowering, unavailable};

/// Every tag that means something.
const TAGS: &[&str] = &[
    "async", "detach", "env", "error", "flag", "guard", "needs", "optional", "result", "retry",
    "timeout", "when",
];

/// How often `@retry` may try.
const MAX_ATTEMPTS: u64 = 100;

/// The pause before the second attempt when `@retry` names none.
const DEFAULT_BACKOFF: Duration = Duration::from_millis(100);

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
}

impl Marks {
    pub(super) fn policy(&self) -> Policy {
        Policy {
            timeout: self.timeout.as_ref().map(|(limit, _)| *limit),
            retry: self.retry.as_ref().map(|(retry, _)| retry.clone()),
        }
    }
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
        let Marks { task, result, error, optional, detach, timeout, retry } = marks;
        let spans = [
            task.map(|mark| mark.1),
            result.map(|mark| mark.1),
            error.map(|mark| mark.1),
            optional,
            detach,
            timeout.map(|mark| mark.1),
            retry.map(|mark| mark.1),
        ];
        for span in spans.into_iter().flatten() {
            self.no_effect(span, "this tag belongs to a step, not to a case", "move it to a step");
        }
        cond
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

    fn timeout(&mut self, tag: &Tag) -> Option<Duration> {
        let help = "write a length with its unit, as in `@timeout(2s)` or `@timeout(250ms)`";
        let problem = match &tag.args[..] {
            [TagArg { key: None, value: TagValue::Duration(limit), span }] => {
                if !limit.is_zero() {
                    return Some(*limit);
                }
                bad_tag(*span, "a time-out of zero leaves no time at all".to_owned())
                    .label("must be longer")
            }
            [TagArg { key: None, value: TagValue::Int(n), span }] => {
                bad_tag(*span, format!("the time-out {n} has no unit"))
                    .label("milliseconds or seconds?")
            }
            [] => bad_tag(tag.span, "`@timeout` takes a length of time".to_owned())
                .label("none is given"),
            [.., arg] => bad_tag(arg.span, "`@timeout` takes one length of time".to_owned())
                .label("this is none"),
        };
        self.report(problem.help(help.to_owned()));
        None
    }

    fn retry(&mut self, tag: &Tag) -> Option<Retry> {
        const HELP: &str = "write how often to try in all, as in `@retry(3, backoff: 100ms)`";
        let mut attempts = None;
        let mut backoff = None;
        for arg in &tag.args {
            let problem = match (arg.key.as_ref().map(|key| &*key.text), &arg.value) {
                (None, TagValue::Int(n)) if attempts.is_none() => {
                    if (1..=MAX_ATTEMPTS).contains(n) {
                        attempts = Some(*n as u32);
                        continue;
                    }
                    bad_tag(arg.span, format!("{n} is no number of attempts"))
                        .label(format!("must be 1 to {MAX_ATTEMPTS}, the first included"))
                }
                (Some("backoff"), TagValue::Duration(pause)) if backoff.is_none() => {
                    backoff = Some(*pause);
                    continue;
                }
                (Some("backoff"), TagValue::Int(n)) => {
                    bad_tag(arg.span, format!("the pause {n} has no unit"))
                        .label("milliseconds or seconds?")
                }
                (Some(key), _) if key != "backoff" => {
                    let span = arg.key.as_ref().map_or(arg.span, |key| key.span);
                    bad_tag(span, format!("`@retry` knows no `{key}`")).label("not known")
                }
                _ => bad_tag(arg.span, "this is no argument of `@retry`".to_owned())
                    .label("not expected here"),
            };
            self.report(problem.help(HELP.to_owned()));
            return None;
        }
        let Some(attempts) = attempts else {
            self.report(
                bad_tag(tag.span, "`@retry` takes a number of attempts".to_owned())
                    .label("none is given")
                    .help(HELP.to_owned()),
            );
            return None;
        };
        Some(Retry { attempts, backoff: backoff.unwrap_or(DEFAULT_BACKOFF) })
    }

    fn unknown_tag(&mut self, tag: &Tag) {
        let name = &*tag.name.text;
        if name.is_empty() {
            return; // The parser has said that it is missing.
        }
        if unavailable::is_tag(name) {
            self.report(
                Diagnostic::new(
                    Code::NOT_AVAILABLE,
                    tag.name.span,
                    format!("the tag `@{name}` is not available in this version"),
                )
                .label("not available")
                .help("remove the tag"),
            );
            return;
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
