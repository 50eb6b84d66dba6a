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
        let size = |key, default| Ok(read.number(key)?.unwrap_or(default));
        let duration = |key, default| Ok(read.duration(key)?.unwrap_or(default));
        Ok(Self {
            host: settings.text(BLOCK, "host"),
            port: read.number("port")?,
            timeout: duration("timeout", default.timeout)?,
            max_body: size("maxBody", default.max_body)?,
            max_header: size("maxHeader", default.max_header)?,
            max_connections: size("maxConnections", default.max_connections)?,
            head_timeout: duration("headTimeout", default.head_timeout)?,
            keep_alive: duration("keepAlive", default.keep_alive)?,
            write_timeout: duration("writeTimeout", default.write_timeout)?,
            drain: duration("drain", default.drain)?,
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
    /// A whole number, within the bounds that the checker knows.
    fn number<T: TryFrom<u64>>(&self, key: &'static str) -> Result<Option<T>, ConfigError> {
        self.read(key, Settings::int, |n| T::try_from(n).ok())
    }

    fn duration(&self, key: &'static str) -> Result<Option<Duration>, ConfigError> {
        self.read(key, Settings::duration, Some)
    }

    /// What values there may be is said in one place, for the checker and for what comes here unchecked.
    fn read<V, T>(
        &self,
        key: &'static str,
        get: impl FnOnce(&Settings, &str, &str) -> Option<V>,
        fits: impl FnOnce(V) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.settings.text(BLOCK, key) else { return Ok(None) };
        if let Some(expected) = self.settings.refused(BLOCK, key) {
            return Err(wrong(key, &text, expected));
        }
        let read = get(self.settings, BLOCK, key).and_then(fits);
        read.map(Some).ok_or_else(|| wrong(key, &text, "a value that fits this machine"))
    }
}

#[cfg(test)]
mod tests {
    use rejoin_lang::check::refused_setting;
    use rejoin_lang::config_value::ConfigValue;

    use super::*;

    /// Reads the configuration with this one setting.
    fn with(key: &str, text: &str) -> Result<ServerConfig, ConfigError> {
        let setting = [(key, text.to_owned())].into_iter();
        ServerConfig::from_settings(&Settings::of_block(BLOCK, setting))
    }

    #[test]
    fn the_server_takes_what_the_checker_takes() {
        let keys = [
            "port",
            "timeout",
            "maxBody",
            "maxHeader",
            "maxConnections",
            "headTimeout",
            "keepAlive",
            "writeTimeout",
            "drain",
        ];
        let values = ["0", "1", "8191", "8192", "65535", "65536", "86400", "86401", "1048576"];
        let more = ["1048577", "1073741824", "1073741825", "18446744073709551615", "-1", "much"];
        for key in keys {
            for text in values.iter().chain(&more) {
                let refused = refused_setting(BLOCK, key, &ConfigValue::Text((*text).into()));
                match (with(key, text), refused) {
                    (Ok(_), None) => {}
                    (Err(error), Some(expected)) => {
                        let message = error.to_string();
                        assert!(message.contains(&*expected), "{message}");
                    }
                    (read, expected) => panic!("{key}: {text}: {read:?}, checked: {expected:?}"),
                }
            }
        }
        assert_eq!(with("port", "65535").unwrap().port, Some(65_535));
        assert_eq!(with("maxBody", "1073741824").unwrap().max_body, 1 << 30);
        assert_eq!(
            with("maxHeader", "8000").unwrap_err().to_string(),
            "`maxHeader` in `config server` must be a whole number from 8192 to 1048576, not `8000`"
        );
    }
}
