//! What a program writes: to a file without a name, so that it never waits for a reader, and nobody has to read along.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is kept of it, in bytes.
pub(super) const LARGEST: u64 = 16 << 20;

pub(super) struct Output(File);

impl Output {
    pub(super) fn new() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (number, process) = (NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
        let path = std::env::temp_dir().join(format!("rejoin-output-{process}-{number}"));
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Self(file))
    }

    /// The end at which the program writes.
    pub(super) fn pipe(&self) -> io::Result<Stdio> {
        Ok(self.0.try_clone()?.into())
    }

    pub(super) fn size(&self) -> u64 {
        self.0.metadata().map_or(0, |known| known.len())
    }

    pub(super) fn text(&self) -> io::Result<String> {
        let mut file = self.0.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        file.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
