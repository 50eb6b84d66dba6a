//! `auth`: who asks.

mod accounts;
mod action;
mod cookie;
mod database;
mod memory;
mod password;
mod run;
mod spec;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

use crate::Databases;
use action::Action;

/// The step `auth`.
///
/// | text | what it does |
/// |---|---|
/// | `register` | makes an account of `.body.login`, `.body.email` and `.body.password`; adds `user` and `message` |
/// | `login` | checks `.body.login` (or `.body.username`) and `.body.password`, opens a session; adds `user` and a cookie to `setCookies` |
/// | `required` | adds the `user` of the session that the cookie names; without one it is an error |
/// | `optional` | the same without the error |
/// | `type:admin` | as `required`, for users of that type alone |
/// | `logout` | ends the session and expires the cookie |
///
/// What is refused is an `authError` with `message` and `context`, the step's text.
///
/// With `config pg`, or a `url` in `config sql`, accounts and sessions are in tables `users(id, login unique, email, password_hash,
/// type default 'local', status default 'active')` and `sessions(user_id, token unique, expires_at)`; SQLite has `expires_at` as seconds
/// since 1970. Without a database they are in memory, until the program ends. A database that fails ends the request; the log says why. Passwords are hashed with Argon2id, on the script pool.
///
/// `config auth` has `sessionTtl` (a week), `cookieName` (`wp_session`), `cookieSecure` (`false`), `cookieHttpOnly` (`true`), `cookieSameSite` (`Lax`)
/// and `cookiePath` (`/`).
#[derive(Debug)]
pub struct Auth {
    databases: Databases,
}

impl Auth {
    /// The step, with accounts in the program's database if it has one.
    pub fn new(databases: Databases) -> Self {
        Self { databases }
    }
}

impl Step for Auth {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        Action::parse(text).err().into_iter().collect()
    }

    /// A database that fails ends the request instead.
    fn never_fails(&self, text: &str) -> bool {
        matches!(Action::parse(text), Ok(Action::Optional | Action::Logout))
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let problem = |message| TextProblem {
            start: 0,
            end: text.len(),
            message,
            help: Some("see `config auth`, `config pg` and `config sql`".into()),
        };
        Ok(Arc::new(run::PreparedAuth {
            action: Action::parse(text)?,
            text: text.trim().into(),
            cookies: cookie::Cookies::of_config(site.settings).map_err(problem)?,
            database: database::Database::of_site(&self.databases, site.settings)
                .map_err(problem)?,
        }))
    }
}
