//! Shell sessions as the documents show them: lines `$ command`, each followed by what it prints.
//!
//! Known commands are `curl` and `rejoin` (also as `cargo run --release --`). `rejoin serve` starts a server on a
//! free port, to which all later `curl` and `rejoin fetch` lines go; it ends with the session. In what a command prints, `...` stands
//! for anything within the line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::child::{self, Server};
use crate::{curl, tree, words};

/// How long one command of a document may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Where the documents say that a server listens.
const SHOWN: &str = "127.0.0.1:7770";

/// A session in progress.
#[derive(Debug)]
pub(crate) struct Session {
    rejoin: PathBuf,
    /// Where files are looked for, first to last. Commands run in the first.
    folders: Vec<PathBuf>,
    server: Option<Server>,
}

/// One command and what it is said to print.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Counted from the start of the block, from 0.
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) expected: String,
}

/// The commands of a `console` block. What stands before the first `$` belongs to none and is an error.
pub(crate) fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    for (line, content) in text.lines().enumerate() {
        if let Some(command) = content.strip_prefix("$ ") {
            steps.push(Step { line, command: command.to_owned(), expected: String::new() });
        } else if let Some(step) = steps.last_mut() {
            step.expected.push_str(content);
            step.expected.push('\n');
        } else {
            return Err(format!("a session starts with `$ command`, not with `{content}`"));
        }
    }
    Ok(steps)
}

impl Session {
    pub(crate) fn new(rejoin: &Path, folders: Vec<PathBuf>) -> Session {
        Session { rejoin: rejoin.to_owned(), folders, server: None }
    }

    /// Starts a server for a file, as `rejoin serve FILE` does.
    pub(crate) fn serve(&mut self, file: &str) -> Result<(), String> {
        self.server = None;
        let mut command = self.command();
        command.args(["serve", &self.find(file), "--port", "0"]);
        self.server = Some(Server::start(&mut command)?);
        Ok(())
    }

    /// Runs one command and compares what it prints.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        let printed = self.run(&step.command)?;
        if matches(&step.expected, &printed) {
            return Ok(());
        }
        Err(format!(
            "$ {}\nexpected:\n{}\nprinted:\n{}",
            step.command,
            step.expected.trim_end(),
            printed.trim_end()
        ))
    }

    /// Runs one command and returns what it prints.
    pub(crate) fn run(&mut self, line: &str) -> Result<String, String> {
        let words = words::split(line)?;
        let text: Vec<&str> = words.iter().map(String::as_str).collect();
        match text.as_slice() {
            ["curl", ..] => {
                let server = self.server.as_ref().ok_or("no server was started before this")?;
                curl::run(&words[1..], server.address())
            }
            ["cargo", "run", "--release", "--", rest @ ..] | ["rejoin", rest @ ..] => {
                self.rejoin(rest)
            }
            _ => Err(format!("`{line}` is not among the commands known here")),
        }
    }

    fn rejoin(&mut self, words: &[&str]) -> Result<String, String> {
        if let ["serve", file] = words {
            self.serve(file)?;
            return Ok("listening on http://127.0.0.1:7770\n".to_owned());
        }
        if let ["fetch", words @ ..] = words {
            return self.fetch(words);
        }
        let mut command = self.command();
        for word in words {
            command.arg(if word.ends_with(".wp") { self.find(word) } else { (*word).to_owned() });
        }
        let ended = child::run(&mut command, LIMIT)?;
        // Results are on stdout. What a log says beside them has times and ids, and is no part of the document.
        Ok(if ended.stdout.is_empty() { ended.stderr } else { ended.stdout })
    }

    /// The address that the documents show stands for that of the server, on the command line and in lists.
    fn fetch(&self, words: &[&str]) -> Result<String, String> {
        let server = self.server.as_ref().ok_or("no server was started before this")?;
        let mut command = self.command();
        command.arg("fetch");
        for (at, word) in words.iter().enumerate() {
            let list = at > 0 && words[at - 1] == "--from";
            if list {
                let text = tree::read(&self.folders[0].join(word))?;
                let here = format!("{word}.here");
                std::fs::write(self.folders[0].join(&here), text.replace(SHOWN, server.address()))
                    .map_err(|error| format!("{here}: {error}"))?;
                command.arg(here);
            } else {
                command.arg(word.replace(SHOWN, server.address()));
            }
        }
        let ended = child::run(&mut command, LIMIT)?;
        let printed = if ended.stdout.is_empty() { ended.stderr } else { ended.stdout };
        Ok(printed.replace(server.address(), SHOWN))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.rejoin);
        command.current_dir(&self.folders[0]);
        command
    }

    /// `file` in the first folder that has it; as it is if none does, so that a command can say what is missing.
    fn find(&self, file: &str) -> String {
        let found = self.folders.iter().map(|folder| folder.join(file)).find(|path| path.exists());
        match found {
            Some(path) if !path.starts_with(&self.folders[0]) => {
                path.to_string_lossy().into_owned()
            }
            _ => file.to_owned(),
        }
    }
}

/// Whether a command printed what was said, with `...` for anything within a line. Space at line ends does not count.
fn matches(expected: &str, printed: &str) -> bool {
    let (expected, printed) = (expected.trim_end(), printed.trim_end());
    expected.lines().count() == printed.lines().count()
        && expected
            .lines()
            .zip(printed.lines())
            .all(|(e, p)| matches_line(e.trim_end(), p.trim_end()))
}

fn matches_line(expected: &str, printed: &str) -> bool {
    let mut parts = expected.split("...");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{matches, steps};

    #[test]
    fn a_command_owns_the_lines_below_it() {
        let steps = steps("$ curl a\n{}\n$ curl b\n1\n2\n").unwrap();
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[1].expected, "1\n2\n");
        assert_eq!(steps[1].line, 2);
    }

    #[test]
    fn output_without_a_command_is_an_error() {
        assert!(super::steps("{}\n").is_err());
    }

    #[test]
    fn three_dots_stand_for_anything_in_a_line_and_nothing_else_does() {
        assert!(matches("{\"id\":...,\"n\":1}\n", "{\"id\":\"x\",\"n\":1}"));
        assert!(matches("a...", "abc"));
        assert!(!matches("{\"n\":1}", "{\"n\":12}"));
        assert!(!matches("a...c", "ab"));
        assert!(!matches("a", "a\nb"));
        assert!(!matches("", "a"));
    }
}
