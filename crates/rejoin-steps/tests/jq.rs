//! `jq` in programs.

mod support;

use std::time::Duration;

use support::{load, try_load};

#[test]
fn the_first_output_is_the_state_and_no_output_is_null() {
    for (program, expected) in [
        ("{ id: .params.id }", r#"{"id":7}"#),
        (".params.id, 2", "7"),
        ("empty", "null"),
        (".nothing.at.all", "null"),
        (".nothing // \"default\"", r#""default""#),
        ("[.params[] | . + 1]", "[8]"),
        ("def f: if . > 100 then . else . * 2 | f end; .params.id | f", "112"),
        ("[limit(3; 1 | repeat(.))]", "[1,1,1]"),
        ("reduce range(10) as $n (0; . + $n)", "45"),
    ] {
        let run = load(&format!("GET /x/:id\n  |> jq: `{program}`")).call("GET /x/7");
        assert_eq!(run.body(), expected, "{program}");
    }
}

#[test]
fn the_context_is_there() {
    let program = load(
        "GET /x/:id
           |> lua: `setWhen('a', true) setFlag('b', true) return 1`
           |> jq: `{ id: $context.request.params.id, a: $context.conditions.a, b: $context.flags.b }`",
    );
    assert_eq!(program.call("GET /x/7").body(), r#"{"id":7,"a":true,"b":true}"#);
}

#[test]
fn an_error_is_an_envelope_with_jqs_words() {
    let run = load("GET /x\n  |> jq: `.path + 1`").call("GET /x");
    assert_eq!(run.error_text("type"), "jqError");
    assert_eq!(run.error_text("step"), "jq");
    assert_eq!(run.error_text("location"), "test.wp:2");
    assert!(run.error_text("message").contains("cannot be added"), "{}", run.error());

    let run = load("GET /x\n  |> jq: `error(\"out of stock\")`").call("GET /x");
    assert_eq!(run.error_text("message"), "out of stock");

    let run = load("GET /x\n  |> jq: `{ errors: [{ type: \"stockError\" }] }`\n  |> jq: `.never`")
        .call("GET /x");
    assert_eq!(run.answer().error.as_deref(), Some("stockError"));
}

#[test]
fn a_program_that_spins_fails_at_its_limit_and_nothing_else_does() {
    for program in [
        "def f: f; f",
        "[range(1e12)]",
        "last(range(1e15))",
        "def f: [f, f]; f",
        "reduce range(1e9) as $n (\"x\"; . + .)",
        "[recurse([., .])]",
        "until(false; .)",
        "try (def f: f; f) catch 1",
    ] {
        let fixture =
            load(&format!("GET /spin\n  |> jq: `{program}`\n\nGET /fine\n  |> jq: `1 + 1`"))
                .with_limits(Duration::from_millis(100), 8 << 20);
        let run = fixture.call("GET /spin");
        assert_eq!(run.error_text("type"), "jqError", "{program}");
        assert_eq!(fixture.call("GET /fine").body(), "2");
    }
}

#[test]
fn the_configuration_sets_the_limits() {
    for (config, key) in [
        ("config jq {\n  timeout: 20ms\n}", "timeout"),
        ("config scripts {\n  timeout: 20ms\n}", "timeout"),
        ("config jq {\n  fuel: 1000\n}", "fuel"),
        ("config jq {\n  memory: 100000\n}", "memory"),
    ] {
        let program = if key == "memory" { "[range(1e6)]" } else { "def f: f; f" };
        let run = load(&format!("{config}\nGET /x\n  |> jq: `{program}`")).call("GET /x");
        let end = format!("; `{key}` in `config jq` sets it");
        assert!(run.error_text("message").ends_with(&end), "{}", run.error());
    }
}

#[test]
fn a_wrong_program_is_found_when_it_is_loaded() {
    let drawn = try_load("GET /x\n  |> jq: `{ a: .b | }`", &rejoin_steps::registry())
        .expect_err("the program is wrong");
    assert!(drawn.contains("test.wp:2"), "{drawn}");
    let drawn = try_load("GET /x\n  |> jq: `nosuch(1)`", &rejoin_steps::registry())
        .expect_err("the program is wrong");
    assert!(drawn.contains("nosuch"), "{drawn}");
}
