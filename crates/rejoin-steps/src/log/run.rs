//! A call of `log`.

use rejoin_engine::{Called, Event, Input, Level, Prepared, Settings};
use rejoin_lang::step_spec::TextProblem;
use rejoin_value::{Value, object};

use super::access::AccessLine;
use super::text::Text;

const BLOCK: &str = "log";
/// So much of a response's body is logged when `config log` does not say.
const MAX_BODY: u64 = 16 * 1024;

pub(super) enum PreparedLog {
    Off,
    Message(std::sync::Arc<str>),
    AtEnd(AccessLine),
}

impl PreparedLog {
    pub(super) fn new(text: Text, settings: &Settings) -> Result<Self, TextProblem> {
        let enabled = settings.bool(BLOCK, "enabled").unwrap_or(true);
        let given = match text {
            Text::Message(_) if !enabled => return Ok(Self::Off),
            Text::Message(message) => return Ok(Self::Message(message.into())),
            Text::Settings(given) => given,
        };
        if !given.enabled.unwrap_or(enabled) {
            return Ok(Self::Off);
        }
        let level = match (given.level, settings.text(BLOCK, "level")) {
            (Some(level), _) => level,
            (None, Some(text)) => Level::parse(&text).ok_or_else(|| TextProblem {
                start: 0,
                end: 0,
                message: format!(
                    "`level` in `config log` must be debug, info, warn or error, not `{text}`"
                ),
                help: None,
            })?,
            (None, None) => Level::Debug,
        };
        let yes = |given: Option<bool>, key, default| {
            given.or_else(|| settings.bool(BLOCK, key)).unwrap_or(default)
        };
        Ok(Self::AtEnd(AccessLine {
            level,
            include_body: yes(given.include_body, "includeBody", false),
            include_headers: yes(given.include_headers, "includeHeaders", true),
            max_body: settings.int(BLOCK, "maxBodySize").unwrap_or(MAX_BODY) as usize,
        }))
    }
}

impl Prepared for PreparedLog {
    fn call<'a>(&'a self, input: Input<'a>) -> Called<'a> {
        match self {
            Self::Off => {}
            Self::Message(message) => input.context.emit(Event::Log {
                level: Level::Info,
                message: message.clone(),
                fields: Value::Null,
            }),
            Self::AtEnd(line) => {
                let note = object! {
                    "level": line.level.as_str(),
                    "include_body": line.include_body,
                    "include_headers": line.include_headers
                };
                let request = input.context.snapshot().get("request").cloned().unwrap_or_default();
                input.context.note("log", note.into());
                input.context.at_end(line.begin(request));
            }
        }
        Called::Ready(Ok(input.state.clone().into()))
    }
}
