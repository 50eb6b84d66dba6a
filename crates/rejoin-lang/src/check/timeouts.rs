//! A step's time-out that is longer than the one around it never comes to pass.

use std::time::Duration;

use crate::config_value::ConfigValue;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Call, Callee, Node, NodeKind, Plan};
use crate::source::Span;

use super::Checker;
use super::bodies::{bodies, call_of, each_call, each_node, inner_blocks};
use super::setting_duration;

/// How long a request may take when nothing is configured.
const DEFAULT: Duration = Duration::from_secs(30);

pub(super) fn check(checker: &mut Checker<'_>) {
    inside_pipelines(checker);
    inside_blocks(checker);
    let Some((limit, place)) = request_limit(checker.plan) else { return };
    for (_, block) in bodies(checker.plan) {
        each_node(block, &mut |node| {
            let is_detached = matches!(&node.kind, NodeKind::Spawn(spawn) if spawn.detach);
            let of_the_call = call_of(node).filter(|_| !is_detached).and_then(of_call);
            let Some((own, span)) = of_the_call.or(of_block(node)) else { return };
            if own <= limit {
                return;
            }
            let problem = Diagnostic::new(
                Code::TIMEOUT_TOO_LONG,
                span,
                format!(
                    "this step may take {own:?}, but the whole request is stopped after {limit:?}"
                ),
            )
            .label("never gets that long");
            let problem = match place {
                Some(place) => problem.also(place, "the request's time-out"),
                None => problem,
            };
            checker.report(
                problem.help(
                    "shorten the step's time-out, or set a longer `timeout` in `config server`",
                ),
            );
        });
    }
}

/// A pipeline that is called with a time-out, and a step of it that has a longer one.
fn inside_pipelines(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let mut problems = Vec::new();
    each_call(plan, &mut |outer| {
        let (Callee::Pipeline(id), Some(limit)) = (&outer.callee, outer.policy.timeout) else {
            return;
        };
        each_node(&plan.pipeline(*id).block, &mut |node| {
            let Some(call) = call_of(node) else { return };
            let Some((own, span)) = of_call(call).filter(|(own, _)| *own > limit) else { return };
            problems.push(
                Diagnostic::new(
                    Code::TIMEOUT_TOO_LONG,
                    span,
                    format!(
                        "this step may take {own:?}, but its pipeline is stopped after {limit:?}"
                    ),
                )
                .label("never gets that long here")
                .also(outer.name_span, "called with the shorter time-out")
                .help("shorten the step's time-out, or give the call a longer one"),
            );
        });
    });
    checker.problems.extend(problems);
}

/// Time-outs of blocks, and what has a longer one inside them.
fn inside_blocks(checker: &mut Checker<'_>) {
    let mut problems = Vec::new();
    for (_, block) in bodies(checker.plan) {
        each_node(block, &mut |outer| {
            let Some((limit, place)) = of_block(outer) else { return };
            for inner in inner_blocks(outer) {
                each_node(inner, &mut |node| {
                    let own = of_block(node).into_iter().chain(call_of(node).and_then(of_call));
                    for (own, span) in own.filter(|(own, _)| *own > limit) {
                        problems.push(
                            Diagnostic::new(
                                Code::TIMEOUT_TOO_LONG,
                                span,
                                format!("this may take {own:?}, but the block around it is stopped after {limit:?}"),
                            )
                            .label("never gets that long")
                            .also(place, "the shorter time-out")
                            .help("shorten the time-out inside, or give the block a longer one"),
                        );
                    }
                });
            }
        });
    }
    checker.problems.extend(problems);
}

/// The shortest time-out of a call, by its tag or its options, with its place.
fn of_call(call: &Call) -> Option<(Duration, Span)> {
    let by_tag = call.policy.timeout.map(|limit| (limit, call.name_span));
    by_tag.into_iter().chain(literal_timeout(call)).min_by_key(|(limit, _)| *limit)
}

/// The time-out that the options of a request name literally, with its place: a number of seconds, or a text.
fn literal_timeout(call: &Call) -> Option<(Duration, Span)> {
    let options = call.args.get(1)?;
    let text = &*options.text;
    let at = text.find("timeout")?;
    let rest = text[at + "timeout".len()..].trim_start_matches('"').trim_start();
    let rest = rest.strip_prefix(':')?.trim_start();
    let start = text.len() - rest.len();
    let value = rest[..rest.find([',', '}']).unwrap_or(rest.len())].trim_end();
    let limit = match value.strip_prefix('"') {
        None => value.parse::<f64>().ok().and_then(|n| Duration::try_from_secs_f64(n).ok())?,
        Some(quoted) => setting_duration(quoted.strip_suffix('"')?)?,
    };
    let is_request = matches!(&call.callee, Callee::Step(name) if &**name == "fetch");
    is_request.then(|| (limit, options.span.slice(start, start + value.len())))
}

/// The shortest time-out of a block or join, with its place.
fn of_block(node: &Node) -> Option<(Duration, Span)> {
    let of_policy = node.policy.as_ref().and_then(|policy| policy.timeout);
    let (own, span) = match &node.kind {
        NodeKind::Fork(fork) => (fork.policy.timeout, fork.word_span),
        NodeKind::Join(join) => {
            (join.policy.as_ref().and_then(|policy| policy.timeout), node.span.slice(0, 2))
        }
        _ => (None, node.span.slice(0, 2)),
    };
    of_policy.into_iter().chain(own).min().map(|limit| (limit, span))
}

/// How long a request may take, and where that is set; `None` if only the environment knows.
fn request_limit(plan: &Plan) -> Option<(Duration, Option<Span>)> {
    let Some(setting) = plan.config("server").and_then(|block| block.get("timeout")) else {
        return Some((DEFAULT, None));
    };
    match &setting.value {
        ConfigValue::Duration(limit) => Some((*limit, Some(setting.value_span))),
        ConfigValue::Int(seconds) => {
            Some((Duration::from_secs(*seconds), Some(setting.value_span)))
        }
        _ => None,
    }
}
