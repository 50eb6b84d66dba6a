//! Compressed bodies, good, broken and hostile.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use rejoin_http::{ErrorKind, Phase, Request, Response};

use crate::support::{Server, builder, client, get, ok, run};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn sending(coding: &str, body: &[u8]) -> Server {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Server::answering([head.as_bytes(), body].concat()).await
}

async fn fetched(coding: &str, body: &[u8]) -> Result<Response, rejoin_http::Error> {
    get(sending(coding, body).await.url("/")).await
}

/// Text that compresses as text does.
fn text() -> String {
    (0..20_000).map(|n| format!("{{\"id\":{n},\"name\":\"user {}\"}}\n", n * n)).collect()
}

#[test]
fn each_coding_is_undone() {
    run(async {
        let text = text();
        let bytes = text.as_bytes();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(bytes).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(bytes).unwrap();
        let mut members = gzip(&bytes[..1000]);
        members.extend(gzip(&bytes[1000..]));
        for (coding, body) in [
            ("gzip", gzip(bytes)),
            ("X-GZIP", gzip(bytes)),
            ("gzip", members),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
        ] {
            let response = fetched(coding, &body).await.unwrap();
            assert!(response.body == text, "{coding}");
            assert!(!response.headers.contains_key("content-encoding"));
            assert!(!response.headers.contains_key("content-length"));
        }
        // "hello" as brotli's own tool writes it.
        let hello = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
        assert_eq!(fetched("br", &hello).await.unwrap().body, "hello");
    });
}

#[test]
fn what_was_not_asked_for_is_left_alone() {
    run(async {
        for coding in ["zstd", "gzip, gzip", "identity", "whatever"] {
            let response = fetched(coding, b"as it is").await.unwrap();
            assert_eq!((&response.body[..], coding), (&b"as it is"[..], coding));
            assert_eq!(response.headers["content-encoding"], coding);
        }
        let zipped = gzip(b"text");
        let server = sending("gzip", &zipped).await;
        let off = builder().decompress(false).build();
        let by_hand = Request::get(&server.url("/")).unwrap();
        assert_eq!(off.send(by_hand.clone()).await.unwrap().body, zipped);
        let by_hand = by_hand.header("accept-encoding", "gzip").unwrap();
        assert_eq!(client().send(by_hand).await.unwrap().body, zipped);
        let echo = Server::with(ok).await;
        let range = Request::get(&echo.url("/")).unwrap().header("range", "bytes=0-1").unwrap();
        let sent = client().send(range).await.unwrap().body;
        assert!(!String::from_utf8_lossy(&sent).contains("accept-encoding"));
    });
}

#[test]
fn broken_data_is_an_error() {
    run(async {
        let whole = gzip(text().as_bytes());
        let mut flipped = whole.clone();
        let end = flipped.len() - 6;
        flipped[end] ^= 0xff;
        for (coding, body) in [
            ("gzip", &b"not gzip at all"[..]),
            ("gzip", &whole[..whole.len() / 2]),
            ("gzip", &whole[..5]),
            ("gzip", &flipped),
            ("deflate", b"not deflate"),
            ("br", b"\xff\xff\xff\xff\xff\xff"),
            ("br", &[0x0b, 0x02, 0x80, b'h']),
        ] {
            let error = fetched(coding, body).await.expect_err(coding);
            let found = (error.kind(), error.phase());
            assert_eq!(found, (ErrorKind::Decode, Phase::Decode), "{coding}: {error}");
        }
    });
}

#[test]
fn bombs_do_not_go_off() {
    run(async {
        let bomb = gzip(&vec![0; 16 << 20]);
        assert!(bomb.len() < 50_000);
        let error = fetched("gzip", &bomb).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge, "{error}");
        assert!(error.to_string().contains("bomb"), "{error}");

        let text = text();
        let server = sending("gzip", &gzip(text.as_bytes())).await;
        let request = Request::get(&server.url("/")).unwrap().max_response_bytes(text.len() - 1);
        let error = client().send(request.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge, "{error}");
        assert!(error.to_string().contains("once decompressed"), "{error}");
        let response = client().send(request.max_response_bytes(text.len())).await.unwrap();
        assert_eq!(response.body.len(), text.len());
    });
}
