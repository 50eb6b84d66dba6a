//! `cache`: what the rest of a list of steps made, for the next who ask for the same.

mod key;
mod options;
mod run;
mod spec;
mod store;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

use options::Options;

/// The step `cache`. If it knows how its list of steps would end, the list ends so; else the steps after it run and how
/// they end is kept: state, status and kind of content.
///
/// | setting | default | what it is |
/// |---|---|---|
/// | `keyTemplate` | | what is asked for, such as `book:{params.id}`; else all of the state but what came with the transport |
/// | `ttl` | 60 | seconds, or a length of time; 0 keeps nothing |
/// | `staleWhileRevalidate` | 30 | so long after that one caller makes it anew and all others get the old |
/// | `audience` | `caller` | `everybody` if the answer is the same whoever asks |
/// | `enabled` | `true` | `false` leaves it out |
///
/// `config cache` has `enabled`, `defaultTtl`, `staleWhileRevalidate`, `maxCacheSize` (10 MiB) and `maxEntrySize` (1 MiB); settings may also be the
/// first argument, as an object. Unless the audience is everybody, who asks is part of the key: `.user`, the headers
/// `authorization` and `x-api-key`, and the session's cookie.
///
/// Errors, statuses from 500 and what sets cookies are not kept. Who asks for what is being made waits for it; if that
/// fails, one of those who wait is the next to make it. All is in memory, and each load of a program starts empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cache;

impl Step for Cache {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        Options::default().with_text(text).problems
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        Ok(Arc::new(run::PreparedCache {
            options: Options::of_config(site.settings).with_text(text).sound()?,
            limits: store::Limits::of_config(site.settings),
            keys: key::Keys::of_site(site),
        }))
    }
}
