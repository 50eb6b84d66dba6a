//! The text of `log`: a message, or settings.

use rejoin_engine::Level;
use rejoin_lang::step_spec::TextProblem;

use crate::reading::Reading;

const KEYS: [&str; 4] = ["level", "includeBody", "includeHeaders", "enabled"];

/// What the text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// To be logged as it is.
    Message(String),
    /// About the line at the end of the request.
    Settings(Given),
}

/// The settings that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) level: Option<Level>,
    pub(super) include_body: Option<bool>,
    pub(super) include_headers: Option<bool>,
    pub(super) enabled: Option<bool>,
}

impl Text {
    /// Settings are a list of `key: value`, one a line or with commas, with no other keys than known ones.
    /// Everything else is a message.
    pub(super) fn parse(text: &str) -> Reading<Self> {
        let mut pairs = Vec::new();
        for piece in text.split(['\n', ',']).filter(|piece| !piece.trim().is_empty()) {
            match piece.split_once(':') {
                Some((key, value)) if KEYS.contains(&key.trim()) => {
                    pairs.push((key.trim(), value.trim()))
                }
                _ => {
                    let said = Self::Message(text.trim().to_owned());
                    return Reading { said, problems: Vec::new() };
                }
            }
        }
        let mut given = Given::default();
        let mut problems = Vec::new();
        for (key, value) in pairs {
            if let Err(expected) = given.set(key, value) {
                problems.push(problem(text, value, expected));
            }
        }
        Reading { said: Self::Settings(given), problems }
    }
}

impl Given {
    /// # Errors
    /// What the value should be.
    fn set(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        match key {
            "level" => self.level = Some(level(value)?),
            "includeBody" => self.include_body = Some(yes_or_no(value)?),
            "includeHeaders" => self.include_headers = Some(yes_or_no(value)?),
            _ => self.enabled = Some(yes_or_no(value)?),
        }
        Ok(())
    }
}

fn level(value: &str) -> Result<Level, &'static str> {
    Level::parse(value.trim_matches('"')).ok_or("a level: debug, info, warn or error")
}

fn yes_or_no(value: &str) -> Result<bool, &'static str> {
    value.parse().map_err(|_| "true or false")
}

fn problem(text: &str, value: &str, expected: &str) -> TextProblem {
    // `value` is a part of `text`.
    let start = value.as_ptr() as usize - text.as_ptr() as usize;
    TextProblem {
        start,
        end: start + value.len(),
        message: format!("`{value}` is not {expected}"),
        help: Some("to log these words as they are, put other words before them".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_message() {
        for text in ["starting", "level 3", "order: 7", "level: info, and more", "a\nlevel: info"] {
            assert_eq!(Text::parse(text).sound(), Ok(Text::Message(text.to_owned())));
        }
    }

    #[test]
    fn known_keys_are_settings() {
        let expected = Given {
            level: Some(Level::Warn),
            include_body: Some(true),
            include_headers: Some(false),
            enabled: None,
        };
        for text in [
            "level: warn, includeBody: true, includeHeaders: false",
            "\n  level: warn\n  includeBody: true\n  includeHeaders: false\n",
            "level:\"warn\",\nincludeBody:true,\nincludeHeaders:false,",
        ] {
            assert_eq!(Text::parse(text).sound(), Ok(Text::Settings(expected.clone())), "{text}");
        }
        assert_eq!(Text::parse("  ").sound(), Ok(Text::Settings(Given::default())));
    }

    #[test]
    fn wrong_values_are_pointed_at() {
        for (text, places) in [
            ("level: loud", &["loud"][..]),
            ("enabled: 1, level: info", &["1"]),
            (
                "enabled: 1, level: loud, includeBody: true, includeHeaders: no",
                &["1", "loud", "no"],
            ),
        ] {
            let problems = Text::parse(text).problems;
            let found: Vec<&str> = problems.iter().map(|it| &text[it.start..it.end]).collect();
            assert_eq!(found, places);
        }
    }
}
