//! Writing: a file has its old content or its new one, and never a part.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Failure, why};

pub(super) fn whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    replace(path, |file| file.write_all(content))
}

pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if !fs::metadata(from).map_err(why)?.is_file() {
        return Err(("InvalidData", "is no file".to_owned()));
    }
    let mut source = File::open(from).map_err(why)?;
    replace(to, |file| io::copy(&mut source, file).map(drop))
}

pub(super) fn append(path: &Path, content: &[u8]) -> Result<(), Failure> {
    is_file_or_nothing(path)?;
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(content)).map_err(why)
}

/// Writes beside the file, and then puts it in its place.
fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Failure> {
    is_file_or_nothing(path)?;
    // Through a link, so that the link stays.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let Some(name) = path.file_name() else {
        return Err(("IsDirectory", "is a folder".to_owned()));
    };
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (number, process) = (NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
    // A name of its own, not made of the file's: that may be as long as names can be.
    let beside = path.with_file_name(format!(".rejoin-{process}-{number}.part"));
    debug_assert!(beside.file_name() != Some(name), "nobody else uses such names");
    let mut file = OpenOptions::new().write(true).create_new(true).open(&beside).map_err(why)?;
    let beside = Beside(Some(beside));
    write(&mut file).map_err(why)?;
    if let Ok(old) = fs::metadata(&path) {
        file.set_permissions(old.permissions()).map_err(why)?;
    }
    file.sync_all().map_err(why)?;
    beside.rename(&path).map_err(why)
}

/// A device or a folder must not be replaced by a file.
fn is_file_or_nothing(path: &Path) -> Result<(), Failure> {
    match fs::metadata(path) {
        Ok(known) if known.is_dir() => Err(("IsDirectory", "is a folder".to_owned())),
        Ok(known) if !known.is_file() => Err(("InvalidData", "is no file".to_owned())),
        _ => Ok(()),
    }
}

/// A file that is removed unless it was put in its place.
struct Beside(Option<PathBuf>);

impl Beside {
    fn rename(mut self, to: &Path) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        fs::rename(path, to)?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            fs::remove_file(path).ok();
        }
    }
}
