//! The module `os`: variables of the environment, and what the machine is; and where a path leads from here.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rejoin_engine::Datum;

use super::arguments::Arguments;

/// The most variables that a run sets.
const MOST: usize = 1000;

/// What a run has set: it and the programs that it starts see it, and nobody else.
#[derive(Default)]
pub(super) struct Variables(Mutex<BTreeMap<String, String>>);

impl Variables {
    pub(super) fn all(&self) -> Vec<(String, String)> {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

pub(super) fn call(
    variables: &Variables,
    env: &dyn Fn(&str) -> Option<String>,
    arguments: &Arguments,
) -> Result<Datum, Datum> {
    Ok(match arguments.id() {
        "os.platform" => Datum::text(std::env::consts::OS),
        "os.arch" => Datum::text(std::env::consts::ARCH),
        "os.env_get" => {
            let name = arguments.text(0)?;
            let own = variables.0.lock().unwrap_or_else(PoisonError::into_inner);
            let value = own.get(name).cloned().or_else(|| env(name));
            value.map_or(Datum::None, Datum::text)
        }
        _ => {
            let (name, value) = (arguments.text(0)?, arguments.text(1)?);
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(arguments.wrong(0, "the name of a variable"));
            }
            if value.contains('\0') {
                return Err(arguments.wrong(1, "without a zero byte"));
            }
            let mut own = variables.0.lock().unwrap_or_else(PoisonError::into_inner);
            if own.len() >= MOST && !own.contains_key(name) {
                return Err(arguments.wrong(0, &format!("one of at most {MOST}")));
            }
            own.insert(name.to_owned(), value.to_owned());
            Datum::None
        }
    })
}

/// A path from the root, without `.` and `..`. It need not exist, so a symbolic link in it is a name like any other.
pub(super) fn resolve(arguments: &Arguments) -> Result<Datum, Datum> {
    let given = arguments.text(0)?;
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let mut whole = PathBuf::new();
    for part in here.join(Path::new(given)).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    Ok(Datum::text(whole.display().to_string()))
}
