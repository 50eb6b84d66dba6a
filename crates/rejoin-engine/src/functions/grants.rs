//! What a run may do to the world outside: everything that its functions declare, or less if whoever runs it says so.

use std::sync::Arc;

use super::Datum;

/// The effects that a run is granted. All of them, unless it is said which.
#[derive(Clone, Debug, Default)]
pub struct Grants(Option<Arc<[Grant]>>);

#[derive(Debug)]
struct Grant {
    effect: Arc<str>,
    folder: Option<Arc<str>>,
}

impl Grants {
    /// These effects and no others. `filesystem=/srv` grants one below a folder only.
    pub fn only<'t>(effects: impl IntoIterator<Item = &'t str>) -> Self {
        let grant = |text: &'t str| match text.split_once('=') {
            Some((effect, folder)) => Grant { effect: effect.into(), folder: Some(folder.into()) },
            None => Grant { effect: text.into(), folder: None },
        };
        Self(Some(effects.into_iter().map(grant).collect()))
    }

    /// Whether this effect is among them, wherever.
    pub fn allows(&self, effect: &str) -> bool {
        self.0.as_ref().is_none_or(|all| all.iter().any(|grant| *grant.effect == *effect))
    }

    /// The folders that the effect is granted for; none at all is no limit.
    pub(super) fn folders(&self, effect: &str) -> Vec<&str> {
        let grants = self.0.iter().flat_map(|all| all.iter()).filter(|it| *it.effect == *effect);
        let folders: Option<Vec<&str>> = grants.map(|grant| grant.folder.as_deref()).collect();
        folders.unwrap_or_default()
    }
}

/// What a call is worth that is not granted.
pub(super) fn refused(function: &str, effect: &str) -> Datum {
    let message = format!("`{function}` has the effect `{effect}`, which this run does not allow");
    Datum::record(
        "RuntimeError",
        [("code", Datum::text("E-RT-GRANT")), ("message", Datum::text(message))],
    )
}
