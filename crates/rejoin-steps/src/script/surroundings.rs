//! What a script reaches outside its interpreter.

use rejoin_engine::{Context, Event, Level};
use rejoin_value::Value;

/// What a script can reach outside its interpreter.
pub(crate) trait Surroundings {
    fn flag(&self, name: &str) -> bool;
    fn set_flag(&self, name: &str, on: bool);
    fn condition(&self, name: &str) -> bool;
    fn set_condition(&self, name: &str, holds: bool);
    fn env(&self, name: &str) -> Option<String>;
    fn print(&self, line: &str);
}

/// The request that a script is part of.
pub(super) struct OfRequest(pub(super) Context);

impl Surroundings for OfRequest {
    fn flag(&self, name: &str) -> bool {
        self.0.flag(name)
    }

    fn set_flag(&self, name: &str, on: bool) {
        self.0.set_flag(name, on);
    }

    fn condition(&self, name: &str) -> bool {
        self.0.condition(name)
    }

    fn set_condition(&self, name: &str, holds: bool) {
        self.0.set_condition(name, holds);
    }

    fn env(&self, name: &str) -> Option<String> {
        (self.0.host().variables)(name)
    }

    fn print(&self, line: &str) {
        self.0.emit(Event::Log { level: Level::Debug, message: line.into(), fields: Value::Null });
    }
}
