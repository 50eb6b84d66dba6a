//! Raw TCP servers that do exactly what a test tells them, runtimes that do not hang, a directory.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rejoin_http::{Client, ClientBuilder, Error, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Runs a test under a watchdog.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test).await.expect("the test hangs");
    });
}

/// Runs a test on virtual time: it passes when nothing else is to be done, and costs nothing. The
/// watchdog is a thread, as it must not take part in that.
#[expect(clippy::print_stderr, reason = "nobody is left to fail in the usual way")]
pub(crate) fn virtually(test: impl Future<Output = ()>) {
    let (_done, watched) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        if watched.recv_timeout(Duration::from_secs(60))
            == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
        {
            eprintln!("a test on virtual time hangs");
            std::process::abort();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test);
}

/// A client that the environment of the test run cannot redirect.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder().no_proxy()
}

pub(crate) fn client() -> Client {
    builder().build()
}

pub(crate) async fn get(url: impl AsRef<str>) -> Result<Response, Error> {
    client().send(Request::get(url.as_ref())?).await
}

/// A request that gives up soon: for servers that never answer.
pub(crate) fn hasty(url: impl AsRef<str>) -> Request {
    Request::get(url.as_ref()).unwrap().timeout(Duration::from_millis(150))
}

/// A local server; each connection is handed to the script with its number, from 0.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    accepted: Arc<AtomicUsize>,
    accepting: tokio::task::AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    pub(crate) async fn new<F, Fut>(script: F) -> Server
    where
        F: Fn(Conn, usize) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Server::at("127.0.0.1:0", script).await
    }

    pub(crate) async fn at<F, Fut>(addr: &str, script: F) -> Server
    where
        F: Fn(Conn, usize) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let accepting = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                let number = count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(script(Conn { socket, buffer: Vec::new() }, number));
            }
        });
        Server { addr, accepted, accepting: accepting.abort_handle() }
    }

    /// Reads a request, sends `answer`, and keeps the connection open for more.
    pub(crate) async fn answering(answer: impl Into<Vec<u8>>) -> Server {
        let answer = Arc::new(answer.into());
        Server::new(move |mut conn, _| {
            let answer = Arc::clone(&answer);
            async move {
                while conn.request().await.is_some() {
                    conn.send(&answer[..]).await;
                }
            }
        })
        .await
    }

    /// Answers each request with what `answer` makes of it.
    pub(crate) async fn with<F>(answer: F) -> Server
    where
        F: Fn(&str) -> String + Send + Sync + 'static,
    {
        Server::with_at("127.0.0.1:0", answer).await
    }

    pub(crate) async fn with_at<F>(addr: &str, answer: F) -> Server
    where
        F: Fn(&str) -> String + Send + Sync + 'static,
    {
        let answer = Arc::new(answer);
        Server::at(addr, move |mut conn, _| {
            let answer = Arc::clone(&answer);
            async move {
                while let Some(request) = conn.request().await {
                    conn.send(answer(&request)).await;
                }
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

pub(crate) struct Conn {
    pub(crate) socket: TcpStream,
    buffer: Vec<u8>,
}

impl Conn {
    /// The next request with its body, as text; `None` at the end of the connection.
    pub(crate) async fn request(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                let whole = end + 4 + length;
                if self.buffer.len() >= whole {
                    let request: Vec<u8> = self.buffer.drain(..whole).collect();
                    return Some(String::from_utf8(request).unwrap());
                }
            }
            if self.socket.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Sends; a client that has gone is no fault of the server.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.socket.write_all(bytes.as_ref()).await;
    }

    /// Waits until the client closes the connection.
    pub(crate) async fn closed(&mut self) {
        let mut rest = [0; 4096];
        while !matches!(self.socket.read(&mut rest).await, Ok(0) | Err(_)) {}
    }

    /// Closes the connection with a reset instead of a goodbye.
    pub(crate) fn reset(self) {
        #[expect(deprecated, reason = "lingering for zero seconds does not block: it resets")]
        self.socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Answers every request, and adds a permit for each connection that the client has closed.
pub(crate) async fn counting() -> (Server, Arc<Semaphore>) {
    let gone = Arc::new(Semaphore::new(0));
    let mark = Arc::clone(&gone);
    let server = Server::new(move |mut conn, _| {
        let gone = Arc::clone(&mark);
        async move {
            while conn.request().await.is_some() {
                conn.send(ok("x")).await;
            }
            gone.add_permits(1);
        }
    })
    .await;
    (server, gone)
}

/// Asks such a server, and gets its answer.
pub(crate) async fn ask(client: &Client, server: &Server) {
    let response = client.send(Request::get(&server.url("/")).unwrap()).await.unwrap();
    assert_eq!(response.body, "x");
}

/// A complete answer with `body`.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn redirect(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

/// A directory that is removed at the end.
pub(crate) struct Directory(pub(crate) std::path::PathBuf);

impl Directory {
    pub(crate) fn new() -> Directory {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("rejoin-http-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
