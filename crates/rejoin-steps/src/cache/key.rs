//! What an answer is kept under.

use rejoin_engine::{CallSite, Input};
use rejoin_value::Value;

use super::options::Options;
use crate::key_template::{Key, KeyDigest};

/// What came with the request's transport and is no part of what it asks for.
const TRANSPORT: [&str; 6] =
    ["headers", "cookies", "ip", "content_type", "originalRequest", "resultName"];

/// Headers that say who asks.
const CREDENTIALS: [&str; 2] = ["authorization", "x-api-key"];

/// Makes the keys of one call.
#[derive(Debug)]
pub(super) struct Keys {
    program: u64,
    site: String,
    session_cookie: String,
}

impl Keys {
    pub(super) fn of_site(site: &CallSite<'_>) -> Self {
        let cookie = site.settings.text("auth", "cookieName");
        Self {
            program: site.program,
            site: format!("{}\n{}", site.location, site.text.unwrap_or_default()),
            session_cookie: cookie.unwrap_or_else(|| "wp_session".into()),
        }
    }

    pub(super) fn key(&self, options: &Options, input: &Input<'_>) -> Key {
        let mut key = KeyDigest::new("cache");
        key.number(self.program);
        match &options.template {
            Some(template) => template.digest(input.state, &mut key),
            None => {
                key.text(&self.site);
                match input.state {
                    Value::Object(state) => {
                        let asked = state.iter().filter(|(name, _)| {
                            !TRANSPORT.contains(&name.as_str()) && name.as_str() != "user"
                        });
                        for (name, value) in asked {
                            key.text(name);
                            key.value(value);
                        }
                    }
                    other => key.value(other),
                }
            }
        }
        if !options.for_everybody {
            let request = input.context.request();
            key.value(input.state.get("user").unwrap_or(&Value::Null));
            for header in CREDENTIALS {
                key.value(request.path(&["headers", header]).unwrap_or(&Value::Null));
            }
            let cookie = request.path(&["cookies", &self.session_cookie]);
            key.value(cookie.unwrap_or(&Value::Null));
        }
        key.finish()
    }
}
