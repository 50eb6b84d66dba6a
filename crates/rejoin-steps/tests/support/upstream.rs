//! A small HTTP service whose path says how it behaves.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A running service. It goes on in the background until the test process ends.
pub struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request that came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    pub path: String,
    /// `name: value` in lower case names.
    pub headers: Vec<String>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found =
            self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.map(str::trim)
    }
}

impl Upstream {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let record = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let record = record.clone();
                thread::spawn(move || serve(stream, &record));
            }
        });
        Self { address, seen }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics inside").clone()
    }

    pub fn last(&self) -> Seen {
        self.seen().pop().expect("a request came")
    }
}

fn serve(stream: TcpStream, record: &Mutex<Vec<Seen>>) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let seen = read(&mut reader)?;
        record.lock().expect("no test panics inside").push(seen.clone());
        answer(&mut writer, &seen)?;
    }
}

fn read(reader: &mut impl BufRead) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.push(format!("{}: {}", name.to_ascii_lowercase(), value.trim()));
            }
            None => break,
        }
    }
    let mut seen = Seen { method, path, headers, body: String::new() };
    let length = seen.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Some(seen)
}

/// `None` closes the connection.
fn answer(writer: &mut impl Write, seen: &Seen) -> Option<()> {
    let json = "content-type: application/json\r\n";
    let mut send = |status: &str, headers: &str, body: &str| {
        let length = body.len();
        write!(writer, "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").ok()
    };
    let path = seen.path.split('?').next().unwrap_or_default();
    match (seen.method.as_str(), path) {
        ("GET", path) if path.starts_with("/users/") => {
            let id = &path["/users/".len()..];
            send("200 OK", json, &format!(r#"{{"id": {id}, "name": "Ada"}}"#))
        }
        ("GET", "/orders") => send("200 OK", json, r#"[{"id": 1}, {"id": 2}]"#),
        ("POST", "/graphql") => send("200 OK", json, r#"{"data": {"film": {"title": "Emma"}}}"#),
        ("POST", "/partial") => send(
            "200 OK",
            json,
            r#"{"data": {"a": 1, "b": null}, "errors": [{"message": "no b", "path": ["b"]}]}"#,
        ),
        ("POST", "/orders") => send("201 Created", json, r#"{"id": 3}"#),
        (_, "/mislabelled") => send("200 OK", "content-type: text/plain\r\n", "[1, 2]"),
        (_, "/text") => send(
            "200 OK",
            "X-Many: a\r\nx-many: b\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n",
            "hello, {",
        ),
        (_, "/empty") => send("204 No Content", "", ""),
        (_, "/status/404") => send("404 Not Found", json, r#"{"why": "gone"}"#),
        (_, "/status/429") => send("429 Too Many Requests", "", "later"),
        (_, "/status/500") => send("500 Internal Server Error", "", "boom"),
        (_, "/status/503") => send("503 Service Unavailable", "", ""),
        (_, "/status/999") => send("999 What", "", ""),
        (_, "/long-error") => send("500 Internal Server Error", "", &"ä".repeat(20_000)),
        (_, "/huge") => send("200 OK", "", &"x".repeat(300_000)),
        (_, "/redirect") => send("302 Found", "location: /users/9\r\n", ""),
        (_, "/loop") => send("302 Found", "location: /loop\r\n", ""),
        (_, "/garbage") => {
            writer.write_all(b"\x00\x01 this is no HTTP\r\n\r\n").ok();
            None
        }
        (_, "/cut") => {
            write!(writer, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").ok();
            None
        }
        // Never answered; the thread waits for the client to go.
        (_, "/slow") => {
            thread::park();
            None
        }
        (_, "/echo") => send("200 OK", "", &seen.body),
        _ => send("404 Not Found", "", "no such path"),
    }
}
