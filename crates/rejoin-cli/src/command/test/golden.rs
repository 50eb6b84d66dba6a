//! Golden tests: what they return is held against what was recorded beside their file, as JSON, so that a change is seen.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rejoin_lang::plan::FunctionTest;
use rejoin_value::{Object, Value, json};

use super::compare::{difference, equal};
use super::run::Ran;
use crate::args::Test;
use crate::exit::Failure;
use crate::output;

/// The largest file of records, in bytes.
const LARGEST: u64 = 16 << 20;

/// What was recorded of the golden tests of one file, by `suite > test`.
pub(super) struct Golden {
    path: PathBuf,
    recorded: Object,
    /// The tests that return something and have no record.
    without: Vec<String>,
    /// Whether what tests return is recorded anew.
    records: bool,
    changed: bool,
}

impl Golden {
    /// The records beside a file of tests: none if there is no file of them yet.
    pub(super) fn beside(file: &Path, args: &Test) -> Result<Self, Failure> {
        let mut path = file.as_os_str().to_owned();
        path.push(".golden.json");
        let path = PathBuf::from(path);
        let recorded = read(&path).map_err(|why| {
            Failure::new(format!(
                "cannot read `{}`: {why}; remove it to record anew",
                path.display()
            ))
        })?;
        Ok(Self { path, recorded, without: Vec::new(), records: args.record, changed: false })
    }

    /// Holds what a test returned against its record, or makes that one. One of which nothing was recorded passes by its assertions,
    /// and of one that returns nothing nothing is recorded.
    pub(super) fn judge(&mut self, test: &FunctionTest, ran: &mut Ran) {
        if !ran.failures.is_empty() {
            return;
        }
        let returned = ran.answer.as_ref().and_then(|answer| answer.output.get("(returned)"));
        let returned = returned.cloned().unwrap_or(Value::Null);
        let name = format!("{} > {}", test.suite, test.function.id);
        match self.recorded.get(&name) {
            Some(wanted) if equal(wanted, &returned) => {}
            None if returned.is_null() => {}
            _ if self.records => {
                self.recorded.insert(name.as_str(), returned);
                self.changed = true;
            }
            Some(wanted) => {
                let what = format!(
                    "it returns something else than was recorded; --record records it anew\n{}",
                    difference(wanted, &returned)
                );
                ran.failures.push((test.function.span, what));
            }
            None => self.without.push(name),
        }
    }

    /// Writes the records down, if there are new ones. A run that is stopped meanwhile leaves the old ones as they were.
    pub(super) fn keep(&self) -> Result<(), Failure> {
        for name in &self.without {
            output::error(&format!(
                "note: `{name}` has no record: --record makes one of what it returns\n"
            ));
        }
        if !self.changed {
            return Ok(());
        }
        let mut text = json::to_vec_pretty(&Value::from(self.recorded.clone()));
        text.push(b'\n');
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".{}", std::process::id()));
        let written = std::fs::write(&beside, text);
        let written = written.and_then(|()| std::fs::rename(&beside, &self.path));
        written.map_err(|error| {
            // What is left of it is of no use.
            let _ = std::fs::remove_file(&beside);
            Failure::new(format!("cannot write `{}`: {error}", self.path.display()))
        })
    }
}

fn read(path: &Path) -> Result<Object, String> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Object::new()),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST {
        return Err(format!("it has more than {LARGEST} bytes"));
    }
    match Value::parse(&text) {
        Ok(Value::Object(recorded)) => Ok(recorded),
        Ok(_) => Err("it is no JSON object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
