//! A server on a free port, with its log in memory, and clients that speak raw bytes.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin::{OnError, Scope};
use rejoin_engine::{App, Host};
use rejoin_server::{ConsoleObserver, Log, LogFormat, Server, Service, Stopper, load, service};
use rejoin_value::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long anything in a test may take before it counts as hung.
pub const HUNG: Duration = Duration::from_secs(20);

/// A log in memory.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Vec<u8>>>);

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
pub struct Running {
    pub address: SocketAddr,
    pub service: Service,
    pub stopper: Stopper,
    pub scope: Scope,
    log: Log,
    kept: Kept,
}

/// A directory of its own for each caller, removed at the end.
pub struct Directory(pub std::path::PathBuf);

impl Directory {
    pub fn new() -> Self {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let n = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rejoin-server-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes an app of a program whose requests run in `scope`.
pub fn app(program: &str, scope: Scope, log: &Log) -> App {
    let directory = Directory::new();
    let path = directory.write("app.wp", program);
    let loaded = load(&path, &rejoin_steps::registry(), &|_| None).unwrap_or_else(|error| panic!("{error}"));
    let mut host = Host::new(scope).unwrap();
    host.observer = Arc::new(ConsoleObserver::new(log.clone()));
    App::new(Arc::new(loaded.program), Arc::new(host))
}

/// Serves `program` while `test` runs, then drains. Nothing may be left then, and nothing may hang.
pub async fn serve<Fut: Future<Output = ()>>(program: &str, test: impl FnOnce(Running) -> Fut) {
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
        no_tasks_left().await;
    };
    tokio::time::timeout(HUNG, everything).await.expect("the test hangs");
}

/// Waits until the runtime has no task; a test's own code is none.
pub async fn no_tasks_left() {
    for _ in 0..500 {
        if rejoin::live_tasks() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks are left", rejoin::live_tasks());
}

/// Waits until `holds`.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to this: {what}");
}

impl Running {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes, then reads until the server closes.
    pub async fn talk(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// One request on a connection of its own; `more` are more lines of the head.
    pub async fn request(&self, line: &str, more: &str, body: &str) -> Answer {
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("content-length: {}\r\n", body.len()),
        };
        let text = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}{length}\r\n{body}");
        Answer::parse(&self.talk(text).await)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path}"), "", "").await
    }

    /// The lines of the log so far that are about requests.
    pub fn records(&self) -> Vec<Value> {
        let lines = self.log_lines();
        lines.into_iter().filter(|line| text(line, "message") == Some("request")).collect()
    }

    pub fn log_lines(&self) -> Vec<Value> {
        self.log.flush();
        let bytes = self.kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(|line| Value::parse(line.as_bytes()).unwrap()).collect()
    }

    /// Waits for the record of the request to `path`.
    pub async fn record(&self, path: &str) -> Value {
        let mut found = None;
        until(&format!("a record of {path}"), || {
            found = self.records().into_iter().find(|line| text(line, "path") == Some(path));
            found.is_some()
        })
        .await;
        found.unwrap()
    }
}

pub fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A response, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub fn json(&self) -> Value {
        Value::parse(self.body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// An upstream that takes requests and never answers them; it counts those that are open.
pub struct Silent {
    pub address: SocketAddr,
    open: Arc<Mutex<(usize, usize)>>,
    scope: rejoin::Canceller,
}

impl Silent {
    pub async fn start(scope: &Scope) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(Mutex::new((0, 0)));
        let counted = open.clone();
        let (connections, task) = (scope.clone(), async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let counted = counted.clone();
                drop(connections.spawn_value(async move {
                    let mut bytes = [0; 1024];
                    let mut seen = false;
                    loop {
                        match stream.read(&mut bytes).await {
                            Ok(0) | Err(_) => break,
                            Ok(_) if !std::mem::replace(&mut seen, true) => {
                                let mut open = counted.lock().unwrap();
                                open.0 += 1;
                                open.1 += 1;
                            }
                            Ok(_) => {}
                        }
                    }
                    if seen {
                        counted.lock().unwrap().0 -= 1;
                    }
                }));
            }
        });
        let scope = connections_of(scope, task);
        Self { address, open, scope }
    }

    /// How many requests wait.
    pub fn open(&self) -> usize {
        self.open.lock().unwrap().0
    }

    /// How many requests there have been.
    pub fn seen(&self) -> usize {
        self.open.lock().unwrap().1
    }

    pub fn stop(&self) {
        self.scope.cancel("the test is over");
    }
}

fn connections_of(scope: &Scope, task: impl Future<Output = ()> + Send + 'static) -> rejoin::Canceller {
    scope.spawn_value(task).canceller()
}
