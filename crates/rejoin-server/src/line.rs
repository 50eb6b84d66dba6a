//! One line of the log, written field by field into a buffer.

use std::time::{Duration, SystemTime};

use rejoin_engine::Level;
use rejoin_value::Value;

use crate::log::LogFormat;
use crate::timestamp::write_utc;

/// A line under way. No text that is put in can end the line or move a terminal's cursor.
pub(crate) struct Line<'a> {
    out: &'a mut Vec<u8>,
    format: LogFormat,
}

/// The longest text of one field, in bytes; the rest is cut off.
const LONGEST: usize = 16 * 1024;

impl<'a> Line<'a> {
    pub(crate) fn begin(
        out: &'a mut Vec<u8>,
        format: LogFormat,
        level: Level,
        message: &str,
    ) -> Self {
        let now = SystemTime::now();
        match format {
            LogFormat::Json => {
                out.extend_from_slice(b"{\"ts\":\"");
                write_utc(out, now);
                out.extend_from_slice(b"\",\"level\":\"");
                out.extend_from_slice(level.as_str().as_bytes());
                out.extend_from_slice(b"\",\"message\":");
                quoted(out, message);
            }
            LogFormat::Text => {
                write_utc(out, now);
                out.push(b' ');
                out.extend_from_slice(level.as_str().as_bytes());
                out.push(b' ');
                plain(out, message);
            }
        }
        Self { out, format }
    }

    fn key(&mut self, key: &str) {
        match self.format {
            LogFormat::Json => {
                self.out.push(b',');
                quoted(self.out, key);
                self.out.push(b':');
            }
            LogFormat::Text => {
                self.out.push(b' ');
                plain(self.out, key);
                self.out.push(b'=');
            }
        }
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        self.key(key);
        let bare = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'=';
        match self.format {
            LogFormat::Text if !text.is_empty() && text.bytes().all(bare) => {
                self.out.extend_from_slice(cut(text).as_bytes());
            }
            _ => quoted(self.out, text),
        }
    }

    pub(crate) fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// A length of time in milliseconds, to the microsecond.
    pub(crate) fn millis(&mut self, key: &str, length: Duration) {
        self.key(key);
        let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        self.out.extend_from_slice(itoa::Buffer::new().format(micros / 1000).as_bytes());
        let thousandths = micros % 1000;
        self.out.push(b'.');
        for place in [100, 10, 1] {
            self.out.push(b'0' + (thousandths / place % 10) as u8);
        }
    }

    pub(crate) fn value(&mut self, key: &str, value: &Value) {
        let json = value.to_string();
        if json.len() > LONGEST {
            // Cut JSON is no JSON.
            self.text(key, &json);
            return;
        }
        self.key(key);
        match self.format {
            LogFormat::Json => self.out.extend_from_slice(json.as_bytes()),
            LogFormat::Text => plain(self.out, &json),
        }
    }

    pub(crate) fn end(self) {
        if self.format == LogFormat::Json {
            self.out.push(b'}');
        }
        self.out.push(b'\n');
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// As a JSON string.
fn quoted(out: &mut Vec<u8>, text: &str) {
    let text = cut(text);
    out.push(b'"');
    // Most texts are as they are written. All bytes are looked at, as several at a time are as fast as one.
    let is_plain = |b: u8| matches!(b, b' '..=b'~') & (b != b'"') & (b != b'\\');
    if text.bytes().fold(true, |plain, b| plain & is_plain(b)) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if c.is_control() => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            }
            c if c.is_ascii() => out.push(c as u8),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// As it is, but for control characters.
fn plain(out: &mut Vec<u8>, text: &str) {
    for c in cut(text).chars() {
        match c {
            c if c.is_control() => out.push(b' '),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat, fields: impl FnOnce(&mut Line<'_>)) -> String {
        let mut out = Vec::new();
        let mut line = Line::begin(&mut out, format, Level::Warn, "one\ntwo \u{1b}[2J");
        fields(&mut line);
        line.end();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1, "{text:?}");
        text
    }

    #[test]
    fn json_escapes_everything() {
        let text = line(LogFormat::Json, |line| {
            line.text("a", "quote \" back \\ bell \u{7} é");
            line.millis("ms", Duration::from_micros(12_034));
            line.value("v", &Value::from("x"));
        });
        let rest = text.split_once("\"level\"").unwrap().1;
        let expected = concat!(
            r#":"warn","message":"one\ntwo \u001b[2J","a":"quote \" back \\ bell \u0007 é","#,
            r#""ms":12.034,"v":"x"}"#,
            "\n"
        );
        assert_eq!(rest, expected);
    }

    #[test]
    fn text_quotes_what_would_mislead() {
        let text = line(LogFormat::Text, |line| {
            line.text("a", "plain");
            line.text("b", "two words");
            line.text("c", "x=1");
            line.number("n", 7);
        });
        assert!(
            text.ends_with("warn one two  [2J a=plain b=\"two words\" c=\"x=1\" n=7\n"),
            "{text}"
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = line(LogFormat::Json, |line| line.text("a", &"é".repeat(100_000)));
        assert!(text.len() < LONGEST + 200);
    }
}
