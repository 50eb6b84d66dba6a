//! JSON to JavaScript and back.

use super::*;

#[test]
fn results_become_json() {
    for (script, expected) in [
        ("", "null"),
        ("return", "null"),
        ("return undefined", "null"),
        ("return null", "null"),
        ("return true", "true"),
        ("return 3", "3"),
        ("return 6 / 2", "3"),
        ("return 7 / 2", "3.5"),
        ("return 2 ** 40", "1099511627776"),
        ("return 0 / 0", "null"),
        ("return 1 / 0", "null"),
        ("return 'ä→😀'", r#""ä→😀""#),
        ("return {}", "{}"),
        ("return []", "[]"),
        ("return [1, , undefined, null]", "[1,null,null,null]"),
        ("return {b: 1, a: undefined, c: () => 1}", r#"{"b":1}"#),
        ("return new Date(0)", r#""1970-01-01T00:00:00.000Z""#),
        ("return new Map([[1, 2]])", "{}"),
        ("return {toJSON: () => 'shown'}", r#""shown""#),
        ("return [...new Set([3, 3, 4])]", "[3,4]"),
        ("class P { x = 1; #y = 2; get z() { return 3 } } return new P()", r#"{"x":1}"#),
        ("return context.request.params.id", "7"),
        ("return getEnv('REGION') + (getEnv('HOME') ?? '?')", r#""north?""#),
        (
            "const o = {}; o.constructor = 1; o.toString = 2; return o",
            r#"{"constructor":1,"toString":2}"#,
        ),
        ("const o = JSON.parse('{\"__proto__\": 1}'); return o", r#"{"__proto__":1}"#),
        ("const e = new Error('x'); e.name = 'Mine'; return String(e)", r#""Mine: x""#),
        ("return arguments.length", "2"),
        ("return `${[1, [2, [3]]].flat(Infinity)}`", r#""1,2,3""#),
        ("return [10, 9, 1].sort()", "[1,10,9]"),
        ("return [3, 1, 2].toSorted((a, b) => b - a)", "[3,2,1]"),
        (
            "return JSON.stringify({a: [1, 'x']}, null, 1)",
            r#""{\n \"a\": [\n  1,\n  \"x\"\n ]\n}""#,
        ),
        ("return JSON.stringify({a: 1, b: 2}, ['b'])", r#""{\"b\":2}""#),
        ("return '\\ud800'", "\"\u{fffd}\""),
        ("return (await_ => await_)(1) // a comment at the end", "1"),
    ] {
        assert_eq!(js(script, "null"), expected, "{script}");
    }
}

#[test]
fn promises_are_waited_for_as_long_as_something_is_left_to_run() {
    for (script, expected) in [
        ("return Promise.resolve(1)", "1"),
        ("return (async () => { await null; return 2 })()", "2"),
        (
            "let n = 0; Promise.resolve().then(() => n++); return (async () => { await 0; await 0; return n })()",
            "1",
        ),
    ] {
        assert_eq!(js(script, "null"), expected, "{script}");
    }
    let error = try_js("return new Promise(() => {})", &Value::Null).expect_err("it never ends");
    assert!(error.to_string().contains("promise"), "{error}");
    let error = try_js("return Promise.reject(new TypeError('no'))", &Value::Null).expect_err("no");
    assert_eq!(error.to_string(), "line 1: TypeError: no");
}

#[test]
fn what_is_no_json_says_so() {
    for (script, expected) in [
        ("return () => 1", "the result is a function"),
        ("return Symbol('x')", "the result is a symbol"),
        ("const a = []; a.push(a); return a", "circular"),
        ("request.a.b = request; return request", "circular"),
        ("return 10n", "BigInt"),
    ] {
        let message = try_js(script, &parsed(r#"{"a": {}}"#)).expect_err(script).to_string();
        assert!(message.contains(expected), "{script}: {message}");
    }
}

#[test]
fn the_state_comes_back_as_it_was() {
    let deep = format!("{}1{}", "[".repeat(400), "]".repeat(400));
    for text in [
        "null",
        "true",
        "\"x\"",
        "1.0",
        "-0.0",
        "12345678901234567890123",
        "[]",
        "{}",
        "[[],{},null]",
        r#"{"z":1,"2":"b","1":null,"m":{"id":9007199254740993,"v":1.0},"list":[1,null,3],"e":[]}"#,
        &deep,
    ] {
        assert_eq!(js("return request", text), text);
    }
}

#[test]
fn what_was_not_changed_is_the_very_value_that_went_in() {
    let state = parsed(r#"{"big": {"list": [1, 2.0, "x"]}, "n": 1}"#);
    let after = try_js("request.n++; return request", &state).unwrap();
    assert!(after.get("big").unwrap().ptr_eq(state.get("big").unwrap()));
    assert_eq!(after.to_json(), r#"{"big":{"list":[1,2.0,"x"]},"n":2}"#);
}

#[test]
fn big_integers_pass_through_exactly_wherever_they_go() {
    let request = r#"{"id": 9007199254740993, "huge": -123456789012345678901234567890, "ok": 9007199254740992}"#;
    for (script, expected) in [
        ("return request.id", "9007199254740993"),
        (
            "return {id: request.id, list: [request.huge]}",
            r#"{"id":9007199254740993,"list":[-123456789012345678901234567890]}"#,
        ),
        ("return String(request.id)", r#""9007199254740993""#),
        ("return `id-${request.id}!`", r#""id-9007199254740993!""#),
        ("return request.id === request.id", "true"),
        ("return new Map([[request.id, 'x']]).get(request.id)", r#""x""#),
        ("return request.huge < request.id", "true"),
        ("return request.id + 1", "9007199254740992"),
        ("return 1 - request.id", "-9007199254740991"),
        ("return -request.id", "-9007199254740992"),
        ("return typeof request.ok", r#""number""#),
        ("return request.ok", "9007199254740992"),
        ("return JSON.stringify(request.id)", r#""9007199254740992""#),
        ("request.id.x = 1", "an error"),
    ] {
        let got =
            try_js(script, &parsed(request)).map_or("an error".into(), |value| value.to_json());
        assert_eq!(got, expected, "{script}");
    }
}

#[test]
fn the_order_of_keys_is_kept_and_new_ones_follow() {
    let request = r#"{"z": 1, "9": 2, "a": 3}"#;
    let script =
        "delete request.a; request.new = 1; request[7] = 2; request.z = 'Z'; return request";
    assert_eq!(js(script, request), r#"{"z":"Z","9":2,"7":2,"new":1}"#);
}

#[test]
fn an_error_has_its_line() {
    for (script, expected) in [
        ("let t = null;\nreturn t.x", "line 2: TypeError: "),
        ("\n\nthrow new Error('mine')", "line 3: mine"),
        ("function f() {\n  throw new RangeError('deep')\n}\nf()", "line 2: RangeError: deep"),
        ("throw 'a text'", "a text"),
        ("throw {a: 1}", "the script threw"),
        ("undeclared = 1", "line 1: ReferenceError: "),
        ("[1].map(() => {\n nothing() })", "line 2: ReferenceError: "),
    ] {
        let message = try_js(script, &Value::Null).expect_err(script).to_string();
        assert!(message.starts_with(expected), "{script}: {message}");
    }
}
