//! A call of `rateLimit`.

use std::time::Duration;

use rejoin_engine::{Abort, Called, DomainError, Input, Prepared, StepError, StepResult};
use rejoin_value::{Value, object};

use super::options::Options;
use super::rates::{Rates, Taken};
use crate::key_template::KeyDigest;

pub(super) struct PreparedRateLimit {
    pub(super) options: Options,
    /// How many buckets there are at most.
    pub(super) most: usize,
}

impl Prepared for PreparedRateLimit {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        Called::Ready(match input.args.first() {
            None => self.take(&self.options, &input),
            Some(argument) => match self.options.clone().with_argument(argument) {
                Ok(options) => self.take(&options, &input),
                Err(message) => Err(misused(message)),
            },
        })
    }
}

impl PreparedRateLimit {
    fn take(&self, options: &Options, input: &Input<'_>) -> StepResult {
        if options.is_off {
            return Ok(input.state.clone().into());
        }
        let policy = options.policy().map_err(misused)?;
        let mut key = KeyDigest::new("rateLimit");
        key.text(&options.scope);
        // Calls that count differently count apart.
        key.number(policy.limit.into());
        key.number(policy.burst.into());
        key.number(policy.window.as_nanos() as u64);
        if let Some(template) = &options.template {
            template.digest(input.state, &mut key);
        }
        let rates = input.context.host().shared.get::<Rates>();
        let taken = rates.take(key.finish(), policy, self.most);
        let (left, wait) = match taken {
            Taken::Token { left } => (left, Duration::ZERO),
            Taken::Nothing { wait } => (0, wait),
        };
        // In whole seconds, and never too early.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let mut note = object! {
            "allowed": matches!(taken, Taken::Token { .. }),
            "limit": i64::from(policy.limit),
            "remaining": i64::from(left),
            "retryAfter": seconds as i64,
            "retry_after": seconds as i64,
        };
        if let Some(template) = &options.template {
            note.insert("key", template.shown(input.state));
        }
        let scope = match options.scope.as_str() {
            "" => Value::Null,
            scope => scope.into(),
        };
        note.insert("scope", scope.clone());
        input.context.note("rate_limit", note.into());
        if let Taken::Token { .. } = taken {
            return Ok(input.state.clone().into());
        }
        input.context.retry_after(wait);
        let error =
            DomainError::new("rateLimitError", format!("too often: try again in {seconds} s"))
                .field("retryAfter", seconds as i64)
                .field("limit", i64::from(policy.limit))
                .field("scope", scope);
        Err(error.into())
    }
}

/// A limit that is not what it should be must neither let everything through nor look like one that is reached.
fn misused(detail: String) -> StepError {
    StepError::Abort(Abort { title: "rateLimit is not set up".into(), detail })
}
