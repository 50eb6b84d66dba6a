//! The arguments of `@timeout`, `@retry`, `@hedge`, `@fallback` and `@limit`.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::plan::{Retry, Script};
use crate::wp::ast::{Tag, TagArg, TagValue};

use super::Lowering;
use super::tags::bad_tag;

/// How often `@retry` may try.
const MAX_ATTEMPTS: u64 = 100;

/// The pause before the second attempt when `@retry` names none.
const DEFAULT_BACKOFF: Duration = Duration::from_millis(100);

/// How many elements of a loop may run at once.
const MAX_LIMIT: u64 = 10_000;

impl Lowering<'_> {
    pub(super) fn timeout(&mut self, tag: &Tag) -> Option<Duration> {
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

    pub(super) fn retry(&mut self, tag: &Tag) -> Option<Retry> {
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

    pub(super) fn hedge(&mut self, tag: &Tag) -> Option<Duration> {
        const HELP: &str =
            "write after how long a second copy starts, as in `@hedge(after: 100ms)`";
        let problem = match &tag.args[..] {
            [TagArg { key, value: TagValue::Duration(after), span }]
                if key.as_ref().is_none_or(|key| &*key.text == "after") =>
            {
                if !after.is_zero() {
                    return Some(*after);
                }
                bad_tag(*span, "a hedge after no time doubles every call").label("must be longer")
            }
            [TagArg { value: TagValue::Int(n), span, .. }] => {
                bad_tag(*span, format!("the time {n} has no unit"))
                    .label("milliseconds or seconds?")
            }
            [] => bad_tag(tag.span, "`@hedge` takes a length of time").label("none is given"),
            [.., arg] => {
                bad_tag(arg.span, "`@hedge` takes one length of time").label("this is none")
            }
        };
        self.report(problem.help(HELP));
        None
    }

    pub(super) fn fallback(&mut self, tag: &Tag) -> Option<Script> {
        let problem = match &tag.args[..] {
            [TagArg { key: None, value: TagValue::Text(text), .. }] => {
                return Some(Script { text: text.value.clone(), span: text.span });
            }
            [] => bad_tag(tag.span, "`@fallback` takes a jq program").label("none is given"),
            [.., arg] => {
                bad_tag(arg.span, "`@fallback` takes one jq program").label("this is none")
            }
        };
        self.report(
            problem.help("write what stands for the output: ``@fallback(`{ items: [] }`)``"),
        );
        None
    }

    pub(super) fn limit(&mut self, tag: &Tag) -> Option<NonZeroU32> {
        let (span, message) = match &tag.args[..] {
            [TagArg { key: None, value: TagValue::Int(n), span }] => {
                let count = u32::try_from(*n).ok().filter(|_| *n <= MAX_LIMIT);
                match count.and_then(NonZeroU32::new) {
                    Some(limit) => return Some(limit),
                    None => (*span, format!("{n} elements at once are no limit")),
                }
            }
            [] => (tag.span, "`@limit` takes a number".to_owned()),
            [.., arg] => (arg.span, "`@limit` takes one number".to_owned()),
        };
        self.report(
            bad_tag(span, message)
                .label(format!("expected 1 to {MAX_LIMIT}"))
                .help("write how many elements run at once, as in `@limit(8)`"),
        );
        None
    }
}
