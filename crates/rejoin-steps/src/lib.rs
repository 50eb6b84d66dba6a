//! The steps of Rejoin: what a program's `|> name` can call.
//!
//! A folder per step: its `spec.rs` says what it is (name, parameters, effect, errors, runnable examples), its
//! `run.rs` runs it. Everything that acts on the world outside lives in this crate.
//!
//! ```
//! use rejoin_lang::step_spec::StepCatalog;
//!
//! let registry = rejoin_steps::registry();
//! let names = ["assert", "auth", "cache", "cov", "debug", "fetch", "graphql", "handlebars", "jq", "js", "log", "lua", "mustache", "pg", "rateLimit", "sleep", "sql", "stdin", "validate"];
//! assert_eq!(registry.names(), names);
//! assert!(registry.check_text("lua", "return 1 +").len() == 1);
//! ```
//!
//! | module | step |
//! |---|---|
//! | [`jq`] | a jq program on the state |
//! | [`js`] | a JavaScript function on the state, sandboxed |
//! | [`lua`] | a Luau script on the state, sandboxed |
//! | [`fetch`] | an HTTP request |
//! | [`pg`] | a statement on a PostgreSQL database |
//! | [`sql`] | a statement on a SQLite database, or on a PostgreSQL |
//! | [`graphql`] | a question to the own GraphQL schema, or another's |
//! | [`handlebars`] | a page of HTML from a template; also called `mustache` |
//! | [`validate`] | rules for the fields of a request's body |
//! | [`assert`](mod@assert) | a schema for the state |
//! | [`auth`] | accounts, sessions, and who asks |
//! | [`rate_limit`] | so many in so much time, for each key |
//! | [`cache`] | what the rest of the steps made before |
//! | [`cov`] | a function of a `.cov` file |
//! | [`log`] | a line in the log |
//! | [`debug`] | the state in the log |
//! | [`sleep`] | a pause |
//! | [`stdin`](mod@stdin) | what a script is given |
//!
//! [`migrate`](mod@migrate) is how the schema of a program's database comes to be. [`sql_check`] asks a database about statements. [`functions`] is what `.cov` programs can do outside. `join` and calls of pipelines are nodes of the engine and no steps.

pub mod assert;
pub mod auth;
pub mod cache;
pub mod cov;
mod database;
pub mod debug;
pub mod fetch;
pub mod functions;
pub mod graphql;
pub mod handlebars;
mod hex;
pub mod jq;
pub mod js;
mod key_template;
pub mod log;
pub mod lua;
pub mod migrate;
pub mod pg;
pub mod rate_limit;
mod reading;
mod script;
mod settings_text;
pub mod sleep;
pub mod sql;
mod sql_answer;
pub mod sql_check;
mod sql_params;
mod sql_text;
pub mod stdin;
mod text_rule;
pub mod validate;

pub use database::Databases;

use rejoin_engine::Registry;

/// All built-in steps.
///
/// A host puts its own in place of one, or adds more, with [`Registry::with`]; `fetch` with a client of its
/// own is [`Fetch::from_builder`](fetch::Fetch::from_builder).
pub fn registry() -> Registry {
    let (pg, sql) = (pg::Pg::new(), sql::Sql::new());
    let databases = Databases::new(pg.clone(), sql.clone());
    let fetch = fetch::Fetch::new();
    Registry::new()
        .with(assert::Assert)
        .with(auth::Auth::new(databases.clone()))
        .with(cache::Cache)
        .with(cov::Cov::new())
        .with(debug::Debug)
        .with(graphql::GraphqlStep::new(&fetch))
        .with(fetch)
        .with(handlebars::Handlebars::new())
        .with(handlebars::Handlebars::mustache())
        .with(jq::Jq)
        .with(js::Js::new(databases.clone()))
        .with(log::Log)
        .with(lua::Lua::new(databases))
        .with(pg)
        .with(rate_limit::RateLimit)
        .with(sleep::Sleep)
        .with(stdin::Stdin)
        .with(sql)
        .with(validate::Validate)
}
