//! `rejoin serve` as a process that ends with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::{Directory, rejoin};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(directory: &Directory, file: &str) -> Self {
        Self::start_with(directory, &["serve", file, "--port", "0"])
    }

    /// One that loads the file again when it changes.
    pub(crate) fn watching(directory: &Directory, file: &str) -> Self {
        Self::start_with(directory, &["serve", file, "--port", "0", "--watch"])
    }

    fn start_with(directory: &Directory, arguments: &[&str]) -> Self {
        let mut command = rejoin(&directory.0);
        command.args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// The status and the body of an answer.
    pub(crate) fn ask(&self, method: &str, target: &str, body: &str) -> (u16, String) {
        ask(&self.address, method, target, body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The status and the body of the answer to a request with JSON, on a connection of its own.
pub(crate) fn ask(address: &str, method: &str, target: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(stream, "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    // Some servers keep the connection open, whatever they are asked for.
    let mut stream = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while stream.read_line(&mut line).unwrap() > 2 {
        head += &line.to_ascii_lowercase();
        line.clear();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(u64::MAX, |length| length.trim().parse().unwrap());
    let mut body = String::new();
    stream.take(length).read_to_string(&mut body).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}
