//! What a script reaches outside its interpreter.

use rejoin_engine::{Context, Event, Level, Turn};
use rejoin_value::Value;
use tokio::sync::mpsc;

use super::sql::{Ask, SqlEnd};

/// What a script can reach outside its interpreter.
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
        Surroundings::flag(&self.context, name)
    }

    fn set_flag(&self, name: &str, on: bool) {
        Surroundings::set_flag(&self.context, name, on);
    }

    fn condition(&self, name: &str) -> bool {
        Surroundings::condition(&self.context, name)
    }

    fn set_condition(&self, name: &str, holds: bool) {
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
