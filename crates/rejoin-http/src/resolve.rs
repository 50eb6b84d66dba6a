//! [`Resolve`]: from host names to addresses.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use crate::address::{AddressRules, denied};
use crate::error::{ErrorKind, Failure, Phase, Retry};

/// What [`Resolve::resolve`] returns.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Finds the addresses of a host name, in place of the system's resolver.
///
/// Hosts that are addresses already are not asked for. Whatever is returned still passes the rules
/// on private networks. Cancel safety: the future is dropped when the connect time-out passes.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of `host`, best first. With port 0 the port of the URL is used, any other port
    /// replaces it.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// Names set by hand, then the resolver; and the rules on what may come out.
pub(crate) struct Resolution {
    pub(crate) fixed: Vec<(String, SocketAddr)>,
    pub(crate) resolver: Option<Arc<dyn Resolve>>,
    pub(crate) rules: AddressRules,
}

impl Resolution {
    /// The addresses that a connection to `host` may go to, at least one.
    pub(crate) async fn addresses(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let mut found = self.trusted_addresses(host, port).await?;
        let first = found[0].ip();
        found.retain(|address| self.rules.permits(address.ip()));
        if !found.is_empty() {
            return Ok(found);
        }
        self.check_literal(host)?;
        Err(denied(format!(
            "host {host:?} has the address {first} of a private network, which this client must \
             not reach"
        )))
    }

    /// Refuses `host` if it is an address, not a name, that must not be reached.
    pub(crate) fn check_literal(&self, host: &str) -> Result<(), Failure> {
        match host.parse::<IpAddr>() {
            Ok(ip) if !self.rules.permits(ip) => Err(private(ip)),
            _ => Ok(()),
        }
    }

    /// The addresses of a host that the operator named, whatever they are.
    pub(crate) async fn trusted_addresses(
        &self,
        host: &str,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let mut found = self.all_addresses(host, port).await?;
        for address in found.iter_mut().filter(|address| address.port() == 0) {
            address.set_port(port);
        }
        if found.is_empty() { Err(no_address(host)) } else { Ok(found) }
    }

    async fn all_addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let fixed: Vec<_> = self
            .fixed
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(host))
            .map(|(_, address)| *address)
            .collect();
        if !fixed.is_empty() {
            return Ok(fixed);
        }
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let found = match &self.resolver {
            Some(resolver) => resolver.resolve(host).await,
            None => tokio::net::lookup_host((host, port)).await.map(Iterator::collect),
        };
        found.map_err(|error| {
            dns(format!("host {host:?} not found: {error}; check the name and the DNS settings"))
                .caused_by(error)
        })
    }
}

fn private(ip: IpAddr) -> Failure {
    denied(format!("{ip} is an address of a private network, which this client must not reach"))
}

fn no_address(host: &str) -> Failure {
    dns(format!("host {host:?} has no address; check the name and the DNS settings"))
}

fn dns(message: String) -> Failure {
    Failure::new(ErrorKind::Dns, Phase::Resolve, Retry::Safe, message)
}

impl fmt::Debug for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolution")
            .field("fixed", &self.fixed)
            .field("custom_resolver", &self.resolver.is_some())
            .field("rules", &self.rules)
            .finish()
    }
}
