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

impl Surroundings for OfRequest {
    fn flag(&self, name: &str) -> bool {
        self.context.flag(name)
    }

    fn set_flag(&self, name: &str, on: bool) {
        self.context.set_flag(name, on);
    }

    fn condition(&self, name: &str) -> bool {
        self.context.condition(name)
    }

    fn set_condition(&self, name: &str, holds: bool) {
        self.context.set_condition(name, holds);
    }

    fn env(&self, name: &str) -> Option<String> {
        (self.context.host().variables)(name)
    }

    fn print(&self, line: &str) {
        self.context.emit(Event::Log {
            level: Level::Debug,
            message: line.into(),
            fields: Value::Null,
        });
    }

    fn sql(&self, sql: &str, params: Vec<Value>) -> Result<Value, SqlEnd> {
        self.turn.aside(|| super::sql::ask(&self.asks, sql, params))
    }
}
