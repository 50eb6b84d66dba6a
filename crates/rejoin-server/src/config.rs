//! `config server { … }`: what a program may set about the server that runs it.

use std::time::Duration;

use rejoin_engine::Settings;

use crate::cors::Cors;

const BLOCK: &str = "server";

/// The settings of `config server`, with the defaults of those that are not given.
///
/// When a program is replaced while it is served, `timeout`, `maxBody`, `cors` and `trustProxy` of the new one hold for the
/// requests from then on; what concerns the address and connections stays as it was when the server started.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// `host`: the address to listen on.
    pub host: Option<String>,
    /// `port`: the port to listen on; 0 picks a free one.
    pub port: Option<u16>,
    /// `timeout`: how long one request may take, its tasks included. Default 30 s.
    pub timeout: Duration,
    /// `maxBody`: the largest request body, in bytes. Default 2 MiB.
    pub max_body: usize,
    /// `maxHeader`: the largest head of a request, in bytes. Default 64 KiB.
    pub max_header: usize,
    /// `maxConnections`: how many connections are open at once; more wait to be accepted. Default 10,000.
    pub max_connections: usize,
    /// `headTimeout`: how long a client may take to send a request's head. Default 10 s.
    pub head_timeout: Duration,
    /// `keepAlive`: how long a connection may stay without a request. Default 60 s.
    pub keep_alive: Duration,
    /// `writeTimeout`: how long a client may take no byte of its response. Default 30 s.
    pub write_timeout: Duration,
    /// `drain`: how long requests that are under way may go on after the server was told to stop. Default 10 s.
    pub drain: Duration,
    /// `cors`: who may call from a browser. Default nobody but the server's own pages.
    pub cors: Cors,
    /// `trustProxy`: whether a client's address is what `x-forwarded-for` and `x-real-ip` say. Default true.
    pub trust_proxy: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            timeout: Duration::from_secs(30),
            max_body: 2 * 1024 * 1024,
            max_header: 64 * 1024,
            max_connections: 10_000,
            head_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            cors: Cors::Off,
            trust_proxy: true,
        }
    }
}

impl ServerConfig {
    /// Reads a program's settings.
    ///
    /// # Errors
    /// Names the first setting that makes no sense, and what it must be.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigError> {
        let default = Self::default();
        let read = Reader { settings };
        let port = read.int("port", 0, u64::from(u16::MAX))?;
        let max_body = read.int("maxBody", 1, 1 << 30)?;
        // Fewer than these bytes are no buffer for the HTTP code.
        let max_header = read.int("maxHeader", 8 * 1024, 1 << 20)?;
        let max_connections = read.int("maxConnections", 1, 1_000_000)?;
        let duration = |key, default| Ok(read.duration(key)?.unwrap_or(default));
        Ok(Self {
            host: settings.text(BLOCK, "host"),
            port: port.map(|port| port as u16),
            timeout: duration("timeout", default.timeout)?,
            max_body: max_body.map_or(default.max_body, |n| n as usize),
            max_header: max_header.map_or(default.max_header, |n| n as usize),
            max_connections: max_connections.map_or(default.max_connections, |n| n as usize),
            head_timeout: duration("headTimeout", default.head_timeout)?,
            keep_alive: duration("keepAlive", default.keep_alive)?,
            write_timeout: duration("writeTimeout", default.write_timeout)?,
            drain: read.duration_or_zero("drain")?.unwrap_or(default.drain),
            cors: match settings.text(BLOCK, "cors") {
                None => Cors::Off,
                Some(text) => {
                    Cors::parse(&text).map_err(|expected| wrong("cors", &text, expected))?
                }
            },
            trust_proxy: settings.bool(BLOCK, "trustProxy").unwrap_or(default.trust_proxy),
        })
    }

    /// Whether all that is read only when a server starts is as in `other`.
    pub(crate) fn starts_as(&self, other: &Self) -> bool {
        let address = (&self.host, self.port) == (&other.host, other.port);
        let sizes = |config: &Self| (config.max_header, config.max_connections);
        let times = |config: &Self| {
            [config.head_timeout, config.keep_alive, config.write_timeout, config.drain]
        };
        address && sizes(self) == sizes(other) && times(self) == times(other)
    }
}

/// A setting of `config server` that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: &'static str,
    given: String,
    expected: String,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, given, expected } = self;
        write!(f, "`{key}` in `config server` must be {expected}, not `{given}`")
    }
}

impl std::error::Error for ConfigError {}

fn wrong(key: &'static str, given: &str, expected: impl Into<String>) -> ConfigError {
    ConfigError { key, given: given.to_owned(), expected: expected.into() }
}

struct Reader<'a> {
    settings: &'a Settings,
}

impl Reader<'_> {
    fn int(&self, key: &'static str, min: u64, max: u64) -> Result<Option<u64>, ConfigError> {
        let Some(text) = self.settings.text(BLOCK, key) else { return Ok(None) };
        match self.settings.int(BLOCK, key) {
            Some(n) if (min..=max).contains(&n) => Ok(Some(n)),
            _ => Err(wrong(key, &text, format!("a whole number from {min} to {max}"))),
        }
    }

    fn duration_or_zero(&self, key: &'static str) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = self.settings.text(BLOCK, key) else { return Ok(None) };
        match self.settings.duration(BLOCK, key) {
            Some(length) if length <= DAY => Ok(Some(length)),
            _ => Err(wrong(key, &text, "a length of time of at most a day, such as `30s`")),
        }
    }

    fn duration(&self, key: &'static str) -> Result<Option<Duration>, ConfigError> {
        match self.duration_or_zero(key)? {
            Some(Duration::ZERO) => Err(wrong(key, "0", "longer than nothing, such as `30s`")),
            length => Ok(length),
        }
    }
}

/// Clocks and timers take no length of time whatever; a day is more than any of these needs.
const DAY: Duration = Duration::from_secs(86_400);
