//! [`Part`]: a body on its way to a file.
//!
//! It is written beside its place and renamed when it is whole, so that nobody ever finds half a file
//! under the name that was asked for. Whoever gives up drops the part, and with it what was written.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::error::{ErrorKind, Failure, Phase, Retry};

/// A file under another name; removed when dropped, unless it was moved to its place.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    target: PathBuf,
    moved: AtomicBool,
}

impl Part {
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Moves the file to its place, if it is not there yet.
    pub(crate) fn keep(&self) -> Result<(), Failure> {
        if self.moved.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        std::fs::rename(&self.path, &self.target).map_err(|error| {
            self.moved.store(false, Ordering::Relaxed);
            cannot_save(&self.target, error)
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !*self.moved.get_mut() {
            // Gone already, or its directory is: there is nothing to clean up then.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Writes a [`Part`].
#[derive(Debug)]
pub(crate) struct Saving {
    part: Part,
    file: File,
    digest: Option<Sha256>,
    written: u64,
}

impl Saving {
    pub(crate) fn begin(target: &Path, sum: bool) -> Result<Saving, Failure> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let Some(name) = target.file_name() else {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "it is not the name of a file");
            return Err(cannot_save(target, error));
        };
        // Renaming would put a file in the place of a device or a pipe.
        if std::fs::metadata(target).is_ok_and(|there| !there.is_file()) {
            let error = io::Error::new(io::ErrorKind::InvalidInput, "what is there is no file");
            return Err(cannot_save(target, error));
        }
        // Copies of one request may be under way at the same time, and other processes too.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{}-{number}.part", std::process::id()));
        let path = target.with_file_name(part);
        // In place, not on another thread: a file that is made while nobody waits any longer would
        // have nobody to remove it.
        let file = std::fs::File::create(&path).map_err(|error| cannot_save(target, error))?;
        let part = Part { path, target: target.to_owned(), moved: AtomicBool::new(false) };
        let digest = sum.then(Sha256::new);
        Ok(Saving { part, file: File::from_std(file), digest, written: 0 })
    }

    pub(crate) async fn write(&mut self, piece: Bytes) -> Result<(), Failure> {
        self.written += piece.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(&piece);
        }
        let written = self.file.write_all(&piece).await;
        written.map_err(|error| cannot_save(&self.part.target, error))
    }

    /// The whole part, how many bytes it has, and their sum.
    pub(crate) async fn finish(mut self) -> Result<(Arc<Part>, u64, Option<[u8; 32]>), Failure> {
        let flushed = self.file.flush().await;
        flushed.map_err(|error| cannot_save(&self.part.target, error))?;
        let sum = self.digest.map(|digest| digest.finalize().into());
        Ok((Arc::new(self.part), self.written, sum))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn hex(sum: &[u8; 32]) -> String {
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses a body with another sum than it should have.
pub(crate) fn check(wanted: &[u8; 32], found: &[u8; 32]) -> Result<(), Failure> {
    if wanted == found {
        return Ok(());
    }
    // The next try, or a mirror, may have the right one.
    Err(Failure::new(
        ErrorKind::Checksum,
        Phase::Read,
        Retry::IfIdempotent,
        format!("the body has the SHA-256 checksum {}, not {}", hex(found), hex(wanted)),
    ))
}

fn cannot_save(target: &Path, error: io::Error) -> Failure {
    Failure::new(
        ErrorKind::Save,
        Phase::Save,
        Retry::Never,
        format!("the body cannot be saved as {}: {error}", target.display()),
    )
    .caused_by(error)
}
