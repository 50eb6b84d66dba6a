//! Files beside the program, as browsers ask for them.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use support::{Running, program, serve};
use tokio::time::timeout;

/// A directory with files, which is removed at the end.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("rejoin-files-{}-{name}", std::process::id()));
        for (file, text) in files {
            let path = root.join("public").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(root)
    }

    fn serve(&self, server: &Running) {
        server.service.serve_files(self.0.join("public"));
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_and_routes() {
    let files = Files::new(
        "routes",
        &[
            ("index.html", "<h1>start</h1>"),
            ("docs/index.html", "docs"),
            ("style.css", "a {}"),
            ("a b/ü.txt", "text"),
            ("page", "file"),
            ("login", "\n<!DOCTYPE html><form method=post>"),
            ("exact.json", "file"),
        ],
    );
    let routes: &[(&str, &[&str])] = &[
        ("GET /exact.json", &["json \"route\""]),
        ("GET /things/:name", &["json \"thing\""]),
        ("POST /page", &["json \"posted\""]),
        ("POST /bare", &["json \"posted\""]),
        ("POST /", &["json \"posted\""]),
    ];
    serve(program(routes, &[]), |server| async move {
        assert_eq!(
            server.get("/style.css").await.status,
            404,
            "nothing is served unless it is asked for"
        );
        files.serve(&server);
        for (path, body, kind) in [
            ("/", "<h1>start</h1>", "text/html; charset=utf-8"),
            ("/docs/", "docs", "text/html; charset=utf-8"),
            ("/style.css?v=2", "a {}", "text/css; charset=utf-8"),
            ("/a%20b/%C3%BC.txt", "text", "text/plain; charset=utf-8"),
            ("/page", "file", "application/octet-stream"),
            ("/login", "\n<!DOCTYPE html><form method=post>", "text/html; charset=utf-8"),
            ("/exact.json", "\"route\"", "application/json"),
            ("/things/a.png", "\"thing\"", "application/json"),
        ] {
            let answer = server.get(path).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
            assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        }
        for path in ["/docs", "/docs/none.html", "/nothing", "/style.css/"] {
            let answer = server.get(path).await;
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        }
        for path in ["/page", "/"] {
            assert_eq!(server.request(&format!("POST {path}"), "", "").await.body, "\"posted\"");
        }
        assert_eq!(server.get("/bare").await.status, 405);
        // A file is there, whatever else it is asked for.
        for (method, status) in [("PUT", 405), ("DELETE", 405), ("OPTIONS", 204)] {
            let answer = server.request(&format!("{method} /style.css"), "", "").await;
            let allowed = Some("get, head, options");
            assert_eq!((answer.status, answer.header("allow")), (status, allowed), "{method}");
        }
        assert_eq!(server.request("PUT /none.css", "", "").await.status, 404);
        let head = server.request("HEAD /style.css", "", "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), Some("4"));
        let record = server.record("/style.css").await;
        assert_eq!(record.get("status").map(|v| v.to_json()).as_deref(), Some("404"));
        drop(files);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_before_a_route_that_takes_everything() {
    let files = Files::new("rest", &[("app.js", "file"), ("about", "file")]);
    serve(program(&[("GET /*path", &["json \"route\""])], &[]), |server| async move {
        files.serve(&server);
        for (path, body) in
            [("/app.js", "file"), ("/other.js", "\"route\""), ("/about", "\"route\"")]
        {
            assert_eq!(server.get(path).await.body, body, "{path}");
        }
        drop(files);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_outside_is_seen() {
    let files = Files::new(
        "outside",
        &[
            ("in.txt", "in"),
            (".env", "secret"),
            (".git/config", "secret"),
            (".well-known/x", "known"),
        ],
    );
    fs::write(files.0.join("secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink(files.0.join("secret.txt"), files.0.join("public/link.txt"))
        .unwrap();
    std::os::unix::fs::symlink(files.0.join("public/in.txt"), files.0.join("public/inner.txt"))
        .unwrap();
    let made = Command::new("mkfifo").arg(files.0.join("public/pipe")).status();
    assert!(made.unwrap().success());
    serve(program(&[("GET /r", &["json 1"])], &[]), |server| async move {
        files.serve(&server);
        for path in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/a/../../secret.txt",
            "/link.txt",
            "/.env",
            "/%2eenv",
            "/.git/config",
            "//in.txt",
            "/in.txt%00",
            "/in.txt/",
            "/..%5csecret.txt",
            // Nobody writes to it, so that to open it would never end.
            "/pipe",
        ] {
            let answer = timeout(Duration::from_secs(20), server.get(path)).await.expect(path);
            assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
            assert!(!answer.body.contains("secret\n") && answer.body != "secret", "{path}");
        }
        assert_eq!(server.get("/inner.txt").await.body, "in");
        assert_eq!(server.get("/.well-known/x").await.body, "known");
        drop(files);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_and_versions() {
    let text: String = ('a'..='z').collect();
    let files = Files::new("parts", &[("a.txt", &text), ("empty.txt", "")]);
    serve(program(&[("GET /r", &["json 1"])], &[]), |server| async move {
        files.serve(&server);
        let whole = server.get("/a.txt").await;
        assert_eq!(whole.header("accept-ranges"), Some("bytes"));
        assert_eq!(whole.header("cache-control"), Some("no-cache"));
        let etag = whole.header("etag").unwrap();
        let part = server.request("GET /a.txt", "range: bytes=2-4\r\n", "").await;
        assert_eq!((part.status, part.body.as_str()), (206, "cde"));
        assert_eq!(part.header("content-range"), Some("bytes 2-4/26"));
        let outside = server.request("GET /a.txt", "range: bytes=26-\r\n", "").await;
        assert_eq!((outside.status, outside.header("content-range")), (416, Some("bytes */26")));
        let known = server.request("GET /a.txt", &format!("if-none-match: {etag}\r\n"), "").await;
        assert_eq!(
            (known.status, known.body.as_str(), known.header("etag")),
            (304, "", Some(etag))
        );
        assert_eq!(server.get("/empty.txt").await.header("content-length"), Some("0"));
        drop(files);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_comes_in_pieces() {
    let text = "0123456789abcdef".repeat(64 * 1024);
    let files = Files::new("large", &[("large.txt", &text)]);
    serve(program(&[("GET /r", &["json 1"])], &[]), |server| async move {
        files.serve(&server);
        let answer = server.get("/large.txt").await;
        assert!(answer.body == text, "{} bytes", answer.body.len());
        // Whoever leaves in the middle leaves nothing behind; the end of the test looks for that.
        let mut stream = server.connect().await;
        tokio::io::AsyncWriteExt::write_all(
            &mut stream,
            b"GET /large.txt HTTP/1.1\r\nhost: x\r\n\r\n",
        )
        .await
        .unwrap();
        let mut some = [0; 100];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut some).await.unwrap();
        drop(stream);
        drop(files);
    })
    .await;
}
