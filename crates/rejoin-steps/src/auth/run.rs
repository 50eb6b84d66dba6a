//! A call of `auth`.

use std::fmt::Write;

use rejoin_engine::{
    Abort, Called, DomainError, Event, Input, Level, Prepared, StepError, StepResult,
};
use rejoin_value::{Array, Object, Value};

use super::accounts::{Accounts, User};
use super::action::Action;
use super::cookie::Cookies;
use super::database::Database;
use super::memory::Memory;
use super::password;
use crate::text_rule::is_email;

/// Nobody has a longer login or password; hashing a longer one would be work for nothing.
const LONGEST: usize = 1024;

pub(super) struct PreparedAuth {
    pub(super) action: Action,
    /// As written.
    pub(super) text: String,
    pub(super) cookies: Cookies,
    /// `None` if accounts are in memory.
    pub(super) database: Option<Database>,
}

impl Prepared for PreparedAuth {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        Called::pending(async move {
            let memory = input.context.host().shared.get::<Memory>();
            let accounts = match &self.database {
                Some(database) => Accounts::Database(database, input.context),
                None => Accounts::Memory(&memory),
            };
            match self.act(&accounts, &input).await {
                Err(StepError::Domain(error)) if &*error.kind != "authError" => {
                    // What the database says is for the log, and not for whoever wants to log in.
                    let more = error.for_log.as_ref().map(|more| format!("; {more}"));
                    let more = more.unwrap_or_default();
                    let message = format!("auth: {}{}{more}", error.message, mend(&error)).into();
                    input.context.emit(Event::Log {
                        level: Level::Error,
                        message,
                        fields: Value::Null,
                    });
                    Err(StepError::Abort(Abort {
                        title: "accounts are not available".into(),
                        detail: "the log says why".into(),
                    }))
                }
                ended => ended,
            }
        })
    }
}

/// What to do about tables and columns that the database does not have.
fn mend(error: &DomainError) -> &'static str {
    match error.fields.get("sqlstate").and_then(Value::as_str) {
        Some("42P01" | "42703") => {
            "; your migrations make `users` and `sessions`, as the reference of `auth` has them"
        }
        _ => "",
    }
}

impl PreparedAuth {
    async fn act(&self, accounts: &Accounts<'_>, input: &Input<'_>) -> StepResult {
        let mut added = Object::new();
        match &self.action {
            Action::Register => {
                let (login, password) = self.credentials(input)?;
                let email = body(input, "email").unwrap_or_default();
                if email.len() > LONGEST || !is_email(&email) {
                    return Err(self.refuse("`email` must be an e-mail address"));
                }
                if accounts.user(&login).await?.is_some() {
                    return Err(self.refuse("this login is taken"));
                }
                let hashed = on_pool(input, move || password::hash(&password)).await?;
                let hash = hashed.map_err(StepError::Failed)?;
                // Somebody may have been faster since.
                let Some(user) = accounts.add(&login, &email, &hash).await? else {
                    return Err(self.refuse("this login is taken"));
                };
                added.insert("user", with_status(&user));
                added.insert("message", "registered");
            }
            Action::Login => {
                let (login, password) = self.credentials(input)?;
                let user = accounts.user(&login).await?;
                let hash = user.as_ref().map(|user| user.hash.clone());
                let is_right =
                    on_pool(input, move || password::verify(&password, hash.as_deref())).await?;
                // One message for all, so that it does not tell which accounts exist.
                let Some(user) = user.filter(|user| is_right && user.is_active()) else {
                    return Err(self.refuse("login or password is wrong"));
                };
                let token = token().map_err(StepError::Failed)?;
                accounts.open(&user, &token, self.cookies.ttl).await?;
                added.insert("user", with_status(&user));
                let mut cookies = match input.state.get("setCookies") {
                    Some(Value::Array(cookies)) => cookies.clone(),
                    _ => Array::new(),
                };
                cookies.push(self.cookies.set(&token));
                added.insert("setCookies", cookies);
            }
            Action::Logout => {
                if let Some(token) = self.cookies.token(input) {
                    accounts.close(token).await?;
                }
                let mut cookies = Array::new();
                cookies.push(self.cookies.expire());
                added.insert("setCookies", cookies);
            }
            Action::Required | Action::Optional | Action::Type(_) => {
                let user = match self.cookies.token(input) {
                    Some(token) => accounts.of_session(token).await?,
                    None => None,
                };
                match (user.filter(User::is_active), &self.action) {
                    (Some(user), Action::Type(kind)) if user.kind != *kind => {
                        return Err(self.refuse(&format!("only for users of the type `{kind}`")));
                    }
                    (Some(user), _) => {
                        added.insert("user", user.shown());
                    }
                    (None, Action::Optional) => {}
                    (None, _) => return Err(self.refuse("a login is required")),
                }
            }
        }
        // A state that is no object stays, if there is nothing to add to it.
        let is_nothing = added.is_empty() && !matches!(input.state, Value::Object(_));
        Ok(if is_nothing { input.state.clone() } else { added.into() }.into())
    }

    fn credentials(&self, input: &Input<'_>) -> Result<(String, String), StepError> {
        let login = body(input, "login").or_else(|| body(input, "username"));
        let (Some(login), Some(password)) = (login, body(input, "password")) else {
            return Err(self.refuse("`login` and `password` are needed"));
        };
        if login.len() > LONGEST || password.len() > LONGEST || login.contains('\0') {
            return Err(self.refuse("`login` or `password` cannot be one"));
        }
        Ok((login, password))
    }

    fn refuse(&self, message: &str) -> StepError {
        DomainError::new("authError", message).field("context", self.text.as_str()).into()
    }
}

/// A text of the body that is not empty. A form brings digits as a number.
fn body(input: &Input<'_>, key: &str) -> Option<String> {
    match input.state.path(&["body", key])? {
        Value::String(text) => Some(text.as_str().to_owned()).filter(|text| !text.is_empty()),
        number @ Value::Number(_) => Some(number.to_json()),
        _ => None,
    }
}

fn with_status(user: &User) -> Object {
    let mut shown = user.shown();
    shown.insert("status", user.status.as_str());
    shown
}

async fn on_pool<T: Send + 'static>(
    input: &Input<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StepError> {
    let ended = input.context.host().scripts.run(move |_| work()).await;
    ended.map_err(|panicked| StepError::Failed(panicked.to_string()))
}

/// 32 random bytes, which nobody can guess.
fn token() -> Result<String, String> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    }))
}
