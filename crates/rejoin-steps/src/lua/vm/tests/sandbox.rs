//! Scripts reach nothing that they should not, and leave nothing behind.

use super::*;

#[test]
fn unsafe_names_do_not_exist() {
    for name in [
        "io",
        "debug",
        "package",
        "require",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "collectgarbage",
        "gcinfo",
        "_G",
        "os.execute",
        "os.exit",
        "os.remove",
        "os.rename",
        "os.getenv",
        "os.tmpname",
        "string.dump",
        "buffer",
        "vector",
        "module",
        "integer",
        "class",
    ] {
        assert_eq!(lua(&format!("return {name} == nil"), "null"), "true", "{name}");
    }
}

#[test]
fn safe_names_exist() {
    for name in [
        "string.format",
        "string.rep",
        "string.gsub",
        "string.split",
        "table.insert",
        "table.sort",
        "math.floor",
        "math.random",
        "utf8.char",
        "bit32.band",
        "os.time",
        "os.date",
        "os.clock",
        "coroutine.wrap",
        "pcall",
        "xpcall",
        "tonumber",
        "tostring",
        "select",
        "assert",
        "next",
    ] {
        assert_eq!(lua(&format!("return type({name})"), "null"), r#""function""#, "{name}");
    }
}

#[test]
fn shared_tables_cannot_be_changed() {
    for script in [
        "string.format = nil",
        "table.insert = print",
        "math.pi = 3",
        "os.time = nil",
        "rawset(string, 'x', 1)",
        "rawset(math, 'x', 1)",
        "table.clear(string)",
        "table.insert(table, 1)",
        "setmetatable(string, {})",
        "setmetatable('', {})",
        "getmetatable('').__index.upper = nil",
        "getmetatable('').__index = {}",
        "getmetatable(request).__index = nil",
    ] {
        let failed = try_lua(script, &parsed(r#"{"a": 1}"#));
        assert!(failed.is_err(), "{script}: {failed:?}");
    }
    assert_eq!(lua("return getmetatable('')", "null"), r#""locked""#);
    assert_eq!(lua("return ('x'):upper() .. string.format('%d', 1)", "null"), r#""X1""#);
}

#[test]
fn globals_vanish_with_their_call() {
    assert_eq!(lua("leak = 1; string = {}; pairs = nil; request = nil; return leak", "null"), "1");
    assert_eq!(lua("return leak == nil and string.rep('a', 2) and pairs ~= nil", "null"), "true");
    // The same chunk again: its function is kept, its globals are not.
    let chunk = Chunk::compile("count = (count or 0) + 1; return count").unwrap();
    for _ in 0..3 {
        let result =
            run(&chunk, &Value::Null, &Value::Null, Box::new(Recorded::default()), limits());
        assert_eq!(result.unwrap(), Value::from(1));
    }
}

#[test]
fn a_shadowed_library_is_used_by_this_script_only() {
    let script = "math = {floor = function() return 'mine' end} return math.floor(1.5)";
    assert_eq!(lua(script, "null"), r#""mine""#);
    assert_eq!(lua("return math.floor(1.5)", "null"), "1");
}

#[test]
fn each_call_sees_its_own_request() {
    let chunk = Chunk::compile("return {request.id, context.id}").unwrap();
    for id in 0..5 {
        let request = parsed(&format!(r#"{{"id": {id}}}"#));
        let context = parsed(&format!(r#"{{"id": {}}}"#, id * 10));
        let result = run(&chunk, &request, &context, Box::new(Recorded::default()), limits());
        assert_eq!(result.unwrap().to_json(), format!("[{id},{}]", id * 10));
    }
}

#[test]
fn the_seed_of_random_does_not_carry_over() {
    let seeded = "math.randomseed(1) return {math.random(1e9), math.random(1e9)}";
    assert_eq!(lua(seeded, "null"), lua(seeded, "null"));
    let free = "return {math.random(1e9), math.random(1e9)}";
    lua(seeded, "null");
    let first = lua(free, "null");
    lua(seeded, "null");
    assert_ne!(first, lua(free, "null"));
}

#[test]
fn a_mirror_shows_nothing_of_its_inside() {
    let script = "
        local seen = {}
        for k, v in next, request do table.insert(seen, tostring(k)) end
        for k, v in request do table.insert(seen, tostring(k)) end
        table.sort(seen)
        return seen";
    assert_eq!(lua(script, r#"{"a": 1, "b": {}}"#), r#"["a","a","b","b"]"#);
    assert_eq!(lua("return getmetatable(request.b) == nil", r#"{"b": {}}"#), "true");
}

#[test]
fn vms_on_many_threads_do_not_meet() {
    let chunk = Arc::new(
        Chunk::compile(
            "total = 0
             for _, n in ipairs(request.list) do total += n end
             request.list[1] = 'changed'
             setFlag(request.name, true)
             return {request.name, total}",
        )
        .unwrap(),
    );
    let shared = parsed(r#"{"list": [1, 2, 3, 4]}"#);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (chunk, shared) = (chunk.clone(), shared.clone());
            scope.spawn(move || {
                for turn in 0..200 {
                    let name = format!("{thread}-{turn}");
                    let mut request = shared.clone();
                    request.as_object_mut().unwrap().insert("name", name.as_str());
                    let recorded = Recorded::default();
                    let result =
                        run(&chunk, &request, &Value::Null, Box::new(recorded.clone()), limits());
                    assert_eq!(result.unwrap().to_json(), format!(r#"["{name}",10]"#));
                    assert_eq!(recorded.flags.lock().unwrap().len(), 1);
                }
            });
        }
    });
    assert_eq!(shared.to_json(), r#"{"list":[1,2,3,4]}"#);
}
