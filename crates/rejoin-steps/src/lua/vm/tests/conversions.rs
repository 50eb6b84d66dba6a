//! JSON to Lua and back.

use super::*;

#[test]
fn results_become_json() {
    for (script, expected) in [
        ("", "null"),
        ("return nil", "null"),
        ("return null", "null"),
        ("return true, 2, 3", "true"),
        ("return 3", "3"),
        ("return 6 / 2", "3"),
        ("return 7 / 2", "3.5"),
        ("return 2^40", "1099511627776"),
        ("return 0/0", "0"),
        ("return 1/0", "0"),
        ("return {-1/0}", "[0]"),
        ("return print", r#""[function]""#),
        ("return {a = {1, {b = print}}}", r#"{"a":[1,{"b":"[function]"}]}"#),
        ("return {coroutine.create(print)}", r#"["[thread]"]"#),
        (
            "return {math.type(1), math.type(1.5), math.type(1/0), math.type('1') or '-'}",
            r#"["integer","float","float","-"]"#,
        ),
        (
            "return {math.tointeger(4 / 2), math.tointeger(1.5) or '-', math.tointeger('x') or '-'}",
            r#"[2,"-","-"]"#,
        ),
        ("return 'ä→'", r#""ä→""#),
        ("return {}", "{}"),
        ("return array()", "[]"),
        ("return array({})", "[]"),
        ("return array({1, 2})", "[1,2]"),
        ("return {1, 2, 3}", "[1,2,3]"),
        ("return {b = 1, a = 2}", r#"{"a":2,"b":1}"#),
        ("return {1, null, 3}", "[1,null,3]"),
        ("return {1, nil, 3}", r#"{"1":1,"3":3}"#),
        ("return {[0] = 1}", r#"{"0":1}"#),
        ("return {[-1] = 1}", r#"{"-1":1}"#),
        ("return {[1.5] = 1}", r#"{"1.5":1}"#),
        ("return {1, 2, n = 2}", r#"{"1":1,"2":2,"n":2}"#),
        ("return {a = {b = {c = {}}}}", r#"{"a":{"b":{"c":{}}}}"#),
        ("return {a = nil}", "{}"),
        ("return {a = null}", r#"{"a":null}"#),
        ("return setmetatable({a = 1}, {__index = {b = 2}})", r#"{"a":1}"#),
        ("local t = {1}; return {t, t}", "[[1],[1]]"),
        ("return table.pack(1, 2)", r#"{"1":1,"2":2,"n":2}"#),
        ("return string.format('%d', 3)", r#""3""#),
        ("return tostring(3) .. '/' .. 3", r#""3/3""#),
        ("return math.floor(3.7)", "3"),
        ("return 1e300", "1e+300"),
    ] {
        assert_eq!(lua(script, "null"), expected, "{script}");
    }
}

#[test]
fn what_is_no_json_names_its_path() {
    for (script, expected) in [
        ("return {[true] = 1}", "a table with a boolean as a key, at `.`"),
        ("return {a = {[{}] = 1}}", "a table with a table as a key, at `.a`"),
        ("return {a = {['\\255'] = 1}}", "a key that is not UTF-8, at `.a`"),
        ("return {name = '\\255'}", "a string that is not UTF-8, at `.name`"),
        ("local t = {}; t.a = {t}; return t", "a table that contains itself, at `.a[0]`"),
        ("request.a.b = request; return request", "a table that contains itself, at `.a.b`"),
        ("local t = {}; for i = 1, 1000 do t = {t} end; return t", "nested more than 128 deep"),
        ("local t = {}; for i = 1, 60 do t = {t, t} end; return t", "more than 32 MiB"),
        ("request = nil; local t = array(); t[2^30] = 1; return t", "more than 32 MiB"),
    ] {
        let message = try_lua(script, &parsed(r#"{"a": {}}"#)).expect_err(script).to_string();
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
        "[1,null,null]",
        "[null]",
        r#"{"z":1,"a":null,"m":{"id":9007199254740993,"v":1.0},"list":[1,null,3,null],"e":[]}"#,
        &deep,
    ] {
        assert_eq!(lua("return request", text), text);
    }
    // Also when every level was opened, key by key or as a whole.
    let text =
        r#"{"z":1,"a":null,"m":{"id":9007199254740993,"v":1.0},"list":[1,null,3,null],"e":[]}"#;
    let read = "local _ = request.m.id, request.list[1], request.e[1]; return request";
    assert_eq!(lua(read, text), text);
    let opened = "
        local function walk(t)
            for _, v in pairs(t) do if type(v) == 'table' then walk(v) end end
        end
        walk(request)
        return request";
    assert_eq!(lua(opened, text), text);
}

#[test]
fn an_array_of_the_state_stays_an_array() {
    let request = r#"{"items": [1, 2], "none": []}"#;
    for (script, expected) in [
        ("return request.none", "[]"),
        ("return {got = request.none}", r#"{"got":[]}"#),
        ("table.remove(request.items); table.remove(request.items); return request.items", "[]"),
        ("for i = 1, 2 do request.items[i] = nil end return request.items", "[]"),
        ("table.insert(request.none, 5) return request.none", "[5]"),
        ("request.items[4] = 4 return request.items", "[1,2,null,4]"),
        ("table.remove(request.items, 1) return request", r#"{"items":[2],"none":[]}"#),
        ("return table.clone(request.items)", "[1,2]"),
    ] {
        assert_eq!(lua(script, request), expected, "{script}");
    }
}

#[test]
fn big_integers_pass_through_exactly_wherever_they_go() {
    let request = r#"{"id": 9007199254740993, "huge": -123456789012345678901234567890, "ok": 9007199254740992}"#;
    for (script, expected) in [
        ("return request.id", "9007199254740993"),
        (
            "return {id = request.id, list = {request.huge}}",
            r#"{"id":9007199254740993,"list":[-123456789012345678901234567890]}"#,
        ),
        ("return tostring(request.id)", r#""9007199254740993""#),
        ("return 'id-' .. request.id .. '!'", r#""id-9007199254740993!""#),
        ("return request.id == request.id", "true"),
        ("local seen = {}; seen[request.id] = 'x'; return seen[request.id]", r#""x""#),
        ("return request.huge < request.id", "true"),
        ("return request.id + 1", "9007199254740992"),
        ("return 1 - request.id", "-9007199254740991"),
        ("return -request.id", "-9007199254740992"),
        ("return request.id // 10", "900719925474099"),
        ("return type(request.ok)", r#""number""#),
        ("return request.ok", "9007199254740992"),
    ] {
        let expected = expected.to_owned();
        assert_eq!(lua(script, request), expected, "{script}");
    }
}

#[test]
fn the_order_of_keys_is_kept_and_new_ones_follow_by_name() {
    let request = r#"{"z": 1, "k": 2, "a": 3}"#;
    let script =
        "request.k = nil; request.new = 1; request.more = 2; request.z = 'Z'; return request";
    assert_eq!(lua(script, request), r#"{"z":"Z","a":3,"more":2,"new":1}"#);
}
