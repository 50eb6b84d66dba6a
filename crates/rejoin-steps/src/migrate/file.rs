//! The files of migrations: `20260131120000_users.sql`, with `-- UP --` and `-- DOWN --`.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::MigrateError;
use crate::hex::hex;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// One step of a database's schema, and the way back.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Fourteen digits: when it was written.
    pub version: String,
    /// What the file is called besides.
    pub name: String,
    /// Where it stands.
    pub file: PathBuf,
    pub(super) up: Half,
    pub(super) down: Half,
    /// Of the way up: what has been done must not change afterwards.
    pub(super) checksum: String,
}

/// Statements, and the line of the file that they begin at.
#[derive(Clone, Debug)]
pub(super) struct Half {
    pub(super) text: String,
    pub(super) line: usize,
}

/// What is in a directory.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// In the order of their versions.
    pub migrations: Vec<Migration>,
    /// Files whose names are not those of migrations.
    pub skipped: Vec<PathBuf>,
}

/// Reads all migrations of a directory; without the directory there are none.
///
/// # Errors
/// If a file cannot be read, lacks one of its halves, or has the version of another.
pub fn read(directory: &Path) -> Result<Found, MigrateError> {
    let unreadable = |path: &Path, error: io::Error| {
        MigrateError::new(format!("cannot read `{}`: {error}", path.display()))
    };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::default()),
        Err(error) => return Err(unreadable(directory, error)),
    };
    let mut found = Found::default();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(directory, error))?.path();
        if path.extension().is_none_or(|end| end != "sql") {
            continue;
        }
        let Some((version, name)) = path.file_stem().and_then(|stem| stem.to_str()).and_then(named)
        else {
            found.skipped.push(path);
            continue;
        };
        let mut text = String::new();
        fs::File::open(&path)
            .and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text))
            .map_err(|error| unreadable(&path, error))?;
        if text.len() as u64 > LARGEST {
            return Err(MigrateError::new(format!("`{}` is larger than 16 MiB", path.display())));
        }
        let (up, down) = halves(&text)
            .map_err(|what| MigrateError::new(format!("{}: {what}", path.display())))?;
        let checksum = hex(&Sha256::digest(up.text.as_bytes()));
        let (version, name) = (version.to_owned(), name.to_owned());
        found.migrations.push(Migration { version, name, file: path, up, down, checksum });
    }
    found.skipped.sort();
    found.migrations.sort_by(|a, b| a.version.cmp(&b.version));
    for pair in found.migrations.windows(2) {
        if pair[0].version == pair[1].version {
            return Err(MigrateError::new(format!(
                "`{}` and `{}` have the same version: give one another",
                pair[0].file.display(),
                pair[1].file.display()
            )));
        }
    }
    Ok(found)
}

/// Fourteen digits, a line below, and a name.
fn named(stem: &str) -> Option<(&str, &str)> {
    let (version, name) = stem.split_once('_')?;
    let is_version = version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit());
    (is_version && !name.is_empty()).then_some((version, name))
}

/// What stands behind `-- UP --`, and what behind `-- DOWN --`.
fn halves(text: &str) -> Result<(Half, Half), String> {
    let mut markers = [None, None];
    let mut from = 0;
    for (n, line) in text.split_inclusive('\n').enumerate() {
        let which = match line.trim().to_ascii_lowercase().as_str() {
            "-- up --" => Some(0),
            "-- down --" => Some(1),
            _ => None,
        };
        let end = from + line.len();
        if let Some(which) = which
            && markers[which].replace((from, end, n + 2)).is_some()
        {
            return Err(format!("line {}: the marker `{}` is there twice", n + 1, line.trim()));
        }
        from = end;
    }
    let marker = |which: usize, name: &str| {
        markers[which].ok_or_else(|| format!("the line `-- {name} --` is missing"))
    };
    let (up, down) = (marker(0, "UP")?, marker(1, "DOWN")?);
    if down.0 < up.0 {
        return Err("`-- UP --` must stand before `-- DOWN --`".into());
    }
    // The same statements are the same migration, whatever ends their lines.
    let half = |from: usize, to: usize, line| Half { text: text[from..to].replace('\r', ""), line };
    Ok((half(up.1, down.0, up.2), half(down.1, text.len(), down.2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(named("20260131120000_users"), Some(("20260131120000", "users")));
        assert_eq!(named("20260131120000_a_b"), Some(("20260131120000", "a_b")));
        for wrong in
            ["20260131120000", "20260131120000_", "2026_users", "users", "2026013112000x_a"]
        {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn two_halves() {
        let (up, down) =
            halves("-- of users\r\n-- Up --\r\na;\r\nb;\r\n\r\n-- DOWN --\nc;").unwrap();
        assert_eq!((up.text.as_str(), up.line), ("a;\nb;\n\n", 3));
        assert_eq!((down.text.as_str(), down.line), ("c;", 7));
        for (text, says) in [
            ("a;", "`-- UP --` is missing"),
            ("-- UP --\na;", "`-- DOWN --` is missing"),
            ("-- DOWN --\n-- UP --\n", "must stand before"),
            ("-- UP --\n-- UP --\n-- DOWN --", "line 2: the marker"),
        ] {
            let error = halves(text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
