//! A batch of everything that can go wrong on a network, each on a real socket, and one that goes well.

use std::time::Duration;

use rejoin::Instant;
use rejoin::retry::Backoff;
use rejoin_http::{Batch, Client, Failed, Outcome, Phase, RequestSpec, Resolve, Resolving};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::batch::{kind, n, status};
use crate::support::{Conn, Server, builder, ok, redirect, virtually};
use crate::tls;

const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf";

/// Does to a request what its path says.
async fn harm(mut conn: Conn) {
    while let Some(request) = conn.request().await {
        let path = request.split(' ').nth(1).unwrap().to_owned();
        match &*path {
            "/reset" => return conn.reset(),
            "/reset-in-head" => {
                conn.send("HTTP/1.1 200 OK\r\ncontent-le").await;
                return conn.reset();
            }
            "/reset-in-body" => {
                conn.send(HALF).await;
                // A reset may overtake what was sent before it.
                tokio::time::sleep(Duration::from_millis(1)).await;
                return conn.reset();
            }
            "/close" => return,
            "/close-in-body" => return conn.send(HALF).await,
            "/half-closed" => {
                conn.socket.shutdown().await.unwrap();
                return conn.closed().await;
            }
            "/half-closed-in-body" => {
                conn.send(HALF).await;
                conn.socket.shutdown().await.unwrap();
                return conn.closed().await;
            }
            "/stall" => return conn.closed().await,
            "/stall-in-head" => {
                conn.send("HTTP/1.1 200 OK\r\ncontent-le").await;
                return conn.closed().await;
            }
            "/stall-in-body" => {
                conn.send(HALF).await;
                return conn.closed().await;
            }
            "/drip" => {
                conn.send("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n").await;
                while conn.socket.write_all(b".").await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                return;
            }
            "/drip-in-head" => {
                conn.send("HTTP/1.1 200 OK\r\nx: ").await;
                while conn.socket.write_all(b".").await.is_ok() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                return;
            }
            "/garbage" => return conn.send("220 mail.test ESMTP ready\r\n").await,
            "/noise" => {
                return conn.send([0xff, 0, 0x16, 3, 1, 2, b'\r', b'\n', b'\r', b'\n']).await;
            }
            "/huge-header" => {
                conn.send("HTTP/1.1 200 OK\r\nx: ").await;
                while conn.socket.write_all(&[b'x'; 4096]).await.is_ok() {}
                return;
            }
            "/many-headers" => {
                conn.send("HTTP/1.1 200 OK\r\n").await;
                while conn.socket.write_all(b"x: y\r\n").await.is_ok() {}
                return;
            }
            "/huge-body" => {
                conn.send("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await
            }
            "/endless-body" => {
                conn.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
                while conn.socket.write_all(chunk.as_bytes()).await.is_ok() {}
                return;
            }
            "/bad-chunk" => {
                conn.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").await;
            }
            "/bad-gzip" => {
                conn.send(
                    "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
                )
                .await;
            }
            "/loop" => conn.send(redirect(302, "/pool")).await,
            "/pool" => conn.send(redirect(302, "/loop")).await,
            "/nowhere" => conn.send(redirect(302, "ftp://x.test/")).await,
            path if path.starts_with("/hop") => conn.send(redirect(302, &format!("{path}o"))).await,
            _ => conn.send(ok("well")).await,
        }
    }
}

/// Never answers for one name, and knows no other.
struct Slow;

impl Resolve for Slow {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            if host == "slow.test" {
                std::future::pending::<()>().await;
            }
            Err(std::io::Error::new(std::io::ErrorKind::NotFound, "no such name"))
        })
    }
}

/// What is asked for, the kind of its error, the phase in which it comes.
const FAULTS: [(&str, &str, Phase); 30] = [
    ("http://DEAD/", "connect", Phase::Connect),
    ("http://slow.test/", "timeout", Phase::Resolve),
    ("http://unknown.test/", "dns", Phase::Resolve),
    ("https://PLAIN/", "tls", Phase::Tls),
    ("https://untrusted.test/", "tls", Phase::Tls),
    ("https://SERVER/", "timeout", Phase::Tls),
    ("http://SERVER/reset", "closed", Phase::Wait),
    ("http://SERVER/reset-in-head", "closed", Phase::Wait),
    ("http://SERVER/reset-in-body", "closed", Phase::Read),
    ("http://SERVER/close", "closed", Phase::Wait),
    ("http://SERVER/close-in-body", "closed", Phase::Read),
    ("http://SERVER/half-closed", "closed", Phase::Wait),
    ("http://SERVER/half-closed-in-body", "closed", Phase::Read),
    ("http://SERVER/stall", "timeout", Phase::Wait),
    ("http://SERVER/stall-in-head", "timeout", Phase::Wait),
    ("http://SERVER/stall-in-body", "timeout", Phase::Read),
    ("http://SERVER/drip", "timeout", Phase::Read),
    ("http://SERVER/drip-in-head", "timeout", Phase::Wait),
    ("http://SERVER/garbage", "protocol", Phase::Wait),
    ("http://SERVER/noise", "protocol", Phase::Wait),
    ("http://SERVER/huge-header", "protocol", Phase::Wait),
    ("http://SERVER/many-headers", "protocol", Phase::Wait),
    ("http://SERVER/huge-body", "body_too_large", Phase::Read),
    ("http://SERVER/endless-body", "body_too_large", Phase::Read),
    ("http://SERVER/bad-chunk", "protocol", Phase::Read),
    ("http://SERVER/bad-gzip", "decode", Phase::Decode),
    ("http://SERVER/loop", "redirect_loop", Phase::Redirect),
    ("http://SERVER/hop", "too_many_redirects", Phase::Redirect),
    ("http://SERVER/nowhere", "redirect_refused", Phase::Redirect),
    ("http://bad host/", "invalid_url", Phase::Prepare),
];

struct Site {
    server: Server,
    client: Client,
    /// Those of the faults.
    urls: Vec<String>,
    _plain: Server,
}

async fn site() -> Site {
    let server = Server::new(|conn, _| harm(conn)).await;
    let plain = Server::new(|mut conn, _| async move {
        conn.send("HTTP/1.1 400 X\r\ncontent-length: 0\r\n\r\n").await;
        conn.closed().await;
    })
    .await;
    let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (untrusted, _) = tls::server("untrusted.test", &[]).await;
    let (_, trusted) = tls::server("other.test", &[]).await;
    let client = builder()
        .resolver(Slow)
        .resolve_to("untrusted.test", untrusted)
        .system_roots(false)
        .root_certificates(trusted.as_bytes())
        .unwrap()
        .build();
    let at = |name, url: &str, addr: std::net::SocketAddr| url.replace(name, &addr.to_string());
    let urls = FAULTS.iter().map(|(url, ..)| {
        at("PLAIN", &at("DEAD", &at("SERVER", url, server.addr), dead), plain.addr)
    });
    Site { urls: urls.collect(), server, client, _plain: plain }
}

fn check(outcome: &Outcome, (name, wanted, phase): (&str, &str, Phase), attempts: u32) {
    assert_eq!(kind(outcome), wanted, "{name}: {outcome}");
    let failed = outcome.result.as_ref().unwrap_err();
    let Failed::Request(error) = failed else { panic!("{name}: {failed}") };
    assert_eq!(error.phase(), phase, "{name}: {error}");
    assert!(!outcome.good);
    assert!(outcome.attempts <= attempts, "{name}: {} attempts", outcome.attempts);
    assert!(outcome.to_string().starts_with(&format!("GET {}: ", outcome.url)), "{outcome}");
    if outcome.attempts > 1 {
        assert!(outcome.to_string().contains(&format!("({} attempts)", outcome.attempts)));
    }
}

#[test]
fn every_fault_is_one_outcome_that_names_its_url_and_phase() {
    virtually(async {
        let Site { server, client, urls, .. } = &site().await;
        for retries in [0, 2] {
            let mut batch = Batch::new().client(client).retries(retries).limit(n(8)).per_host(n(8));
            batch = batch.backoff(Backoff::constant(Duration::ZERO));
            // Enough for all, so that none of these is saved by a budget that others have spent.
            batch = batch.retry_budget(rejoin::retry::RetryBudget::new(1.0, 100));
            for url in urls {
                batch = batch.get(url).get(&server.url("/well"));
            }
            let began = Instant::now();
            let outcomes = batch.all().await;
            assert_eq!(outcomes.len(), 2 * FAULTS.len());
            for (at, fault) in FAULTS.into_iter().enumerate() {
                check(&outcomes[2 * at], fault, retries + 1);
                assert_eq!(status(&outcomes[2 * at + 1]), 200, "disturbed by {}", fault.0);
            }
            assert!(began.elapsed() < Duration::from_secs(600), "{:?}", began.elapsed());
        }
        client.shutdown().await;
        assert_eq!(client.connections(), 0);
    });
}

#[test]
fn the_first_good_answer_comes_in_spite_of_every_fault() {
    virtually(async {
        let Site { server, client, urls, .. } = &site().await;
        let mut batch = Batch::new().client(client).retries(0).limit(n(100)).per_host(n(100));
        for url in urls {
            batch = batch.get(url);
        }
        let won = batch.get(&server.url("/well")).any().await.unwrap();
        assert_eq!(won.index, FAULTS.len());
        client.shutdown().await;
        assert_eq!(client.connections(), 0);
    });
}

/// The reason of each, in the order written, whatever the order in which they came.
#[test]
fn when_all_fail_every_reason_is_told() {
    virtually(async {
        let Site { client, urls, .. } = &site().await;
        let mut batch = Batch::new().client(client).retries(0).limit(n(100)).per_host(n(100));
        for url in urls {
            batch = batch.get(url);
        }
        let error = batch.any().await.unwrap_err();
        assert_eq!(error.failures().len(), FAULTS.len());
        for (failure, fault) in error.failures().iter().zip(FAULTS) {
            check(failure.error().failed().unwrap(), fault, 1);
        }
    });
}

/// "As long as it likes" is what a server must never get, whatever the settings for a part of it.
#[test]
fn a_drip_ends_with_the_limit_for_the_whole_and_not_with_that_for_a_pause() {
    virtually(async {
        let Site { server, client, .. } = &site().await;
        let spec = RequestSpec::get(&server.url("/drip"))
            .idle_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(2));
        let began = Instant::now();
        let outcomes = Batch::new().client(client).retries(0).request(spec).all().await;
        assert_eq!((kind(&outcomes[0]), began.elapsed()), ("timeout", Duration::from_secs(2)));
    });
}

/// A connection on which something broke is not used again, and takes no place from the others.
#[test]
fn connections_that_break_take_no_places() {
    virtually(async {
        let Site { server, client, .. } = &site().await;
        for path in ["/reset", "/close-in-body", "/bad-chunk", "/huge-body", "/half-closed"] {
            let mut batch = Batch::new().client(client).retries(0).limit(n(2)).per_host(n(2));
            for _ in 0..20 {
                batch = batch.get(&server.url(path)).get(&server.url("/well"));
            }
            let outcomes = batch.all().await;
            let good = outcomes.iter().filter(|outcome| outcome.good).count();
            assert_eq!(good, 20, "{path}");
            assert!(outcomes.iter().step_by(2).all(|outcome| outcome.result.is_err()), "{path}");
        }
    });
}
