//! What wraps a future costs a few hundred bytes, not a multiple of the future: several may be nested.
#![allow(missing_docs, reason = "a test")]

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::time::Duration;

use rejoin::breaker::{CircuitBreaker, Trip};
use rejoin::inspect::waiting_for;
use rejoin::limit::AdaptiveLimit;
use rejoin::retry::Retry;
use rejoin::{
    Instant, any, gather, gather_tuple, in_task, quorum, race, shield, timeout, timeout_at, wait,
};

const SECOND: Duration = Duration::from_secs(1);
/// More than any of them needs for itself.
const OWN: usize = 2000;

async fn large() -> Result<u8, Infallible> {
    let room = [7; 20_000];
    tokio::task::yield_now().await;
    Ok(room[19_999])
}

#[track_caller]
fn costs_little<F: Future>(inside: usize, wrapped: F) {
    let size = size_of_val(&wrapped);
    assert!(size <= inside + OWN, "{size} bytes for {inside}");
}

#[test]
fn a_time_out_is_as_large_as_what_is_in_it() {
    let inside = size_of_val(&large());
    costs_little(inside, timeout(SECOND, large()));
    costs_little(inside, timeout_at(Instant::now() + SECOND, large()));
    costs_little(inside, shield(SECOND, large()));
    costs_little(inside + OWN, timeout(SECOND, timeout(2 * SECOND, large())));
}

#[test]
fn so_is_what_tries_again() {
    let inside = size_of_val(&large());
    let retry = Retry::new(3).attempt_timeout(SECOND).timeout(2 * SECOND);
    costs_little(inside, retry.run(|_| large()));
    let breaker = CircuitBreaker::new(Trip::consecutive(NonZeroU32::MIN));
    costs_little(inside, breaker.run(large));
}

#[test]
fn so_are_a_wait_with_a_name_and_a_call_that_takes_a_place() {
    let inside = size_of_val(&large());
    costs_little(inside, waiting_for("the bank's reply", large()));
    let limit = AdaptiveLimit::new(NonZeroU32::MIN..=NonZeroU32::MAX);
    costs_little(inside, limit.run(large()));
}

#[test]
fn a_join_is_as_large_as_what_it_is_given() {
    let inside = 3 * size_of_val(&large());
    let three = || [large(), large(), large()];
    costs_little(inside, gather(three()));
    costs_little(inside, wait(three()));
    costs_little(inside, race(three()));
    costs_little(inside, any(three()));
    costs_little(inside, quorum(2, three()));
    costs_little(inside, gather_tuple((large(), large(), large())));
    costs_little(inside, in_task::race(three()));
    costs_little(inside, in_task::wait(three()));
    costs_little(inside, in_task::gather(three()));
}
