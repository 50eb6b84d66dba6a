//! Events of running programs as lines of the log.

use rejoin_engine::{Event, Level, Observer};
use rejoin_value::Value;

use crate::log::Log;

/// Writes what programs log, show and retry.
#[derive(Clone, Debug)]
pub struct ConsoleObserver {
    log: Log,
}

impl ConsoleObserver {
    /// Writes to `log`.
    pub fn new(log: Log) -> Self {
        Self { log }
    }
}

impl Observer for ConsoleObserver {
    fn observe(&self, request_id: &str, event: &Event) {
        match event {
            Event::Log { level, message, fields } => self.log.line(*level, message, |line| {
                line.text("request_id", request_id);
                if let Value::Object(fields) = fields {
                    for (key, value) in fields.iter() {
                        match value.as_str() {
                            Some(text) => line.text(key, text),
                            None => line.value(key, value),
                        }
                    }
                }
            }),
            Event::Debug { title, state } => self.log.line(Level::Debug, title, |line| {
                line.text("request_id", request_id);
                line.value("state", state);
            }),
            Event::Retried { name, attempt, error, pause } => {
                self.log.line(Level::Info, "retry", |line| {
                    line.text("request_id", request_id);
                    line.text("step", name);
                    line.number("attempt", u64::from(*attempt));
                    line.text("error", error);
                    line.millis("pause_ms", *pause);
                });
            }
            Event::TaskEnded { task, took, error: Some(error) } => {
                self.log.line(Level::Info, "a task ended without a value", |line| {
                    line.text("request_id", request_id);
                    line.text("task", task);
                    line.text("error", error);
                    line.millis("ms", *took);
                });
            }
            // Calls and starts of tasks are for tracing, not for a console.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rejoin_value::object;

    use super::*;
    use crate::log::LogFormat;
    use crate::log::tests::Kept;

    #[test]
    fn an_event_carries_its_request() {
        let kept = Kept::default();
        let log = Log::to(kept.clone(), LogFormat::Json).unwrap();
        let console = ConsoleObserver::new(log.clone());
        let fields = object! { "user": "ada" }.into();
        let event = Event::Log { level: Level::Warn, message: "odd".into(), fields };
        console.observe("r-1", &event);
        log.flush();
        let text = kept.text();
        assert!(
            text.contains(r#""level":"warn","message":"odd","request_id":"r-1","user":"ada"}"#),
            "{text}"
        );
    }
}
