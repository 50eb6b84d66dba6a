//! A call of `sleep`.

use std::time::Duration;

use rejoin_engine::{Called, Input, Prepared, StepError};
use rejoin_lang::duration;
use rejoin_lang::step_spec::TextProblem;
use rejoin_value::Value;

/// Longer pauses are mistakes.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
const EXPECTED: &str = "a length of time of at most a day, such as `250ms`, `2s` or `1m`";

pub(super) struct PreparedSleep {
    /// From the text.
    pub(super) length: Option<Duration>,
}

/// Reads the step's text.
pub(super) fn length_of(text: &str) -> Result<Duration, TextProblem> {
    duration::parse(text).filter(|length| *length <= LONGEST).ok_or_else(|| TextProblem {
        start: 0,
        end: text.len(),
        message: format!("`{}` is not {EXPECTED}", text.trim()),
        help: Some("write the number and its unit: ms, s, m or h".into()),
    })
}

impl Prepared for PreparedSleep {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        let length = match input.args.first() {
            Some(argument) => match length_of_argument(argument) {
                Some(length) => length,
                None => {
                    return Called::Ready(Err(StepError::Failed(format!(
                        "argument 1 must be a number of milliseconds, or {EXPECTED}, not {argument}"
                    ))));
                }
            },
            None => self.length.unwrap_or_default(),
        };
        Called::pending(async move {
            tokio::time::sleep(length).await;
            Ok(input.state.clone().into())
        })
    }
}

fn length_of_argument(argument: &Value) -> Option<Duration> {
    let length = match argument {
        Value::Number(millis) => duration::seconds(millis.as_f64() / 1000.0),
        Value::String(text) => duration::parse(text),
        _ => None,
    };
    length.filter(|length| *length <= LONGEST)
}
