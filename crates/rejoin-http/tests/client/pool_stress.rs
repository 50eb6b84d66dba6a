//! Many tasks on many threads, servers that misbehave in every way, requests that are dropped, and a shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rejoin_http::{ErrorKind, Request};

use crate::support::{Conn, Server, builder};

/// A little generator of numbers, so that a run can be repeated.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// Awaits `sending`, but now and then only for so many microseconds; `None` if it was dropped.
pub(crate) async fn patiently_or_not<T>(
    sending: impl Future<Output = T>,
    dice: &mut Dice,
    most: u64,
) -> Option<T> {
    if dice.throw(8) > 0 {
        return Some(sending.await);
    }
    let patience = Duration::from_micros(dice.throw(most));
    tokio::time::timeout(patience, sending).await.ok()
}

/// One connection of a server, counted while it is open.
pub(crate) struct Open(pub(crate) Arc<AtomicI64>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn misbehave(mut conn: Conn, mut dice: Dice, open: Open) {
    let _open = open;
    while let Some(request) = conn.request().await {
        let path = request.split(' ').nth(1).unwrap().to_owned();
        let body = format!("{path}{}", "z".repeat(dice.throw(3000) as usize));
        let chunked = |body: &str, trailer: &str| {
            let (a, b) = body.split_at(body.len() / 2);
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{a}\r\n{:x}\r\n{b}\r\n0\r\n{trailer}\r\n",
                a.len(),
                b.len()
            )
        };
        let plain = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        match dice.throw(16) {
            0 => return,
            1 => return conn.reset(),
            2 => {
                conn.send(&plain[..plain.len() / 2]).await;
                return;
            }
            3 => {
                conn.send(&plain[..plain.len() / 2]).await;
                return conn.reset();
            }
            4 => {
                conn.send(&plain).await;
                return;
            }
            5 => {
                conn.send(&plain).await;
                return conn.reset();
            }
            6 => {
                conn.send(format!("{plain}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"))
                    .await;
            }
            7 => {
                for piece in plain.as_bytes().chunks(plain.len() / 5 + 1) {
                    conn.send(piece).await;
                    tokio::time::sleep(Duration::from_millis(dice.throw(2))).await;
                }
            }
            8 => {
                conn.send(format!("HTTP/1.1 200 OK\r\n\r\n{body}")).await;
                return;
            }
            9 => conn.send(format!("HTTP/1.1 100 Go\r\n\r\n{plain}")).await,
            10 => conn.send(chunked(&body, "x-t: 1\r\n")).await,
            11 | 12 => conn.send(chunked(&body, "")).await,
            _ => conn.send(&plain).await,
        }
    }
}

fn storm(seed: u64) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let open = Arc::new(AtomicI64::new(0));
        let counted = Arc::clone(&open);
        let server = Server::new(move |conn, number| {
            counted.fetch_add(1, Ordering::SeqCst);
            let dice = Dice(seed ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            misbehave(conn, dice, Open(Arc::clone(&counted)))
        })
        .await;
        let client = builder()
            .idle_timeout(Duration::from_millis(5))
            .max_idle(6)
            .max_idle_per_host(10)
            .build();
        let (well, ill) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = Vec::new();
        for task in 0..24_u64 {
            let (client, url) = (client.clone(), server.url(""));
            let (well, ill) = (Arc::clone(&well), Arc::clone(&ill));
            tasks.push(tokio::spawn(async move {
                let mut dice =
                    Dice(seed.wrapping_mul(31) ^ (task + 1).wrapping_mul(0xD134_2543_DE82_EF95));
                for n in 0..400 {
                    let path = format!("/{task}/{n}!");
                    let url = format!("{url}{path}");
                    let request = if dice.throw(3) == 0 {
                        Request::post(&url, vec![b'p'; dice.throw(5000) as usize]).unwrap()
                    } else {
                        Request::get(&url).unwrap()
                    };
                    let sending = client.send(request.timeout(Duration::from_secs(10)));
                    let answer = patiently_or_not(sending, &mut dice, 1500).await;
                    let Some(answer) = answer else { continue };
                    match answer {
                        Ok(response) => {
                            assert!(
                                response.body.starts_with(path.as_bytes()),
                                "{path} was answered with {:?}",
                                String::from_utf8_lossy(
                                    &response.body[..20.min(response.body.len())]
                                )
                            );
                            well.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => match error.kind() {
                            ErrorKind::ShutDown => return,
                            ErrorKind::Closed => {
                                ill.fetch_add(1, Ordering::Relaxed);
                            }
                            kind => panic!("{kind:?}: {error}"),
                        },
                    }
                }
            }));
        }
        while well.load(Ordering::Relaxed) < 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let hung = tokio::time::timeout(Duration::from_secs(5), client.shutdown()).await;
        assert!(hung.is_ok(), "the shutdown hangs");
        for task in tasks {
            tokio::time::timeout(Duration::from_secs(5), task).await.expect("hangs").unwrap();
        }
        let began = Instant::now();
        while client.connections() > 0 || open.load(Ordering::SeqCst) > 0 {
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{} listed, {} open",
                client.connections(),
                open.load(Ordering::SeqCst)
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let began = Instant::now();
        while tasks() > 1 {
            assert!(began.elapsed() < Duration::from_secs(5), "{} tasks", tasks());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
}

#[test]
fn nothing_is_mixed_up_or_left_behind() {
    for seed in 1..=8 {
        storm(seed);
    }
}
