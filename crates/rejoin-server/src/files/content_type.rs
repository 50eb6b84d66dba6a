//! What a file is, by its name.

use std::fs::File;
use std::io::Read;
use std::path::Path;

const HTML: &str = "text/html; charset=utf-8";

/// `file` is at its beginning, and may be anywhere afterwards.
pub(super) fn of(path: &Path, file: &File) -> &'static str {
    let extension = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    match &*extension.to_ascii_lowercase() {
        // A page at a path of its own, such as `/login`.
        "" if is_page(file) => HTML,
        "html" | "htm" => HTML,
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "xml" => "application/xml; charset=utf-8",
        "webmanifest" => "application/manifest+json; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        "pdf" => "application/pdf",
        "wasm" => "application/wasm",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        _ => "application/octet-stream",
    }
}

fn is_page(file: &File) -> bool {
    let mut beginning = Vec::new();
    if file.take(64).read_to_end(&mut beginning).is_err() {
        return false;
    }
    let beginning = beginning.trim_ascii_start().to_ascii_lowercase();
    beginning.starts_with(b"<!doctype html") || beginning.starts_with(b"<html")
}
