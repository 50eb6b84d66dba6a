//! Proxies: which one a request takes, and the tunnel through it.

use std::task::{Context, Poll};

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::stream::Transport;
use crate::error::{ErrorKind, Failure, Phase, Retry};

/// The proxies of a client: `None` if it has none, which is then not asked about per request.
#[derive(Debug)]
pub(crate) struct Proxies(Option<Matcher>);

impl Proxies {
    pub(crate) fn none() -> Proxies {
        Proxies(None)
    }

    /// As `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say now.
    pub(crate) fn from_env() -> Proxies {
        Proxies::from_matcher(Matcher::from_env())
    }

    /// One proxy for everything but the hosts in `except`, which is written as `NO_PROXY` is.
    pub(crate) fn all(proxy: &str, except: &str) -> Proxies {
        Proxies::from_matcher(Matcher::builder().all(proxy).no(except).build())
    }

    fn from_matcher(matcher: Matcher) -> Proxies {
        let used = ["http://a.invalid/", "https://a.invalid/"]
            .iter()
            .any(|probe| matcher.intercept(&Uri::from_static(probe)).is_some());
        Proxies(used.then_some(matcher))
    }

    /// The proxy that requests to `uri` take.
    pub(crate) fn intercept(&self, uri: &Uri) -> Option<Intercept> {
        self.0.as_ref().and_then(|matcher| matcher.intercept(uri))
    }

    /// What a plain request to `uri` must say to its proxy: for `https` the tunnel has said it.
    pub(crate) fn authorization(&self, uri: &Uri) -> Option<HeaderValue> {
        let matcher = self.0.as_ref()?;
        if crate::url::is_https(uri) {
            return None;
        }
        matcher.intercept(uri)?.basic_auth().cloned()
    }
}

/// Asks the proxy at the other end of `io` for a tunnel to `target`.
pub(crate) async fn tunnel(
    io: Transport,
    proxy: &Intercept,
    target: Uri,
) -> Result<Transport, Failure> {
    let mut tunnel = Tunnel::new(proxy.uri().clone(), Established(Some(TokioIo::new(io))));
    if let Some(authorization) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(authorization.clone());
    }
    match tunnel.call(target.clone()).await {
        Ok(io) => Ok(io.into_inner()),
        Err(error) => {
            let (at, host) = (proxy.uri().authority(), target.host().unwrap_or_default());
            let at = at.map_or("", |authority| authority.as_str());
            let message = format!("proxy {at} did not open a tunnel to {host:?}: {error}");
            Err(failed(message).caused_by(error))
        }
    }
}

/// That the proxy's address is of a kind that this client does not speak.
pub(crate) fn unsupported(proxy: &Intercept) -> Failure {
    let scheme = proxy.uri().scheme_str().unwrap_or_default();
    failed(format!(
        "the environment names a {scheme} proxy, which is not supported; set HTTP_PROXY and \
         HTTPS_PROXY to an http proxy, or NO_PROXY to the hosts that need none"
    ))
}

fn failed(message: String) -> Failure {
    Failure::new(ErrorKind::Proxy, Phase::Connect, Retry::Safe, message)
}

/// A connector that hands out the one connection that is there already.
struct Established(Option<TokioIo<Transport>>);

impl Service<Uri> for Established {
    type Response = TokioIo<Transport>;
    type Error = std::io::Error;
    type Future = std::future::Ready<Result<TokioIo<Transport>, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), std::io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.0.take().ok_or_else(|| std::io::ErrorKind::NotConnected.into()))
    }
}
