//! Which file a path means, and whether it lies in the folders that the function limits itself to.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::{Failure, why};

/// A path that may be used.
pub(super) type Place = PathBuf;

/// The file that a path leads to, through symbolic links; it need not exist.
pub(super) fn reach(path: &str, limits: &[Vec<PathBuf>]) -> Result<Place, Failure> {
    let given = readable(path)?;
    if limits.is_empty() {
        return Ok(given.into());
    }
    within(real(given)?, limits)
}

/// A path without symbolic links and `..`, as far as it exists.
fn real(given: &Path) -> Result<PathBuf, Failure> {
    let (mut head, mut rest) = (std::path::absolute(given).map_err(why)?, Vec::<OsString>::new());
    let real = loop {
        match head.canonicalize() {
            Ok(real) => break real,
            // A link to what does not exist leads somewhere, too.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !head.is_symlink() => {
                // Behind `..` it is not known which folder is meant.
                let Some(name) = head.file_name() else { return Err(outside()) };
                rest.push(name.to_owned());
                head.pop();
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(outside()),
            Err(error) => return Err(why(error)),
        }
    };
    Ok(rest.into_iter().rev().fold(real, |path, name| path.join(name)))
}

/// The entry of a folder that a path names: a symbolic link is itself.
pub(super) fn entry(path: &str, limits: &[Vec<PathBuf>]) -> Result<Place, Failure> {
    let given = readable(path)?;
    if limits.is_empty() {
        return Ok(given.into());
    }
    let absolute = std::path::absolute(given).map_err(why)?;
    let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return Err(outside());
    };
    within(folder.canonicalize().map_err(why)?.join(name), limits)
}

fn readable(path: &str) -> Result<&Path, Failure> {
    match path.is_empty() || path.contains('\0') {
        true => Err(("InvalidPath", "is no path".to_owned())),
        false => Ok(Path::new(path)),
    }
}

fn within(place: PathBuf, limits: &[Vec<PathBuf>]) -> Result<PathBuf, Failure> {
    let holds = |folder: &PathBuf| real(folder).is_ok_and(|folder| place.starts_with(folder));
    match limits.iter().all(|folders| folders.iter().any(holds)) {
        true => Ok(place),
        false => Err(outside()),
    }
}

fn outside() -> Failure {
    let message = "lies outside of the folders that the function's `effect filesystem`, or the run, is limited to";
    ("PermissionDenied", message.to_owned())
}
