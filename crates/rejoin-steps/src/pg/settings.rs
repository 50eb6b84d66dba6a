//! `config pg`.

use std::time::Duration;

use rejoin_engine::Settings;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::tls::TlsSettings;

/// Where the database is, and how much of it is used.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PgSettings {
    /// Its block of the configuration, for messages.
    pub(super) block: &'static str,
    pub(super) connect: Config,
    pub(super) tls: TlsSettings,
    pub(super) max_pool_size: usize,
    pub(super) acquire_timeout: Duration,
    pub(super) max_result: usize,
}

impl PgSettings {
    /// `None` without a host: the program has no database.
    pub(crate) fn read(settings: &Settings, block: &'static str) -> Result<Option<Self>, String> {
        let Some((connect, tls)) = connect(settings, block)? else { return Ok(None) };
        let acquire_timeout =
            settings.duration(block, "acquireTimeout").unwrap_or(Duration::from_secs(3));
        if acquire_timeout.is_zero() {
            return Err(format!("`acquireTimeout` in `config {block}` must be more than nothing"));
        }
        let usize_of = |n| usize::try_from(n).unwrap_or(usize::MAX);
        Ok(Some(Self {
            block,
            connect,
            tls,
            max_pool_size: usize_of(positive(settings, block, "maxPoolSize", 20, 10_000)?),
            acquire_timeout,
            max_result: usize_of(positive(settings, block, "maxResult", 64 << 20, u64::MAX)?),
        }))
    }

    /// Where the database is, for whoever runs the program: without the password.
    pub(super) fn place(&self) -> String {
        let (host, port) = self.address().unwrap_or_default();
        let user = self.connect.get_user().unwrap_or_default();
        // Without a name it is that of the user.
        let database = self.connect.get_dbname().unwrap_or(user);
        format!("the database is `{database}` on {host}:{port}, for the user `{user}`")
    }

    /// Host and port, for a connection that only carries a cancel request.
    pub(super) fn address(&self) -> Option<(&str, u16)> {
        let Host::Tcp(host) = self.connect.get_hosts().first()? else { return None };
        Some((host, self.connect.get_ports().first().copied().unwrap_or(5432)))
    }
}

fn connect(settings: &Settings, block: &str) -> Result<Option<(Config, TlsSettings)>, String> {
    let mut mode = None;
    let mut config = match settings.text(block, "url") {
        Some(url) => {
            let (url, sslmode) = without_sslmode(url.trim());
            mode = sslmode;
            // The text may hold a password, so it is not shown.
            let config: Config = url.parse().map_err(|_| {
                format!("`url` in `config {block}` is no address such as `postgres://user:password@host/database`")
            })?;
            if config.get_hosts().len() != 1 || !matches!(config.get_hosts(), [Host::Tcp(_)]) {
                return Err(format!("`url` in `config {block}` must name one host"));
            }
            config
        }
        None => {
            let Some(host) = settings.text(block, "host") else { return Ok(None) };
            let text = |key| settings.text(block, key).unwrap_or_else(|| "postgres".into());
            let port = positive(settings, block, "port", 5432, 65_535)?;
            let mut config = Config::new();
            config
                .host(host)
                .port(u16::try_from(port).expect("it is at most 65535"))
                .dbname(text("database"))
                .user(text("user"))
                .password(text("password"));
            if !matches!(config.get_hosts(), [Host::Tcp(_)]) {
                return Err(format!(
                    "`host` in `config {block}` is a folder with a socket, which is not supported: write a host such as `127.0.0.1`"
                ));
            }
            config
        }
    };
    if config.get_application_name().is_none() {
        config.application_name("rejoin");
    }
    let tls = TlsSettings::read(settings, block, mode.as_deref())?;
    config.ssl_mode(tls.mode());
    Ok(Some((config, tls)))
}

/// An address, and what it says about TLS: it may say more than the parser of addresses knows.
fn without_sslmode(url: &str) -> (String, Option<String>) {
    let Some((place, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut mode = None;
    let rest = query.split('&').filter(|pair| match pair.strip_prefix("sslmode=") {
        Some(value) => {
            mode = Some(value.to_owned());
            false
        }
        None => true,
    });
    let rest: Vec<&str> = rest.collect();
    let url = match rest.is_empty() {
        true => place.to_owned(),
        false => format!("{place}?{}", rest.join("&")),
    };
    (url, mode)
}

fn positive(
    settings: &Settings,
    block: &str,
    key: &str,
    default: u64,
    most: u64,
) -> Result<u64, String> {
    match settings.int(block, key) {
        Some(n) if n == 0 || n > most => {
            Err(format!("`{key}` in `config {block}` must be from 1 to {most}, not {n}"))
        }
        n => Ok(n.unwrap_or(default)),
    }
}
