//! Contract 7: a child belongs to the scope it was spawned in, and has that scope's values.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::sync::{Arc, Weak};
use std::time::Duration;

use rejoin::{Scope, inherited, scope, shield, timeout};

#[derive(Debug, PartialEq)]
struct Tenant(&'static str);

fn tenant() -> Option<&'static str> {
    inherited::<Tenant>().map(|tenant| tenant.0)
}

#[tokio::test(start_paused = true)]
async fn the_innermost_value_of_a_type_counts() {
    assert_eq!(tenant(), None);
    let seconds = Duration::from_secs;
    Scope::builder()
        .inherit(Tenant("forgotten"))
        .inherit(Tenant("outer"))
        .inherit(7_u32)
        .run(|s: Scope| async move {
            assert_eq!((tenant(), s.inherited::<u32>().as_deref()), (Some("outer"), Some(&7)));
            let spawned_in = s.clone();
            let seen = s.spawn_value(async move {
                let through =
                    timeout(seconds(1), async { shield(seconds(1), async { tenant() }).await });
                assert_eq!(through.await.unwrap().unwrap(), Some("outer"));
                let inner = Scope::builder().inherit(Tenant("inner"));
                inner
                    .run(|t: Scope| async move {
                        assert_eq!(inherited::<u32>().as_deref(), Some(&7));
                        assert_eq!(t.spawn_value(async { tenant() }).await?, Some("inner"));
                        assert_eq!(
                            t.task("named")
                                .timeout(seconds(1))
                                .spawn_value(async { tenant() })
                                .await?,
                            Some("inner")
                        );
                        // Of the scope it was spawned in, not of the code that spawned it.
                        spawned_in.spawn_value(async { tenant() }).await
                    })
                    .await
                    .unwrap()
            });
            assert_eq!(seen.await?, Some("outer"));
            assert_eq!(tenant(), Some("outer"));
            assert_eq!(inherited::<u8>(), None);
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(tenant(), None);
}

#[tokio::test(start_paused = true)]
async fn a_value_goes_with_its_scope() {
    let value = Arc::new(Tenant("held"));
    let held: Weak<Tenant> = Arc::downgrade(&value);
    Scope::builder()
        .inherit(value)
        .run(|s: Scope| async move {
            scope(|t: Scope| async move {
                t.spawn_value(async { inherited::<Arc<Tenant>>().is_some() }).await
            })
            .await
            .map_err(|error| error.into_task_error())
            .map(|found| assert!(found && s.live() == 0))
        })
        .await
        .unwrap();
    assert!(held.upgrade().is_none());
}
