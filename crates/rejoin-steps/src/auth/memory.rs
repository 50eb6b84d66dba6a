//! Accounts and sessions of a program without a database. They end with it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rejoin::Instant;

use super::accounts::User;

/// More accounts are refused.
const MOST_USERS: usize = 100_000;
/// With more sessions, the one that would end first ends now.
const MOST_SESSIONS: usize = 100_000;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    users: HashMap<String, User>,
    sessions: HashMap<String, Session>,
    /// The tokens, first those that end first.
    by_end: BTreeSet<(Instant, String)>,
}

#[derive(Debug)]
struct Session {
    login: String,
    end: Instant,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn user(&self, login: &str) -> Option<User> {
        self.lock().users.get(login).cloned()
    }

    pub(super) fn add(&self, login: &str, email: &str, hash: &str) -> Option<User> {
        let mut tables = self.lock();
        if tables.users.contains_key(login) || tables.users.len() >= MOST_USERS {
            return None;
        }
        let user = User {
            id: (tables.users.len() as i64 + 1).into(),
            login: login.into(),
            email: email.into(),
            kind: "local".into(),
            status: "active".into(),
            hash: hash.into(),
        };
        tables.users.insert(login.to_owned(), user.clone());
        Some(user)
    }

    pub(super) fn open(&self, user: &User, token: &str, ttl: Duration) {
        let Some(login) = user.login.as_str().map(str::to_owned) else { return };
        let now = Instant::now();
        let end = now + ttl;
        let mut tables = self.lock();
        while let Some((first, oldest)) = tables.by_end.first().cloned() {
            if first > now && tables.sessions.len() < MOST_SESSIONS {
                break;
            }
            tables.close(&oldest);
        }
        tables.by_end.insert((end, token.to_owned()));
        tables.sessions.insert(token.to_owned(), Session { login, end });
    }

    pub(super) fn of_session(&self, token: &str) -> Option<User> {
        let tables = self.lock();
        let session = tables.sessions.get(token).filter(|session| Instant::now() < session.end)?;
        tables.users.get(&session.login).cloned()
    }

    pub(super) fn close(&self, token: &str) {
        self.lock().close(token);
    }
}

impl Tables {
    fn close(&mut self, token: &str) {
        if let Some(session) = self.sessions.remove(token) {
            self.by_end.remove(&(session.end, token.to_owned()));
        }
    }
}
