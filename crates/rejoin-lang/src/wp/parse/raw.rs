//! Raw text: between backticks, between double quotes, and jq in brackets.

use std::sync::Arc;

use super::scan::quoted;
use super::{MAX_DEPTH, Parser};
use crate::diagnostic::{Code, Diagnostic};
use crate::wp::ast::Text;

/// The longest list of inline arguments; more text than this goes between backticks.
const MAX_ARGS_BYTES: usize = 64 << 10;

/// A raw text over several lines. If what follows it makes no sense, its closing quote was probably the opening
/// quote of a later text, and the real one is missing.
pub(super) struct LastText {
    /// The opening quote.
    pub(super) open: usize,
    /// The closing quote.
    pub(super) close: usize,
}

impl Parser<'_> {
    pub(super) fn text_node(&self, start: usize, end: usize) -> Text {
        Text { value: Arc::from(&self.text[start..end]), span: self.span(start, end) }
    }

    /// Text in backticks or double quotes, if one of them opens here; the quote is the second value.
    pub(super) fn opt_quoted_text(&mut self) -> Option<(Text, char)> {
        match self.peek() {
            Some(b'`') if self.at("```") => Some((self.parse_triple_backticks(), '`')),
            Some(b'`') => Some((self.parse_until('`'), '`')),
            Some(b'"') => Some((self.parse_until('"'), '"')),
            _ => None,
        }
    }

    /// The text from the quote here to the next one like it.
    fn parse_until(&mut self, quote: char) -> Text {
        let open = self.pos;
        let start = open + 1;
        let Some(len) = self.text[start..].find(quote) else {
            self.report_unclosed(open);
            let end = self.next_anchor(start).unwrap_or(self.text.len());
            self.pos = end;
            return self.text_node(start, start + self.text[start..end].trim_end().len());
        };
        let close = start + len;
        self.pos = close + 1;
        if self.text[start..close].contains('\n') {
            self.last_text = Some(LastText { open, close });
        }
        self.text_node(start, close)
    }

    pub(super) fn report_unclosed(&mut self, open: usize) {
        let quote = if self.text.as_bytes()[open] == b'`' { "backtick" } else { "double quote" };
        self.report(
            Diagnostic::new(
                Code::UNCLOSED_TEXT,
                self.span(open, open + 1),
                format!("the {quote} that opens here is not closed"),
            )
            .label("opened here")
            .help(format!("close the text with a {quote}")),
        );
    }

    /// ```` ```text``` ````: two of the three backticks would be an empty text.
    fn parse_triple_backticks(&mut self) -> Text {
        let open = self.pos;
        self.report(
            Diagnostic::new(
                Code::TRIPLE_BACKTICKS,
                self.span(open, open + 3),
                "three backticks do not open a text",
            )
            .label("the first two are an empty text")
            .help("put the text between single backticks"),
        );
        let start = open + 3;
        let end = match self.text[start..].find("```") {
            Some(len) => {
                self.pos = start + len + 3;
                start + len
            }
            None => {
                let end = self.next_anchor(start).unwrap_or(self.text.len());
                self.pos = end;
                end
            }
        };
        self.text_node(start, end)
    }

    /// Inline arguments from the bracket here to the one that closes it, split at the commas outside of everything.
    pub(super) fn parse_args(&mut self) -> Vec<Text> {
        let open = self.pos;
        let Some((commas, close)) = self.scan_brackets(open) else { return Vec::new() };
        self.pos = close + 1;
        if self.text[open + 1..close].trim().is_empty() {
            return Vec::new();
        }
        let mut args = Vec::with_capacity(commas.len() + 1);
        let mut start = open + 1;
        for end in commas.into_iter().chain([close]) {
            let from = self.after_trivia(start).min(end);
            let to = from + self.text[from..end].trim_end().len();
            if from == to {
                self.report(
                    Diagnostic::new(
                        Code::EMPTY_ARGUMENT,
                        self.span(end, end + 1),
                        "an argument is missing",
                    )
                    .label("nothing stands before this")
                    .help("write the argument, or remove the comma"),
                );
            } else {
                args.push(self.text_node(from, to));
            }
            start = end + 1;
        }
        args
    }

    /// The commas directly inside the bracket at `open`, and the bracket that closes it. Without one, reports that and
    /// goes to where reading can go on.
    fn scan_brackets(&mut self, open: usize) -> Option<(Vec<usize>, usize)> {
        let bytes = self.text.as_bytes();
        let limit = bytes.len().min(open + MAX_ARGS_BYTES);
        // What is open: brackets and, inside a string, its quote. An interpolation opens a bracket in a string.
        let mut stack = vec![open];
        let mut commas = Vec::new();
        let mut pos = open + 1;
        while pos < limit {
            let innermost =
                *stack.last().expect("the function returns when the first bracket closes");
            if bytes[innermost] == b'"' {
                match bytes[pos] {
                    b'"' => drop(stack.pop()),
                    b'\\' if bytes.get(pos + 1) == Some(&b'(') => {
                        pos += 1;
                        stack.push(pos);
                    }
                    b'\\' => pos += 1,
                    _ => {}
                }
            } else {
                match bytes[pos] {
                    b'"' | b'(' | b'[' | b'{' => stack.push(pos),
                    closing @ (b')' | b']' | b'}') => {
                        if closing != closing_of(bytes[innermost]) {
                            self.report_mismatched(innermost, pos);
                            self.pos = self.next_anchor(pos).unwrap_or(self.text.len());
                            return None;
                        }
                        stack.pop();
                        if stack.is_empty() {
                            return Some((commas, pos));
                        }
                    }
                    b',' if stack.len() == 1 => commas.push(pos),
                    b'#' => pos = self.line_end(pos) - 1,
                    b'\n' if self.is_anchor(self.after_blanks(pos + 1)) => break,
                    _ => {}
                }
            }
            if stack.len() > MAX_DEPTH {
                self.report_too_deep(pos, pos + 1);
                self.pos = self.next_anchor(pos).unwrap_or(self.text.len());
                return None;
            }
            pos += 1;
        }
        let innermost = stack.iter().rfind(|at| bytes[**at] != b'"').copied().unwrap_or(open);
        let help = format!("close it with `{}`", closing_of(bytes[innermost]) as char);
        self.report_unclosed_bracket(innermost, &help);
        self.pos = self.next_anchor(open + 1).unwrap_or(self.text.len());
        None
    }

    pub(super) fn report_unclosed_bracket(&mut self, open: usize, help: &str) {
        self.report(
            Diagnostic::new(
                Code::UNCLOSED_BRACKET,
                self.span(open, open + 1),
                format!(
                    "the bracket `{}` that opens here is not closed",
                    &self.text[open..open + 1]
                ),
            )
            .label("opened here")
            .help(help),
        );
    }

    fn report_mismatched(&mut self, open: usize, close: usize) {
        let bytes = self.text.as_bytes();
        let wanted = closing_of(bytes[open]) as char;
        self.report(
            Diagnostic::new(
                Code::MISMATCHED_BRACKET,
                self.span(close, close + 1),
                format!("{} does not close this bracket", quoted(&self.text[close..close + 1])),
            )
            .label(format!("`{wanted}` is expected"))
            .also(self.span(open, open + 1), "the bracket opened here")
            .help(format!("close the bracket with `{wanted}`")),
        );
    }

    pub(super) fn report_too_deep(&mut self, start: usize, end: usize) {
        self.report(
            Diagnostic::new(
                Code::TOO_DEEP,
                self.span(start, end),
                format!("nested more than {MAX_DEPTH} levels deep"),
            )
            .label("this level is one too many")
            .help("move the inner part into a pipeline of its own"),
        );
    }
}

fn closing_of(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}
