//! `rejoin serve` as a process: what it says, what it answers, how it ends.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use rejoin_value::Value;
use support::{Directory, rejoin};

/// A server that is killed if the test forgets it.
struct Server {
    child: Child,
    address: SocketAddr,
    stderr: BufReader<ChildStderr>,
}

impl Server {
    fn start(directory: &Directory, more: &[&str]) -> Self {
        Self::of(rejoin(&directory.0).args(["serve", "app.wp"]).args(more))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let address = line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            panic!("{line:?} {text}")
        });
        Self { address: address.parse().unwrap(), child, stderr }
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    fn answers(&self, request: &str, expected: &str) {
        for _ in 0..400 {
            if self.ask(request) == expected {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it never answered {expected}, but {}", self.ask(request));
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Waits for its end; gives its exit code and the rest of its log.
    fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, rest.lines().map(support::json).collect())
    }

    /// Reads the log up to a line whose message begins so.
    fn says(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.stderr.read_line(&mut line).unwrap(), 0, "it never said {message}");
            let line = support::json(&line);
            if line.get("message").and_then(Value::as_str).is_some_and(|m| m.starts_with(message)) {
                return line;
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const APP: &str = "GET /\n  |> jq: `1`\n\nGET /slow\n  |> log: \"asleep\"\n  |> sleep: \"500ms\"\n  |> log: \"awake\"\n  |> jq: `2`\n";

#[test]
fn it_serves_until_it_is_told_to_stop() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&directory, &["--port", "0"]);
        assert_eq!(server.address.ip().to_string(), "127.0.0.1");
        assert_eq!(server.ask("GET /"), "1");
        let record = server.says("request");
        assert_eq!(record.get("path").and_then(Value::as_str), Some("/"));
        // A request under way comes to its end.
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        server.says("asleep");
        server.signal(signal);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("\r\n\r\n2"), "{answer}");
        let (code, log) = server.end();
        assert_eq!(code, Some(0));
        assert!(
            log.iter().any(|line| line.get("message").and_then(Value::as_str) == Some("awake")),
            "{log:?}"
        );
    }
}

#[test]
fn a_flag_beats_the_program_which_beats_the_environment() {
    let directory = Directory::new();
    let (one, two) = (free_port(), free_port());
    directory.write("app.wp", APP);
    let server =
        Server::of(rejoin(&directory.0).args(["serve", "app.wp"]).env("PORT", one.to_string()));
    assert_eq!(server.address.port(), one);
    drop(server);
    directory.write(
        "app.wp",
        &format!("config server {{\n  port: {two}\n  host: \"localhost\"\n}}\n{APP}"),
    );
    let server =
        Server::of(rejoin(&directory.0).args(["serve", "app.wp"]).env("PORT", one.to_string()));
    assert_eq!(server.address.port(), two);
    drop(server);
    let arguments = ["serve", "app.wp", "--port", "0", "--host", "127.0.0.2"];
    let server = Server::of(rejoin(&directory.0).args(arguments).env("PORT", one.to_string()));
    assert!(![one, two].contains(&server.address.port()));
    assert_eq!(server.address.ip().to_string(), "127.0.0.2");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn what_keeps_it_from_starting_is_one_clear_line() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    directory.write("config.wp", &format!("config server {{\n  cors: \"app.example\"\n}}\n{APP}"));
    directory.write("faulty.wp", "GET /\n  |> nope: `1`\n");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&[&str], &str); 5] = [
        (&["app.wp", "--port", &port], "is in use"),
        (&["app.wp", "--port", "0", "--host", "no.such.host.invalid"], "no.such.host.invalid"),
        (&["app.wp", "--port", "0", "--host", "203.0.113.1"], "no address of this machine"),
        (&["missing.wp"], "there is no file `missing.wp`"),
        (
            &["config.wp", "--port", "0"],
            "`cors` in `config server` must be `true`, `false`, or origins",
        ),
    ];
    for (arguments, expected) in cases {
        let ran = directory.rejoin(&[&["serve"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}");
        assert!(ran.stderr.contains(expected), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    }
    let odd = rejoin(&directory.0).args(["serve", "app.wp"]).env("PORT", "high").output().unwrap();
    assert_eq!(odd.status.code(), Some(1));
    assert!(String::from_utf8(odd.stderr).unwrap().contains("PORT must be a port, not `high`"));
    let faulty = directory.rejoin(&["serve", "faulty.wp", "--port", "0"]);
    assert_eq!((faulty.code, faulty.stdout.as_str()), (1, ""));
    assert!(
        faulty.stderr.contains("nope") && faulty.stderr.contains("faulty.wp:2"),
        "{}",
        faulty.stderr
    );
}

#[test]
fn a_database_that_cannot_be_reached_is_named_at_the_start_without_its_password() {
    let directory = Directory::new();
    let url = "postgres://clerk:hunter2@127.0.0.1:1/ledger";
    directory.write(
        "app.wp",
        &format!("config pg {{\n  url: \"{url}\"\n}}\nGET /\n  |> pg: `select 1`\n"),
    );
    let mut server = Server::start(&directory, &["--port", "0"]);
    let told = server.says("`config pg`: the database cannot be reached").to_json();
    assert!(told.contains("`ledger` on 127.0.0.1:1, for the user `clerk`"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    // It is up all the same: the database may come later.
    let answer = server.ask("GET /");
    assert!(answer.contains("the database cannot be reached"), "{answer}");
}

#[test]
fn a_watched_program_is_replaced_by_a_sound_one_only() {
    let directory = Directory::new();
    directory.write("app.wp", APP);
    let mut server = Server::start(&directory, &["--port", "0", "--watch"]);
    server.answers("GET /", "1");
    directory.write("app.wp", "GET /\n  |> jq: `3`\n");
    server.answers("GET /", "3");
    directory.write("app.wp", "GET /\n  |> jqq: `4`\n");
    let mut line = String::new();
    // The problem itself, as one JSON object.
    while !line.contains("jqq") {
        line.clear();
        assert_ne!(server.stderr.read_line(&mut line).unwrap(), 0);
    }
    assert_eq!(support::json(&line).get("line").and_then(Value::as_i64), Some(2));
    server.says("not reloaded: the last good program stays");
    server.answers("GET /", "3");
    directory.write("app.wp", "GET /\n  |> jq: `5`\n");
    server.answers("GET /", "5");
    directory.write("app.wp", "config server {\n  port: 1\n}\nGET /\n  |> jq: `6`\n");
    server.says("`config server`: the address and connections are as before until the next start");
    server.answers("GET /", "6");
    // As it is while somebody writes it.
    directory.write("app.wp", "");
    let told = server.says("not reloaded: the last good program stays").to_json();
    assert!(told.contains("cannot read `app.wp`: it is empty"), "{told}");
    server.answers("GET /", "6");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn imported_files_are_watched_also_before_they_exist() {
    let directory = Directory::new();
    directory.write("app.wp", "import \"lib.wp\" as lib\nGET /\n  |> jq: lib::shape\n");
    directory.write("lib.wp", "jq shape = `1`\n");
    let mut server = Server::start(&directory, &["--port", "0", "--watch"]);
    server.answers("GET /", "1");
    directory.write("lib.wp", "jq shape = `2`\n");
    server.answers("GET /", "2");
    let app = "import \"more/parts/deep.wp\" as deep\nGET /\n  |> pipeline: deep::p\n";
    directory.write("app.wp", app);
    server.says("not reloaded: the last good program stays");
    server.answers("GET /", "2");
    std::fs::create_dir_all(directory.0.join("more/parts")).unwrap();
    directory.write("more/parts/deep.wp", "pipeline p =\n  |> jq: `3`\n");
    server.answers("GET /", "3");
    directory.write("more/parts/deep.wp", "pipeline p =\n  |> jq: `4`\n");
    server.answers("GET /", "4");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn scripts_are_watched_also_before_they_exist() {
    let directory = Directory::new();
    let app = "GET /\n  |> lua: `return { is = double and double(4) or 0 }`\n";
    directory.write("app.wp", app);
    let mut server = Server::start(&directory, &["--port", "0", "--watch"]);
    server.answers("GET /", "{\"is\":0}");
    std::fs::create_dir(directory.0.join("scripts")).unwrap();
    directory.write("scripts/double.lua", "return function(n) return 2 * n end\n");
    server.answers("GET /", "{\"is\":8}");
    directory.write("scripts/double.lua", "return function(n)\n");
    server.says("not reloaded: the last good program stays");
    server.answers("GET /", "{\"is\":8}");
    directory.write("scripts/double.lua", "return function(n) return 3 * n end\n");
    server.answers("GET /", "{\"is\":12}");
    // As when another branch is checked out.
    std::fs::remove_dir_all(directory.0.join("scripts")).unwrap();
    server.answers("GET /", "{\"is\":0}");
    directory.write("scripts/double.lua", "return function(n) return 4 * n end\n");
    server.answers("GET /", "{\"is\":16}");
    directory.write("scripts/double.lua", "return function(n) return 5 * n end\n");
    server.answers("GET /", "{\"is\":20}");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_client_that_leaves_ends_its_upstream_requests() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = upstream.local_addr().unwrap();
    let directory = Directory::new();
    let app = format!(
        "GET /waits\n  |> fetch: `http://{address}/a` @async(a)\n  |> fetch: `http://{address}/b` @async(b)\n  |> join: `a, b`\n"
    );
    directory.write("app.wp", &app);
    let mut server = Server::start(&directory, &["--port", "0"]);
    let mut client = TcpStream::connect(server.address).unwrap();
    client.write_all(b"GET /waits HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut asked: Vec<_> = (0..2).map(|_| upstream.accept().unwrap().0).collect();
    for stream in &mut asked {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert!(stream.read(&mut [0; 4096]).unwrap() > 0, "a request arrives");
    }
    drop(client);
    for stream in &mut asked {
        // Closed or reset, but not open.
        let read = stream.read(&mut [0; 4096]);
        let timed_out = matches!(&read, Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
        assert!(matches!(read, Ok(0) | Err(_)) && !timed_out, "{read:?}");
    }
    let record = server.says("request");
    let cancelled = record.get("cancelled").and_then(Value::as_str).unwrap();
    assert!(cancelled.starts_with("client gone"), "{record}");
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
}
