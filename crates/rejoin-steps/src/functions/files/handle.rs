//! Files that are opened: a handle is a path with what may be done with it. It keeps nothing open, so none is ever leaked, and a
//! handle that goes to several branches is the same for each.

use std::path::Path;

use rejoin_engine::Datum;

use super::{Failure, to_read, write};

/// The type of handles.
const TYPE: &str = "FileHandle";

pub(super) struct Handle {
    pub(super) path: String,
    mode: String,
}

impl Handle {
    pub(super) fn of(value: &Datum) -> Option<Self> {
        let text = |name| Some(value.get(name)?.as_text()?.to_owned());
        let is_one = value.kind().is_some_and(|kind| kind == TYPE);
        is_one.then(|| Some(Self { path: text("path")?, mode: text("mode")? })).flatten()
    }

    pub(super) fn may_write(&self) -> bool {
        self.mode != "r"
    }
}

/// Opens a file to be read (`r`), written anew (`w`) or gone on with (`a`). Whatever is written to a handle comes behind what is there.
pub(super) fn open(given: &str, path: &Path, mode: &str) -> Result<Datum, Failure> {
    match mode {
        "r" => drop(to_read(path)?),
        "w" => write::whole(path, b"")?,
        "a" => write::append(path, b"")?,
        _ => {
            return Err((
                "InvalidData",
                format!("cannot be opened as `{mode}`: write `r`, `w` or `a`"),
            ));
        }
    }
    Ok(Datum::record(TYPE, [("path", Datum::text(given)), ("mode", Datum::text(mode))]))
}
