//! [`Setup`]: from a URL's origin to a connection.
//!
//! Proxy or not, resolve, connect, tunnel, TLS: one function, [`Setup::connect`], each stage with its
//! own kind of error, all of them together within the connect time-out.

mod proxy;
mod stream;
mod tcp;
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Intercept;
use tokio::time::{Instant, timeout_at};

use crate::error::{ErrorKind, Failure, Phase, Retry, TimeLimit};
use crate::resolve::Resolution;
use crate::response::ConnectTimings;
use crate::url::{host, implied_port, is_https, port};

pub(crate) use self::proxy::Proxies;
pub(crate) use self::stream::{ConnectionInfo, Transport};
pub(crate) use self::tls::{Tls, certificates};

/// How connections are made. One per client.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) resolution: Resolution,
    pub(crate) proxies: Proxies,
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
    /// Whether HTTP/2 is spoken without having been agreed on.
    pub(crate) http2_only: bool,
}

/// A connection that is made.
pub(crate) struct Connected {
    pub(crate) io: Transport,
    pub(crate) info: ConnectionInfo,
    pub(crate) http2: bool,
}

impl Setup {
    /// Connects to the host of `target`, or to the proxy that is in between.
    pub(crate) async fn connect(&self, target: &Uri) -> Result<Connected, Failure> {
        let limit = Limit { at: Instant::now() + self.timeout, timeout: self.timeout };
        let proxy = self.proxies.intercept(target);
        let mut timings = ConnectTimings::default();

        let began = Instant::now();
        let dialled = self.dialled(target, proxy.as_ref())?;
        let addresses = limit
            .hold(Phase::Resolve, target, self.addresses(target, dialled, proxy.is_some()))
            .await?;
        timings.resolve = began.elapsed();

        let began = Instant::now();
        let (socket, remote) = limit
            .hold(Phase::Connect, target, async {
                let count = addresses.len();
                tcp::connect(addresses).await.map_err(|(error, address)| {
                    connect_failed(dialled, proxy.is_some(), address, count, error)
                })
            })
            .await?;
        let mut io = Transport::Tcp(socket);
        if let Some(proxy) = &proxy {
            if is_https(proxy.uri()) {
                let handshake = self.tls.handshake(host(proxy.uri()), io);
                io = Transport::Tls(Box::new(limit.hold(Phase::Tls, target, handshake).await?));
            }
            if is_https(target) {
                let tunnel = proxy::tunnel(io, proxy, target.clone());
                io = limit.hold(Phase::Connect, target, tunnel).await?;
            }
        }
        timings.connect = began.elapsed();

        let mut http2 = false;
        if is_https(target) {
            let began = Instant::now();
            let handshake = self.tls.handshake(host(target), io);
            let stream = limit.hold(Phase::Tls, target, handshake).await?;
            http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            io = Transport::Tls(Box::new(stream));
            timings.tls = Some(began.elapsed());
        }
        let to_proxy = proxy.is_some() && !is_https(target);
        let info = ConnectionInfo::new(remote, timings, host_header(target)?, to_proxy);
        Ok(Connected { io, info, http2: http2 || self.http2_only })
    }

    /// The host that the socket goes to.
    fn dialled<'a>(
        &self,
        target: &'a Uri,
        proxy: Option<&'a Intercept>,
    ) -> Result<&'a Uri, Failure> {
        match proxy {
            None => Ok(target),
            Some(proxy) => match proxy.uri().scheme_str() {
                Some("http" | "https") => Ok(proxy.uri()),
                _ => Err(proxy::unsupported(proxy)),
            },
        }
    }

    async fn addresses(
        &self,
        target: &Uri,
        dialled: &Uri,
        by_proxy: bool,
    ) -> Result<Vec<SocketAddr>, Failure> {
        if by_proxy {
            // The proxy resolves the target's name, so that only an address in the URL itself can be
            // judged here; the proxy's own address is the operator's choice.
            self.resolution.check_literal(host(target))?;
            self.resolution.trusted_addresses(host(dialled), port(dialled)).await
        } else {
            self.resolution.addresses(host(dialled), port(dialled)).await
        }
    }
}

/// What `host` says to that of `target`: its port too, unless the scheme implies it.
fn host_header(target: &Uri) -> Result<HeaderValue, Failure> {
    let host = target.host().unwrap_or_default();
    let value = match target.port_u16().filter(|&port| port != implied_port(target)) {
        Some(port) => HeaderValue::try_from(format!("{host}:{port}")),
        None => HeaderValue::from_str(host),
    };
    value.map_err(|error| {
        let message = format!("{host:?} cannot be sent as the name of a host");
        Failure::new(ErrorKind::InvalidUrl, Phase::Prepare, Retry::Never, message).caused_by(error)
    })
}

/// The connect time-out, running.
struct Limit {
    at: Instant,
    timeout: Duration,
}

impl Limit {
    async fn hold<T>(
        &self,
        phase: Phase,
        target: &Uri,
        stage: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        timeout_at(self.at, stage).await.unwrap_or_else(|_| {
            let (host, port) = (host(target), port(target));
            Err(Failure::timeout(
                TimeLimit::Connect,
                phase,
                Retry::Safe,
                format!(
                    "no connection to {host}:{port} within {:?}: still {}",
                    self.timeout,
                    phase.doing()
                ),
            ))
        })
    }
}

/// The number that Unix systems have for it, which has no kind of its own.
const TOO_MANY_FILES: i32 = 24;

fn connect_failed(
    dialled: &Uri,
    is_proxy: bool,
    address: SocketAddr,
    count: usize,
    error: io::Error,
) -> Failure {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    let kind = if is_proxy { ErrorKind::Proxy } else { ErrorKind::Connect };
    let what = if is_proxy { "proxy " } else { "" };
    let name = host(dialled);
    let whom = match name.parse::<std::net::IpAddr>() {
        Ok(_) => format!("{what}{address}"),
        Err(_) => format!("{what}{name} ({address})"),
    };
    let more = if count > 1 { format!(" (all {count} addresses failed)") } else { String::new() };
    let (reason, mend) = match error.kind() {
        ConnectionRefused => ("connection refused".to_owned(), "; is the service running there?"),
        HostUnreachable | NetworkUnreachable => {
            (error.to_string(), "; is there a route to that network?")
        }
        TimedOut => ("no answer".to_owned(), "; is a firewall in between?"),
        _ if cfg!(unix) && error.raw_os_error() == Some(TOO_MANY_FILES) => {
            (error.to_string(), "; allow more with `ulimit -n`, or have fewer requests under way")
        }
        _ => (error.to_string(), ""),
    };
    Failure::new(
        kind,
        Phase::Connect,
        Retry::Safe,
        format!("could not connect to {whom}: {reason}{more}{mend}"),
    )
    .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn too_many_open_files_come_with_their_mend() {
        let address = "127.0.0.1:80".parse().unwrap();
        let target = Uri::from_static("http://a.test/");
        let failure = connect_failed(&target, false, address, 1, io::Error::from_raw_os_error(24));
        assert!(failure.message.contains("`ulimit -n`"), "{failure}");
    }
}
