//! Connections of HTTP/2 that are shared, refused, sent away, and lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rejoin_http::{ErrorKind, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Semaphore};

use crate::pool_stress::{Dice, Open, patiently_or_not};
use crate::support::{builder, ok, run, virtually};
use crate::tls::acceptor;

/// That a host once spoke HTTP/2 does not make those wait in line who connect to it over HTTP/1.
#[test]
fn a_host_that_no_longer_speaks_it_is_connected_to_by_all_at_once() {
    run(async {
        let issued = rcgen::generate_simple_self_signed(["secure.example".to_owned()]).unwrap();
        let (first, later) = (acceptor(&issued, &["h2"]), acceptor(&issued, &["http/1.1"]));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut two = h2::server::handshake(first.accept(socket).await.unwrap()).await.unwrap();
            {
                let (_, mut respond) = two.accept().await.unwrap().unwrap();
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                body.send_data("two".into(), true).unwrap();
            }
            two.graceful_shutdown();
            while let Some(Ok(_)) = two.accept().await {}
            drop(two);
            // From the second on they wait for each other: who came alone would wait for ever.
            let all = Arc::new(Barrier::new(9));
            for number in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                let (later, all) = (later.clone(), Arc::clone(&all));
                tokio::spawn(async move {
                    if number > 0 {
                        all.wait().await;
                    }
                    let mut stream = later.accept(socket).await.unwrap();
                    let mut buffer = [0; 4096];
                    while stream.read(&mut buffer).await.unwrap_or(0) > 0 {
                        stream.write_all(ok("one").as_bytes()).await.unwrap();
                    }
                });
            }
        });
        let client = builder()
            .resolve_to("secure.example", addr)
            .system_roots(false)
            .root_certificates(issued.cert.pem().as_bytes())
            .unwrap()
            .build();
        let request = || Request::get("https://secure.example/").unwrap();
        assert_eq!(client.send(request()).await.unwrap().body, "two");
        while client.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(client.send(request()).await.unwrap().body, "one");
        for response in join_all((0..10).map(|_| client.send(request()))).await {
            assert_eq!(response.unwrap().body, "one");
        }
    });
}

/// As when it is one of the futures of a `select!` whose branch runs.
#[test]
fn a_request_that_nobody_polls_holds_up_no_other() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let mut two = h2::server::handshake(socket).await.unwrap();
                    while let Some(Ok((_, mut respond))) = two.accept().await {
                        let head = respond.send_response(http::Response::new(()), false);
                        head.unwrap().send_data("two".into(), true).unwrap();
                    }
                });
            }
        });
        let client = builder().resolve_to("two.example", addr).http2_prior_knowledge().build();
        let request = || client.send(Request::get("http://two.example/").unwrap());
        // One has its turn, one waits for it, and neither is polled again.
        let (mut first, mut second) = (Box::pin(request()), Box::pin(request()));
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        let third = tokio::time::timeout(Duration::from_secs(20), request()).await;
        assert_eq!(third.expect("it is held up").unwrap().body, "two");
        for other in [first, second] {
            assert_eq!(other.await.unwrap().body, "two");
        }
        assert_eq!(client.connections(), 1);
    });
}

/// Who waits for somebody else's connection learns that there is none when he does.
#[test]
fn those_who_wait_for_one_connection_fail_with_it() {
    struct Never;
    impl rejoin_http::Resolve for Never {
        fn resolve<'a>(&'a self, _: &'a str) -> rejoin_http::Resolving<'a> {
            Box::pin(std::future::pending())
        }
    }
    virtually(async {
        let client = builder()
            .resolver(Never)
            .http2_prior_knowledge()
            .connect_timeout(Duration::from_millis(200))
            .build();
        let began = tokio::time::Instant::now();
        let requests = (0..10).map(|_| client.send(Request::get("http://a.test/").unwrap()));
        for answer in join_all(requests).await {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::Timeout);
        }
        assert!(began.elapsed() < Duration::from_millis(700), "{:?}", began.elapsed());
    });
}

/// What is said of a request whose connection lived on a runtime that went.
#[test]
fn the_end_of_the_runtime_of_its_connection_is_no_fault_of_the_request() {
    let servers =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let asked = Arc::new(Semaphore::new(0));
    let mark = Arc::clone(&asked);
    let addr = servers.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let asked = Arc::clone(&mark);
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(socket).await.unwrap();
                    let mut held = Vec::new();
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        if request.uri().path() == "/slow" {
                            asked.add_permits(1);
                            held.push(respond);
                        } else {
                            let _ = respond.send_response(http::Response::new(()), true);
                        }
                    }
                });
            }
        });
        addr
    });
    let client = builder().http2_prior_knowledge().build();
    let going =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let request = |path: &str| Request::get(&format!("http://{addr}{path}")).unwrap();
    going.block_on(client.send(request("/"))).unwrap();
    run(async {
        let sending = tokio::spawn({
            let client = client.clone();
            // Not to be repeated.
            let request = Request::post(&format!("http://{addr}/slow"), "").unwrap();
            async move { client.send(request.timeout(Duration::from_secs(5))).await }
        });
        asked.acquire().await.unwrap().forget();
        tokio::task::spawn_blocking(move || drop(going)).await.unwrap();
        let error = sending.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
        client.send(request("/")).await.unwrap();
    });
}

async fn misbehave(socket: TcpStream, mut dice: Dice, open: Open) {
    let _open = open;
    if dice.throw(10) == 0 {
        return;
    }
    let streams = 1 + u32::try_from(dice.throw(20)).unwrap();
    let Ok(mut connection) = h2::server::Builder::new()
        .max_concurrent_streams(streams)
        .handshake::<_, bytes::Bytes>(socket)
        .await
    else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let path = request.uri().path().to_owned();
        match dice.throw(40) {
            0 => return,
            1 => connection.graceful_shutdown(),
            2 => connection.abrupt_shutdown(h2::Reason::NO_ERROR),
            3..6 => {
                respond.send_reset(h2::Reason::REFUSED_STREAM);
                continue;
            }
            6 => {
                respond.send_reset(h2::Reason::CANCEL);
                continue;
            }
            _ => {}
        }
        let pause = Duration::from_micros(dice.throw(3000));
        let broken = dice.throw(12) == 0;
        tokio::spawn(async move {
            if pause > Duration::from_micros(1500) {
                tokio::time::sleep(pause).await;
            }
            let Ok(mut body) = respond.send_response(http::Response::new(()), false) else {
                return;
            };
            let _ = body.send_data(path.into(), false);
            if !broken {
                let _ = body.send_data("!".into(), true);
            }
        });
    }
}

fn storm(seed: u64) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let open = Arc::new(AtomicI64::new(0));
        let counted = Arc::clone(&open);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            for number in 1_u64.. {
                let (socket, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let dice = Dice(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                tokio::spawn(misbehave(socket, dice, Open(Arc::clone(&counted))));
            }
        });
        let client =
            builder().http2_prior_knowledge().idle_timeout(Duration::from_millis(20)).build();
        let well = Arc::new(AtomicUsize::new(0));
        let mut tasks = Vec::new();
        for task in 0..32_u64 {
            let (client, well) = (client.clone(), Arc::clone(&well));
            tasks.push(tokio::spawn(async move {
                let mut dice =
                    Dice(seed.wrapping_mul(31) ^ (task + 1).wrapping_mul(0xD134_2543_DE82_EF95));
                for n in 0..10_000 {
                    let path = format!("/{task}/{n}");
                    let request = Request::get(&format!("http://{addr}{path}")).unwrap();
                    let sending = client.send(request.timeout(Duration::from_secs(10)));
                    let answer = patiently_or_not(sending, &mut dice, 3000).await;
                    let Some(answer) = answer else { continue };
                    match answer {
                        Ok(response) => {
                            assert_eq!(response.body, format!("{path}!"));
                            well.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => match error.kind() {
                            ErrorKind::ShutDown => return,
                            ErrorKind::Closed => {}
                            kind => panic!("{kind:?} {:?}: {error}", error.phase()),
                        },
                    }
                }
            }));
        }
        while well.load(Ordering::Relaxed) < 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::timeout(Duration::from_secs(5), client.shutdown()).await.expect("hangs");
        for task in tasks {
            tokio::time::timeout(Duration::from_secs(5), task).await.expect("hangs").unwrap();
        }
        server.abort();
        let began = Instant::now();
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        while client.connections() > 0 || open.load(Ordering::SeqCst) > 0 || tasks() > 0 {
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{} listed, {} open, {} tasks",
                client.connections(),
                open.load(Ordering::SeqCst),
                tasks()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn nothing_is_mixed_up_or_left_behind() {
    for seed in 1..=5 {
        storm(seed);
    }
}

/// A server that is done with a connection says so, and sees it closed.
#[test]
fn a_connection_that_was_sent_away_is_closed() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(socket).await.unwrap();
            {
                let (_, mut respond) = connection.accept().await.unwrap().unwrap();
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                body.send_data("two".into(), true).unwrap();
            }
            connection.graceful_shutdown();
            while let Some(Ok(_)) = connection.accept().await {}
        });
        let client = builder().http2_prior_knowledge().build();
        let request = Request::get(&format!("http://{addr}/")).unwrap();
        assert_eq!(client.send(request).await.unwrap().body, "two");
        let ended = tokio::time::timeout(Duration::from_secs(2), serving).await;
        assert!(ended.is_ok(), "it is still open; {} listed", client.connections());
    });
}
