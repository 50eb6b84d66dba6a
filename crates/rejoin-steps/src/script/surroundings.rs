//! What a script reaches outside its interpreter.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rejoin_engine::{Context, Event, Level, Turn};
use rejoin_value::Value;
use tokio::sync::mpsc;

use super::sql::{Ask, SqlEnd};

/// What a script can reach outside its interpreter. It sees the flags and conditions that held when it began: what it sets
/// is for later steps.
pub(crate) trait Surroundings {
    fn flag(&self, name: &str) -> bool;
    fn set_flag(&self, name: &str, on: bool);
    fn condition(&self, name: &str) -> bool;
    fn set_condition(&self, name: &str, holds: bool);
    fn env(&self, name: &str) -> Option<String>;
    fn print(&self, line: &str);
    /// Runs a statement on the program's database, and blocks until it has ended.
    fn sql(&self, sql: &str, params: Vec<Value>) -> Result<Value, SqlEnd>;
}

/// The request that a script is part of.
pub(super) struct OfRequest {
    pub(super) context: Context,
    pub(super) turn: Turn,
    /// Statements go to the request's own task, which runs them.
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) before: Before,
}

/// What the flags and conditions were that a script has set since it began.
#[derive(Default)]
pub(super) struct Before {
    flags: RefCell<BTreeMap<Box<str>, bool>>,
    conditions: RefCell<BTreeMap<Box<str>, bool>>,
}

/// The request without a thread to wait on.
impl Surroundings for Context {
    fn flag(&self, name: &str) -> bool {
        Context::flag(self, name)
    }

    fn set_flag(&self, name: &str, on: bool) {
        Context::set_flag(self, name, on);
    }

    fn condition(&self, name: &str) -> bool {
        Context::condition(self, name)
    }

    fn set_condition(&self, name: &str, holds: bool) {
        Context::set_condition(self, name, holds);
    }

    fn env(&self, name: &str) -> Option<String> {
        (self.host().variables)(name)
    }

    fn print(&self, line: &str) {
        self.emit(Event::Log { level: Level::Debug, message: line.into(), fields: Value::Null });
    }

    fn sql(&self, _: &str, _: Vec<Value>) -> Result<Value, SqlEnd> {
        Err(SqlEnd::Stopped)
    }
}

impl Surroundings for OfRequest {
    fn flag(&self, name: &str) -> bool {
        let before = self.before.flags.borrow().get(name).copied();
        before.unwrap_or_else(|| self.context.flag(name))
    }

    fn set_flag(&self, name: &str, on: bool) {
        let before = || self.context.flag(name);
        self.before.flags.borrow_mut().entry(name.into()).or_insert_with(before);
        Surroundings::set_flag(&self.context, name, on);
    }

    fn condition(&self, name: &str) -> bool {
        let before = self.before.conditions.borrow().get(name).copied();
        before.unwrap_or_else(|| self.context.condition(name))
    }

    fn set_condition(&self, name: &str, holds: bool) {
        let before = || self.context.condition(name);
        self.before.conditions.borrow_mut().entry(name.into()).or_insert_with(before);
        Surroundings::set_condition(&self.context, name, holds);
    }

    fn env(&self, name: &str) -> Option<String> {
        Surroundings::env(&self.context, name)
    }

    fn print(&self, line: &str) {
        Surroundings::print(&self.context, line);
    }

    fn sql(&self, sql: &str, params: Vec<Value>) -> Result<Value, SqlEnd> {
        self.turn.aside(|| super::sql::ask(&self.asks, sql, params))
    }
}
