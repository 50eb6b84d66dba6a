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
        dotenvy::Error::LineParse(line, _) => {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let number = text
                .lines()
                .position(|other| line.starts_with(other.trim()) && !other.trim().is_empty());
            let place = number.map_or("a line".to_owned(), |number| format!("line {}", number + 1));
            format!("{place} is not of the form NAME=value, NAME=\"value\" or # comment")
        }
        error => error.to_string(),
    };
    Failure::new(format!("cannot read `{}`: {why}", path.display()))
}
