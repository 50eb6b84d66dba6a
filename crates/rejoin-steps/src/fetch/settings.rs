//! `config fetch`.

use std::time::Duration;

use rejoin_engine::Settings;
use rejoin_http::{ClientBuilder, Error, Request};

const BLOCK: &str = "fetch";

/// What holds for a request that says nothing else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Defaults {
    pub(super) timeout: Duration,
    pub(super) max_response: usize,
}

/// What the client is built from. Two programs with the same settings share a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientSettings {
    deny_private: bool,
    allow_networks: Vec<String>,
    allow: Option<Vec<String>>,
    proxy: Option<String>,
    no_proxy: String,
    max_redirects: Option<u32>,
}

impl Defaults {
    pub(super) fn read(settings: &Settings) -> Result<Self, String> {
        let timeout = given(settings, "timeout", "a length of time such as `10s`", |key| {
            settings.duration(BLOCK, key).filter(|length| !length.is_zero())
        })?;
        let max_response = given(settings, "maxResponse", "a number of bytes", |key| {
            settings.int(BLOCK, key).and_then(|bytes| usize::try_from(bytes).ok())
        })?;
        Ok(Self {
            timeout: timeout.unwrap_or(Duration::from_secs(10)),
            max_response: max_response.unwrap_or(Request::DEFAULT_MAX_RESPONSE_BYTES),
        })
    }
}

impl ClientSettings {
    pub(super) fn read(settings: &Settings) -> Result<Self, String> {
        let list = |key| -> Option<Vec<String>> {
            let text = settings.text(BLOCK, key)?;
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(items.map(str::to_owned).collect())
        };
        let deny_private =
            given(settings, "denyPrivate", "true or false", |key| settings.bool(BLOCK, key))?;
        let max_redirects = given(settings, "maxRedirects", "a number", |key| {
            settings.int(BLOCK, key).and_then(|n| u32::try_from(n).ok())
        })?;
        Ok(Self {
            deny_private: deny_private.unwrap_or(false),
            allow_networks: list("allowNetworks").unwrap_or_default(),
            allow: list("allow"),
            proxy: settings.text(BLOCK, "proxy"),
            no_proxy: settings.text(BLOCK, "noProxy").unwrap_or_default(),
            max_redirects,
        })
    }

    pub(super) fn apply(&self, builder: ClientBuilder) -> Result<ClientBuilder, Error> {
        let mut builder = builder;
        // What the host's builder forbids, a program cannot allow.
        if self.deny_private {
            builder = builder.deny_private_networks(true);
        }
        for network in &self.allow_networks {
            builder = builder.allow_network(network)?;
        }
        if let Some(hosts) = &self.allow {
            builder = builder.allow_hosts(hosts);
        }
        builder = match self.proxy.as_deref() {
            Some("none") => builder.no_proxy(),
            Some(proxy) => builder.proxy(proxy, &self.no_proxy),
            None => builder,
        };
        if let Some(limit) = self.max_redirects {
            builder = builder.max_redirects(limit);
        }
        Ok(builder)
    }
}

/// A setting; an error if it is there and cannot be read.
fn given<T>(
    settings: &Settings,
    key: &str,
    expected: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    match (read(key), settings.text(BLOCK, key)) {
        (Some(value), _) => Ok(Some(value)),
        (None, None) => Ok(None),
        (None, Some(text)) => {
            Err(format!("`{key}` in `config fetch` must be {expected}, not `{text}`"))
        }
    }
}
