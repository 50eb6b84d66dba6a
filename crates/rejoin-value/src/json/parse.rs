//! Bytes to a value, without recursion.
//!
//! What the standard leaves open, and what is decided here:
//!
//! * a byte order mark in front is skipped;
//! * of a key that repeats, the last value wins, at the place of the first;
//! * an escape of half a surrogate pair reads as U+FFFD, as jq reads it;
//! * bytes that are not UTF-8 are an error, not replaced: a body must not change silently;
//! * `NaN`, `Infinity`, comments, trailing commas, leading zeros, `+1`, `.5` and `1.` are errors;
//! * numbers beyond the range of doubles become the greatest double, as in jq; whole numbers of
//!   any length are kept exactly.

use super::{ParseError, plain::plain_end};
use crate::value::{Array, Number, Object, Str, Value};

/// How deep and how long a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseLimits {
    /// Levels of nesting; `[]` is one level.
    pub depth: u32,
    /// Bytes of text.
    pub size: usize,
}

/// 512 levels, 256 MiB.
impl Default for ParseLimits {
    fn default() -> Self {
        ParseLimits { depth: 512, size: 256 << 20 }
    }
}

/// Reads one JSON document with the default [`ParseLimits`].
///
/// # Errors
/// Says where the text stops being JSON, and what was expected there.
pub fn parse(text: &[u8]) -> Result<Value, ParseError> {
    parse_with(text, ParseLimits::default())
}

/// Reads one JSON document.
///
/// # Errors
/// Says where the text stops being JSON or passes a limit.
pub fn parse_with(text: &[u8], limits: ParseLimits) -> Result<Value, ParseError> {
    if text.len() > limits.size {
        let message =
            format!("document of {} bytes, more than the {} allowed", text.len(), limits.size);
        return Err(ParseError::new(text, limits.size, message));
    }
    let at = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    // Checked as a whole, the many short strings cost no check each. Broken bytes end the text that
    // is read, so that what is wrong in front of them is still found first.
    let valid = match std::str::from_utf8(text) {
        Ok(valid) => valid,
        Err(_) => text.utf8_chunks().next().map_or("", |chunk| chunk.valid()),
    };
    let mut parser = Parser {
        whole: text,
        valid,
        text: valid.as_bytes(),
        at,
        limits,
        items: Vec::new(),
        entries: Vec::new(),
        open: Vec::new(),
        in_object: false,
        known: KeyCache::of_text(text.len()),
        scratch: String::new(),
    };
    let value = parser.document()?;
    Ok(value)
}

struct Parser<'t> {
    /// The document as it came.
    whole: &'t [u8],
    /// What of it is UTF-8, from the front, and the same as bytes.
    valid: &'t str,
    text: &'t [u8],
    at: usize,
    limits: ParseLimits,
    /// The elements of all open arrays, one behind the other, and the document itself.
    items: Vec<Value>,
    /// The entries of all open objects, one behind the other. The last of the innermost has a key, and perhaps no
    /// value yet.
    entries: Vec<(Str, Value)>,
    open: Vec<Open>,
    /// Whether the innermost container is an object.
    in_object: bool,
    known: KeyCache,
    scratch: String,
}

/// A container whose closing bracket has not come yet.
struct Open {
    is_object: bool,
    /// Where its elements or entries begin.
    start: usize,
    /// Depth of the deepest child so far.
    deepest: u32,
}

impl<'t> Parser<'t> {
    fn document(&mut self) -> Result<Value, ParseError> {
        loop {
            if !self.value()? {
                continue;
            }
            // Closing brackets complete more values.
            loop {
                self.space();
                let Some(open) = self.open.last() else {
                    if self.at < self.whole.len() {
                        return Err(self.error("expected the end of the document"));
                    }
                    return Ok(self.items.pop().expect("the document is a value"));
                };
                match (self.peek(), open.is_object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.space();
                        self.key("expected a key in double quotes")?;
                        break;
                    }
                    (Some(b','), false) => {
                        self.at += 1;
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        self.close();
                    }
                    (_, true) => return Err(self.error("expected `,` or `}`")),
                    (_, false) => return Err(self.error("expected `,` or `]`")),
                }
            }
        }
    }

    /// Puts the innermost container in the place of its elements.
    fn close(&mut self) {
        let open = self.open.pop().expect("a container is open");
        let depth = open.deepest + 1;
        let value = if open.is_object {
            Value::Object(Object::with_depth(take_from(&mut self.entries, open.start), depth))
        } else {
            Value::Array(Array::with_depth(take_from(&mut self.items, open.start), depth))
        };
        self.in_object = match self.open.last_mut() {
            None => false,
            Some(around) => {
                around.deepest = around.deepest.max(depth);
                around.is_object
            }
        };
        self.put(value);
    }

    /// Puts a value where it belongs: behind its key, or behind the elements before it.
    #[inline(always)]
    fn put(&mut self, value: Value) {
        match self.entries.last_mut() {
            Some((_, place)) if self.in_object => *place = value,
            _ => self.items.push(value),
        }
    }

    /// Reads a scalar or an empty container and puts it where it belongs; false if it opened a
    /// container that has elements.
    fn value(&mut self) -> Result<bool, ParseError> {
        self.space();
        // Each branch puts for itself: values that travel through more hands cost more to move
        // than to read.
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                let text = Str::from(self.string()?);
                self.put(Value::String(text));
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = self.number()?;
                self.put(Value::Number(number));
            }
            Some(b'{') => return self.open(true),
            Some(b'[') => return self.open(false),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.error("expected a value")),
        }
        Ok(true)
    }

    fn open(&mut self, is_object: bool) -> Result<bool, ParseError> {
        if self.open.len() >= self.limits.depth as usize {
            let message = format!("nested deeper than {} levels", self.limits.depth);
            return Err(ParseError::new(self.whole, self.at, message));
        }
        self.at += 1;
        self.space();
        let start = if is_object { self.entries.len() } else { self.items.len() };
        self.open.push(Open { is_object, start, deepest: 0 });
        self.in_object = is_object;
        if self.peek() == Some(if is_object { b'}' } else { b']' }) {
            self.at += 1;
            self.close();
            return Ok(true);
        }
        if is_object {
            self.key("expected a key in double quotes or `}`")?;
        }
        Ok(false)
    }

    fn key(&mut self, expected: &str) -> Result<(), ParseError> {
        if self.peek() != Some(b'"') {
            return Err(self.error(expected));
        }
        self.at += 1;
        let start = self.at;
        let key = if let Some(key) = self.known.expected(&self.text[start..]) {
            self.at = start + key.len() + 1;
            key.clone()
        } else {
            match plain_end(self.text, start) {
                end if self.text.get(end) == Some(&b'"') => {
                    self.at = end + 1;
                    self.known.get(&self.valid[start..end])
                }
                _ => Str::from(self.string()?),
            }
        };
        self.entries.push((key, Value::Null));
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.error("expected `:`"));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads the rest of a string whose opening quote is behind us.
    fn string(&mut self) -> Result<&str, ParseError> {
        let text = self.text;
        let start = self.at;
        let end = plain_end(text, start);
        if text.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(&self.valid[start..end]);
        }
        self.scratch.clear();
        let mut start = start;
        let mut end = end;
        loop {
            self.scratch.push_str(&self.valid[start..end]);
            match text.get(end) {
                Some(b'"') => {
                    self.at = end + 1;
                    return Ok(&self.scratch);
                }
                Some(b'\\') => {
                    self.at = end + 1;
                    self.escape()?;
                }
                // Escaped on the way out, but allowed as it is.
                Some(0x7F) => {
                    self.scratch.push('\u{7f}');
                    self.at = end + 1;
                }
                Some(_) => {
                    self.at = end;
                    return Err(self
                        .error("control characters in strings are written as escapes; found one"));
                }
                None if end < self.whole.len() => {
                    return Err(ParseError::new(self.whole, end, "expected UTF-8 text"));
                }
                None => {
                    self.at = end;
                    return Err(self.error("expected `\"`"));
                }
            }
            start = self.at;
            end = plain_end(text, start);
        }
    }

    fn escape(&mut self) -> Result<(), ParseError> {
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let c = self.unicode_escape()?;
                self.scratch.push(c);
                return Ok(());
            }
            _ => return Err(self.error("expected an escape such as `\\n` or `\\u00e9`")),
        };
        self.at += 1;
        self.scratch.push(c);
        Ok(())
    }

    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        let first = self.four_hex()?;
        if (0xD800..0xDC00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.four_hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            // The second escape stands for itself.
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_hex(&mut self) -> Result<u32, ParseError> {
        let mut code = 0;
        for _ in 0..4 {
            match self.peek().and_then(|b| char::from(b).to_digit(16)) {
                Some(digit) => code = code * 16 + digit,
                None => return Err(self.error("expected four hexadecimal digits")),
            }
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<Number, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        let digits = self.digits();
        if digits == 0 {
            return Err(self.error("expected a digit"));
        }
        if digits > 1 && self.text[first] == b'0' {
            self.at = first;
            return Err(self.error("numbers have no leading zeros; found one"));
        }
        let mut is_whole = true;
        if self.peek() == Some(b'.') {
            is_whole = false;
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.error("expected a digit behind the point"));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.error("expected a digit of the exponent"));
            }
        }
        let bytes = &self.text[start..self.at];
        if is_whole && bytes.len() <= 18 && bytes != b"-0" {
            // Cannot overflow; by far the most frequent case.
            let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
            let n = digits.iter().fold(0i64, |n, b| n * 10 + i64::from(b - b'0'));
            return Ok(Number::from(if digits.len() == bytes.len() { n } else { -n }));
        }
        let text = &self.valid[start..self.at];
        if is_whole {
            return Ok(Number::from_digits(text));
        }
        Number::from_fraction(text).ok_or_else(|| self.error("expected a number"))
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text[self.at..];
        let n = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        self.at += n;
        n
    }

    fn word(&mut self, word: &str, value: Value) -> Result<(), ParseError> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return Err(self.error(&format!("expected `{word}`")));
        }
        self.at += word.len();
        self.put(value);
        Ok(())
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// An error at the current place that also says what is there.
    fn error(&self, expected: &str) -> ParseError {
        let rest = &self.whole[self.at.min(self.whole.len())..];
        let rest = &rest[..rest.len().min(4)];
        let found = match rest.utf8_chunks().next() {
            None => "the end".to_owned(),
            Some(chunk) => match chunk.valid().chars().next() {
                Some(c) if c.is_control() => format!("`{}`", c.escape_debug()),
                Some(c) => format!("`{c}`"),
                None => format!("the byte 0x{:02x}", rest[0]),
            },
        };
        let message = match expected.strip_suffix("; found one") {
            Some(rule) => rule.to_owned(),
            None => format!("{expected}, found {found}"),
        };
        ParseError::new(self.whole, self.at, message)
    }
}

/// The items from `start` on.
fn take_from<T>(items: &mut Vec<T>, start: usize) -> Vec<T> {
    if start > 0 {
        return items.split_off(start);
    }
    let mut all = std::mem::take(items);
    all.shrink_to_fit();
    all
}

/// Keys repeat in one document more often than not, and mostly in the same order: after `id` comes
/// `name`, as it did the last time. So a known key costs one comparison, and long ones are shared.
struct KeyCache {
    /// Whether there are slots, from the first key on.
    used: bool,
    slots: Vec<Slot>,
    /// The slot of the key that was read last.
    last: usize,
}

#[derive(Clone, Default)]
struct Slot {
    /// Without anything that would be escaped; empty while the slot is free.
    key: Str,
    /// The slots of the two keys that came behind this one before: at the end of an object another one does than
    /// within, as when it is the last of its kind in a list.
    next: [usize; 2],
    /// A short key and its quote as one number, and which bits of it count; none if the key is long.
    head: u128,
    mask: u128,
}

impl Slot {
    /// Whether `text` begins with the key, up to a quote.
    #[inline]
    fn begins(&self, text: &[u8]) -> bool {
        match text.first_chunk() {
            Some(head) if self.mask != 0 => u128::from_le_bytes(*head) & self.mask == self.head,
            _ => text
                .strip_prefix(self.key.as_bytes())
                .is_some_and(|rest| rest.first() == Some(&b'"')),
        }
    }

    fn keep(&mut self, key: &str) {
        self.key = key.into();
        let mut head = [0; 16];
        (self.head, self.mask) = (0, 0);
        if key.len() < head.len() {
            head[..key.len()].copy_from_slice(key.as_bytes());
            head[key.len()] = b'"';
            self.head = u128::from_le_bytes(head);
            self.mask = u128::MAX >> (8 * (head.len() - 1 - key.len()));
        }
    }
}

impl KeyCache {
    const SLOTS: usize = 128;

    /// A shorter text has too few keys to pay for the slots.
    const SHORTEST: usize = 1024;

    fn of_text(length: usize) -> Self {
        KeyCache { used: length >= Self::SHORTEST, slots: Vec::new(), last: 0 }
    }

    /// The key that the text begins with, up to a quote, if it is one that was to be expected.
    fn expected(&mut self, text: &[u8]) -> Option<&Str> {
        let [first, second] = self.slots.get(self.last)?.next;
        let at = if self.slots[first].begins(text) {
            first
        } else if self.slots[second].begins(text) {
            second
        } else {
            return None;
        };
        self.last = at;
        Some(&self.slots[at].key)
    }

    fn get(&mut self, key: &str) -> Str {
        if !self.used || key.len() > 64 {
            return key.into();
        }
        if self.slots.is_empty() {
            self.slots.resize(Self::SLOTS, Slot::default());
        }
        let at = self.place(key);
        let [first, _] = self.slots[self.last].next;
        self.slots[self.last].next = [at, first];
        self.last = at;
        let slot = &mut self.slots[at];
        if slot.key.as_str() != key {
            slot.keep(key);
        }
        slot.key.clone()
    }

    /// The slot of a key: one of two, so that two keys that meet do not push each other out in turn.
    fn place(&self, key: &str) -> usize {
        let bytes = key.as_bytes();
        let word = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
        let mut short = [0; 8];
        let mixed = if bytes.len() < short.len() {
            short[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(short)
        } else {
            word(bytes.first_chunk()).rotate_left(7) ^ word(bytes.last_chunk())
        };
        let mixed = (mixed ^ bytes.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let at = (mixed >> 32) as usize % Self::SLOTS;
        let other = at ^ 1;
        let is = |at: usize, key: &str| self.slots[at].key.as_str() == key;
        if !is(at, key) && (is(other, key) || !is(at, "") && is(other, "")) { other } else { at }
    }
}
