//! What holds for every batch, on random ones.

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;
use rejoin::Instant;
use rejoin::retry::Backoff;
use rejoin_http::{Batch, RequestSpec};

use crate::batch::{MS, Seen, n, server};
use crate::support::{client, virtually};

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..60u32).prop_map(|ms| format!("/ms/{ms}")),
        1 => Just("/reset".to_owned()),
        1 => Just("/never".to_owned()),
        1 => Just("/st/503".to_owned()),
        1 => Just("/st/404".to_owned()),
        1 => (0..13u32).prop_map(|hops| format!("/hop/{hops}")),
    ]
}

fn places() -> impl Strategy<Value = NonZeroU32> {
    (1..6u32).prop_map(n)
}

proptest! {
    #![proptest_config(crate::seeded::cases(48))]

    #[test]
    fn limits_order_attempts_and_time_hold(
        paths in prop::collection::vec(path(), 0..25),
        limit in places(),
        per_host in places(),
        retries in 0..3u32,
        deadline in 50..400u64,
        in_order: bool,
    ) {
        virtually(async move {
            let (server, seen) = server().await;
            let specs: Vec<_> =
                paths.iter().map(|path| RequestSpec::get(&server.url(path)).tag(path.clone())).collect();
            let deadline = Duration::from_millis(deadline);
            let batch = Batch::new().client(&client()).limit(limit).per_host(per_host);
            let batch = batch.retries(retries).backoff(Backoff::constant(MS)).timeout(deadline);
            let batch = batch.requests(specs);
            let began = Instant::now();
            let outcomes = if in_order {
                let list = batch.in_order(async |mut outcomes| {
                    let mut list = Vec::new();
                    while let Some(outcome) = outcomes.next().await {
                        list.push(outcome);
                    }
                    list
                });
                list.await.unwrap()
            } else {
                batch.all().await
            };
            assert!(began.elapsed() <= deadline + 5 * MS, "{:?}", began.elapsed());
            assert_eq!(outcomes.len(), paths.len());
            for (at, outcome) in outcomes.iter().enumerate() {
                assert_eq!(outcome.index, at);
                assert_eq!(outcome.tag.as_deref(), Some(&*paths[at]));
                assert!(outcome.attempts <= retries + 1);
                if paths[at] == "/never" || paths[at] == "/reset" {
                    assert!(outcome.result.is_err());
                }
            }
            let most = limit.min(per_host).get() as usize;
            assert!(Seen::get(&seen.most) <= most, "{} of {most}", Seen::get(&seen.most));
        });
    }
}
