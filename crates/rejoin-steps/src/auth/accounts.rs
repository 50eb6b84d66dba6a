//! Accounts and sessions, wherever they are.

use std::time::Duration;

use rejoin_engine::{Context, StepError};
use rejoin_value::{Object, Value, object};

use super::database::Database;
use super::memory::Memory;

/// An account.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: Value,
    pub(super) login: Value,
    pub(super) email: Value,
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) hash: String,
}

impl User {
    pub(super) fn is_active(&self) -> bool {
        self.status == "active"
    }

    /// As programs see it.
    pub(super) fn shown(&self) -> Object {
        object! {
            "id": self.id.clone(),
            "login": self.login.clone(),
            "email": self.email.clone(),
            "type": self.kind.as_str(),
        }
    }
}

/// Where they are.
pub(super) enum Accounts<'a> {
    Memory(&'a Memory),
    Database(&'a Database, &'a Context),
}

impl Accounts<'_> {
    pub(super) async fn user(&self, login: &str) -> Result<Option<User>, StepError> {
        match self {
            Self::Memory(memory) => Ok(memory.user(login)),
            Self::Database(database, context) => database.user(login, context).await,
        }
    }

    /// `None` if the login is taken.
    pub(super) async fn add(
        &self,
        login: &str,
        email: &str,
        hash: &str,
    ) -> Result<Option<User>, StepError> {
        match self {
            Self::Memory(memory) => Ok(memory.add(login, email, hash)),
            Self::Database(database, context) => database.add(login, email, hash, context).await,
        }
    }

    pub(super) async fn open(
        &self,
        user: &User,
        token: &str,
        ttl: Duration,
    ) -> Result<(), StepError> {
        match self {
            Self::Memory(memory) => {
                memory.open(user, token, ttl);
                Ok(())
            }
            Self::Database(database, context) => database.open(user, token, ttl, context).await,
        }
    }

    /// The user of a session that has not ended.
    pub(super) async fn of_session(&self, token: &str) -> Result<Option<User>, StepError> {
        match self {
            Self::Memory(memory) => Ok(memory.of_session(token)),
            Self::Database(database, context) => database.of_session(token, context).await,
        }
    }

    pub(super) async fn close(&self, token: &str) -> Result<(), StepError> {
        match self {
            Self::Memory(memory) => {
                memory.close(token);
                Ok(())
            }
            Self::Database(database, context) => database.close(token, context).await,
        }
    }
}
