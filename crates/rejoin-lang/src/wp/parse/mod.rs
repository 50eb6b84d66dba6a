//! Text to tree, by recursive descent straight over the text.
//!
//! There is no token stream: what a character means depends on where it stands (jq in brackets, raw text in
//! backticks, paths, selectors), so each rule reads the text itself. `parse_*` always yields a node and reports
//! what is wrong with it, `opt_*` may yield nothing, `eat_*` consumes if present.
//!
//! After an error the parser goes on at the next place that can only be the start of something ([`recover`]), so
//! one run finds all problems of a file, and a problem that only follows from an earlier one is not reported.

mod block;
mod config;
mod fork;
mod graphql;
mod import;
mod item;
mod labels;
mod raw;
mod recover;
mod scan;
mod step;
mod stray;
mod tag;
mod test_selector;
mod tests;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, SourceId, Span};
use crate::wp::ast;

use crate::problems::Problems;
use block::Frame;
pub(crate) use fork::FORKS;
use raw::LastText;

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 4 << 20;

/// How deep blocks, brackets and conditions may nest.
pub const MAX_DEPTH: usize = 64;

/// Reads a whole file. The tree holds what could be understood; the diagnostics are in the order of the text.
///
/// Never fails, never panics, and takes time linear in the size of the text. A file over [`MAX_FILE_BYTES`] is not
/// read at all, and reading ends early in a file with hundreds of problems; both are said by a diagnostic.
pub fn parse(source: &Source, id: SourceId) -> (ast::File, Vec<Diagnostic>) {
    let text: &str = &source.text;
    if text.len() > MAX_FILE_BYTES {
        let problem = Diagnostic::new(
            Code::FILE_TOO_LARGE,
            Span::new(id, 0, 0),
            format!("the file has {} bytes, more than {MAX_FILE_BYTES}", text.len()),
        )
        .help("split it into several programs");
        return (ast::File::default(), vec![problem]);
    }
    let mut parser = Parser::new(text, id);
    let items = parser.parse_file();
    (ast::File { items, comments: parser.comments }, parser.problems.finish())
}

/// The state of one run over one file.
struct Parser<'s> {
    text: &'s str,
    source: SourceId,
    /// The next byte to read; always on a character boundary.
    pos: usize,
    comments: Vec<Span>,
    problems: Problems,
    /// The blocks around the current place, outermost first; they decide which words end a list of steps.
    open: Vec<Frame>,
    /// The `end` that was read last, with the block that it closed.
    last_end: Option<block::ClosedBlock>,
    /// The raw text that was read last, in case it turns out to have swallowed too much.
    last_text: Option<LastText>,
}

impl<'s> Parser<'s> {
    fn new(text: &'s str, source: SourceId) -> Self {
        let pos = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self {
            text,
            source,
            pos,
            comments: Vec::new(),
            problems: Problems::default(),
            open: Vec::new(),
            last_end: None,
            last_text: None,
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }

    /// From `start` to the last character that was read and is no white space.
    fn span_from(&self, start: usize) -> Span {
        let end = start + self.text[start..self.pos.max(start)].trim_end().len();
        self.span(start, end)
    }

    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// Whether nothing is left to read, or what is left will not be read because of all the problems before it.
    fn is_done(&self) -> bool {
        self.at_end() || self.problems.is_full()
    }
}
