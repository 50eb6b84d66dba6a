//! `graphql`: a question to the program's own schema, or to another service.
//!
//! | file | what it holds |
//! |---|---|
//! | `schema`, `check` | the schema, what resolves it, and what is wrong with it |
//! | `document`, `any_lists`, `undeclared` | documents, and the bounds of what they may ask |
//! | `question`, `execute`, `collect`, `complete`, `input` | one operation on the own schema |
//! | `run`, `remote`, `endpoint` | who asks: a step, a step that asks elsewhere, a client |
//! | `error` | errors and answers |

mod any_lists;
mod check;
mod collect;
mod complete;
mod document;
mod endpoint;
mod error;
mod execute;
mod input;
mod question;
mod remote;
mod run;
mod schema;
mod spec;
mod undeclared;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{GraphqlProblem, GraphqlTexts, StepSpec, TextProblem};

use crate::fetch::{ClientSettings, Clients, Defaults};
use document::Bounds;
use question::Own;
use schema::Schema;

/// The step `graphql`, and the endpoint of a program's GraphQL.
///
/// Without a second argument the program's own schema is asked, inside the process. The first argument are the variables;
/// without it they are the state's `variables` or `graphqlParams`. The state is what resolvers see as `.context`. The answer,
/// `{data, errors}`, becomes the state; under a name its data is at `.data.<name>`. Errors are a `graphqlError` each,
/// with message, path and locations, and what data there is stays at its place.
///
/// A second argument, `{ url, headers, operation, timeout }`, names another service, which is asked with the client of `fetch`.
///
/// A document in the text is held against the schema when the program is loaded. `config graphql` has these settings:
///
/// | key | default | what it does |
/// |---|---|---|
/// | `endpoint` | none | the path at which clients can ask, with GET and POST |
/// | `introspection` | `true` | whether they may ask for the schema itself |
/// | `maxDepth` | 32 | how deep the fields of a document may nest |
/// | `maxFields` | 1000 | how many fields it may have, with those of its fragments wherever they are used |
/// | `maxNodes` | 100000 | how many values an answer may have |
pub struct GraphqlStep {
    clients: Arc<Clients>,
    /// The schema of the program that is being loaded.
    last: Mutex<Option<(u64, Arc<Schema>)>>,
}

impl GraphqlStep {
    /// The step, with the client of `fetch`.
    pub fn new(fetch: &crate::fetch::Fetch) -> Self {
        Self { clients: fetch.clients(), last: Mutex::default() }
    }

    fn own(&self, site: &CallSite<'_>) -> Result<Own, TextProblem> {
        let bounds = Bounds::read(site.settings);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((program, schema)) = &*last
            && *program == site.program
        {
            return Ok(Own { schema: schema.clone(), bounds });
        }
        let schema = Arc::new(Schema::of(site.graphql)?);
        *last = Some((site.program, schema.clone()));
        Ok(Own { schema, bounds })
    }
}

impl fmt::Debug for GraphqlStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphqlStep").finish_non_exhaustive()
    }
}

impl Step for GraphqlStep {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_graphql(&self, graphql: &GraphqlTexts<'_>) -> Vec<GraphqlProblem> {
        check::check(graphql)
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.filter(|text| !text.trim().is_empty());
        let problem = |message: String| TextProblem {
            start: 0,
            end: site.text.map_or(0, str::len),
            message,
            help: None,
        };
        if site.args.is_some_and(|args| args > 1) {
            let defaults = Defaults::read(site.settings).map_err(problem)?;
            let client = self.clients.get(ClientSettings::read(site.settings)).map_err(problem)?;
            let document = text.map(str::to_owned);
            return Ok(Arc::new(remote::PreparedRemote { document, client, defaults }));
        }
        let own = self.own(site)?;
        let document = match text {
            None => None,
            Some(text) => {
                let compiled = document::compile(&own.schema, own.bounds, text);
                Some(compiled.map_err(|problems| problem(problems[0].message().to_owned()))?)
            }
        };
        Ok(Arc::new(run::PreparedGraphql { own, document }))
    }

    fn prepare_endpoint(
        &self,
        site: &CallSite<'_>,
    ) -> Result<Option<Arc<dyn Prepared>>, TextProblem> {
        Ok(Some(Arc::new(endpoint::Endpoint { own: self.own(site)? })))
    }
}
