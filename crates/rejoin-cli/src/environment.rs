//! The variables that programs see: those of the process, then `.env.local`, then `.env` beside the program.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::exit::Failure;

/// The files that variables are read from, the most important last.
pub(crate) const FILES: [&str; 2] = [".env", ".env.local"];

/// Variables by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    from_files: Arc<HashMap<String, String>>,
}

impl Environment {
    /// Reads the files beside a program; those that are not there are no problem.
    pub(crate) fn beside(program: &Path) -> Result<Self, Failure> {
        let mut from_files = HashMap::new();
        for name in FILES {
            let path = program.parent().map_or_else(|| PathBuf::from(name), |dir| dir.join(name));
            match dotenvy::from_path_iter(&path) {
                Ok(variables) => {
                    for variable in variables {
                        let (name, value) = variable.map_err(|error| unreadable(&path, &error))?;
                        from_files.insert(name, value);
                    }
                }
                Err(error) if error.not_found() => {}
                Err(error) => return Err(unreadable(&path, &error)),
            }
        }
        Ok(Self { from_files: Arc::new(from_files) })
    }

    /// The variable of that name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().or_else(|| self.from_files.get(name).cloned())
    }

    /// The environment's own name, for `@env`.
    pub(crate) fn name(&self) -> Option<Arc<str>> {
        let name = self.get("REJOIN_ENV").or_else(|| self.get("WEBPIPE_ENV"))?;
        (!name.is_empty()).then(|| name.into())
    }
}

fn unreadable(path: &Path, error: &dotenvy::Error) -> Failure {
    // The line itself may hold a secret.
    let why = match error {
        dotenvy::Error::LineParse(..) => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let place = faulty_line(&text).map_or("a line".to_owned(), |n| format!("line {n}"));
            format!("{place} is not of the form NAME=value, NAME=\"value\" or # comment")
        }
        error => error.to_string(),
    };
    Failure::new(format!("cannot read `{}`: {why}", path.display()))
}

/// A file of more lines is not read again and again for the number of one.
const MOST_LINES: usize = 1000;

/// The first line with which a file cannot be read, counted from 1: up to the line before it can.
fn faulty_line(text: &str) -> Option<usize> {
    if text.lines().count() > MOST_LINES {
        return None;
    }
    let ends = || text.match_indices('\n').map(|(at, _)| at + 1).chain([text.len()]);
    let is_sound = |end: usize| {
        dotenvy::from_read_iter(&text.as_bytes()[..end]).all(|variable| variable.is_ok())
    };
    let last_sound = ends().enumerate().filter(|(_, end)| is_sound(*end)).last();
    // Without one it is the first.
    let number = last_sound.map_or(1, |(index, _)| index + 2);
    (number <= text.lines().count()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::faulty_line;

    #[test]
    fn the_line_that_is_no_setting() {
        for (text, line) in [
            ("A=1\nNAME=two words\nB=2\n", Some(2)),
            ("SECRET=a\nURL=SECRET=a b", Some(2)),
            ("no setting", Some(1)),
            ("A=\"two\nlines\"\nB=1 2\n", Some(3)),
            ("A=1\n", None),
        ] {
            assert_eq!(faulty_line(text), line, "{text}");
        }
    }
}
