//! The cookie that names a session.

use std::time::Duration;

use rejoin_engine::{Input, Settings};
use rejoin_value::Value;

/// Longer than any token that is given out.
const LONGEST_TOKEN: usize = 256;

/// How the cookie is called and who gets it.
#[derive(Debug)]
pub(super) struct Cookies {
    name: String,
    /// Everything after its value but its age.
    attributes: String,
    pub(super) ttl: Duration,
}

impl Cookies {
    pub(super) fn of_config(settings: &Settings) -> Result<Self, String> {
        let text =
            |key, default: &str| settings.text("auth", key).unwrap_or_else(|| default.into());
        let name = text("cookieName", "wp_session");
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(is_token) {
            return Err(format!("`cookieName` in `config auth` is no name of a cookie: {name:?}"));
        }
        let path = text("cookiePath", "/");
        if !path.starts_with('/') || path.contains(|c: char| c == ';' || !c.is_ascii_graphic()) {
            return Err(format!("`cookiePath` in `config auth` is no path of a cookie: {path:?}"));
        }
        let secure = settings.bool("auth", "cookieSecure").unwrap_or(false);
        let same_site = match text("cookieSameSite", "Lax").to_ascii_lowercase().as_str() {
            "lax" => "Lax",
            "strict" => "Strict",
            "none" if secure => "None",
            "none" => return Err("`cookieSameSite: \"None\"` needs `cookieSecure: true`".into()),
            _ => {
                return Err("`cookieSameSite` in `config auth` is `Lax`, `Strict` or `None`".into());
            }
        };
        let mut attributes = format!("Path={path}; SameSite={same_site}");
        if settings.bool("auth", "cookieHttpOnly").unwrap_or(true) {
            attributes.push_str("; HttpOnly");
        }
        if secure {
            attributes.push_str("; Secure");
        }
        let week = Duration::from_secs(7 * 24 * 60 * 60);
        let ttl = settings.duration("auth", "sessionTtl").unwrap_or(week);
        if ttl < Duration::from_secs(1) || ttl > week * 52 * 10 {
            return Err("`sessionTtl` in `config auth` must be from a second to ten years".into());
        }
        Ok(Self { name, attributes, ttl })
    }

    /// The token that the client sent.
    pub(super) fn token<'a>(&self, input: &Input<'a>) -> Option<&'a str> {
        let path = ["cookies", &self.name];
        // A state that a program has reshaped may have lost the cookies; the request has not.
        let sent = input.state.path(&path).or_else(|| input.context.request().path(&path));
        sent.and_then(Value::as_str).filter(|token| {
            (1..=LONGEST_TOKEN).contains(&token.len())
                && token.bytes().all(|b| b.is_ascii_graphic())
        })
    }

    pub(super) fn set(&self, token: &str) -> String {
        format!("{}={token}; {}; Max-Age={}", self.name, self.attributes, self.ttl.as_secs())
    }

    pub(super) fn expire(&self) -> String {
        format!(
            "{}=; {}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            self.name, self.attributes
        )
    }
}
