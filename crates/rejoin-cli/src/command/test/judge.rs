//! Whether one check holds, and if not, what differs.

use rejoin_lang::plan::{Check, CheckKind, Operator, Test};
use rejoin_value::{Value, jq};

use super::compare::{contains, difference, equal};
use super::page;
use super::run::{Seen, evaluate};
use super::stand_ins::Watch;

pub(super) fn judge(check: &Check, seen: &Seen, watch: &Watch, test: &Test) -> Result<(), String> {
    match &check.kind {
        CheckKind::Status(from, to) if (*from..=*to).contains(&seen.status) => Ok(()),
        CheckKind::Status(from, to) => {
            let wanted = if from == to { from.to_string() } else { format!("{from}..{to}") };
            Err(format!(
                "- {wanted}\n+ {}\n  with the output {}",
                seen.status,
                seen.output.to_json()
            ))
        }
        CheckKind::Took(from, to) if (*from..=*to).contains(&seen.took) => Ok(()),
        CheckKind::Took(from, to) => Err(format!("- {from:?}..{to:?}\n+ {:?}", seen.took)),
        CheckKind::ContentType(wanted) if **wanted == seen.content_type => Ok(()),
        CheckKind::ContentType(wanted) => Err(format!("- {wanted}\n+ {}", seen.content_type)),
        CheckKind::Header { name, operator, value } => {
            let found: Vec<&str> = seen
                .headers
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
                .collect();
            let text =
                |value: &Value| value.as_str().map_or_else(|| value.to_json(), str::to_owned);
            let found = match seen.output.get(name) {
                // What answers may say of its headers in their place.
                Some(of_output) if found.is_empty() => text(of_output),
                None if found.is_empty() => {
                    return Err(format!("the answer has no header `{name}`"));
                }
                _ => found.join("\n"),
            };
            compare(*operator, &found.as_str().into(), &Value::from(&*text(value)))
        }
        CheckKind::Output { filter, operator, value } => {
            let found = match filter {
                None => seen.output.clone(),
                Some(filter) => {
                    let program = jq::Program::compile(&filter.text, &[]);
                    let program = program.map_err(|error| error.to_string())?;
                    let made = program.run_first(&seen.output, &[], &jq::Limits::default());
                    made.map_err(|error| format!("the filter fails: {error}"))?.unwrap_or_default()
                }
            };
            compare(*operator, &found, value)
        }
        CheckKind::Selector { css, asks } => page::judge(css, asks, seen),
        CheckKind::Cancelled(task) => match watch.was_cut_off(task) {
            Some(true) => Ok(()),
            Some(false) => Err(format!("the task `{task}` ran to its end")),
            None => Err(format!("the task `{task}` was not started")),
        },
        CheckKind::Call { pipeline, script } => {
            let wanted = evaluate(script, test).map_err(|(_, what)| what)?;
            let calls = watch.calls(pipeline);
            if calls.iter().any(|state| contains(state, &wanted)) {
                return Ok(());
            }
            match calls.last() {
                None => Err(format!("the pipeline `{pipeline}` was not called")),
                Some(last) => Err(format!(
                    "none of {} calls has it; the last one:\n{}",
                    calls.len(),
                    difference(&wanted, last)
                )),
            }
        }
    }
}

pub(super) fn compare(operator: Operator, found: &Value, wanted: &Value) -> Result<(), String> {
    let holds = match operator {
        Operator::Equals => equal(found, wanted),
        Operator::Contains => contains(found, wanted),
        Operator::Matches => {
            let pattern = wanted.as_str().map_or_else(|| wanted.to_json(), str::to_owned);
            let text = found.as_str().map_or_else(|| found.to_json(), str::to_owned);
            let pattern = fancy_regex::Regex::new(&pattern)
                .map_err(|error| format!("this is no regular expression: {error}"))?;
            pattern.is_match(&text).map_err(|error| error.to_string())?
        }
    };
    if holds { Ok(()) } else { Err(difference(wanted, found)) }
}
