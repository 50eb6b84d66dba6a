//! Losers of a race are stopped where they run: the statement on the database, the request at the service.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rejoin_engine::Registry;
use rejoin_http::Client;
use rejoin_steps::fetch::Fetch;
use support::{load_with, postgres};

/// Longer than any test takes; a bound for what hangs.
const BOUND: Duration = Duration::from_secs(20);

#[test]
fn the_statement_of_a_loser_stops_on_the_server() {
    for head in ["race", "any", "quorum(1)", "parallel(on_error: fail_fast)"] {
        loses(head, "select pg_sleep(600), 'the loser' as mark");
    }
}

/// As does one that was not yet there when its cancellation came.
#[test]
fn a_statement_that_survives_a_cancellation_is_cancelled_again() {
    let stubborn = "do $$ begin perform pg_sleep(600); exception when query_canceled then
        perform pg_sleep(600), 'the loser'; end $$";
    loses("race", stubborn);
}

fn loses(head: &str, loser: &str) {
    // `exists` holds its branch until the statement of the other one is seen on the server, and then wins; `gone` waits
    // until it is seen no more. Nothing depends on how long that takes.
    let seen = "select 1 from pg_stat_activity where state = 'active' and query like '%the loser%' and query not like '%pg_stat%'";
    let wait = |until: &str| {
        format!(
            "do $$ begin loop exit when {until} ({seen}); perform pg_sleep(0.005); perform pg_stat_clear_snapshot(); end loop; end $$"
        )
    };
    let (exists, gone) = (wait("exists"), wait("not exists"));
    // A failure decides the last one.
    let then =
        if head.starts_with("parallel") { "\n      |> jq: `error(\"decided\")`" } else { "" };
    let text = format!(
        "config pg {{\n  url: \"{}\"\n}}
GET /raced
  |> {head}
    loser:
      |> pg: `{loser}`
    winner:
      |> pg: `{exists}`{then}
  end
GET /after
  |> pg: `{gone}`
  |> jq: `.errors`
",
        postgres::url()
    );
    let mut fixture = load_with(&text, &rejoin_steps::registry()).on_real_time();
    fixture.deadline = BOUND;
    let both = [("GET /raced", rejoin_value::json!({})), ("GET /after", rejoin_value::json!({}))];
    let runs = fixture.call_all(both.into());
    let raced = runs[0].body();
    let is_decided = raced.contains("\"winner\"");
    assert!(is_decided && !raced.contains("the loser"), "{head}: {raced}");
    assert_eq!(runs[1].body(), "null", "{head}: the loser goes on");
}

#[test]
fn the_request_of_a_loser_stops_at_the_service() {
    for head in ["race", "any", "quorum(1)"] {
        let (address, closed) = service();
        let registry: Registry = rejoin_steps::registry().with(Fetch::from_builder(move || {
            Client::builder().no_proxy().resolve_to("up.example", address)
        }));
        let text = format!(
            "GET /raced
  |> {head}
    loser:
      |> fetch: `http://up.example/never`
    winner:
      |> fetch: `http://up.example/when-asked`
  end
  |> jq: `.async | keys`
"
        );
        let mut fixture = load_with(&text, &registry).on_real_time();
        fixture.deadline = BOUND;
        assert_eq!(fixture.call("GET /raced").body(), "[\"winner\"]", "{head}");
        closed
            .recv_timeout(BOUND)
            .unwrap_or_else(|_| panic!("{head}: the loser's connection stays"));
    }
}

/// Never answers `/never`, and says when that client has gone; answers `/when-asked` when `/never` was asked for.
fn service() -> (SocketAddr, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new((Mutex::new(false), Condvar::new()));
    let (gone, closed) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (asked, gone) = (asked.clone(), gone.clone());
            thread::spawn(move || answer(stream, &asked, &gone));
        }
    });
    (address, closed)
}

fn answer(mut stream: TcpStream, asked: &(Mutex<bool>, Condvar), gone: &Sender<()>) {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(read) if read > 0 => head.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    if head.starts_with(b"GET /never") {
        *asked.0.lock().unwrap() = true;
        asked.1.notify_all();
        // It ends when the client closes its side.
        while stream.read(&mut piece).is_ok_and(|read| read > 0) {}
        let _ = gone.send(());
        return;
    }
    let _asked = asked.1.wait_while(asked.0.lock().unwrap(), |asked| !*asked).unwrap();
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
}
