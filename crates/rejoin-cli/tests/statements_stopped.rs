//! A command that is told to stop: the statements that it has begun end on their server before it does.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use support::{Directory, rejoin};

/// A statement that runs for minutes, and whether it runs.
fn program(mark: &str) -> String {
    let url =
        std::env::var("REJOIN_TEST_POSTGRES").expect("`cargo xtask test` starts a PostgreSQL");
    format!(
        "config pg {{\n  url: \"{url}\"\n}}
GET /runs\n  |> pg: `select pg_sleep(600), '{mark}' as mark`
GET /seen\n  |> pg: `select count(*)::int as n from pg_stat_activity where state = 'active' and query like '%{mark}%' and query not like '%pg_stat%'`
  |> jq: `.data.rows[0].n`\n"
    )
}

fn seen(directory: &Directory) -> String {
    let ran = directory.rejoin(&["run", "app.wp", "GET /seen"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.trim().to_owned()
}

fn signal(child: &Child, signal: &str) {
    assert!(
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success()
    );
}

#[test]
fn of_a_run() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let directory = Directory::new();
        directory.write("app.wp", &program(&format!("of a run{name}")));
        let mut command = rejoin(&directory.0);
        let mut child =
            command.args(["run", "app.wp", "GET /runs"]).stderr(Stdio::null()).spawn().unwrap();
        while seen(&directory) != "1" {
            assert!(child.try_wait().unwrap().is_none(), "the statement has not begun");
        }
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(seen(&directory), "0", "the statement outlives the run");
    }
}

#[test]
fn of_a_server_that_is_told_twice() {
    let directory = Directory::new();
    directory.write("app.wp", &program("of a server"));
    let mut command = rejoin(&directory.0);
    command.args(["serve", "app.wp", "--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit('/').next().unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET /runs HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    while seen(&directory) != "1" {
        assert!(child.try_wait().unwrap().is_none(), "the statement has not begun");
    }
    // The first one has it wait for the request, the second has it end.
    signal(&child, "-TERM");
    while TcpStream::connect(address).is_ok() {}
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(seen(&directory), "0", "the statement outlives the server");
}
