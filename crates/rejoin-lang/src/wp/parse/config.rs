//! `config name { key: value }`.

use std::sync::Arc;

use super::Parser;
use super::scan::quoted;
use super::tag::{Number, number};
use crate::config_value::ConfigValue;
use crate::diagnostic::{Code, Diagnostic};
use crate::wp::ast::{Config, ConfigEntry};

impl Parser<'_> {
    /// Settings with or without commas between them.
    pub(super) fn parse_config(&mut self) -> Config {
        let start = self.pos;
        self.pos += self.peek_word().len();
        let name = self.parse_declared_name(start, "the block's name");
        let head = self.span_from(start);
        self.eat_trivia();
        let open = self.pos;
        let mut entries = Vec::new();
        if !self.eat("{") {
            self.report(
                Diagnostic::new(Code::UNCLOSED_BRACKET, head, "`{` is missing in this block")
                    .label("`{` is expected after this")
                    .help("write the settings between `{` and `}`"),
            );
            if !self.at_end() && self.item_at(self.pos).is_none() {
                self.skip_to_next_start();
            }
            return Config { name, entries, span: self.span_from(start) };
        }
        loop {
            self.eat_trivia();
            if self.eat("}") {
                break;
            }
            if self.eat(",") {
                continue;
            }
            if self.at_end() || self.is_anchor(self.pos) {
                self.report_unclosed_bracket(
                    open,
                    "close the block with `}` below its last setting",
                );
                break;
            }
            match self.opt_config_entry() {
                Some(entry) => entries.push(entry),
                None => self.skip_config_entry(),
            }
        }
        self.last_text = None;
        Config { name, entries, span: self.span_from(start) }
    }

    fn opt_config_entry(&mut self) -> Option<ConfigEntry> {
        let start = self.pos;
        let Some(key) = self.opt_written_name("the setting's name") else {
            self.report_bad_entry(start);
            return None;
        };
        let colon = self.after_trivia(self.pos);
        if !self.text[colon..].starts_with(':') {
            self.pos = start;
            self.report_bad_entry(start);
            return None;
        }
        self.eat_trivia();
        self.pos += 1;
        self.eat_trivia();
        let start = self.pos;
        let value = self.opt_config_value()?;
        Some(ConfigEntry { key, value, span: self.span_from(start) })
    }

    fn report_bad_entry(&mut self, start: usize) {
        // A text over several lines that is followed by nonsense lacks its closing quote.
        if let Some(last) = self.last_text.take()
            && self.after_trivia(last.close + 1) == start
        {
            let line = self.line_end(last.open);
            self.read_again(last.open, line);
            return;
        }
        let line = &self.text[start..self.line_end(start)];
        let shown = line.split(['}', '#']).next().unwrap_or(line).trim_end();
        let len = shown.len().max(line.chars().next().map_or(0, char::len_utf8));
        self.report(
            Diagnostic::new(
                Code::INVALID_SETTING,
                self.span(start, start + len),
                format!("{} is not a setting", quoted(&line[..len])),
            )
            .label("expected `key: value`")
            .help("write a name, a colon and a value"),
        );
    }

    /// Goes behind an entry that could not be read: to the end of its line, or to the bracket that closes the block there.
    fn skip_config_entry(&mut self) {
        let line = &self.text[self.pos..self.line_end(self.pos)];
        let mut in_text = false;
        let end = line.find(|c| {
            in_text ^= c == '"';
            !in_text && matches!(c, '}' | '#')
        });
        self.pos += end.unwrap_or(line.len());
    }

    fn opt_config_value(&mut self) -> Option<ConfigValue> {
        let start = self.pos;
        if !self.eat("$") {
            return self.opt_literal(
                "a text in double quotes, a number, a duration, `true`, `false` or `$NAME`",
            );
        }
        let braced = self.eat("{");
        let Some(name) = self.opt_name().filter(|_| !braced) else {
            let help = match self.opt_name() {
                Some(name) => format!("write `${}`", name.text),
                None if braced => "write the variable's name without brackets: `$NAME`".to_owned(),
                None => "write the variable's name behind `$`, without a space".to_owned(),
            };
            self.eat("}");
            self.report(
                Diagnostic::new(
                    Code::INVALID_SETTING,
                    self.span(start, self.pos),
                    format!(
                        "{} names no environment variable",
                        quoted(&self.text[start..self.pos])
                    ),
                )
                .label("expected `$NAME`")
                .help(help),
            );
            return None;
        };
        let bars = self.after_trivia(self.pos);
        let mut default = None;
        if self.text[bars..].starts_with("||") {
            self.eat_trivia();
            self.pos += 2;
            self.eat_trivia();
            let literal = self
                .opt_literal("a text in double quotes, a number, a duration, `true` or `false`")?;
            default = Some(Box::new(literal));
        }
        Some(ConfigValue::Env { name: name.text, default })
    }

    /// A value that stands for itself.
    fn opt_literal(&mut self, expected: &str) -> Option<ConfigValue> {
        let start = self.pos;
        if self.peek() == Some(b'"') {
            let (text, _) = self.opt_quoted_text()?;
            return Some(ConfigValue::Text(text.value));
        }
        let line = &self.text[start..self.line_end(start)];
        let len = line
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | '#' | '"'))
            .unwrap_or(line.len());
        let word = &line[..len];
        self.pos = start + len;
        match word {
            "true" => return Some(ConfigValue::Bool(true)),
            "false" => return Some(ConfigValue::Bool(false)),
            _ => {}
        }
        match number(word) {
            Some(Number::Int(value)) => return Some(ConfigValue::Int(value)),
            Some(Number::Duration(value)) => return Some(ConfigValue::Duration(value)),
            Some(Number::TooLarge) => {
                self.report_too_large(start);
                return Some(ConfigValue::Int(u64::MAX));
            }
            None => {}
        }
        let (message, help) = match word {
            "" => ("a value is missing here".to_owned(), format!("write {expected}")),
            _ => {
                let bare = word.trim_matches('`');
                (
                    format!("{} is not a value", quoted(word)),
                    format!("write {expected}, such as \"{bare}\""),
                )
            }
        };
        let span = self.span(start, start + len.max(usize::from(start < self.line_end(start))));
        self.report(
            Diagnostic::new(Code::INVALID_SETTING, span, message)
                .label("expected a value")
                .help(help),
        );
        Some(ConfigValue::Text(Arc::from(word))).filter(|_| !word.is_empty())
    }
}
