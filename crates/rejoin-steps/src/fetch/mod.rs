//! `fetch`: an HTTP request.

mod braces;
mod clients;
mod request;
mod response;
mod run;
mod settings;
mod spec;

use std::fmt;
use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_http::{Client, ClientBuilder};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

pub(crate) use clients::Clients;
pub(crate) use response::{failed, status_error};
pub(crate) use settings::{ClientSettings, Defaults};

/// The step `fetch`.
///
/// The URL is the first argument, or `fetchUrl` in the state, or the text. The second argument, or without
/// arguments the state's `fetchMethod`, `fetchHeaders`, `fetchBody`, `fetchTimeout`, says the rest. A 2xx
/// answer becomes `{response, status, headers}`, with the body parsed if it is JSON and as text if not;
/// everything else is a `networkError`, `timeoutError` or `httpError`.
///
/// `config fetch` has these settings:
///
/// | key | default | what it does |
/// |---|---|---|
/// | `timeout` | `10s` | how long a request may take as a whole |
/// | `maxResponse` | 8 MiB | the most bytes that a body may have |
/// | `maxRedirects` | 10 | how many redirects are followed |
/// | `denyPrivate` | `false` | **turn this on where strangers have a say in URLs**: refuses addresses that are not of the open internet, such as `127.0.0.1`, `10.0.0.0/8` and the metadata services of clouds |
/// | `allowNetworks` | none | networks exempt from that: `"10.1.0.0/16, 10.2.0.7"` |
/// | `allow` | all | the only hosts that are asked: `"api.example.com, *.internal.example.com"` |
/// | `proxy` | from the environment | the proxy's URL, or `"none"` |
/// | `noProxy` | none | hosts that are asked without that proxy |
///
/// All calls of a program share one client and its connections.
pub struct Fetch {
    clients: Arc<Clients>,
}

impl Fetch {
    /// The step with a client that begins with the client's defaults.
    pub fn new() -> Self {
        Self::from_builder(Client::builder)
    }

    /// The step with a client that begins as `begin` says; the program's `config fetch` is applied on top.
    ///
    /// ```
    /// use rejoin_http::Client;
    /// use rejoin_steps::fetch::Fetch;
    ///
    /// let here = "127.0.0.1:8080".parse()?;
    /// let fetch = Fetch::from_builder(move || Client::builder().resolve_to("users.internal", here));
    /// let registry = rejoin_steps::registry().with(fetch);
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn from_builder(begin: impl Fn() -> ClientBuilder + Send + Sync + 'static) -> Self {
        Self { clients: Arc::new(Clients::new(begin)) }
    }

    /// What its clients come from, for steps that ask with the same.
    pub(crate) fn clients(&self) -> Arc<Clients> {
        self.clients.clone()
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").finish_non_exhaustive()
    }
}

impl Step for Fetch {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn warn_text(&self, text: &str) -> Vec<TextProblem> {
        braces::in_text(text).into_iter().collect()
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let problem = |message| TextProblem {
            start: 0,
            end: site.text.map_or(0, str::len),
            message,
            help: Some("see `config fetch`".into()),
        };
        let defaults = Defaults::read(site.settings).map_err(problem)?;
        let client = self
            .clients
            .get(ClientSettings::read(site.settings))
            .map_err(|error| problem(format!("`config fetch`: {error}")))?;
        Ok(Arc::new(run::PreparedFetch {
            url: request::TextUrl::new(site.text.unwrap_or_default()),
            client,
            defaults,
        }))
    }
}
