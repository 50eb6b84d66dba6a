//! A script, read once when its program is loaded.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rejoin_lang::step_spec::TextProblem;

use super::error::Place;
use super::{FILE_NAME, with_vm};
use crate::script::{Library, Limits, mentioned};

/// What files of scripts end with.
const EXTENSION: &str = "js";

/// What stands before the text, and how many lines that is.
const BEFORE: &str = "(function (request, context) { \"use strict\";\n";
pub(super) const LINES_BEFORE: usize = 1;
/// What stands behind it; on a line of its own, for a text may end with a comment.
const BEHIND: &str = "\n})";

/// A script whose syntax is right. Every interpreter makes a function of it, once.
#[derive(Debug)]
pub(crate) struct Script {
    /// Tells it from every other script of the process.
    pub(super) id: u64,
    /// A function expression with the text as its body.
    pub(super) source: String,
    mentions_request: bool,
    mentions_context: bool,
    copies_often: bool,
    /// What the interpreter calls it.
    pub(super) name: String,
    /// The scripts of the library that it may use by their names. Then the source is a function of what they give back, and
    /// makes the function itself.
    pub(super) uses: Vec<Box<str>>,
}

impl Script {
    /// Reads a script. Nothing of it runs.
    ///
    /// # Errors
    /// Where the text stops being JavaScript, and what was wrong there.
    pub(crate) fn compile(text: &str) -> Result<Self, TextProblem> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let all = text.contains("arguments");
        let script = Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            source: format!("{BEFORE}{text}{BEHIND}"),
            mentions_request: all || text.contains("request"),
            mentions_context: all || text.contains("context"),
            copies_often: copies_often(text),
            name: FILE_NAME.to_owned(),
            uses: Vec::new(),
        };
        let limits =
            Limits { time: Duration::from_secs(1), memory: 64 << 20, stop: Arc::default() };
        let (message, place) = match with_vm(|vm| vm.check(&script, limits)) {
            Ok(None) => return Ok(script),
            Ok(Some(problem)) => problem,
            Err(limit) => (limit.to_string(), None),
        };
        Err(problem(text, &message, place))
    }

    /// Lets it use these scripts, where it mentions them.
    #[must_use]
    pub(crate) fn with_scripts<'n>(
        mut self,
        text: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Self {
        let known = |name: &str| matches!(name, "request" | "context" | "requireScript");
        // A name with `-` is none in the language: only `requireScript` finds it. Nor is a word of the language.
        self.uses = mentioned(text, names)
            .map(|(name, _)| name)
            .filter(|name| !known(name) && Self::compile(&format!("let {name};")).is_ok())
            .map(Into::into)
            .collect();
        if !self.uses.is_empty() {
            self.source =
                format!("(function ({}) {{ return {}; }})", self.uses.join(", "), self.source);
        }
        self
    }

    /// Reads a directory of scripts.
    pub(crate) fn library(directory: &Path) -> Library<Self> {
        Library::read(directory, EXTENSION, |name, text, names| {
            let others = names.iter().map(|other| &**other).filter(|other| *other != name);
            match Self::compile(&with_return(text)) {
                Ok(script) => {
                    let mut script = script.with_scripts(text, others);
                    script.name = format!("{name}.{EXTENSION}");
                    Ok(script)
                }
                Err(problem) => {
                    let line = text[..problem.start.min(text.len())].matches('\n').count() + 1;
                    Err(format!("line {line}: {}", problem.message))
                }
            }
        })
    }

    /// The function expression without the brackets around it.
    pub(super) fn function_text(&self) -> &str {
        &self.source[1..self.source.len() - 1]
    }

    /// Whether it, or a script that it can call, may copy objects again and again. The interpreter looks at its limits after ten
    /// thousand calls or turns, and each may take as long as the object is large: `list.reduce((all, one) => ({ ...all, … }))`.
    pub(crate) fn copies_often(&self, library: &Library<Self>) -> bool {
        let calls_others = !self.uses.is_empty() || self.source.contains("requireScript");
        let mut others = library.names().filter_map(|name| library.get(name)?.as_ref().ok());
        self.copies_often || calls_others && others.any(|other| other.copies_often)
    }

    /// Whether it, or a script that it can call, may throw a value of its own. Judged by words, too.
    pub(super) fn throws(&self) -> bool {
        let words = ["throw", "reject", "requireScript"];
        !self.uses.is_empty() || words.iter().any(|word| self.source.contains(word))
    }

    /// Whether it may look at the state. There is no other way to it than its name, or the list of all arguments.
    pub(super) fn mentions_request(&self) -> bool {
        self.mentions_request
    }

    /// Whether it may look at `context`, likewise.
    pub(crate) fn mentions_context(&self) -> bool {
        self.mentions_context
    }
}

/// Judged by words, wherever they stand: what is found for nothing costs a thread.
fn copies_often(text: &str) -> bool {
    let turns = ["function", "for", "while", "do"].into_iter();
    text.contains("...") && (text.contains("=>") || mentioned(text, turns).next().is_some())
}

/// A file's value is that of its last expression, a function's what it returns: puts `return` where the last statement begins.
/// That is the last place at which a line begins, or a statement ends, whose both sides are complete in themselves.
fn with_return(text: &str) -> String {
    let is_whole = |part: &str| Script::compile(part).is_ok();
    let begins = text.char_indices().filter(|(_, c)| matches!(c, '\n' | ';')).map(|(at, _)| at + 1);
    let places: Vec<usize> = std::iter::once(0).chain(begins).collect();
    for at in places.into_iter().rev() {
        let (before, last) = text.split_at(at);
        let blank = last.trim().is_empty() || last.trim_start().starts_with([';', '}']);
        if !blank
            && is_whole(&format!("return (\n{}\n)", last.trim_end().trim_end_matches(';')))
            && is_whole(before)
        {
            return format!("{before}return {}", last.trim_start());
        }
    }
    text.to_owned()
}

/// Places a problem in the text: the word there, or what stands at the place, or the last character.
fn problem(text: &str, message: &str, place: Option<Place>) -> TextProblem {
    let message = message.strip_prefix("SyntaxError: ").unwrap_or(message);
    let end = text.trim_end().len();
    let last = text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
    let (start, end) = match place {
        None => (0, end),
        Some(place) => {
            let before: usize = text.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
            let line = text[before.min(text.len())..].split('\n').next().unwrap_or_default();
            let column = line.char_indices().nth(place.column.saturating_sub(1)).map(|(at, _)| at);
            match column {
                Some(column) if before + column < end => {
                    let rest = &line[column..];
                    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                    let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
                    let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
                    (before + column, before + column + length)
                }
                _ => (last, end),
            }
        }
    };
    TextProblem { start, end, message: message.to_owned(), help: None }
}
