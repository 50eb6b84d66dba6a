//! [`ClientBuilder`]: the settings of a client, with their defaults.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use rustls::pki_types::CertificateDer;

use crate::address::{AddressRules, HostPattern};
use crate::client::{Client, Shared};
use crate::connect::{Proxies, Setup, Tls, certificates};
use crate::decode;
use crate::error::{Error, ErrorKind, Failure, Phase, Retry};
use crate::pool::{Limits, Pool};
use crate::resolve::{Resolution, Resolve};

/// Settings of a [`Client`]; every one has a default.
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    idle_timeout: Duration,
    max_idle_per_host: usize,
    max_idle: usize,
    connect_timeout: Duration,
    user_agent: HeaderValue,
    max_redirects: u32,
    decompress: bool,
    proxies: Option<Proxies>,
    extra_roots: Vec<CertificateDer<'static>>,
    system_roots: bool,
    protocol: Protocol,
    fixed: Vec<(String, SocketAddr)>,
    resolver: Option<Arc<dyn Resolve>>,
    rules: AddressRules,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Negotiated,
    Http1,
    Http2,
}

impl ClientBuilder {
    pub(crate) fn new() -> ClientBuilder {
        ClientBuilder {
            idle_timeout: Duration::from_secs(90),
            max_idle_per_host: 1024,
            max_idle: 512,
            connect_timeout: Duration::from_secs(10),
            user_agent: HeaderValue::from_static(concat!("rejoin/", env!("CARGO_PKG_VERSION"))),
            max_redirects: 10,
            decompress: true,
            proxies: None,
            extra_roots: Vec::new(),
            system_roots: true,
            protocol: Protocol::Negotiated,
            fixed: Vec::new(),
            resolver: None,
            rules: AddressRules::default(),
        }
    }

    /// How long a connection may lie in the pool unused; 90 seconds if not set.
    pub fn idle_timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.idle_timeout = timeout;
        self
    }

    /// How many unused connections to one host are kept; 1,024 if not set, with 0 none is ever reused.
    pub fn max_idle_per_host(mut self, limit: usize) -> ClientBuilder {
        self.max_idle_per_host = limit;
        self
    }

    /// How many connections are kept in all, 512 if not set: when there are more, those that lie unused are
    /// closed, the one that was used longest ago first. Who asks very many hosts, one after the other, would
    /// run out of sockets otherwise. Connections of HTTP/2 do not count, and stay for the
    /// [idle time-out](Self::idle_timeout).
    pub fn max_idle(mut self, limit: usize) -> ClientBuilder {
        self.max_idle = limit;
        self
    }

    /// How long it may take to resolve, connect and shake hands; 10 seconds if not set. The limits
    /// of the request hold beside it.
    pub fn connect_timeout(mut self, timeout: Duration) -> ClientBuilder {
        self.connect_timeout = timeout;
        self
    }

    /// What is sent as `user-agent`, where a request does not set its own; `rejoin/` and the version
    /// if not set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if it cannot be the value of a header.
    pub fn user_agent(mut self, text: &str) -> Result<ClientBuilder, Error> {
        self.user_agent = HeaderValue::try_from(text)
            .map_err(|_| invalid(format!("{text:?} cannot be sent as user-agent")))?;
        Ok(self)
    }

    /// How many redirects a request may follow; 10 if not set, with 0 a redirect is the response.
    pub fn max_redirects(mut self, limit: u32) -> ClientBuilder {
        self.max_redirects = limit;
        self
    }

    /// Whether compressed answers are asked for and undone; on if not set. A request that sets
    /// `accept-encoding` or `range` itself gets what comes.
    pub fn decompress(mut self, on: bool) -> ClientBuilder {
        self.decompress = on;
        self
    }

    /// Goes straight to every host, whatever the environment says. If neither this nor
    /// [`proxy`](ClientBuilder::proxy) is called, `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY` decide, in either case of letters, as they are when the client is built.
    pub fn no_proxy(mut self) -> ClientBuilder {
        self.proxies = Some(Proxies::none());
        self
    }

    /// Sends every request through `proxy`, except to the hosts in `except`, which is written as
    /// `NO_PROXY` is: names (with those below them), addresses and networks, separated by commas.
    ///
    /// Through a proxy, the proxy resolves the names:
    /// [`deny_private_networks`](ClientBuilder::deny_private_networks) can then only judge addresses
    /// that stand in the URL.
    pub fn proxy(mut self, proxy: &str, except: &str) -> ClientBuilder {
        self.proxies = Some(Proxies::all(proxy, except));
        self
    }

    /// Trusts the certificates in `pem` too, as that of a company's own authority.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Tls`] if there is no certificate in it.
    pub fn root_certificates(mut self, pem: &[u8]) -> Result<ClientBuilder, Error> {
        self.extra_roots.extend(certificates(pem).map_err(Failure::without_request)?);
        Ok(self)
    }

    /// Whether the roots of the system are trusted; on if not set. They are read at the first
    /// `https` request.
    pub fn system_roots(mut self, on: bool) -> ClientBuilder {
        self.system_roots = on;
        self
    }

    /// Speaks HTTP/1.1 only. If not set, HTTP/2 is spoken where a TLS server offers it.
    pub fn http1_only(mut self) -> ClientBuilder {
        self.protocol = Protocol::Http1;
        self
    }

    /// Speaks HTTP/2 only, also without TLS, to servers that are known to understand it ("h2c").
    pub fn http2_prior_knowledge(mut self) -> ClientBuilder {
        self.protocol = Protocol::Http2;
        self
    }

    /// Connects to `address` whenever `host` is asked for, without resolving; may be called several
    /// times, also for one host. With port 0 the port of the URL is used.
    pub fn resolve_to(mut self, host: impl Into<String>, address: SocketAddr) -> ClientBuilder {
        self.fixed.push((host.into(), address));
        self
    }

    /// Resolves host names with `resolver` instead of the system.
    pub fn resolver(mut self, resolver: impl Resolve) -> ClientBuilder {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Refuses to connect to any address that is not of the open internet: private and loopback
    /// networks, link-local addresses with the metadata services of clouds, carrier-grade NAT and the
    /// reserved ranges, IPv6 disguises of all of them included. **Off if not set**: turn it on where
    /// strangers have a say in the URLs.
    ///
    /// What counts is the address that the connection goes to, for every redirect too.
    pub fn deny_private_networks(mut self, on: bool) -> ClientBuilder {
        self.rules.deny_private = on;
        self
    }

    /// Exempts a network, such as `10.1.0.0/16`, or a single address from
    /// [`deny_private_networks`](ClientBuilder::deny_private_networks).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] if it is neither.
    pub fn allow_network(mut self, network: &str) -> Result<ClientBuilder, Error> {
        let parsed = match network.parse::<std::net::IpAddr>() {
            Ok(address) => address.to_canonical().into(),
            Err(_) => network.parse().map_err(|_| {
                invalid(format!("{network:?} is not a network; write it as 10.1.0.0/16"))
            })?,
        };
        self.rules.allowed_networks.push(parsed);
        Ok(self)
    }

    /// Refuses every host but these, for every redirect too: `api.example.com`, with a port
    /// `api.example.com:8443`, or `*.example.com` for all names below it. May be called several
    /// times. If never called, every host is allowed.
    pub fn allow_hosts<I>(mut self, hosts: I) -> ClientBuilder
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let patterns = hosts.into_iter().map(|host| HostPattern::parse(host.as_ref()));
        self.rules.allowed_hosts.get_or_insert_default().extend(patterns);
        self
    }

    /// Builds the client. Nothing is opened or read yet but the environment.
    pub fn build(self) -> Client {
        let http1_only = self.protocol == Protocol::Http1;
        let setup = Setup {
            resolution: Resolution {
                fixed: self.fixed,
                resolver: self.resolver,
                rules: self.rules,
            },
            proxies: self.proxies.unwrap_or_else(Proxies::from_env),
            tls: Tls::new(self.extra_roots, self.system_roots, http1_only),
            timeout: self.connect_timeout,
            http2_only: self.protocol == Protocol::Http2,
        };
        let limits = Limits {
            timeout: self.idle_timeout,
            per_host: self.max_idle_per_host,
            in_all: self.max_idle,
        };
        Client::from_shared(Shared {
            pool: Pool::new(setup, limits),
            headers: headers(self.user_agent, self.decompress),
            max_redirects: self.max_redirects,
            decompress: self.decompress,
        })
    }
}

/// What a request has that says nothing of its own.
fn headers(user_agent: HeaderValue, decompress: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(USER_AGENT, user_agent);
    if decompress {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(decode::ACCEPTED));
    }
    headers
}

fn invalid(message: String) -> Error {
    Failure::new(ErrorKind::InvalidRequest, Phase::Prepare, Retry::Never, message).without_request()
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("idle_timeout", &self.idle_timeout)
            .field("max_idle_per_host", &self.max_idle_per_host)
            .field("max_idle", &self.max_idle)
            .field("connect_timeout", &self.connect_timeout)
            .field("user_agent", &self.user_agent)
            .field("max_redirects", &self.max_redirects)
            .field("decompress", &self.decompress)
            .field("proxies", &self.proxies)
            .field("protocol", &self.protocol)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
