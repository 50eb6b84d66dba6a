//! Every way in which a call can end has its own outcome and a text that is true, and the pool lives
//! on.

use rejoin::process::{Part, ProcessError, ProcessPool, function};
use rejoin::{Outcome, TaskError, to_process};

use super::functions::*;
use super::{death, n, with_pool};

#[tokio::test]
async fn values_arrive_as_they_were_sent() {
    with_pool(1, |pool| async move {
        pool.run_value(nothing, ()).await.unwrap();
        assert_eq!(pool.run_value(add, (2, 3)).await.unwrap(), 5);
        let inner = Order { id: u64::MAX, names: vec![String::new()], note: None };
        let order = Order {
            id: 1,
            names: vec!["ä".to_owned(), "b".to_owned()],
            note: Some(Box::new(inner.clone())),
        };
        let swapped = pool.run_value(swap, order).await.unwrap();
        assert_eq!(swapped.names, ["b", "ä"]);
        assert_eq!((swapped.id, swapped.note), (2, Some(Box::new(inner))));
        let all = pool.run_value(eight, (1, 2, 3, 4, 5, 6, 7, 8)).await.unwrap();
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8]);
        Ok(())
    })
    .await
    .unwrap();
}

/// The function can still be called as one, and be sent to a process: the other way round it would
/// have to be found by a name that no longer leads to it.
#[tokio::test]
async fn a_registered_function_stays_a_function() {
    assert_eq!(add(2, 3), 5);
    assert_eq!(to_process(add, (2, 3)).await.unwrap(), 5);
    assert_ne!(to_process(pid, ()).await.unwrap(), pid());

    #[function]
    fn inside(n: u8) -> u8 {
        n * 2
    }
    assert_eq!(to_process(inside, 4).await.unwrap(), inside(4));
}

#[tokio::test]
async fn a_function_may_fail() {
    with_pool(1, |pool| async move {
        assert_eq!(pool.run(parse, "42".to_owned()).await.unwrap(), 42);
        let error = pool.run(parse, "x".to_owned()).await.unwrap_err();
        assert_eq!(error.to_string(), "`x` is no number");
        assert!(matches!(error.failed(), Some(ProcessError::Returned(_))));
        let raw = pool.run_value(parse, "x".to_owned()).await.unwrap();
        assert_eq!(raw, Err("`x` is no number".to_owned()));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_panic_is_the_calls_own_and_the_process_lives_on() {
    with_pool(1, |pool| async move {
        let before = pool.run_value(pid, ()).await.unwrap();
        let error = pool.run_value(panics, "no milk".to_owned()).await.unwrap_err();
        let TaskError::Panicked(panic) = &error else { panic!("{error}") };
        assert_eq!(panic.message(), "no milk");
        assert_eq!(error.to_string(), "panicked: no milk");
        assert_eq!(pool.run_value(pid, ()).await.unwrap(), before);

        let error = pool.run_value(panics_at_length, 1 << 20).await.unwrap_err();
        assert!(error.is_panic() && error.to_string().len() < 20_000);
        assert_eq!(pool.run_value(pid, ()).await.unwrap(), before);
        Ok(())
    })
    .await
    .unwrap();
}

/// The end of what a lost call says.
fn lost<T: std::fmt::Debug>(outcome: Outcome<T, ProcessError>) -> String {
    let error = outcome.unwrap_err();
    assert!(matches!(error.failed(), Some(ProcessError::Lost { .. })), "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_death_is_told_with_its_cause_and_the_pool_heals() {
    with_pool(1, |pool| async move {
        let told = lost(pool.run_value(exits, 3).await);
        assert_eq!(
            told,
            "the child process that ran `process::functions::exits` ended before it answered: exit status: 3"
        );
        assert!(lost(pool.run_value(exits, 0).await).ends_with("exit status: 0"));
        assert!(lost(pool.run_value(aborts, ()).await).contains("signal: 6"));
        assert!(lost(pool.run_value(overflows, 0).await).contains("signal: "));
        assert_eq!(pool.run_value(add, (1, 1)).await.unwrap(), 2);
        assert!(lost(to_process(exits, 4).await).ends_with("exit status: 4"));
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_child_that_died_while_it_waited_is_replaced_unseen() {
    with_pool(1, |pool| async move {
        for _ in 0..3 {
            let pid = pool.run_value(pid, ()).await.unwrap();
            let killed = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
            assert!(killed.unwrap().success());
            death(pid).await;
            assert_eq!(pool.run_value(add, (1, 1)).await.unwrap(), 2);
        }
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_a_function_prints_and_reads_stays_out_of_the_conversation() {
    with_pool(1, |pool| async move {
        assert_eq!(pool.run_value(chats, ()).await.unwrap(), 0);
        assert_eq!(pool.run_value(add, (1, 1)).await.unwrap(), 2);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn messages_are_bounded_both_ways_to_the_byte() {
    // Two bytes are the length.
    let open = ProcessPool::builder("small").processes(n(1)).max_message(1002);
    open.open(|pool| async move {
        let before = pool.run_value(pid, ()).await.unwrap();
        assert_eq!(pool.run_value(length, vec![1; 1000]).await.unwrap(), 1000);
        assert_eq!(pool.run_value(bytes, 1000).await.unwrap().len(), 1000);

        let error = pool.run_value(length, vec![1; 1001]).await.unwrap_err();
        let Some(ProcessError::TooLarge { part, limit, .. }) = error.failed() else {
            panic!("{error}")
        };
        assert_eq!((*part, *limit), (Part::Arguments, 1002));
        let error = pool.run_value(bytes, 1001).await.unwrap_err();
        let Some(ProcessError::TooLarge { part, limit, .. }) = error.failed() else {
            panic!("{error}")
        };
        assert_eq!((*part, *limit), (Part::Result, 1002));
        assert!(error.to_string().contains("the result of `process::functions::bytes`"), "{error}");
        assert!(error.to_string().contains("raise `max_message`"), "{error}");

        assert_eq!(pool.run_value(pid, ()).await.unwrap(), before);
        Ok::<_, TaskError<String>>(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn megabytes_pass_through_pipes_of_kilobytes() {
    with_pool(1, |pool| async move {
        let sent = pool.run_value(length, vec![1; 5_000_000]).await.unwrap();
        assert_eq!(sent, 5_000_000);
        assert_eq!(pool.run_value(bytes, 5_000_000).await.unwrap(), vec![7; 5_000_000]);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_serde_cannot_do_is_told() {
    with_pool(1, |pool| async move {
        let before = pool.run_value(pid, ()).await.unwrap();
        let told = |error: TaskError<ProcessError>, expected: Part| {
            let Some(ProcessError::Unserialisable { part, .. }) = error.failed() else {
                panic!("{error}")
            };
            assert_eq!(*part, expected, "{error}");
            assert!(error.to_string().contains("cannot be sent to another process: "), "{error}");
        };
        told(pool.run_value(takes_a_secret, Secret).await.unwrap_err(), Part::Arguments);
        told(pool.run_value(gives_a_secret, ()).await.unwrap_err(), Part::Result);
        told(pool.run_value(takes_either, Either::Number(1)).await.unwrap_err(), Part::Arguments);
        told(pool.run_value(gives_either, ()).await.unwrap_err(), Part::Result);
        told(pool.run_value(takes_half, Half(1)).await.unwrap_err(), Part::Arguments);
        assert_eq!(pool.run_value(pid, ()).await.unwrap(), before);
        Ok(())
    })
    .await
    .unwrap();
}
