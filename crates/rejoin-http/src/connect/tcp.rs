//! A TCP connection to the first address that answers ("happy eyeballs").
//!
//! Addresses are tried in order, the families taking turns. The next one starts when one has failed,
//! or has not answered within [`STAGGER`]; the first to connect wins and the others are dropped.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, Stream};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// How long an address is waited for before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first of `addresses` that answers; the error is that of the first to fail, with
/// its address.
pub(crate) async fn connect(
    addresses: Vec<SocketAddr>,
) -> Result<(TcpStream, SocketAddr), (io::Error, SocketAddr)> {
    let mut waiting = by_turns(addresses);
    let mut trying = FuturesUnordered::new();
    let mut first_failure = None;
    let mut next_start = pin!(sleep_until(Instant::now()));
    let start = |address: SocketAddr| async move {
        TcpStream::connect(address).await.map_err(|error| (error, address)).map(|io| (io, address))
    };
    poll_fn(|cx| {
        loop {
            let may_start = trying.is_empty() || next_start.as_mut().poll(cx).is_ready();
            if may_start && let Some(address) = waiting.pop_front() {
                trying.push(start(address));
                next_start.as_mut().reset(Instant::now() + STAGGER);
            }
            match std::pin::Pin::new(&mut trying).poll_next(cx) {
                Poll::Ready(Some(Ok((stream, address)))) => {
                    // Requests are written whole: waiting for more to send only costs time.
                    let _ = stream.set_nodelay(true);
                    return Poll::Ready(Ok((stream, address)));
                }
                Poll::Ready(Some(Err(failure))) => {
                    first_failure.get_or_insert(failure);
                    next_start.as_mut().reset(Instant::now());
                }
                Poll::Ready(None) => match first_failure.take() {
                    Some(failure) => return Poll::Ready(Err(failure)),
                    None => unreachable!("there is at least one address"),
                },
                Poll::Pending => {
                    if waiting.is_empty() || next_start.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
        }
    })
    .await
}

/// Reorders `addresses` so that IPv6 and IPv4 alternate, beginning with the family that is first.
fn by_turns(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let v6_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == v6_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turns = VecDeque::new();
    loop {
        match (first.next(), second.next()) {
            (None, None) => return turns,
            (one, other) => turns.extend(one.into_iter().chain(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let order = by_turns(list(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]));
        assert_eq!(order, list(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_refuses() {
        let open = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = {
            let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            socket.local_addr().unwrap()
        };
        let wanted = open.local_addr().unwrap();
        let (_, used) = connect(vec![closed, wanted]).await.expect("one of them is open");
        assert_eq!(used, wanted);
        let (error, address) = connect(vec![closed]).await.expect_err("nobody listens");
        assert_eq!((error.kind(), address), (io::ErrorKind::ConnectionRefused, closed));
    }
}
