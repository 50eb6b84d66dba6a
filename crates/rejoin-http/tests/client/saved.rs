//! Bodies that go to files.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::write::GzEncoder;
use rejoin_http::{Batch, ErrorKind, Phase, Request, RequestSpec};
use tokio::sync::Semaphore;

use crate::support::{Directory, Server, client, ok, run};

/// SHA-256 of `hello`.
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

#[test]
fn a_file_appears_whole_under_its_name() {
    run(async {
        let directory = Directory::new();
        let (sent, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (told, wait) = (Arc::clone(&sent), Arc::clone(&go));
        let server = Server::new(move |mut conn, _| {
            let (told, wait) = (Arc::clone(&told), Arc::clone(&wait));
            async move {
                conn.request().await;
                conn.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
                told.add_permits(1);
                let _permit = wait.acquire().await;
                conn.send("world").await;
                conn.closed().await;
            }
        })
        .await;
        let path = directory.0.join("body");
        let request = Request::get(&server.url("/")).unwrap().save_to(&path);
        let client = client();
        let sending = client.send(request);
        let watching = async {
            let _permit = sent.acquire().await;
            while directory.names().is_empty() {
                tokio::task::yield_now().await;
            }
            assert!(directory.names()[0].ends_with(".part"), "{:?}", directory.names());
            go.add_permits(1);
        };
        let (response, ()) = tokio::join!(sending, watching);
        let response = response.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"helloworld");
        assert_eq!((response.saved.as_deref(), response.body_bytes), (Some(&*path), 10));
        assert!(response.body.is_empty());
        assert_eq!(directory.names(), ["body"]);
    });
}

/// Renaming a file to that of a device would make an end of the device.
#[test]
fn what_is_there_and_no_file_stays() {
    run(async {
        let directory = Directory::new();
        let path = directory.0.join("body");
        std::fs::create_dir(&path).unwrap();
        let server = Server::with(|_| ok("text")).await;
        let request = Request::get(&server.url("/")).unwrap().save_to(&path);
        let error = client().send(request).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Save, Phase::Save));
        assert!(error.message().ends_with("what is there is no file"), "{error}");
        assert_eq!(directory.names(), ["body"]);

        // Sockets stand for all that is neither.
        std::fs::remove_dir(&path).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let request = Request::get(&server.url("/")).unwrap().save_to(&path);
        assert_eq!(client().send(request).await.unwrap_err().kind(), ErrorKind::Save);
        assert!(!std::fs::metadata(&path).unwrap().is_file());
    });
}

#[test]
fn what_fails_or_is_dropped_leaves_nothing() {
    run(async {
        let directory = Directory::new();
        let path = directory.0.join("body");
        let cut = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
        })
        .await;
        let request = Request::get(&cut.url("/")).unwrap().save_to(&path);
        let error = client().send(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        assert!(directory.names().is_empty(), "{:?}", directory.names());

        let stalls = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello").await;
            conn.closed().await;
        })
        .await;
        let request = Request::get(&stalls.url("/")).unwrap().save_to(&path);
        let client = client();
        let dropped = async {
            while directory.names().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = client.send(request) => panic!("it never ends"),
            () = dropped => {}
        }
        assert!(directory.names().is_empty(), "{:?}", directory.names());
    });
}

#[test]
fn a_file_may_be_larger_than_what_fits_into_memory() {
    run(async {
        let directory = Directory::new();
        let path = directory.0.join("body");
        let body = vec![b'x'; Request::DEFAULT_MAX_RESPONSE_BYTES + 1];
        let mut answer =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(&body);
        let server = Server::answering(answer).await;
        let request = Request::get(&server.url("/")).unwrap();
        let error = client().send(request.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BodyTooLarge);
        let response = client().send(request.clone().save_to(&path)).await.unwrap();
        assert_eq!(response.body_bytes, body.len() as u64);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), body.len() as u64);
        // A limit of one's own holds for files too.
        let other = directory.0.join("other");
        let limited = request.save_to(&other).max_response_bytes(1000);
        assert_eq!(client().send(limited).await.unwrap_err().kind(), ErrorKind::BodyTooLarge);
        assert_eq!(directory.names(), ["body"]);
    });
}

#[test]
fn a_compressed_body_is_saved_decompressed() {
    run(async {
        let directory = Directory::new();
        let path = directory.0.join("body");
        let text = "one line of many\n".repeat(50_000);
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        )
        .into_bytes();
        answer.extend_from_slice(&packed);
        let server = Server::answering(answer).await;
        let request = Request::get(&server.url("/")).unwrap().save_to(&path);
        let response = client().send(request).await.unwrap();
        assert!(std::fs::read(&path).unwrap() == text.as_bytes());
        assert_eq!(response.received_bytes, packed.len() as u64);
        assert_eq!(response.body_bytes, text.len() as u64);
    });
}

#[test]
fn an_answer_without_a_body_leaves_the_file_alone() {
    run(async {
        let directory = Directory::new();
        let path = directory.0.join("body");
        std::fs::write(&path, "kept").unwrap();
        let server = Server::answering("HTTP/1.1 304 X\r\netag: \"7\"\r\n\r\n").await;
        let asks = Request::get(&server.url("/")).unwrap().header("if-none-match", "\"7\"");
        let response = client().send(asks.unwrap().save_to(&path)).await.unwrap();
        assert_eq!((response.status.as_u16(), response.saved), (304, None));
        let head = Request::new(http::Method::HEAD, server.url("/").parse().unwrap());
        client().send(head.save_to(&path)).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"kept");
    });
}

#[test]
fn a_checksum_is_checked_wherever_the_body_is() {
    run(async {
        let directory = Directory::new();
        let path = directory.0.join("body");
        let server = Server::answering(ok("hello")).await;
        let request = Request::get(&server.url("/")).unwrap();
        let right = request.clone().sha256(HELLO).unwrap();
        assert_eq!(client().send(right.clone()).await.unwrap().body, "hello");
        client().send(right.save_to(&path)).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let wrong = request.clone().sha256(&"0".repeat(64)).unwrap();
        for request in [wrong.clone(), wrong.save_to(&path)] {
            let error = client().send(request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Checksum);
            assert!(error.message().contains(HELLO), "{error}");
        }
        assert!(directory.names().is_empty());
        for bad in ["", "zz", &"g".repeat(64), &HELLO[1..], &"é".repeat(32)] {
            assert!(request.clone().sha256(bad).is_err(), "{bad}");
        }
    });
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    run(async {
        let directory = Directory::new();
        let server = Server::answering(ok("hello")).await;
        let path = directory.0.join("missing/body");
        let request = Request::get(&server.url("/")).unwrap().save_to(&path);
        let error = client().send(request).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Save, Phase::Save));
        assert!(error.message().contains("missing/body"), "{error}");
        let root = Request::get(&server.url("/")).unwrap().save_to("/");
        assert_eq!(client().send(root).await.unwrap_err().kind(), ErrorKind::Save);
    });
}

#[test]
fn the_body_of_an_attempt_that_does_not_count_is_never_seen() {
    run(async {
        let directory = Directory::new();
        let path = directory.0.join("body");
        // Unavailable with a body, then cut off in the body.
        let server = Server::new(|mut conn, number| async move {
            conn.request().await;
            if number == 0 {
                let body = "HTTP/1.1 503 X\r\nconnection: close\r\ncontent-length: 4\r\n\r\nbusy";
                conn.send(body).await;
            } else {
                conn.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhel").await;
            }
        })
        .await;
        let spec = RequestSpec::get(&server.url("/")).save_to(&path).retries(1);
        let none = rejoin::retry::Backoff::constant(Duration::ZERO);
        let batch = Batch::new().client(&client()).backoff(none);
        let outcomes = batch.request(spec).all().await;
        assert_eq!(outcomes[0].attempts, 2);
        assert!(outcomes[0].result.is_err(), "{}", outcomes[0]);
        assert!(directory.names().is_empty(), "{:?}", directory.names());
        // The last response is kept, whatever its status.
        let busy = Server::answering("HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\nbusy").await;
        let spec = RequestSpec::get(&busy.url("/")).save_to(&path).retries(1);
        let outcomes = Batch::new().client(&client()).backoff(none).request(spec).all().await;
        assert_eq!(outcomes[0].result.as_ref().unwrap().saved.as_deref(), Some(&*path));
        assert_eq!(std::fs::read(&path).unwrap(), b"busy");
    });
}
