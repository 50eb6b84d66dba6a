//! Which file a path may mean.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// The path of a request as one below a directory; `None` if it means no file that anybody may see.
///
/// A path that ends with `/` means the `index.html` there. Hidden files are nobody's business, but for `.well-known`.
pub(crate) fn relative(path: &str) -> Option<PathBuf> {
    let path = percent_decode_str(path.strip_prefix('/')?).decode_utf8().ok()?;
    let mut relative = PathBuf::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let segment = if is_last && segment.is_empty() { "index.html" } else { segment };
        let hidden = segment.starts_with('.') && segment != ".well-known";
        if segment.is_empty() || hidden || segment.contains(['\\', '\0', ':']) {
            return None;
        }
        relative.push(segment);
    }
    Some(relative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, file) in [
            ("/a.css", "a.css"),
            ("/", "index.html"),
            ("/docs/", "docs/index.html"),
            ("/a%20b/%C3%BC.txt", "a b/ü.txt"),
            ("/.well-known/x", ".well-known/x"),
        ] {
            assert_eq!(relative(path), Some(file.into()), "{path}");
        }
        for path in [
            "/../a",
            "/a/../../b",
            "/%2e%2e/a",
            "/a/%2e%2e%2fb",
            "/..%5ca",
            "/.env",
            "/a/.git/config",
            "//a",
            "/a//b",
            "/a%00b",
            "/%ff",
            "*",
            "/c:/x",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
    }
}
