//! A finished child leaves nothing behind while its scope is open (L6).
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::num::NonZeroUsize;

use rejoin::{OnError, Scope};

/// The memory of this process, in pages.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_million_children_take_no_more_memory_than_ten_at_once() {
    let grown = Scope::builder()
        .on_error(OnError::IgnoreErrors)
        .limit(NonZeroUsize::new(10).unwrap())
        .run(|s: rejoin::LimitedScope<String>| async move {
            let mut settled = 0;
            for n in 0..1_000_000_u32 {
                if n == 100_000 {
                    settled = resident();
                }
                // Half of them fail: their errors are not kept either.
                drop(
                    s.spawn(async move { if n % 2 == 0 { Ok(()) } else { Err(n.to_string()) } })
                        .await,
                );
            }
            Ok(resident().saturating_sub(settled))
        })
        .await
        .unwrap();
    // A page is 4 KiB at least: 900,000 children that left a byte each would be 220 of them.
    assert!(grown < 200, "the process has grown by {grown} pages");
}
