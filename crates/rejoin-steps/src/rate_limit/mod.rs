//! `rateLimit`: how often something may happen.

mod options;
mod rates;
mod run;
mod spec;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

use options::Options;

/// The step `rateLimit`: a token bucket for each key.
///
/// | setting | what it is |
/// |---|---|
/// | `keyTemplate` | who is counted, such as `{ip}` or `{params.id}` |
/// | `limit`, `window` | so many in so much time |
/// | `burst` | so many more after a quiet time (0) |
/// | `scope` | a name; buckets of different scopes are apart |
/// | `enabled` | `false` lets everything through |
///
/// `limit`, `window` and `enabled` may stand in `config rateLimit`, where `maxEntries` (10000) bounds the buckets; settings may also
/// be the first argument, as an object. A bucket starts with `limit + burst` tokens and gains `limit` in each `window`.
/// Without a token the call is a `rateLimitError` with `retryAfter` in seconds, `limit` and `scope`; the answer says so in
/// its `retry-after` header if its status is 429 or 503. `$context.rate_limit` has `limit`, `remaining` and `retryAfter`.
///
/// Buckets are in memory and outlive a reload. When there are too many, those nearest to full are forgotten.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateLimit;

impl Step for RateLimit {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        Options::default().with_text(text).problems
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let options = Options::of_config(site.settings).with_text(text).sound()?;
        if site.args.is_none() {
            let problem = |message| TextProblem {
                start: 0,
                end: text.len(),
                message,
                help: Some("write `keyTemplate: {ip}, limit: 100, window: 1m`".into()),
            };
            options.policy().map_err(problem)?;
        }
        let most = site.settings.int("rateLimit", "maxEntries").unwrap_or(10_000).max(1);
        Ok(Arc::new(run::PreparedRateLimit {
            options,
            most: usize::try_from(most).unwrap_or(usize::MAX),
        }))
    }
}
