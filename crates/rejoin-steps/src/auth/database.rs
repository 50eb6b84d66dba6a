//! Accounts and sessions in the program's database. Whatever comes from outside is a parameter.

use std::time::Duration;

use rejoin_engine::{Context, Settings, StepError};
use rejoin_value::Value;

use super::accounts::User;
use crate::database::{Databases, Statement};

/// The statements, ready to run.
pub(super) struct Database {
    user: Statement,
    add: Statement,
    open: Statement,
    clean: Statement,
    of_session: Statement,
    close: Statement,
}

impl Database {
    /// `None` if the program has no database.
    pub(super) fn of_site(
        databases: &Databases,
        settings: &Settings,
    ) -> Result<Option<Self>, String> {
        let Some(statements) = databases.of(settings)? else { return Ok(None) };
        // SQLite has no type for a point in time: there it is a number of seconds, whatever the column is declared as.
        let (end, has_ended) = match statements.is_sqlite() {
            true => ("unixepoch() + $3", "CAST(expires_at AS integer) <= unixepoch()"),
            false => ("now() + make_interval(secs => $3::float8)", "expires_at <= now()"),
        };
        Ok(Some(Self {
            user: statements.prepare(
                "SELECT id, login, email, password_hash, type, status FROM users WHERE login = $1",
            ),
            add: statements.prepare(
                "INSERT INTO users (login, email, password_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING \
                 RETURNING id, login, email, type, status",
            ),
            open: statements.prepare(&format!(
                "INSERT INTO sessions (user_id, token, expires_at) VALUES ($1, $2, {end})"
            )),
            clean: statements
                .prepare(&format!("DELETE FROM sessions WHERE user_id = $1 AND {has_ended}")),
            of_session: statements.prepare(&format!(
                "SELECT u.id, u.login, u.email, u.type, u.status FROM sessions s JOIN users u ON u.id = s.user_id \
                 WHERE s.token = $1 AND NOT ({has_ended})"
            )),
            close: statements.prepare("DELETE FROM sessions WHERE token = $1"),
        }))
    }

    pub(super) async fn user(
        &self,
        login: &str,
        context: &Context,
    ) -> Result<Option<User>, StepError> {
        first_user(self.user.run(&[login.into()], context).await)
    }

    pub(super) async fn add(
        &self,
        login: &str,
        email: &str,
        hash: &str,
        context: &Context,
    ) -> Result<Option<User>, StepError> {
        first_user(self.add.run(&[login.into(), email.into(), hash.into()], context).await)
    }

    pub(super) async fn open(
        &self,
        user: &User,
        token: &str,
        ttl: Duration,
        context: &Context,
    ) -> Result<(), StepError> {
        self.clean.run(std::slice::from_ref(&user.id), context).await?;
        let params = [user.id.clone(), token.into(), (ttl.as_secs() as i64).into()];
        self.open.run(&params, context).await.map(drop)
    }

    pub(super) async fn of_session(
        &self,
        token: &str,
        context: &Context,
    ) -> Result<Option<User>, StepError> {
        first_user(self.of_session.run(&[token.into()], context).await)
    }

    pub(super) async fn close(&self, token: &str, context: &Context) -> Result<(), StepError> {
        self.close.run(&[token.into()], context).await.map(drop)
    }
}

fn first_user(answer: Result<Value, StepError>) -> Result<Option<User>, StepError> {
    let answer = answer?;
    let Some(row) = answer.get("rows").and_then(|rows| rows.at(0)) else { return Ok(None) };
    let value = |key| row.get(key).cloned().unwrap_or_default();
    let text = |key| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Some(User {
        id: value("id"),
        login: value("login"),
        email: value("email"),
        kind: text("type"),
        status: text("status"),
        hash: text("password_hash"),
    }))
}
