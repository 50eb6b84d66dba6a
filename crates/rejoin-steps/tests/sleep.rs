//! `sleep` in programs, on virtual time.

mod support;

use std::time::Duration;

use rejoin_engine::RunError;
use support::{load, try_load};

#[test]
fn it_waits_and_leaves_the_state() {
    for (step, millis) in [
        ("sleep: \"200ms\"", 200),
        ("sleep: `2s`", 2000),
        ("sleep(250)", 250),
        ("sleep(\"1m\")", 60_000),
        ("sleep(.pause)", 30),
        ("sleep(0)", 0),
    ] {
        let mut program =
            load(&format!("GET /x\n  |> jq: `{{ pause: 30 }}`\n  |> {step}\n  |> jq: `.pause`"));
        program.deadline = Duration::from_secs(3600);
        let run = program.call("GET /x");
        assert_eq!(run.body(), "30", "{step}");
        // The clock counts in whole milliseconds and rounds up.
        let expected = Duration::from_millis(millis);
        assert!(
            run.took >= expected && run.took <= expected + Duration::from_millis(1),
            "{step}: {:?}",
            run.took
        );
    }
}

#[test]
fn the_deadline_cuts_it_short() {
    let mut program = load("GET /x\n  |> sleep: \"10s\"");
    program.deadline = Duration::from_secs(1);
    let run = program.call("GET /x");
    assert!(matches!(run.result, Err(RunError::TimedOut)), "{:?}", run.result);
    assert!(run.took < Duration::from_secs(2));
}

#[test]
fn a_wrong_length_is_an_error() {
    for argument in ["\"soon\"", "-1", "null", "[1]", "1e300", "\"25h\""] {
        let run = load(&format!("GET /x\n  |> sleep({argument})")).call("GET /x");
        assert_eq!(run.error_text("type"), "sleepError", "{argument}");
        assert!(run.error_text("message").contains("250ms"), "{argument}");
    }
    let drawn = try_load("GET /x\n  |> sleep: \"200\"", &rejoin_steps::registry())
        .expect_err("there is no unit");
    assert!(drawn.contains("`200` is not a length of time"), "{drawn}");
}
