//! `fetch`: an HTTP request.

mod request;
mod response;
mod run;
mod settings;
mod spec;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_http::{Client, ClientBuilder};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

use settings::ClientSettings;

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
    begin: Box<dyn Fn() -> ClientBuilder + Send + Sync>,
    /// The client of the program that was loaded last. A reload with the same settings keeps its connections.
    current: Mutex<Option<(ClientSettings, Client)>>,
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
        Self { begin: Box::new(begin), current: Mutex::new(None) }
    }

    fn client(&self, settings: ClientSettings) -> Result<Client, String> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, client)) = &*current
            && *known == settings
        {
            return Ok(client.clone());
        }
        let client = settings.apply((self.begin)()).map_err(|error| error.to_string())?.build();
        *current = Some((settings, client.clone()));
        Ok(client)
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

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let problem = |message| TextProblem {
            start: 0,
            end: site.text.map_or(0, str::len),
            message,
            help: Some("see `config fetch`".into()),
        };
        let defaults = settings::Defaults::read(site.settings).map_err(problem)?;
        let client = self
            .client(ClientSettings::read(site.settings))
            .map_err(|error| problem(format!("`config fetch`: {error}")))?;
        Ok(Arc::new(run::PreparedFetch {
            url: site.text.map(str::trim).unwrap_or_default().to_owned(),
            client,
            defaults,
        }))
    }
}
