//! The module `fs`: files and folders, on threads of their own.

mod handle;
mod place;
mod write;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rejoin::pool::ThreadPool;
use rejoin_engine::{CallPlace, Datum, HostCall};

use super::arguments::Arguments;
use super::clock;
use handle::Handle;
use place::{Place, entry, reach};

/// The effect of the module.
const EFFECT: &str = "filesystem";

/// The largest file that is read, in bytes, and the most names that a folder may have.
const LARGEST: u64 = 64 << 20;
const MOST: usize = 100_000;

/// Why something cannot be done with a path: a variant of `IoError`, and a message.
type Failure = (&'static str, String);

/// Calls a function of the module.
///
/// # Cancel safety
/// Dropping the call gives up its place in the queue; what has begun is done to its end, and a file is written as a whole or not at
/// all.
pub(super) fn call(threads: &ThreadPool, place: &CallPlace<'_>, arguments: Arguments) -> HostCall {
    let limits = place.limits(EFFECT).into_iter();
    let limits: Vec<Vec<PathBuf>> =
        limits.map(|folders| folders.into_iter().map(PathBuf::from).collect()).collect();
    let threads = threads.clone();
    Box::pin(async move {
        let work = move || run(&arguments, &limits).unwrap_or_else(|failure| failure);
        threads
            .run_value(work)
            .await
            .unwrap_or_else(|error| failure("", ("Other", error.to_string())))
    })
}

fn run(arguments: &Arguments, limits: &[Vec<PathBuf>]) -> Result<Datum, Datum> {
    let opened = Handle::of(arguments.get(0));
    let text = match &opened {
        Some(opened) => opened.path.as_str(),
        None => arguments.text(0)?,
    };
    let at = |path: &str, why: Failure| failure(path, why);
    let path = |find: fn(&str, &[Vec<PathBuf>]) -> Result<Place, Failure>| {
        find(text, limits).map_err(|why| at(text, why))
    };
    let done = match arguments.id() {
        "fs.read_file" => read(&path(reach)?).and_then(|bytes| match String::from_utf8(bytes) {
            Ok(content) => Ok(Datum::text(content)),
            Err(_) => Err(("InvalidData", "is no text in UTF-8: use `fs.read_bytes`".to_owned())),
        }),
        "fs.read_bytes" => read(&path(reach)?).map(Datum::bytes),
        "fs.open" => {
            let mode = arguments.optional_text(1)?.unwrap_or("r");
            handle::open(text, &path(reach)?, mode)
        }
        "fs.close" => Ok(Datum::None),
        "fs.write_bytes" if opened.is_some() => {
            let opened = opened.as_ref().is_some_and(Handle::may_write);
            match opened {
                true => write::append(&path(reach)?, content(arguments)?).map(|()| Datum::None),
                false => Err(("PermissionDenied", "was opened for reading".to_owned())),
            }
        }
        "fs.write_file" | "fs.write_bytes" => {
            write::whole(&path(reach)?, content(arguments)?).map(|()| Datum::None)
        }
        "fs.append_file" => write::append(&path(reach)?, content(arguments)?).map(|()| Datum::None),
        "fs.mkdir" => {
            let path = path(reach)?;
            let made = match arguments.get(1) {
                Datum::Bool(true) => fs::create_dir_all(&path),
                _ => fs::create_dir(&path),
            };
            made.map(|()| Datum::None).map_err(why)
        }
        "fs.read_dir" => names(&path(reach)?),
        "fs.exists" => Ok(Datum::Bool(path(reach)?.exists())),
        "fs.remove" => {
            let path = path(entry)?;
            remove(&path, *arguments.get(1) == Datum::Bool(true)).map(|()| Datum::None).map_err(why)
        }
        "fs.stat" => stat(&path(reach)?),
        "fs.chmod" => {
            let Datum::Int(mode @ 0..=0o7777) = *arguments.get(1) else {
                return Err(arguments.wrong(1, "the bits of a mode, from 0 to 4095"));
            };
            set_mode(&path(reach)?, mode as u32).map(|()| Datum::None).map_err(why)
        }
        "fs.copy" | "fs.rename" => {
            let to_text = arguments.text(1)?;
            let to = |find: fn(&str, &[Vec<PathBuf>]) -> Result<Place, Failure>| {
                find(to_text, limits).map_err(|why| at(to_text, why))
            };
            let done = match arguments.id() {
                "fs.copy" => write::copy(&path(reach)?, &to(reach)?),
                _ => fs::rename(path(entry)?, to(entry)?).map_err(why),
            };
            done.map(|()| Datum::None)
        }
        _ => Ok(Datum::None),
    };
    done.map_err(|why| at(text, why))
}

fn content(arguments: &Arguments) -> Result<&[u8], Datum> {
    arguments.get(1).as_bytes().ok_or_else(|| arguments.wrong(1, "a text or bytes"))
}

/// A file as a whole.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = to_read(path)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(why)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(("TooLarge", format!("has more than {LARGEST} bytes"))),
        false => Ok(bytes),
    }
}

/// What is no file, such as a pipe, could keep a thread for ever.
fn to_read(path: &Path) -> Result<fs::File, Failure> {
    let known = fs::metadata(path).map_err(why)?;
    if known.is_dir() {
        return Err(("IsDirectory", "is a folder".to_owned()));
    }
    if !known.is_file() {
        return Err(("InvalidData", "is no file".to_owned()));
    }
    fs::File::open(path).map_err(why)
}

fn names(path: &Path) -> Result<Datum, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(why)? {
        if names.len() >= MOST {
            return Err(("TooLarge", format!("has more than {MOST} entries")));
        }
        names.push(entry.map_err(why)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(Datum::List(names.into_iter().map(Datum::text).collect()))
}

fn remove(path: &Path, recursive: bool) -> io::Result<()> {
    match fs::symlink_metadata(path)?.is_dir() {
        true if recursive => fs::remove_dir_all(path),
        true => fs::remove_dir(path),
        false => fs::remove_file(path),
    }
}

fn stat(path: &Path) -> Result<Datum, Failure> {
    let known = fs::metadata(path).map_err(why)?;
    let modified = known.modified().ok().map(clock::text);
    Ok(Datum::record(
        "FileStat",
        [
            ("size", Datum::Int(i64::try_from(known.len()).unwrap_or(i64::MAX))),
            ("is_file", Datum::Bool(known.is_file())),
            ("is_dir", Datum::Bool(known.is_dir())),
            ("modified", modified.unwrap_or_default()),
        ],
    ))
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "files have no mode on this system"))
}

fn why(error: io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::NotFound => "NotFound",
        io::ErrorKind::PermissionDenied => "PermissionDenied",
        io::ErrorKind::AlreadyExists => "AlreadyExists",
        io::ErrorKind::NotADirectory => "NotDirectory",
        io::ErrorKind::IsADirectory => "IsDirectory",
        io::ErrorKind::DirectoryNotEmpty => "NotEmpty",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "Full",
        _ => "Other",
    };
    (kind, error.to_string())
}

fn failure(path: &str, (kind, message): Failure) -> Datum {
    let shown: String = path.chars().take(200).collect();
    Datum::record(
        &format!("IoError::{kind}"),
        [("message", Datum::text(format!("`{shown}`: {message}"))), ("path", Datum::text(path))],
    )
}
