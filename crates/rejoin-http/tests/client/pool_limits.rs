//! What the pool promises about connections at rest, where the watch alone would not keep it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rejoin_http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Server, ask, builder, client, counting, ok, run};
use crate::tls::acceptor;

async fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn servers() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// The clock of the watch does not run on a thread that is busy with something else.
#[test]
fn one_that_has_rested_too_long_is_not_taken_though_nobody_had_time_to_close_it() {
    let servers = servers();
    let (server, _) = servers.block_on(counting());
    run(async {
        let client = builder().idle_timeout(Duration::from_millis(50)).build();
        ask(&client, &server).await;
        std::thread::sleep(Duration::from_millis(200));
        ask(&client, &server).await;
        assert_eq!(server.connections(), 2);
    });
}

/// The server hangs up a little after the client would have.
#[test]
fn what_must_not_be_repeated_is_not_sent_over_one_that_has_rested_too_long() {
    let servers = servers();
    let server = servers.block_on(Server::new(|mut conn, _| async move {
        while let Ok(Some(_)) =
            tokio::time::timeout(Duration::from_millis(100), conn.request()).await
        {
            conn.send(ok("x")).await;
        }
    }));
    run(async {
        let client = builder().idle_timeout(Duration::from_millis(50)).build();
        ask(&client, &server).await;
        std::thread::sleep(Duration::from_millis(250));
        let post = Request::post(&server.url("/"), "once").unwrap();
        assert_eq!(client.send(post).await.unwrap().body, "x");
    });
}

#[test]
fn a_runtime_that_goes_takes_what_rests_on_it_along() {
    let servers = servers();
    let (server, gone) = servers.block_on(counting());
    let client = client();
    run(async { ask(&client, &server).await });
    servers.block_on(async {
        let closed = tokio::time::timeout(Duration::from_secs(2), gone.acquire()).await;
        assert!(closed.is_ok(), "the socket is still open; {} listed", client.connections());
    });
}

/// The watch lives on the runtime that needed it first.
#[test]
fn what_rests_on_another_runtime_is_watched_when_that_of_the_watch_goes() {
    let servers = servers();
    let (first, _) = servers.block_on(counting());
    let (second, gone) = servers.block_on(counting());
    let client = builder().idle_timeout(Duration::from_millis(300)).build();
    let watching =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    watching.block_on(ask(&client, &first));
    run(async {
        ask(&client, &second).await;
        tokio::task::spawn_blocking(move || drop(watching)).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_secs(3), gone.acquire()).await;
        assert!(closed.is_ok(), "it rests beyond its time; {} listed", client.connections());
    });
}

#[test]
fn no_unused_connections_of_http_1_does_not_mean_none_of_http_2() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(socket).await.unwrap();
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        let _ = respond.send_response(http::Response::new(()), true);
                    }
                });
            }
        });
        let client = builder().http2_prior_knowledge().max_idle(0).build();
        for _ in 0..3 {
            client.send(Request::get(&format!("http://{addr}/")).unwrap()).await.unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
    });
}

/// A stream that goes on after its connection left the pool.
#[test]
fn a_connection_of_http_2_counts_as_long_as_something_comes_over_it() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (begun, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let marks = (Arc::clone(&begun), Arc::clone(&go));
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let (begun, go) = marks.clone();
                tokio::spawn(async move {
                    let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                    body.send_data("a".into(), false).unwrap();
                    begun.add_permits(1);
                    go.acquire().await.unwrap().forget();
                    body.send_data("b".into(), true).unwrap();
                });
            }
        });
        let client = builder().http2_prior_knowledge().idle_timeout(Duration::ZERO).build();
        let sending = tokio::spawn({
            let client = client.clone();
            async move { client.send(Request::get(&format!("http://{addr}/")).unwrap()).await }
        });
        begun.acquire().await.unwrap().forget();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let listed = client.connections();
        go.add_permits(1);
        assert_eq!(sending.await.unwrap().unwrap().body, "ab");
        assert_eq!(listed, 1);
    });
}

/// How a TLS connection ended, as its server sees it.
async fn tls_ends()
-> (std::net::SocketAddr, String, mpsc::UnboundedReceiver<std::io::Result<usize>>) {
    let issued = rcgen::generate_simple_self_signed(["secure.example".to_owned()]).unwrap();
    let acceptor = acceptor(&issued, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (ended, ends) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (acceptor, ended) = (acceptor.clone(), ended.clone());
            tokio::spawn(async move {
                let mut stream = acceptor.accept(socket).await.unwrap();
                let mut buffer = [0; 4096];
                loop {
                    match stream.read(&mut buffer).await {
                        Ok(length) if length > 0 => {
                            stream.write_all(ok("x").as_bytes()).await.unwrap();
                        }
                        end => {
                            let _ = ended.send(end);
                            return;
                        }
                    }
                }
            });
        }
    });
    (addr, issued.cert.pem(), ends)
}

/// A server cannot tell one that is cut off from an attack, and complains.
#[test]
fn an_encrypted_connection_says_that_it_ends() {
    run(async {
        let (addr, pem, mut ends) = tls_ends().await;
        let build = |timeout| {
            builder()
                .resolve_to("secure.example", addr)
                .root_certificates(pem.as_bytes())
                .unwrap()
                .idle_timeout(timeout)
                .build()
        };
        let mut found = Vec::new();
        for (timeout, drops) in [(100, false), (60_000, true), (0, false)] {
            let client = build(Duration::from_millis(timeout));
            let request = Request::get("https://secure.example/").unwrap();
            assert_eq!(client.send(request).await.unwrap().body, "x");
            let kept = (!drops).then_some(client);
            let end = tokio::time::timeout(Duration::from_secs(2), ends.recv()).await;
            found.push(end.map(|end| end.unwrap().map_err(|error| error.to_string())));
            drop(kept);
        }
        assert_eq!(found, [Ok(Ok(0)), Ok(Ok(0)), Ok(Ok(0))]);
    });
}

/// The end of a connection that comes while it is put to rest.
#[test]
fn one_that_the_server_closes_at_once_does_not_lie_there() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::new(|mut conn, number| async move {
            // One that was made and is not needed after all is closed too.
            let asked = tokio::time::timeout(Duration::from_millis(200), conn.request()).await;
            if asked.is_err() {
                return;
            }
            conn.send(ok("x")).await;
            for _ in 0..number % 40 {
                std::hint::spin_loop();
                if number % 3 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
        for _ in 0..300 {
            let client = client();
            join_all((0..20).map(|_| {
                let client = client.clone();
                let request = Request::get(&server.url("/")).unwrap();
                tokio::spawn(
                    async move { assert_eq!(client.send(request).await.unwrap().body, "x") },
                )
            }))
            .await;
            soon("what the server has closed lies there", || client.connections() == 0).await;
        }
    });
}

/// Nobody waits for what was shut down, wherever it stands.
#[test]
fn a_request_that_connects_ends_with_the_client() {
    struct Never;
    impl rejoin_http::Resolve for Never {
        fn resolve<'a>(&'a self, _: &'a str) -> rejoin_http::Resolving<'a> {
            Box::pin(std::future::pending())
        }
    }
    run(async {
        let client = builder().resolver(Never).build();
        let sending = tokio::spawn({
            let client = client.clone();
            async move { client.send(Request::get("http://a.test/").unwrap()).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        client.shutdown().await;
        let began = Instant::now();
        let ended = tokio::time::timeout(Duration::from_secs(2), sending).await;
        assert!(ended.is_ok(), "still connecting after {:?}", began.elapsed());
    });
}

/// Its end comes while it is put to rest, and while the watch is at work.
#[test]
fn an_end_is_noticed_at_whatever_moment_it_comes() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        // Answers when all are there, so that nobody is given the connection of another.
        let all = Arc::new(tokio::sync::Barrier::new(400));
        let lasting = Server::new(move |mut conn, _| {
            let all = Arc::clone(&all);
            async move {
                conn.request().await;
                all.wait().await;
                conn.send(ok("x")).await;
                conn.closed().await;
            }
        })
        .await;
        let closing = Server::new(|mut conn, number| async move {
            // One that was made and is not needed after all is closed too.
            let asked = tokio::time::timeout(Duration::from_millis(200), conn.request()).await;
            if asked.is_err() {
                return;
            }
            conn.send(ok("x")).await;
            for _ in 0..(number * 37) % 3000 {
                std::hint::spin_loop();
            }
        })
        .await;
        let client = builder().max_idle(2000).build();
        join_all((0..400).map(|_| ask(&client, &lasting))).await;
        let rest = client.connections();
        let began = Instant::now();
        let mut round = 0;
        while began.elapsed() < Duration::from_secs(1) {
            round += 1;
            let sent = (0..1 + round % 3).map(|_| {
                let client = client.clone();
                let request = Request::get(&closing.url("/")).unwrap();
                tokio::spawn(async move {
                    if round % 2 == 0 {
                        while tokio::task::coop::has_budget_remaining() {
                            tokio::task::coop::consume_budget().await;
                        }
                    }
                    assert_eq!(client.send(request).await.unwrap().body, "x");
                })
            });
            join_all(sent).await;
            let waiting = Instant::now();
            while client.connections() > rest {
                assert!(
                    waiting.elapsed() < Duration::from_secs(2),
                    "after {round} rounds {} are left that the server has closed",
                    client.connections() - rest
                );
                tokio::time::sleep(Duration::from_micros(100)).await;
            }
        }
    });
}

/// Connections are taken by whoever comes, also on another runtime than theirs, which may go meanwhile.
#[test]
fn a_runtime_that_goes_harms_no_requests_on_another() {
    let servers = servers();
    let server = servers.block_on(Server::with(|request| ok(request.split(' ').nth(1).unwrap())));
    for _ in 0..20 {
        let threads = |count| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(count)
                .enable_all()
                .build()
                .unwrap()
        };
        let (going, staying) = (threads(2), threads(2));
        let client = client();
        let ask = |runtime: &tokio::runtime::Runtime, count: usize| -> Vec<_> {
            let tasks = (0..8).map(|task| {
                let (client, url) = (client.clone(), server.url(""));
                runtime.spawn(async move {
                    for n in 0..count {
                        let path = format!("/{task}/{n}");
                        let request = Request::get(&format!("{url}{path}")).unwrap();
                        let response = client.send(request.timeout(Duration::from_secs(5))).await;
                        assert_eq!(response.unwrap().body, path);
                    }
                })
            });
            tasks.collect()
        };
        let first = ask(&going, 1_000_000);
        let second = ask(&staying, 150);
        std::thread::sleep(Duration::from_millis(60));
        going.shutdown_background();
        let answers = staying.block_on(join_all(second));
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        drop(first);
        staying.block_on(client.shutdown());
        assert_eq!(client.connections(), 0);
    }
}
