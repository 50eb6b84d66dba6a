//! Files beside the program: what a path that no route has may be.

mod condition;
mod content_type;
mod path;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::sync::mpsc;

pub(crate) use path::relative;

use condition::{Asked, Version, asked};

/// How much of a file is in memory at once, for each request: this, and one piece that waits.
const PIECE: usize = 64 * 1024;

/// A file that was found, and what of it is asked for.
pub(crate) struct Found {
    pub(crate) response: Response<Bytes>,
    /// What follows the head.
    pub(crate) body: Option<Part>,
}

/// A part of an open file.
pub(crate) struct Part {
    file: File,
    pub(crate) length: u64,
}

/// Looks for a file below `root`; `None` if there is none that may be seen. Blocks.
pub(crate) fn find(root: &Path, relative: &Path, headers: &HeaderMap) -> Option<Found> {
    let path = below(root, relative)?;
    // Asked before it is opened: to open a pipe waits for who writes to it, perhaps for ever.
    path.metadata().ok().filter(fs::Metadata::is_file)?;
    let mut file = File::open(&path).ok()?;
    let known = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let version = Version::new(known.len(), known.modified().unwrap_or(SystemTime::UNIX_EPOCH));
    let mut response = Response::new(Bytes::new());
    let (status, from, length) = match asked(headers, &version) {
        Asked::Whole => (StatusCode::OK, 0, known.len()),
        Asked::Part(from, to) => {
            let range = format!("bytes {from}-{to}/{}", known.len());
            insert(&mut response, CONTENT_RANGE, &range);
            (StatusCode::PARTIAL_CONTENT, from, to - from + 1)
        }
        Asked::Nothing => (StatusCode::NOT_MODIFIED, 0, 0),
        Asked::Outside => {
            insert(&mut response, CONTENT_RANGE, &format!("bytes */{}", known.len()));
            (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0)
        }
    };
    *response.status_mut() = status;
    insert(&mut response, ETAG, version.etag());
    insert(&mut response, LAST_MODIFIED, version.modified());
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // It may be kept, and is asked about before it is used again.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type::of(&path, &file)));
    let sends = matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT);
    if sends {
        file.seek(SeekFrom::Start(from)).ok()?;
        headers.insert(CONTENT_LENGTH, length.into());
    }
    Some(Found { response, body: sends.then_some(Part { file, length }) })
}

fn insert(response: &mut Response<Bytes>, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// The real place of the file, if that is below the root's: a link must not lead out of it.
fn below(root: &Path, relative: &Path) -> Option<PathBuf> {
    let root = root.canonicalize().ok()?;
    let path = root.join(relative).canonicalize().ok()?;
    path.starts_with(&root).then_some(path)
}

/// Reads the part piece by piece, as the client takes it.
///
/// # Cancel safety
/// Dropping the future ends the body before its end, which the client sees.
pub(crate) async fn send(mut part: Part, to: mpsc::Sender<Bytes>) {
    while part.length > 0 {
        let read = rejoin::to_thread(move || {
            let piece = read(&mut part);
            (part, piece)
        });
        let Ok((rest, piece)) = read.await else { return };
        part = rest;
        // A file that was cut short meanwhile, or a client that has gone.
        let Ok(piece) = piece else { return };
        if to.send(piece).await.is_err() {
            return;
        }
    }
}

fn read(part: &mut Part) -> io::Result<Bytes> {
    let length = usize::try_from(part.length).unwrap_or(PIECE).min(PIECE);
    let mut piece = vec![0; length];
    part.file.read_exact(&mut piece)?;
    part.length -= length as u64;
    Ok(piece.into())
}
