//! `config fetch`.

use std::time::Duration;

use rejoin_engine::Settings;
use rejoin_http::{ClientBuilder, Error, Request};

const BLOCK: &str = "fetch";

/// What holds for a request that says nothing else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    pub(crate) timeout: Duration,
    pub(crate) max_response: usize,
}

/// What the client is built from. Two programs with the same settings share a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientSettings {
    deny_private: bool,
    allow_networks: Vec<String>,
    allow: Option<Vec<String>>,
    proxy: Option<String>,
    no_proxy: String,
    max_redirects: Option<u32>,
}

impl Defaults {
    pub(crate) fn read(settings: &Settings) -> Result<Self, String> {
        let timeout = settings.duration(BLOCK, "timeout").unwrap_or(Duration::from_secs(10));
        if timeout.is_zero() {
            return Err(
                "`timeout` in `config fetch` must be more than nothing, such as `10s`".into()
            );
        }
        let max_response = settings.int(BLOCK, "maxResponse").map(usize::try_from);
        Ok(Self {
            timeout,
            max_response: max_response
                .map_or(Request::DEFAULT_MAX_RESPONSE_BYTES, |bytes| bytes.unwrap_or(usize::MAX)),
        })
    }
}

impl ClientSettings {
    pub(crate) fn read(settings: &Settings) -> Self {
        let list = |key| -> Option<Vec<String>> {
            let text = settings.text(BLOCK, key)?;
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Some(items.map(str::to_owned).collect())
        };
        Self {
            deny_private: settings.bool(BLOCK, "denyPrivate").unwrap_or(false),
            allow_networks: list("allowNetworks").unwrap_or_default(),
            allow: list("allow"),
            proxy: settings.text(BLOCK, "proxy"),
            no_proxy: settings.text(BLOCK, "noProxy").unwrap_or_default(),
            max_redirects: settings
                .int(BLOCK, "maxRedirects")
                .map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        }
    }

    pub(crate) fn apply(&self, builder: ClientBuilder) -> Result<ClientBuilder, Error> {
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
