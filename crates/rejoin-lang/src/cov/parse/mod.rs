//! Text to tree, by recursive descent along the table of forms.
//!
//! A word that the innermost block cannot have, but one around it can, closes what stands between: one problem says
//! which block has no `end`. A word that is nearly one that fits is read as it. Everything else is skipped, and said once.

mod block;
mod line;
mod repair;
mod value;

use super::ast::{File, Word};
use super::lex::{self, Kind, Token};
use super::{form, rules};
use crate::diagnostic::{Code, Diagnostic};
use crate::problems::{MAX_PROBLEMS, Problems};
use crate::source::{Source, SourceId, Span};

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// How deep blocks and values may nest.
pub const MAX_DEPTH: usize = 64;

/// Reads a whole file. The tree holds what could be understood; the diagnostics are in the order of the text.
///
/// Never fails, never panics, and takes time linear in the size of the text. A file over [`MAX_FILE_BYTES`] is not
/// read at all, and reading ends early in a file with hundreds of problems; both are said by a diagnostic.
pub fn parse(source: &Source, id: SourceId) -> (File, Vec<Diagnostic>) {
    let text: &str = &source.text;
    if text.len() > MAX_FILE_BYTES {
        let problem = Diagnostic::new(
            Code::FILE_TOO_LARGE,
            Span::new(id, 0, 0),
            format!("the file has {} bytes, more than {MAX_FILE_BYTES}", text.len()),
        )
        .label("not read")
        .help("split it into several programs");
        return (File::default(), vec![problem]);
    }
    let mut parser = Parser {
        text,
        source: id,
        pos: 0,
        next: Token { kind: Kind::End, start: 0, end: 0, problem: None },
        comments: Vec::new(),
        problems: Problems::default(),
        open: vec![&form::FILE],
        unwinding: false,
        owed: 0,
        misfit: None,
        lost: false,
        stopped: false,
        without_sql_end: false,
    };
    parser.read_next();
    let mut blocks = Vec::new();
    parser.parse_file(&mut blocks);
    let file = File { blocks, comments: parser.comments };
    let stopped = parser.stopped;
    let mut problems = parser.problems.finish();
    if !stopped {
        problems.extend(rules::check(&file));
    }
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    problems.truncate(MAX_PROBLEMS);
    (file, problems)
}

/// The state of one run over one file.
struct Parser<'s> {
    text: &'s str,
    source: SourceId,
    /// The end of the last token that was taken.
    pos: usize,
    next: Token,
    comments: Vec<Span>,
    problems: Problems,
    /// The forms around the current place, outermost first.
    open: Vec<&'static form::Form>,
    /// While blocks are left because one around them goes on: the innermost was reported.
    unwinding: bool,
    /// How many blocks were left without their `end`: it may come later.
    owed: usize,
    /// The first block in a snippet whose `end` stands further left than it, with that `end`.
    misfit: Option<(Word, Span)>,
    /// Whether a text has swallowed the rest of the file, or of its line.
    lost: bool,
    /// Set where nothing more is read.
    stopped: bool,
    /// Whether no SQL text that begins behind the current place has an end.
    without_sql_end: bool,
}

impl Parser<'_> {
    /// Reads the token behind `pos` into `next`.
    fn read_next(&mut self) {
        let (source, comments) = (self.source, &mut self.comments);
        let (start, unclosed) = lex::skip_trivia(self.text, self.pos, |from, to| {
            comments.push(Span::new(source, from, to));
        });
        self.next = lex::token(self.text, start, source);
        if let Some(at) = unclosed {
            let problem = Diagnostic::new(
                Code::COV_UNCLOSED,
                Span::new(source, at, at + 2),
                "a comment without its end",
            );
            self.report(problem.label("opened here").help("close it with `*)`"));
        }
    }

    fn take(&mut self) -> Token {
        self.pos = self.next.end;
        if let Some(problem) = self.next.problem.take() {
            // Of a text without its end the rest of the file, or of the line, is a part: what it lacks behind it says nothing.
            let is_text = matches!(self.next.kind, Kind::Text(_) | Kind::Block(_));
            self.lost |= is_text && problem.span.start as usize == self.next.start;
            self.report(*problem);
        }
        let taken = self.next.clone();
        self.read_next();
        taken
    }

    fn at_end(&self) -> bool {
        self.next.kind == Kind::End || self.stopped || self.problems.is_full()
    }

    /// The word that comes next, if it is one.
    fn word(&self) -> Option<&str> {
        (self.next.kind == Kind::Word && !self.at_end())
            .then(|| &self.text[self.next.start..self.next.end])
    }

    fn is_word(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    fn is_sign(&self, sign: char) -> bool {
        self.next.kind == Kind::Sign(sign) && !self.at_end()
    }

    /// Whether an equals sign follows the next token.
    fn is_attribute(&self) -> bool {
        let (at, _) = lex::skip_trivia(self.text, self.next.end, |_, _| {});
        self.word().is_some() && self.text[at..].starts_with('=')
    }

    fn take_word(&mut self) -> Word {
        let token = self.take();
        Word { text: self.text[token.start..token.end].into(), span: self.span_of(&token) }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }

    fn span_of(&self, token: &Token) -> Span {
        self.span(token.start, token.end)
    }

    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Says that what comes next has no place here, and takes it.
    fn skip_unexpected(&mut self, expected: &str) {
        let token = self.take();
        let shown: String = self.text[token.start..token.end].chars().take(40).collect();
        let help = match token.kind {
            Kind::Sign('\'') => "write texts in double quotes".to_owned(),
            Kind::Sign('#') => "a comment begins with `//`".to_owned(),
            Kind::Sign(';') => "remove it; nothing stands between the parts of a block".to_owned(),
            _ => format!("remove it; {expected}"),
        };
        let problem = Diagnostic::new(
            Code::COV_UNEXPECTED,
            self.span_of(&token),
            format!("`{shown}` has no place here"),
        );
        self.report(problem.label("unexpected").help(help));
    }
}
