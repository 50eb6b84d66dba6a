//! The state behaves as a Lua table does, and the original never changes.

use super::*;

const REQUEST: &str = r#"{
    "params": {"id": 7, "name": "Ada"},
    "items": [{"n": 1}, {"n": 2}, {"n": 3}],
    "tags": ["x", "y"],
    "holes": [1, null, 3],
    "none": null
}"#;

#[test]
fn reading() {
    for (script, expected) in [
        ("return request.params.id", "7"),
        ("return request['params']['name']", r#""Ada""#),
        ("return request.missing", "null"),
        ("return request.none", "null"),
        ("return request.items[2].n", "2"),
        ("return request.items[0]", "null"),
        ("return request.items[4]", "null"),
        ("return request.items[1.5]", "null"),
        ("return request.items.n", "null"),
        ("return request[1]", "null"),
        ("return #request.items", "3"),
        ("return #request.tags", "2"),
        ("return #request.params", "0"),
        ("return request.params == request.params", "true"),
        ("return request.items[1] == request.items[1]", "true"),
        ("return request.items[1] == request.items[2]", "false"),
        ("return type(request.params)", r#""table""#),
        ("return type(request.items)", r#""table""#),
        ("return request.user and request.user.vip", "null"),
        ("return next(request.tags)", "1"),
        ("return (next({}))", "null"),
        ("return rawget(request, 'tags')[1]", r#""x""#),
        ("return rawlen(request.tags)", "2"),
        ("return select('#', table.unpack(request.tags))", "2"),
        ("return select('#', unpack(request.tags))", "2"),
        ("return table.concat(request.tags, '-')", r#""x-y""#),
        ("return table.find(request.tags, 'y')", "2"),
        ("return getmetatable(request)", "null"),
        ("return rawequal(request.tags, request.tags)", "true"),
    ] {
        assert_eq!(lua(script, REQUEST), expected, "{script}");
    }
}

#[test]
fn iterating() {
    for (script, expected) in [
        ("local s = 0 for _, it in ipairs(request.items) do s += it.n end return s", "6"),
        ("local s = 0 for _, it in pairs(request.items) do s += it.n end return s", "6"),
        ("local s = 0 for _, it in request.items do s += it.n end return s", "6"),
        ("local s = 0 for _, it in next, request.items do s += it.n end return s", "6"),
        ("local n, s = next, 0 for _, it in n, request.items do s += it.n end return s", "6"),
        ("local s = 0 for i = 1, #request.items do s += request.items[i].n end return s", "6"),
        (
            "local k = {} for key in pairs(request.params) do table.insert(k, key) end table.sort(k) return k",
            r#"["id","name"]"#,
        ),
        ("local n = 0 for _ in ipairs(request.holes) do n += 1 end return n", "1"),
        ("local n = 0 for k, v in pairs(request) do n += 1 end return n", "4"),
    ] {
        assert_eq!(lua(script, REQUEST), expected, "{script}");
    }
}

#[test]
fn changing_is_seen_by_the_script_and_in_the_result() {
    for (script, expected) in [
        ("request.x = 1 return request.x", "1"),
        ("request.params.id = 8 return request.params", r#"{"id":8,"name":"Ada"}"#),
        ("local p = request.params p.id = 9 return request.params.id", "9"),
        ("request.params.deep = {a = 1} return request.params.deep.a", "1"),
        ("request.params = nil return request.params", "null"),
        (
            "local p = request.params; request.params = nil return {request.params == nil, p.id}",
            "[true,7]",
        ),
        (
            "local p = request.params; request.params = nil; local n = 0 for k in pairs(request) do n += 1 end return n",
            "3",
        ),
        ("local i = request.items; i[1] = nil; i[2] = nil return #request.items", "3"),
        ("request.items[1].n = 10 return request.items", r#"[{"n":10},{"n":2},{"n":3}]"#),
        (
            "local a = request.items[3]; a.n = 'c' return request.items",
            r#"[{"n":1},{"n":2},{"n":"c"}]"#,
        ),
        ("table.insert(request.tags, 'z') return request.tags", r#"["x","y","z"]"#),
        ("table.insert(request.tags, 1, 'w') return request.tags", r#"["w","x","y"]"#),
        ("return table.remove(request.tags, 1) .. #request.tags", r#""x1""#),
        (
            "table.sort(request.items, function(a, b) return a.n > b.n end) return request.items",
            r#"[{"n":3},{"n":2},{"n":1}]"#,
        ),
        (
            "table.sort(request.tags, function(a, b) return a > b end) return request.tags",
            r#"["y","x"]"#,
        ),
        ("request.tags[#request.tags + 1] = 'q' return request.tags", r#"["x","y","q"]"#),
        ("rawset(request, 'r', 1) return request.r", "1"),
        ("local put = table.insert put(request.tags, 'z') return request.tags", r#"["x","y","z"]"#),
        ("local get = rawget return get(request, 'tags')", r#"["x","y"]"#),
        ("return table.move(request.tags, 1, 2, 1, {})", r#"["x","y"]"#),
        ("table.move({5}, 1, 1, 3, request.tags) return request.tags", r#"["x","y",5]"#),
        (
            "setmetatable(request.params, {__index = {more = 1}}) return request.params.more + request.params.id",
            "8",
        ),
        ("local t = setmetatable({}, {__index = request.params}) return t.id", "7"),
        ("table.clear(request.params) return request.params", "{}"),
        ("local r = request; request = 5; return r.params.id + request", "12"),
    ] {
        assert_eq!(lua(script, REQUEST), expected, "{script}");
    }
    // A change deep inside comes back within the whole.
    let whole = lua("request.items[2].n = 'two' return request", REQUEST);
    assert_eq!(
        parsed(&whole).path(&["items"]).unwrap().to_json(),
        r#"[{"n":1},{"n":"two"},{"n":3}]"#
    );
}

#[test]
fn the_original_is_never_changed() {
    let original = parsed(REQUEST);
    for script in [
        "request.params.id = 0 request.items[1].n = 0 table.insert(request.tags, 'z') return request",
        "for k in pairs(request) do request[k] = nil end return request",
        "table.clear(request.items) return request",
        "table.sort(request.items, function(a, b) return a.n > b.n end) return request.items",
    ] {
        let changed = try_lua(script, &original).expect(script);
        assert_ne!(changed, original, "{script}");
        assert_eq!(original, parsed(REQUEST), "{script}");
    }
}

#[test]
fn untouched_parts_are_shared_and_not_copied() {
    let original = parsed(REQUEST);
    let result =
        try_lua("request.params.id = 0 return {state = request, again = request.tags}", &original)
            .expect("it runs");
    let items = result.path(&["state", "items"]).expect("the items are there");
    assert!(items.ptr_eq(original.get("items").unwrap()));
    assert!(result.get("again").unwrap().ptr_eq(original.get("tags").unwrap()));
    assert!(try_lua("return request", &original).unwrap().ptr_eq(&original));
}

#[test]
fn the_context_is_read_only() {
    assert_eq!(lua("return context.request.params.id", "null"), "7");
    assert_eq!(lua("return #context.request.tags", "null"), "2");
    assert_eq!(lua("return context.request.tags", "null"), r#"["a","b"]"#);
    assert_eq!(lua("context = 5 return context", "null"), "5");
    for script in [
        "context.x = 1",
        "context.request = nil",
        "local r = context.request.params; context.request = nil",
        "context.request.params.id = 8",
        "local p = context.request.params; local id = p.id; p.id = 8",
        "table.insert(context.request.tags, 'c')",
        "for k, v in pairs(context.request) do v.x = 1 end",
        "rawset(context, 'a', 1)",
        "table.clear(context.request)",
        "setmetatable(context, {})",
    ] {
        let message = error(script);
        assert!(message.contains("read") && message.starts_with("line 1"), "{script}: {message}");
    }
}

#[test]
fn functions_reach_the_surroundings() {
    let recorded = Recorded::default();
    recorded.set_flag("beta", true);
    let script = Chunk::compile(
        "setWhen('vip', request.user and request.user.vip)
         setWhen('yes', 0)
         setFlag('on', true)
         setFlag('off')
         print('hello', request, 1.0, nil)
         return {getFlag('beta'), getFlag('other'), getWhen('yes'), getWhen('vip'), getEnv('REGION'), getEnv('HOME') == nil}",
    )
    .unwrap();
    let result =
        run(&script, &parsed(r#"{"a": [1]}"#), &Value::Null, Box::new(recorded.clone()), limits());
    assert_eq!(result.unwrap().to_json(), r#"[true,false,true,false,"north",true]"#);
    let flags = format!("{:?}", recorded.flags.lock().unwrap());
    assert_eq!(flags, r#"{"beta": true, "off": false, "on": true}"#);
    let conditions = format!("{:?}", recorded.conditions.lock().unwrap());
    assert_eq!(conditions, r#"{"vip": false, "yes": true}"#);
    assert_eq!(*recorded.printed.lock().unwrap(), ["hello\t{\"a\":[1]}\t1\tnil"]);
}

#[test]
fn errors_tell_the_line() {
    for (script, expected) in [
        ("local x = nil\nreturn x.y", "line 2: attempt to index nil with 'y'"),
        ("\n\nerror('out of stock')", "line 3: out of stock"),
        ("error('no place', 0)", "line 1: no place"),
        ("local t\n table.insert(t, 1)", "line 2: invalid argument #1 to 'insert'"),
        ("return 1 < {}", "line 1: attempt to compare"),
        ("error({code = 1})", "line 1: the script raised a table"),
        ("coroutine.wrap(function()\n error('inside') end)()", "line 2: inside"),
        ("for _ in pairs(nil) do end", "line 1: "),
        ("nothere()", "line 1: attempt to call a nil value"),
        ("setFlag()", "line 1: "),
    ] {
        let message = error(script);
        assert!(message.starts_with(expected), "{script}: {message}");
        assert!(!message.contains("prelude") && !message.contains("traceback"), "{message}");
    }
}
