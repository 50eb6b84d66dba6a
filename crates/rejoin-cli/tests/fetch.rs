//! `rejoin fetch` as a process: exit codes, lines, files, Ctrl-C, going on where it was stopped.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rejoin_value::Value;
use support::{Directory, Ran, rejoin};

/// Answers `/st/C` with status C, never answers `/never`, cuts `/half` off in its body, and anything
/// else with 200; each with the method and the body that it got.
struct Server {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                std::thread::spawn(move || answer(stream, &count));
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer(stream: TcpStream, asked: &AtomicUsize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                break;
            }
            if let Some(text) = line.to_lowercase().strip_prefix("content-length: ") {
                length = text.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        asked.fetch_add(1, Ordering::SeqCst);
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        if path == "/never" {
            // Until the client goes.
            let _ = reader.read(&mut [0]);
            return;
        }
        let status = path.strip_prefix("/st/").unwrap_or("200");
        let text = format!("{method} {}", String::from_utf8(body).unwrap());
        let claimed = text.len() + if path == "/half" { 10 } else { 0 };
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {claimed}\r\n\r\n");
        let _ = stream.write_all((head + &text).as_bytes());
        if path == "/half" {
            return;
        }
    }
}

fn fetch(directory: &Directory, arguments: &[&str]) -> Ran {
    let mut command = rejoin(&directory.0);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(name);
    }
    let output = command.arg("fetch").args(arguments).output().unwrap();
    Ran {
        code: output.status.code().expect("it ended by itself"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn lines(ran: &Ran) -> Vec<Value> {
    let mut lines: Vec<_> = ran.stdout.lines().map(support::json).collect();
    lines.sort_by_key(|line| line.get("index").and_then(Value::as_i64));
    lines
}

fn field<'a>(line: &'a Value, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("no {key}: {line:?}"))
}

fn dead() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[test]
fn exit_codes_say_how_it_went() {
    let (directory, server) = (Directory::new(), Server::start());
    let (good, bad, never, dead) =
        (server.url("/"), server.url("/st/404"), server.url("/never"), dead());
    let cases: &[(&[&str], i32)] = &[
        (&[&good, &good], 0),
        (&["all", &good, &bad], 1),
        (&[&bad, &dead, "--retry", "0"], 4),
        (&[&bad, "--expect", "any"], 0),
        (&[&bad, "--expect", "200,404"], 0),
        (&[&good, &never, "--deadline", "300ms"], 28),
        (&["any", &bad, &never, &good], 0),
        (&["any", &bad, &dead, "--retry", "0"], 4),
        (&[&bad, "--expect", "2xx,4xx"], 0),
        (&[&never, "--timeout", "200ms", "--deadline", "60s", "--retry", "0"], 4),
        (&[&never, "--first-byte", "200ms", "--retry", "0"], 4),
        (&["race", &never, &good], 0),
        (&["race", &never, &bad], 1),
    ];
    for (arguments, code) in cases {
        let ran = fetch(&directory, arguments);
        assert_eq!(ran.code, *code, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "one summary: {}", ran.stderr);
    }
    let refused = fetch(&directory, &[&dead, "--retry", "0"]);
    assert!(refused.stdout.contains("connection refused"), "{}", refused.stdout);
}

#[test]
fn wrong_usage_sends_nothing_and_names_the_place() {
    let (directory, server) = (Directory::new(), Server::start());
    let url = server.url("/");
    directory.write("bad.txt", &format!("# a comment\n\n{url}\nnot a url\n"));
    directory.write("key.txt", &format!("{{\"url\": \"{url}\", \"header\": 1}}\n"));
    directory.write("half.txt", "{\"url\": \n");
    let cases: &[(&[&str], &str)] = &[
        (&[], "there is nothing to fetch"),
        (&[&url, "--limit", "0"], "a whole number from 1 up"),
        (&[&url, "--per-host", "-1"], "--per-host"),
        (&[&url, "--retry", "-1"], "a whole number from 0 up"),
        (&[&url, "--timeout", "5"], "a number with a unit"),
        (&[&url, "--expect", "good"], "a list of statuses"),
        (&[&url, "--rate", "10"], "`10/s`, `100/m` or `1000/h`"),
        (&[&url, "--adaptive", "0"], "a whole number from 1 up"),
        (&[&url, "nonsense"], "it needs a scheme"),
        (&[&url, "ftp://x/"], "not http or https"),
        (&[&url, "--from", "bad.txt"], "bad.txt:4: `not` is no method"),
        (&["--from", "key.txt"], "key.txt:1: `header` is no setting"),
        (&["--from", "half.txt"], "half.txt:1: not JSON"),
        (&["--from", "missing.txt"], "cannot read `missing.txt`"),
        (&["--from", "."], "`.` is a directory"),
        (&[&url, "--output", "bad.txt"], "`bad.txt` is not a directory"),
        (&[&url, "--resume", "bad.txt"], "bad.txt:1: not a line that"),
    ];
    for (arguments, why) in cases {
        let ran = fetch(&directory, arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(why), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(server.asked(), 0);
}

#[test]
fn an_answer_may_have_so_many_bytes() {
    let (directory, server) = (Directory::new(), Server::start());
    let url = server.url("/");
    // Each has four bytes.
    directory.write("list.txt", &format!("{url}\n{{\"url\": \"{url}\", \"max_bytes\": 5}}\n"));
    let arguments = ["--from", "list.txt", "--max-bytes"];
    let ran = fetch(&directory, &[&arguments[..], &["3"]].concat());
    let (first, second) = ran.stdout.split_once('\n').unwrap();
    assert!(first.contains(" body_too_large: "), "{}", ran.stdout);
    assert!(second.starts_with("200 "), "{}", ran.stdout);
    assert_eq!(fetch(&directory, &[&arguments[..], &["5"]].concat()).code, 0);
}

#[test]
fn a_list_may_have_methods_bodies_tags_and_settings() {
    let (directory, server) = (Directory::new(), Server::start());
    let url = server.url("/");
    let list = format!(
        "{url}\nDELETE {url}\n{{\"url\": \"{url}\", \"method\": \"POST\", \"body\": {{\"a\": 1}}, \
         \"headers\": {{\"x\": \"y\"}}, \"tag\": \"third\", \"timeout\": \"2s\", \"retry\": 0}}\n\
         {{\"url\": \"{0}\", \"expect\": \"404\"}}\n",
        server.url("/st/404")
    );
    directory.write("list.txt", &list);
    let arguments = ["--from", "list.txt", "--format", "jsonl", "--output", "out"];
    let ran = fetch(&directory, &arguments);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let lines = lines(&ran);
    assert_eq!(lines.len(), 4);
    assert_eq!(field(&lines[2], "tag"), "third");
    assert_eq!(lines[3].get("status").and_then(Value::as_i64), Some(404));
    assert_eq!(field(&lines[0], "remote"), server.address.to_string());
    assert!(lines[0].get("timings").and_then(|t| t.get("total_ms")).is_some());
    let body =
        |n: usize| std::fs::read_to_string(directory.path(&format!("out/{n}.body"))).unwrap();
    assert_eq!(
        (body(0), body(1), body(2)),
        ("GET ".into(), "DELETE ".into(), r#"POST {"a":1}"#.into())
    );
}

#[test]
fn lines_have_the_order_of_the_requests_or_that_of_the_ends() {
    let (directory, server) = (Directory::new(), Server::start());
    let (never, good) = (server.url("/never"), server.url("/x"));
    let asked = [&*never, &*good, "--timeout", "300ms", "--retry", "0"];
    for (arguments, first) in [(&[][..], "--- GET "), (&["--as-completed"], "200 GET ")] {
        let ran = fetch(&directory, &[&asked[..], arguments].concat());
        assert!(ran.stdout.starts_with(first), "{arguments:?}: {}", ran.stdout);
        assert_eq!((ran.code, ran.stdout.lines().count()), (1, 2), "{}", ran.stderr);
    }
}

#[test]
fn what_does_not_come_by_a_pipe_is_not_waited_for_beyond_the_deadline() {
    let directory = Directory::new();
    let mut command = rejoin(&directory.0);
    command.args(["fetch", "--from", "-", "--deadline", "100ms"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(28), "{said}");
    assert!(said.contains("error: --deadline passed before the list had ended"), "{said}");
    drop(stdin);
}

#[test]
fn a_dry_run_tells_what_cannot_be_sent() {
    let directory = Directory::new();
    let mut command = rejoin(&directory.0);
    command.args(["fetch", "--from", "-", "--dry-run"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    write!(child.stdin.take().unwrap(), "http://127.0.0.1:1/a\nhttp://127.0.0.1:1/b c\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, said) =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).into();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        out.starts_with("GET http://127.0.0.1:1/a\n--- GET stdin:2 invalid_request: "),
        "{out}"
    );
    assert!(said.contains("1 would be sent, 1 cannot be; nothing was"), "{said}");
}

#[test]
fn stdin_is_a_list_too() {
    let (directory, server) = (Directory::new(), Server::start());
    let mut command = rejoin(&directory.0);
    command.args(["fetch", "--from", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", server.url("/x")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("200 GET "));
}

/// A run that reads standard input, with the other end of that and its output.
struct Piped {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    _directory: Directory,
}

impl Piped {
    fn start(arguments: &[&str]) -> Piped {
        let directory = Directory::new();
        let mut command = rejoin(&directory.0);
        // The deadline only keeps a test from waiting for ever.
        command.args(["fetch", "--from", "-", "--deadline", "60s"]).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Piped { child, stdin, stdout, _directory: directory }
    }

    fn write(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// Waits for its end; `closed` is whether standard input ends before.
    fn end(mut self, closed: bool) -> (Option<i32>, String) {
        if closed {
            self.stdin = None;
        }
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn what_comes_by_a_pipe_is_sent_as_it_comes() {
    let server = Server::start();
    let mut run = Piped::start(&[&server.url("/argument")]);
    assert!(run.read().contains("/argument "), "before anything has come");
    for path in ["/a", "/b"] {
        run.write(&server.url(path));
        assert!(run.read().contains(&format!("{path} ")), "before the next has come");
    }
    // It is too late to send nothing.
    run.write("not a url");
    assert!(run.read().starts_with("--- GET stdin:3 invalid_request: "));
    run.write(&server.url("/c"));
    assert!(run.read().starts_with("200 GET "));
    let (code, said) = run.end(true);
    assert_eq!((code, server.asked()), (Some(1), 4), "{said}");
    assert!(said.contains("4 good, 1 not good; "), "{said}");
}

#[test]
fn a_pipe_that_stays_open_holds_nothing_up() {
    let server = Server::start();
    let mut run = Piped::start(&["any"]);
    run.write(&server.url("/st/404"));
    run.write(&server.url("/x"));
    assert!((0..2).any(|_| run.read().contains("/x ")));
    let stdin = run.stdin.take();
    let (code, said) = run.end(false);
    assert_eq!(code, Some(0), "{said}");
    drop(stdin);

    let mut run = Piped::start(&[]);
    run.write(&server.url("/x"));
    run.read();
    let stdin = run.stdin.take();
    let id = run.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let (code, said) = run.end(false);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("1 good, 0 not good; "), "{said}");
    drop(stdin);
}

#[test]
fn a_pipe_may_be_empty_resumed_or_put_in_order() {
    let server = Server::start();
    let (code, said) = Piped::start(&[]).end(true);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("0 good, 0 not good"), "{said}");
    let empty = Directory::new();
    empty.write("empty.txt", "# nothing yet\n");
    let all = fetch(&empty, &["--from", "empty.txt", "--format", "jsonl"]);
    assert_eq!((all.code, &*all.stdout), (0, ""));
    // There is no first of none.
    for mode in ["race", "any"] {
        let none = fetch(&empty, &[mode, "--from", "empty.txt"]);
        assert_eq!(none.code, 2);
        assert!(none.stderr.contains("there is nothing to fetch"), "{}", none.stderr);
    }

    let directory = Directory::new();
    let (a, b) = (server.url("/a"), server.url("/b"));
    let first = fetch(&directory, &[&a, "--format", "jsonl"]);
    directory.write("done.jsonl", &first.stdout);
    let done = directory.path("done.jsonl").display().to_string();
    let mut run = Piped::start(&["--format", "jsonl", "--resume", &done]);
    for url in [&a, &b, &a] {
        run.write(url);
    }
    let indexes = [run.read(), run.read()]
        .map(|line| support::json(&line).get("index").and_then(Value::as_i64).unwrap());
    let (code, said) = run.end(true);
    assert_eq!((code, indexes), (Some(0), [1, 2]), "{said}");
    assert!(said.contains("2 good, 0 not good, 1 skipped as good before; "), "{said}");
}

#[test]
fn a_body_that_is_cut_off_leaves_no_file() {
    let (directory, server) = (Directory::new(), Server::start());
    let url = server.url("/half");
    let ran = fetch(&directory, &[&url, "--output", "out", "--retry", "0", "--format", "jsonl"]);
    assert_eq!(ran.code, 4);
    let error = lines(&ran)[0].get("error").cloned().unwrap();
    assert_eq!(field(&error, "type"), "closed");
    assert_eq!(std::fs::read_dir(directory.path("out")).unwrap().count(), 0);
}

#[test]
fn a_second_run_goes_on_where_the_first_was_stopped() {
    let (directory, server) = (Directory::new(), Server::start());
    let (a, b, bad) = (server.url("/a"), server.url("/b"), server.url("/st/404"));
    let first = fetch(&directory, &[&a, &a, &bad, "--format", "jsonl"]);
    assert_eq!(first.code, 1);
    // As if the last line was cut off when the process was killed.
    directory.write("done.jsonl", &format!("{}{{\"index\": 3, \"met", first.stdout));
    let again = [&a, &a, &a, &bad, &b, "--format", "jsonl", "--resume", "done.jsonl"];
    let ran = fetch(&directory, &again);
    let numbers: Vec<_> =
        lines(&ran).iter().map(|line| line.get("index").and_then(Value::as_i64)).collect();
    assert_eq!(numbers, [Some(2), Some(3), Some(4)], "{}", ran.stdout);
    assert!(ran.stderr.contains("done.jsonl:4: the line is incomplete"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 skipped as good before"), "{}", ran.stderr);
    // As if that run had written to the end of the same file.
    directory.write("done.jsonl", &format!("{}{{\"index\": 3, \"met{}", first.stdout, ran.stdout));
    let again = fetch(&directory, &again);
    assert!(again.stderr.contains("4 skipped as good before"), "{}", again.stderr);
}

#[test]
fn requests_that_differ_in_their_bodies_or_tags_are_not_taken_for_each_other() {
    let (directory, server) = (Directory::new(), Server::start());
    let url = server.url("/");
    let line = |rest: &str| format!("{{\"url\": \"{url}\", \"method\": \"POST\", {rest}}}\n");
    let each = [r#""body": "one""#, r#""body": {"n": 2}"#, r#""tag": "a""#, r#""tag": "b""#];
    directory.write("list.txt", &each.map(line).concat());
    let done = [line(each[1]), line(each[3])].concat();
    directory.write("some.txt", &done);
    let first = fetch(&directory, &["--from", "some.txt", "--format", "jsonl"]);
    directory.write("done.jsonl", &first.stdout);
    let again = ["--from", "list.txt", "--resume", "done.jsonl", "--format", "jsonl", "--output"];
    let ran = fetch(&directory, &[&again[..], &["out"]].concat());
    let numbers: Vec<_> =
        lines(&ran).iter().map(|line| line.get("index").and_then(Value::as_i64)).collect();
    assert_eq!(numbers, [Some(0), Some(2)], "{}{}", ran.stdout, ran.stderr);
    assert_eq!(std::fs::read_to_string(directory.path("out/0.body")).unwrap(), "POST one");
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_sends_nothing() {
    let (directory, server) = (Directory::new(), Server::start());
    let url = server.url("/a");
    directory.write("list.txt", &format!("DELETE {url}\n"));
    let ran = fetch(&directory, &[&url, "--from", "list.txt", "--dry-run", "--output", "out"]);
    assert_eq!((ran.code, ran.stdout), (0, format!("GET {url}\nDELETE {url}\n")));
    assert_eq!(ran.stderr, "2 would be sent; nothing was\n");
    let ran = fetch(&directory, &[&url, "--dry-run", "--format", "jsonl"]);
    assert_eq!(field(&lines(&ran)[0], "url"), url);
    assert_eq!(server.asked(), 0);
    assert!(!directory.path("out").exists());
}

#[test]
fn outcomes_can_come_in_the_order_of_the_requests() {
    let (directory, server) = (Directory::new(), Server::start());
    let list: String = (0..60).map(|n| format!("{}\n", server.url(&format!("/{n}")))).collect();
    directory.write("list.txt", &list);
    let arguments = ["--from", "list.txt", "--format", "jsonl", "--rate", "500/s"];
    let ran = fetch(&directory, &[&arguments[..], &["--adaptive", "20"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let numbers: Vec<_> = ran
        .stdout
        .lines()
        .map(|line| support::json(line).get("index").and_then(Value::as_i64).unwrap())
        .collect();
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
}

#[test]
fn a_run_ends_when_nobody_reads_it() {
    let (directory, server) = (Directory::new(), Server::start());
    let mut command = rejoin(&directory.0);
    // The deadline only keeps this test from waiting for ever.
    command.args(["fetch", "--deadline", "60s", "--limit", "1"]);
    command.args(vec![server.url("/"); 50]).arg(server.url("/never"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nobody reads"));
    assert!(server.asked() < 50);
}

/// Linux has a device that is always full.
#[test]
#[cfg(target_os = "linux")]
fn a_run_ends_when_its_outcomes_cannot_be_written() {
    let (directory, server) = (Directory::new(), Server::start());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = rejoin(&directory.0);
    command.args(["fetch", "--deadline", "60s", &server.url("/")]);
    let ended = command.arg(server.url("/never")).stdout(full).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("error: cannot write the outcomes: No space left"), "{said}");
}

#[test]
fn ctrl_c_and_sigterm_stop_what_is_under_way_and_report_what_was_done() {
    for (signal, code, said) in [("-INT", 130, "interrupted"), ("-TERM", 143, "terminated")] {
        stopped_by(signal, code, said);
    }
}

/// Its one line is longer than what a pipe takes in when nobody reads.
#[test]
fn a_run_that_nobody_reads_can_be_stopped() {
    let (directory, server) = (Directory::new(), Server::start());
    let mut command = rejoin(&directory.0);
    let long = server.url(&format!("/{}", "x".repeat(60_000)));
    command.args(["fetch", "--deadline", "60s", "--format", "jsonl", &long, &server.url("/never")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(143), "{stderr}");
    assert!(stderr.contains("note: the last outcomes are not written"), "{stderr}");
    drop(stdout);
}

fn stopped_by(signal: &str, code: i32, said: &str) {
    let (directory, server) = (Directory::new(), Server::start());
    let mut command = rejoin(&directory.0);
    // The deadline only keeps this test from waiting for ever.
    command.args(["fetch", "--deadline", "60s", &server.url("/"), &server.url("/never")]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(line.starts_with("200 GET "), "{line}");
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains("1 good, 0 not good, 1 not finished"), "{stderr}");
    assert!(stderr.contains(&format!("error: {said}")), "{stderr}");
}
