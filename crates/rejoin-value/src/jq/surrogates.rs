//! Characters that are escaped as two halves, `\ud83d\ude00`, as JSON has them; jaq knows one character an escape.
//!
//! They are put into the text as what they mean before it is read. A pair is shorter then, so what is told about places
//! is told about the program as it was written.

use super::{
    compile::Compiled,
    error::{CompileError, CompileErrors},
};
use std::ops::Range;

/// A program without halves of characters.
#[derive(Debug)]
pub(super) struct Respelled {
    pub(super) text: String,
    /// The pairs in order: where each ends in the text, and how many bytes the written one is ahead there.
    ahead: Vec<(usize, usize)>,
}

/// The program anew; `None` if it has no halves. Half a character without the other is U+FFFD, as everywhere in jq.
pub(super) fn respelled(source: &str) -> Option<Respelled> {
    let mut anew = Respelled { text: String::new(), ahead: Vec::new() };
    let (mut kept, mut at) = (0, 0);
    // Outside of texts a backslash means nothing, but in comments, where anything may stand.
    while let Some(found) = source[at..].find('\\') {
        let start = at + found;
        let Some((half, behind)) = escape(source, start) else {
            // What is escaped begins no escape: `\\u0041` is a backslash and letters.
            at = start + 1 + source[start + 1..].chars().next().map_or(0, char::len_utf8);
            continue;
        };
        at = behind;
        let pair = escape(source, behind).and_then(|(low, end)| Some((joined(half, low)?, end)));
        let (character, end) = match (pair, half) {
            (Some(pair), _) => pair,
            (None, 0xD800..=0xDFFF) => ('\u{FFFD}', behind),
            (None, _) => continue,
        };
        anew.text.push_str(&source[kept..start]);
        anew.text.push(character);
        (kept, at) = (end, end);
        anew.ahead.push((anew.text.len(), end - anew.text.len()));
    }
    if anew.ahead.is_empty() {
        return None;
    }
    anew.text.push_str(&source[kept..]);
    Some(anew)
}

/// The number of the escape `\uXXXX` at a place, and where it ends.
fn escape(source: &str, start: usize) -> Option<(u32, usize)> {
    let digits = source.get(start..start + 6)?.strip_prefix("\\u")?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    Some((u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?, start + 6))
}

/// The character of two halves, if they are the halves of one.
fn joined(high: u32, low: u32) -> Option<char> {
    if !(0xD800..0xDC00).contains(&high) || !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}

impl Respelled {
    /// What is known of the program, at its places as written.
    pub(super) fn as_written(
        &self,
        compiled: Result<Compiled, CompileErrors>,
    ) -> Result<Compiled, CompileErrors> {
        match compiled {
            Ok(mut compiled) => {
                for read in &mut compiled.facts.reads {
                    read.span = self.span(&read.span);
                }
                Ok(compiled)
            }
            Err(errors) => {
                let at = |error: &CompileError| CompileError {
                    span: self.span(&error.span),
                    ..error.clone()
                };
                Err(CompileErrors::new(errors.iter().map(at).collect()))
            }
        }
    }

    fn span(&self, span: &Range<usize>) -> Range<usize> {
        self.place(span.start)..self.place(span.end)
    }

    fn place(&self, at: usize) -> usize {
        let before = self.ahead.partition_point(|(end, _)| *end <= at);
        at + before.checked_sub(1).map_or(0, |last| self.ahead[last].1)
    }
}
