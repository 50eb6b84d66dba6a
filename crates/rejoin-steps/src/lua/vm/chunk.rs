//! A script, compiled once when its program is loaded.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use mlua::chunk::Compiler;
use rejoin_lang::step_spec::TextProblem;

use super::CHUNK_NAME;
use super::prelude::WRAPPED;
use crate::script::{Library, mentioned};

/// What files of scripts end with.
const EXTENSION: &str = "lua";

/// A compiled script. Every VM loads its bytecode once.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Tells it from every other chunk of the process.
    pub(super) id: u64,
    pub(super) bytecode: Vec<u8>,
    mentions_context: bool,
    pub(super) mentions_random: bool,
    /// What the interpreter calls it.
    pub(super) name: String,
    /// The scripts of the library that it may use by their names.
    pub(super) uses: Vec<Box<str>>,
}

impl Chunk {
    /// Compiles a script.
    ///
    /// # Errors
    /// Where the text stops being Lua, and what was expected there.
    pub(crate) fn compile(text: &str) -> Result<Self, TextProblem> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let bytecode = Compiler::new()
            .set_optimization_level(1)
            .set_debug_level(1)
            // The first two differ from call to call, so they must be looked up each time; a loop over the
            // third would run past its wrapper.
            .set_mutable_globals(["request", "context", "next"])
            // The interpreter's short cuts would pass the wrappers by.
            .set_disabled_builtins(WRAPPED)
            .compile(text)
            .map_err(|error| problem(text, &error))?;
        Ok(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            bytecode,
            mentions_context: text.contains("context"),
            mentions_random: text.contains("random"),
            name: format!("={CHUNK_NAME}"),
            uses: Vec::new(),
        })
    }

    /// Lets it use these scripts, where it mentions them.
    #[must_use]
    pub(crate) fn with_scripts<'n>(
        mut self,
        text: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Self {
        let known = |name: &str| matches!(name, "request" | "context" | "requireScript");
        self.uses = mentioned(text, names)
            .filter(|(name, _)| !known(name))
            .map(|(name, _)| name.into())
            .collect();
        self
    }

    /// Reads a directory of scripts.
    pub(crate) fn library(directory: &Path) -> Library<Self> {
        Library::read(directory, EXTENSION, |name, text, names| {
            let others = names.iter().map(|other| &**other).filter(|other| *other != name);
            match Self::compile(text) {
                Ok(chunk) => {
                    let mut chunk = chunk.with_scripts(text, others);
                    chunk.name = format!("={name}.{EXTENSION}");
                    Ok(chunk)
                }
                Err(problem) => {
                    let line = text[..problem.start].matches('\n').count() + 1;
                    Err(format!("line {line}: {}", problem.message))
                }
            }
        })
    }

    /// Whether it may look at `context`. There is no other way to it than its name.
    pub(crate) fn mentions_context(&self) -> bool {
        self.mentions_context
    }
}

/// Places a syntax error. Luau tells the line, and mostly which token it met there.
fn problem(text: &str, error: &mlua::Error) -> TextProblem {
    let message = match error {
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let (line, message) = message
        .split_once(": ")
        .and_then(|(line, rest)| Some((line.parse::<usize>().ok()?, rest.to_owned())))
        .unwrap_or((1, message));
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let line_text = text[start..].split('\n').next().unwrap_or_default();
    let met = message.rsplit_once("got '").and_then(|(_, token)| token.strip_suffix('\''));
    let (start, end) = match met.and_then(|token| place_of(line_text, token)) {
        Some((from, to)) => (start + from, start + to),
        // At the end of the text there is no token to point at: take the last character.
        None if message.ends_with("got <eof>") => {
            let end = text.trim_end().len();
            (text[..end].char_indices().next_back().map_or(0, |(at, _)| at), end)
        }
        None => {
            let indent = line_text.len() - line_text.trim_start().len();
            (start + indent, start + line_text.trim_end().len().max(indent))
        }
    };
    TextProblem { start, end, help: help(text, &message), message: lower_first(&message) }
}

/// Where a token stands in a line: its only or its last place, as a whole word if it is one.
fn place_of(line: &str, token: &str) -> Option<(usize, usize)> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let is_word = token.chars().all(word);
    line.rmatch_indices(token)
        .find(|(at, _)| {
            let before = line[..*at].chars().next_back();
            let after = line[at + token.len()..].chars().next();
            !is_word || !(before.is_some_and(word) || after.is_some_and(word))
        })
        .map(|(at, _)| (at, at + token.len()))
}

/// The mend for what is legal in other Luas.
fn help(text: &str, message: &str) -> Option<String> {
    let attribute = ["<const>", "<close>"].into_iter().find(|name| text.contains(name));
    if let Some(name) = attribute.filter(|_| message.contains("got '<'")) {
        return Some(format!("scripts are Luau, which has no `{name}`: leave it out"));
    }
    let got = |tokens: &[&str]| tokens.iter().any(|op| message.ends_with(&format!("got '{op}'")));
    if got(&["&", "|", "~"]) {
        return Some("scripts are Luau: use `bit32.band`, `bit32.bor`, `bit32.bxor`".into());
    }
    if got(&["<", ">"]) && (text.contains("<<") || text.contains(">>")) {
        return Some("scripts are Luau: use `bit32.lshift`, `bit32.rshift`".into());
    }
    let goto = message.starts_with("Incomplete statement") && text.contains("goto ");
    goto.then(|| {
        "scripts are Luau, which has no `goto`: use `continue`, `break` or a function".into()
    })
}

fn lower_first(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_at(text: &str) -> (&str, String) {
        let problem = Chunk::compile(text).expect_err("the text is wrong");
        (&text[problem.start..problem.end], problem.message)
    }

    #[test]
    fn a_syntax_error_points_at_the_token() {
        let (token, message) = problem_at("local a = 1\nlocal b = = 2\nreturn a");
        assert_eq!(token, "=");
        assert!(message.starts_with("expected identifier"), "{message}");
        assert_eq!(problem_at("for i = 1, 2 do end end").0, "end");
        assert_eq!(problem_at("return {\n  a = 1,\n").0, ",");
        assert_eq!(problem_at("if x then\n  y()\n").0, ")");
    }

    #[test]
    fn a_syntax_error_without_a_token_points_at_the_line() {
        assert_eq!(problem_at("local a = 1\n   foo   \nreturn a").0, "foo");
        assert_eq!(problem_at("return 'abc").0, "return 'abc");
    }

    #[test]
    fn what_is_legal_in_other_luas_gets_help() {
        let problem = Chunk::compile("return 5 & 3").expect_err("no bit operators");
        assert!(problem.help.is_some_and(|help| help.contains("bit32")));
        let problem = Chunk::compile("goto done\n::done::").expect_err("no goto");
        assert!(problem.help.is_some_and(|help| help.contains("goto")));
        for (text, mend) in [
            ("local x <const> = 5\nreturn x", "no `<const>`"),
            ("local f <close> = 5", "no `<close>`"),
            ("return 1 << 2", "lshift"),
            ("return 8 >> 1", "rshift"),
        ] {
            let problem = Chunk::compile(text).expect_err(text);
            let help = problem.help.as_deref().unwrap_or_default();
            assert!(help.contains(mend), "{text}: {}, {help}", problem.message);
        }
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        for text in ["(", "{", "a..", "- ", "not ", "function() ", "if a then ", "a[", "f("] {
            let text = format!("return {}", text.repeat(100_000));
            assert!(Chunk::compile(&text).is_err());
        }
    }

    #[test]
    fn non_ascii_text_is_no_trouble() {
        for text in
            ["return 'ä' 'ö'", "é = 1", "local ünï = = 3", "–", "return \"→", "ä\n\nö = = ü"]
        {
            let problem = Chunk::compile(text).expect_err(text);
            assert!(text.get(problem.start..problem.end).is_some(), "{text}: {problem:?}");
        }
    }
}
