//! How a server ends, and how its program is replaced while it runs.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use rejoin_lang::config_value::ConfigValue;
use rejoin_server::{LoadError, Loaded, Reloader, Report};
use support::{Answer, Silent, program, serve, text, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn millis(n: u64) -> ConfigValue {
    ConfigValue::Duration(Duration::from_millis(n))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_ends_before_the_server() {
    serve(program(&[("GET /", &["wait 200", "json 1"])], &[]), |server| async move {
        let mut idle = server.connect().await;
        idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        idle.read_exact(&mut [0; 12]).await.unwrap();
        let request = server.get("/");
        let stop = async {
            until("it is under way", || server.scope.live() == 1).await;
            server.stopper.drain();
            // Nobody new is let in, and who was idle is shown out.
            until("no new connection is accepted", || {
                std::net::TcpStream::connect(server.address).is_err()
            })
            .await;
            let mut rest = Vec::new();
            idle.read_to_end(&mut rest).await.unwrap();
        };
        let (answer, ()) = tokio::join!(request, stop);
        assert_eq!((answer.status, answer.body.as_str()), (200, "1"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_too_long_is_cut_off_and_told_so() {
    let config = [("drain", millis(100))];
    serve(program(&[("GET /", &["&wait 60000", "wait 60000"])], &config), |server| async move {
        let request = server.get("/");
        let stop = async {
            until("it is under way", || server.scope.live() == 1).await;
            server.stopper.drain();
        };
        let (answer, ()) = tokio::join!(request, stop);
        assert_eq!(answer.status, 503);
        assert!(answer.header("retry-after").is_some());
        let record = server.record("/").await;
        assert!(text(&record, "cancelled").unwrap().starts_with("shutting down"), "{record}");
        let cut_off =
            |line: &rejoin_value::Value| line.get("cut_off").and_then(|v| v.as_i64()) == Some(1);
        until("the log says so", || server.log_lines().iter().any(cut_off)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_does_not_wait() {
    let config = [("drain", millis(3_600_000))];
    serve(program(&[("GET /", &["wait 3600000"])], &config), |server| async move {
        let request = server.get("/");
        let stop = async {
            until("it is under way", || server.scope.live() == 1).await;
            server.stopper.drain();
            server.stopper.cut();
        };
        let (answer, ()) = tokio::join!(request, stop);
        assert_eq!(answer.status, 503);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_under_way_does_not_hold_up_the_end() {
    let config = [("drain", millis(50))];
    serve(program(&[("POST /", &["json 1"])], &config), |server| async move {
        let mut stream = server.connect().await;
        stream
            .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
            .await
            .unwrap();
        until("it is under way", || server.scope.live() == 1).await;
        server.stopper.drain();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(Answer::parse(&answer).status, 503);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_say_nothing_do_not_hold_up_the_end() {
    serve(program(&[("GET /", &["json 1"])], &[]), |server| async move {
        let silent = server.connect().await;
        let mut half = server.connect().await;
        half.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
        // Until both are accepted.
        assert_eq!(server.get("/").await.status, 200);
        server.stopper.drain();
        until("no new connection is accepted", || {
            std::net::TcpStream::connect(server.address).is_err()
        })
        .await;
        drop((silent, half));
    })
    .await;
}

/// A file to watch, in a directory of its own.
struct File(std::path::PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let directory =
            std::env::temp_dir().join(format!("rejoin-reload-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = Self(directory.join("app.wp"));
        file.write("1");
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    /// As many editors do: write beside, then put in place.
    fn replace(&self, text: &str) {
        let beside = self.0.with_extension("tmp");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(&beside, &self.0).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// A program that answers what is written in the file; `bad` in it is an error.
fn load(file: &std::path::Path) -> Result<Loaded, LoadError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| LoadError::Unreadable { path: file.to_owned(), error })?;
    if text.contains("bad") {
        return Err(LoadError::Faulty(Report::default()));
    }
    let answer = format!("json {text}");
    let waits = ["wait 400", &answer];
    let program = program(&[("GET /", &[&answer]), ("GET /slow", &waits)], &[]);
    Ok(Loaded { program, report: Report::default(), faulty_tests: Default::default() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_file_takes_over_and_a_faulty_one_does_not() {
    let file = Arc::new(File::new("takes-over"));
    let first = load(&file.0).unwrap().program;
    serve(first, |server| async move {
        let reloader = Reloader::new(file.0.clone(), &[".env"], server.service.clone()).unwrap();
        let path = file.0.clone();
        let reloads = reloader.run(move || load(&path));
        let is = |expected: &'static str| {
            let server = &server;
            async move {
                for _ in 0..400 {
                    if server.get("/").await.body == expected {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                panic!("it never answered {expected}");
            }
        };
        let said = |message: &'static str, times: usize| {
            let server = &server;
            async move {
                until(message, || {
                    let lines = server.log_lines();
                    lines.iter().filter(|l| text(l, "message") == Some(message)).count() >= times
                })
                .await;
            }
        };
        let test = async {
            is("1").await;
            // A request that began with the first program ends with it.
            let slow = server.get("/slow");
            let change = async {
                until("it is under way", || server.scope.live() == 1).await;
                file.write("2");
                is("2").await;
            };
            let (slow, ()) = tokio::join!(slow, change);
            assert_eq!(slow.body, "1");

            file.write("bad");
            said("not reloaded: the last good program stays", 1).await;
            assert_eq!(server.get("/").await.body, "2");
            file.replace("3");
            is("3").await;
            std::fs::remove_file(&file.0).unwrap();
            said("not reloaded: the last good program stays", 2).await;
            assert_eq!(server.get("/").await.body, "3");
            file.write("4");
            is("4").await;
        };
        tokio::select! {
            () = reloads => unreachable!("it runs until it is dropped"),
            () = test => {}
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_cancels_upstream_requests() {
    let config = [("drain", millis(50))];
    let outer = rejoin::Scope::builder().on_error(rejoin::OnError::IgnoreErrors);
    let ended = outer.run(|scope: rejoin::Scope| async move {
        let upstream = Silent::start(&scope).await;
        let call = format!("upstream {}", upstream.address);
        let before = rejoin::live_tasks();
        support::serve_among(
            before,
            program(&[("GET /", &[&call])], &config),
            |server| async move {
                let request = server.get("/");
                let stop = async {
                    until("the upstream is asked", || upstream.open() == 1).await;
                    server.stopper.drain();
                };
                assert_eq!(tokio::join!(request, stop).0.status, 503);
                until("the upstream's connection is closed", || upstream.open() == 0).await;
            },
        )
        .await;
        Ok(())
    });
    ended.await.unwrap();
}
