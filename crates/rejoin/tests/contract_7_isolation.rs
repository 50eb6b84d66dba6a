//! Contract 7: branches share nothing that changes; each carries what held where it was started.
#![allow(missing_docs, clippy::unwrap_used, clippy::unit_arg, reason = "a test")]

mod every_await;

use every_await::ms;
use rejoin::{Scope, cancelled, checkpoint, remaining, scope, shield, timeout};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn what_one_branch_sets_up_is_not_seen_by_another() {
    Scope::builder()
        .timeout(ms(1000))
        .run(|s: Scope| async move {
            let bounded = s.spawn_value(timeout(ms(50), async {
                sleep(ms(10)).await;
                remaining()
            }));
            let shielded = s.spawn_value(shield(ms(70), async {
                sleep(ms(10)).await;
                remaining()
            }));
            let plain = s.spawn_value(async {
                sleep(ms(10)).await;
                remaining()
            });
            assert_eq!(bounded.await?, Ok(Some(ms(40))));
            assert_eq!(shielded.await?, Ok(Some(ms(60))));
            assert_eq!(plain.await?, Some(ms(990)));
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_branch_belongs_to_the_scope_it_was_spawned_in_not_to_who_spawned_it() {
    scope(|outer: Scope| async move {
        let spawner = outer.clone();
        let task = timeout(ms(20), async move {
            // Spawned in the outer scope from within a time-out, which does not reach it.
            let task = spawner.spawn_value(async {
                sleep(ms(50)).await;
                (remaining(), checkpoint().await.is_ok())
            });
            [task]
        });
        let [task] = task.await.unwrap();
        assert_eq!(task.await?, (None, true));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn interleaved_branches_of_one_task_keep_their_places() {
    // Two time-outs polled in turn by one task: each sees its own.
    let one = timeout(ms(10), async { cancelled().await.text().len() });
    let other = timeout(ms(30), async {
        sleep(ms(20)).await;
        remaining()
    });
    let (one, other) = tokio::join!(one, other);
    assert_eq!(other, Ok(Some(ms(10))));
    assert!(one.is_ok_and(|length| length > 0));
}
