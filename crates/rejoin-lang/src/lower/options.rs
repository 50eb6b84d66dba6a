//! The options of blocks of branches and of joins: `(timeout: 2s, on_error: collect_all)`.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::duration;
use crate::plan::{ForkKind, ForkOnError, ForkPolicy};
use crate::source::Span;
use crate::wp::ast::Text;

use super::Lowering;

/// The longest list of branches is a file's; a limit beyond this is a mistake.
const MAX_LIMIT: u32 = 1_000_000;

/// One option as it is written.
struct Written<'t> {
    key: Option<(&'t str, Span)>,
    value: &'t str,
    value_span: Span,
}

/// What the options say.
pub(super) struct Options {
    pub(super) policy: ForkPolicy,
    /// Where an option stands that says what the end of the time means.
    on_timeout: Option<Span>,
}

impl Lowering<'_> {
    /// The policy that a block or join of this word gets from its options. What is wrong is reported and left out.
    pub(super) fn fork_policy(
        &mut self,
        word: &str,
        word_span: Span,
        options: &[Text],
        usual: ForkPolicy,
    ) -> ForkPolicy {
        let allowed = allowed(word);
        let mut found = Options { policy: usual, on_timeout: None };
        let mut seen: Vec<(&str, Span)> = Vec::new();
        let mut quorum = None;
        for option in options.iter().map(written) {
            let Some((key, key_span)) = option.key else {
                match (word, quorum) {
                    ("quorum", None) => quorum = Some(self.quorum_size(&option)),
                    _ => self.report(
                        bad(option.value_span, format!("this is no option of `{word}`"))
                            .label("expected `name: value`")
                            .help(known(allowed)),
                    ),
                }
                continue;
            };
            if !allowed.contains(&key) {
                self.unknown_option(word, key, key_span, allowed);
                continue;
            }
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == key) {
                self.report(
                    bad(key_span, format!("`{key}` is written twice"))
                        .label("written again")
                        .also(*first, "first written here")
                        .help("remove one of the two"),
                );
                continue;
            }
            seen.push((key, key_span));
            self.option(key, &option, &mut found);
        }
        if word == "quorum" && quorum.is_none() {
            self.report(
                bad(word_span, "`quorum` does not say how many branches must succeed")
                    .label("how many?")
                    .help("write the number first, as in `quorum(2, timeout: 1s)`"),
            );
        }
        if let Some(Some(size)) = quorum {
            found.policy.kind = ForkKind::Quorum(size);
        }
        if let (Some(span), None) = (found.on_timeout, found.policy.timeout) {
            self.report(
                Diagnostic::new(
                    Code::IDLE_OPTION,
                    span,
                    "`on_timeout` does nothing without `timeout`",
                )
                .label("never comes to pass")
                .help("add `timeout: 2s`, or remove it"),
            );
        }
        found.policy
    }

    fn option(&mut self, key: &str, option: &Written<'_>, found: &mut Options) {
        match key {
            "timeout" => found.policy.timeout = self.option_time(option),
            "on_timeout" => {
                found.on_timeout = option.key.map(|(_, span)| span.to(option.value_span));
                match option.value {
                    "cancel" => found.policy.partial = false,
                    "return_partial" => found.policy.partial = true,
                    _ => self.bad_value(key, option, &["cancel", "return_partial"]),
                }
            }
            "on_error" => {
                let all =
                    [ForkOnError::FailFast, ForkOnError::CollectAll, ForkOnError::IgnoreErrors];
                match all.into_iter().find(|policy| policy.word() == option.value) {
                    Some(policy) => found.policy.on_error = policy,
                    None => self.bad_value(key, option, &all.map(ForkOnError::word)),
                }
            }
            _ => found.policy.limit = self.option_count(option, "how many branches run at once"),
        }
    }

    fn quorum_size(&mut self, option: &Written<'_>) -> Option<u32> {
        self.option_count(option, "how many branches must succeed").map(NonZeroU32::get)
    }

    fn option_count(&mut self, option: &Written<'_>, what: &str) -> Option<NonZeroU32> {
        let digits = !option.value.is_empty() && option.value.bytes().all(|b| b.is_ascii_digit());
        let count = option.value.parse::<u32>().ok().filter(|n| digits && *n <= MAX_LIMIT);
        let count = count.and_then(NonZeroU32::new);
        if count.is_none() {
            self.report(
                bad(option.place(), format!("`{}` is not {what}", option.value))
                    .label(format!("expected a number from 1 to {MAX_LIMIT}"))
                    .help("write a whole number"),
            );
        }
        count
    }

    fn option_time(&mut self, option: &Written<'_>) -> Option<Duration> {
        const HELP: &str = "write a length with its unit, as in `timeout: 2s` or `timeout: 250ms`";
        let (message, label) = match duration::parse(option.value) {
            Some(time) if !time.is_zero() => return Some(time),
            Some(_) => ("a time-out of zero leaves no time at all".into(), "must be longer"),
            None if option.value.bytes().all(|b| b.is_ascii_digit())
                && !option.value.is_empty() =>
            {
                (format!("the time-out {} has no unit", option.value), "milliseconds or seconds?")
            }
            None => (format!("`{}` is not a length of time", option.value), "this is none"),
        };
        self.report(bad(option.place(), message).label(label).help(HELP));
        None
    }

    fn bad_value(&mut self, key: &str, option: &Written<'_>, words: &[&str]) {
        let help = match nearest(option.value, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of: {}", quoted(words)),
        };
        self.report(
            bad(option.place(), format!("`{}` is no value of `{key}`", option.value))
                .label("not known")
                .help(help),
        );
    }

    fn unknown_option(&mut self, word: &str, key: &str, span: Span, allowed: &[&str]) {
        let help = match (word, key) {
            ("race", "on_error") => {
                "remove it: the first branch that ends decides; write `any` for the first success"
                    .to_owned()
            }
            ("any" | "quorum", "on_error") => {
                format!("remove it: failures do not decide in `{word}`")
            }
            ("join", "limit") => "remove it: the tasks run already".to_owned(),
            _ => match nearest(key, allowed.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => known(allowed),
            },
        };
        self.report(
            bad(span, format!("`{word}` has no option `{key}`")).label("not known").help(help),
        );
    }
}

fn allowed(word: &str) -> &'static [&'static str] {
    match word {
        "parallel" => &["timeout", "on_timeout", "on_error", "limit"],
        "join" => &["timeout", "on_timeout", "on_error"],
        _ => &["timeout", "on_timeout", "limit"],
    }
}

fn known(allowed: &[&str]) -> String {
    format!("the options are {}", quoted(allowed))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn bad(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::BAD_OPTION, span, message)
}

fn written(text: &Text) -> Written<'_> {
    let all = &*text.value;
    let whole = |value| Written { key: None, value, value_span: text.span };
    let Some((key, value)) = all.split_once(':') else { return whole(all) };
    let name = key.trim();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return whole(all);
    }
    let at = key.len() + 1 + (value.len() - value.trim_start().len());
    let value = value.trim();
    Written {
        key: Some((name, text.span.slice(0, name.len()))),
        value,
        value_span: text.span.slice(at, at + value.len()),
    }
}

impl Written<'_> {
    /// The value, or the key if there is none.
    fn place(&self) -> Span {
        match self.key {
            Some((_, key)) if self.value.is_empty() => key,
            _ => self.value_span,
        }
    }
}
