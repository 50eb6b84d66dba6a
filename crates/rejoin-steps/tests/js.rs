//! `js` in programs. What scripts can do and cannot is tested beside the interpreter.

mod support;

use std::time::Duration;

use rejoin_value::json;
use support::{load, try_load};

#[test]
fn what_is_returned_is_the_state() {
    for (script, expected) in [
        ("return { id: request.params.id + 1 }", r#"{"id":8}"#),
        ("const unused = 1", "null"),
        ("return {}", "{}"),
        ("return context.request.path", r#""/x/7""#),
        ("return getEnv('REGION')", r#""north""#),
        ("return getEnv('HOME')", "null"),
    ] {
        let run = load(&format!("GET /x/:id\n  |> js: `{script}`")).call("GET /x/7");
        assert_eq!(run.body(), expected, "{script}");
    }
}

#[test]
fn request_keys_survive_a_script_that_is_not_last() {
    let program = load(
        "GET /x/:id
           |> js: `return { a: 1 }`
           |> jq: `{ a, id: .params.id }`",
    );
    assert_eq!(program.call("GET /x/7").body(), r#"{"a":1,"id":7}"#);
}

#[test]
fn conditions_and_flags_hold_for_later_steps() {
    let program = load(
        "GET /x
           |> js: `
             setWhen('vip', request.query.vip > 1);
             setFlag('beta', request.query.vip > 1);
             return { base: !getWhen('vip') && !getFlag('beta') };
           `
           |> jq: `. + { vip: true }` @when(vip)
           |> jq: `. + { beta: true }` @flag(beta)
           |> jq: `{ base, vip, beta }`",
    );
    let vip = program.call("GET /x?vip=2").body();
    assert_eq!(vip, r#"{"base":true,"vip":true,"beta":true}"#);
    let plain = program.call("GET /x").body();
    assert_eq!(plain, r#"{"base":true,"vip":null,"beta":null}"#);
}

#[test]
fn a_script_sees_the_flags_and_conditions_that_held_when_it_began() {
    let program = load(
        "GET /x
           |> lua: `setWhen('a', true) setFlag('b', true)`
           |> js: `
             setWhen('a', false); setFlag('b', false); setWhen('c', true); setWhen('c', true)
             if (!getWhen('a') || !getFlag('b') || getWhen('c')) throw new Error('not as it began');
           `
           |> js: `return [ getWhen('a'), getFlag('b'), getWhen('c') ]`",
    );
    // Also when it runs in place, as scripts do that are known to be quick.
    for _ in 0..100 {
        assert_eq!(program.call("GET /x").body(), "[false,false,true]");
    }
}

#[test]
fn what_a_script_changes_is_not_seen_by_a_task_that_started_before() {
    let program = load(
        "GET /x
           |> jq: `{ list: [1, 2, 3] }`
           |> jq: `.list` @async(before)
           |> js: `request.list[0] = 'changed'; request.list.push(4); return request`
           |> join: `before`
           |> jq: `{ before: .async.before, after: .list }`",
    );
    assert_eq!(program.call("GET /x").body(), r#"{"before":[1,2,3],"after":["changed",2,3,4]}"#);
}

#[test]
fn nothing_of_a_request_is_there_in_the_next() {
    let program = load(
        "POST /x
           |> js: `
             try { globalThis.last = request.body.user } catch {}
             try { Object.prototype.last = request.body.user } catch {}
             return { last: ({}).last ?? null, user: request.body.user }
           `",
    );
    let calls = ["ada", "bob"].map(|user| ("POST /x", json!({"user": user}))).into();
    let bodies: Vec<_> = program.call_all(calls).iter().map(|run| run.body()).collect();
    assert_eq!(bodies, [r#"{"last":null,"user":"ada"}"#, r#"{"last":null,"user":"bob"}"#]);
}

#[test]
fn an_error_is_an_envelope_with_the_line() {
    let run = load("GET /x\n  |> js: `\n    const t = null;\n    return t.x;\n  `").call("GET /x");
    assert_eq!(run.error_text("type"), "jsError");
    assert!(run.error_text("message").starts_with("line 3: TypeError: "), "{}", run.error());
}

#[test]
fn print_goes_to_the_log() {
    let run = load("GET /x\n  |> js: `print('got', request.query); return 1`").call("GET /x?a=1");
    assert_eq!(run.log(), ["debug got\t{\"a\":1}"]);
}

#[test]
fn a_script_that_spins_fails_at_its_limit_and_nothing_else_does() {
    for script in [
        "while (true) { try { while (true) {} } catch {} }",
        "const t = []; while (true) t.push('x'.repeat(1000) + t.length)",
        "return /^(a+)+$/.test('a'.repeat(40) + 'b')",
    ] {
        let fixture =
            load(&format!("GET /spin\n  |> js: `{script}`\n\nGET /fine\n  |> js: `return 2`"))
                .with_limits(Duration::from_millis(100), 8 << 20);
        let run = fixture.call("GET /spin");
        assert_eq!(run.error_text("type"), "jsError", "{script}");
        assert!(run.error_text("message").starts_with("the script "), "{}", run.error());
        assert_eq!(fixture.call("GET /fine").body(), "2");
    }
}

#[test]
fn the_configuration_sets_the_limits() {
    for (config, message) in [
        ("config js {\n  timeout: 20ms\n}", "its limit of 20ms; `timeout` in `config js` sets it"),
        ("config scripts {\n  timeout: 30ms\n}", "its limit of 30ms"),
    ] {
        let run = load(&format!("{config}\nGET /x\n  |> js: `while (true) {{}}`")).call("GET /x");
        assert!(run.error_text("message").contains(message), "{}", run.error());
    }
    let config = "config js {\n  memory: 4194304\n}";
    let run = load(&format!("{config}\nGET /x\n  |> js: `return 'x'.repeat(5e6)`")).call("GET /x");
    let message =
        "the script held more memory than its limit of 4 MiB; `memory` in `config js` sets it";
    assert_eq!(run.error_text("message"), message);
}

#[test]
fn a_wrong_script_is_found_when_the_program_is_loaded() {
    let drawn = try_load("GET /x\n  |> js: `\n    const a = = 2\n  `", &rejoin_steps::registry())
        .expect_err("the script is wrong");
    assert!(drawn.contains("test.wp:3:15"), "{drawn}");
}
