//! A server on a free port, with its log in memory, and clients that speak raw bytes.
//!
//! Programs are plans made by hand of a few steps that only tests have, so that these tests are about the server
//! alone.

#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

mod program;
mod silent;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin::{OnError, Scope};
use rejoin_engine::{App, Host, Program};
use rejoin_server::{ConsoleObserver, Log, LogFormat, Server, Service, Stopper, service};
use rejoin_value::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) use program::program;
pub(crate) use silent::Silent;

/// How long anything in a test may take before it counts as hung.
pub(crate) const HUNG: Duration = Duration::from_secs(20);

/// A log in memory.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A server under test.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) service: Service,
    pub(crate) stopper: Stopper,
    pub(crate) scope: Scope,
    log: Log,
    kept: Kept,
}

/// Makes an app of a program whose requests run in `scope`.
pub(crate) fn app(program: Program, scope: Scope, log: &Log) -> App {
    let mut host = Host::new(scope);
    host.observer = Arc::new(ConsoleObserver::new(log.clone()));
    App::new(Arc::new(program), Arc::new(host))
}

/// Serves `program` while `test` runs, then drains. Nothing may be left then, and nothing may hang.
pub(crate) async fn serve<Fut: Future<Output = ()>>(
    program: Program,
    test: impl FnOnce(Running) -> Fut,
) {
    serve_among(0, program, test).await;
}

/// As [`serve`], where `others` is how many tasks the test has itself.
pub(crate) async fn serve_among<Fut: Future<Output = ()>>(
    others: usize,
    program: Program,
    test: impl FnOnce(Running) -> Fut,
) {
    let everything = async {
        let kept = Kept::default();
        let log = Log::to(kept.clone(), LogFormat::Json).unwrap();
        let scope = Scope::builder().on_error(OnError::IgnoreErrors);
        let ended = scope.run(|scope: Scope| async move {
            let service = service(app(program, scope.clone(), &log), log.clone()).unwrap();
            let server = Server::bind("127.0.0.1", 0, service.clone()).await.unwrap();
            let stopper = server.stopper();
            let address = server.local_addr();
            let running = Running { address, service, stopper: stopper.clone(), scope, log, kept };
            let test = async {
                test(running).await;
                stopper.drain();
            };
            tokio::join!(server.run(), test);
            Ok(())
        });
        ended.await.unwrap();
        no_tasks_left(others).await;
    };
    tokio::time::timeout(HUNG, everything).await.expect("the test hangs");
}

/// Waits until the runtime has no more than `others` tasks; a test's own code is none.
pub(crate) async fn no_tasks_left(others: usize) {
    for _ in 0..500 {
        if rejoin::live_tasks() <= others {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks are left", rejoin::live_tasks());
}

/// Waits until `holds`.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to this: {what}");
}

impl Running {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes, then reads until the server closes.
    pub(crate) async fn talk(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// One request on a connection of its own; `more` are more lines of the head.
    pub(crate) async fn request(&self, line: &str, more: &str, body: &str) -> Answer {
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("content-length: {}\r\n", body.len()),
        };
        let text =
            format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}{length}\r\n{body}");
        Answer::parse(&self.talk(text).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path}"), "", "").await
    }

    /// The lines of the log so far that are about requests.
    pub(crate) fn records(&self) -> Vec<Value> {
        let lines = self.log_lines();
        lines.into_iter().filter(|line| text(line, "message") == Some("request")).collect()
    }

    pub(crate) fn log_lines(&self) -> Vec<Value> {
        self.log.flush();
        let bytes = self.kept.0.lock().unwrap().clone();
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(|line| Value::parse(line.as_bytes()).unwrap())
            .collect()
    }

    /// Waits for the record of the request to `path`.
    pub(crate) async fn record(&self, path: &str) -> Value {
        let mut found = None;
        until(&format!("a record of {path}"), || {
            found = self.records().into_iter().find(|line| text(line, "path") == Some(path));
            found.is_some()
        })
        .await;
        found.unwrap()
    }
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A response, taken apart.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) =
            text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        Value::parse(self.body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
