//! Scripts that mean harm are stopped by a limit, and the next script does not notice.

use std::sync::atomic::Ordering;

use super::*;

fn run_hostile(script: &str, request: &Value) -> Result<Value, ScriptError> {
    let chunk = Chunk::compile(script).unwrap_or_else(|problem| panic!("{script}: {problem:?}"));
    let limits =
        Limits { time: Duration::from_millis(100), memory: 16 << 20, stop: Arc::default() };
    let result = run(&chunk, request, &Value::Null, Box::new(Recorded::default()), limits);
    assert_eq!(lua("local t = {} for i = 1, 10 do t[i] = i end return #t", "null"), "10");
    result
}

#[test]
fn runaway_scripts_are_stopped_by_time() {
    let big = Value::from((0..20_000).map(|n| Value::from(n * 7 % 20_011)).collect::<Vec<_>>());
    for script in [
        "while true do end",
        "repeat until false",
        "for i = 1, 1e15 do end",
        "local function f() return f() end while true do pcall(f) end",
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "local function f() pcall(f) pcall(f) while true do end end f()",
        "while true do pcall(error) end",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "local f = function() while true do coroutine.yield() end end local c = coroutine.wrap(f) while true do c() end",
        "while true do pcall(coroutine.wrap(function() while true do end end)) end",
        "while true do local t = setmetatable({}, {__index = function() while true do end end}) pcall(function() return t.x end) end",
        "local t = setmetatable({}, {__eq = function() return true end, __lt = function() while true do end end}) return t < t",
        "return string.find(string.rep('a', 50), string.rep('a?', 50) .. string.rep('a', 50) .. 'b')",
        "return string.match(string.rep('a', 30000), '.-.-.-.-b')",
        "return string.gsub(string.rep('a', 3000), '(.-)(.-)(.-)(.-)(.-)(.-)b', '')",
        "while true do pcall(string.match, string.rep('a', 30000), '.-.-.-.-b') end",
        "for s in string.gmatch(string.rep('a', 30000), '.-.-.-.-b') do end",
        "while true do table.sort(request) end",
        "while true do local _ = #request end",
        "while true do local x = string.rep('x', 1e6) end",
        "while true do for k, v in pairs(request) do end end",
        "while true do print('x') end",
        "while true do setFlag('a', true) end",
        "while true do local t = table.clone(request) end",
        "local s = 'x' while true do s = string.gsub(s, 'x', 'x') end",
        "table.sort(request, function() while true do end end)",
        "while true do tostring(setmetatable({}, {__tostring = function() while true do end end})) end",
        "return setmetatable({}, {__iter = function() while true do end end}), (function() while true do end end)()",
        "for _ in setmetatable({}, {__iter = function() while true do end end}) do end",
    ] {
        let error = run_hostile(script, &big).expect_err(script);
        assert!(matches!(error, ScriptError::TooLong(_)), "{script}: {error}");
    }
}

#[test]
fn greedy_scripts_are_stopped_by_memory_or_an_error() {
    for script in [
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "return string.rep('x', 2^30)",
        "return ('x'):rep(2^30, 'y')",
        "local t = table.create(2^26, 0) return #t",
        "local t = {} for i = 1, 1e9 do t[i] = i end",
        "return table.concat(table.create(2^18, string.rep('x', 2^10)))",
        "local function f(...) return f(1, ...) end return f()",
        "local function f() return 1 + f() end return f()",
        "local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x",
        "local t = {} t.__index = t setmetatable(t, t) return t.x",
        "return table.unpack({}, 1, 1e8)",
        "return string.byte(string.rep('x', 1e7), 1, -1)",
        "return string.format('%99999d', 1)",
        "local f f = function() return coroutine.wrap(f)() end return f()",
        "local s = string.rep('a', 5e6) return string.gsub(s, 'a', string.rep('b', 1000))",
        "local s = string.rep('a', 6e6) return string.find(s, string.rep('a', 3e6) .. 'b', 1, true)",
        "local s = string.rep('a', 6e6) return string.split(s, string.rep('a', 3e6) .. 'b')",
        "local s = string.rep('(', 40000) return string.match(s, s)",
        "local s = string.rep('%(', 40000) return string.find(s, string.rep('(', 40))",
        "local t = {} for i = 1, 250 do t = setmetatable({}, {__index = t}) end return setmetatable({}, {__index = t}).x.y",
        "local t = {} for i = 1, 25 do t = {t, t} end return t",
        "return utf8.char(table.unpack(table.create(1e6, 65)))",
        "error(string.rep('x', 1e9))",
        "local co = {} while true do co[#co + 1] = coroutine.create(function() end) end",
    ] {
        let error = run_hostile(script, &Value::Null).expect_err(script);
        assert!(!matches!(error, ScriptError::Stopped), "{script}: {error}");
        assert!(error.to_string().len() < 1000, "{script}: a long message");
    }
}

#[test]
fn a_result_of_very_many_tables_is_no_trouble() {
    let chunk = Chunk::compile("local t = {} for i = 1, 1.01e6 do t[i] = {} end return t").unwrap();
    let limits = Limits { time: Duration::from_secs(60), memory: 512 << 20, stop: Arc::default() };
    let result = run(&chunk, &Value::Null, &Value::Null, Box::new(Recorded::default()), limits);
    assert_eq!(result.expect("it fits").as_array().map(|list| list.len()), Some(1_010_000));
    assert_eq!(lua("return 1", "null"), "1");
}

#[test]
fn a_limit_that_the_script_hushes_up_is_still_an_error() {
    let script = "pcall(function() while true do end end) return 'fine'";
    let error = run_hostile(script, &Value::Null).expect_err("it reached its limit");
    assert!(matches!(error, ScriptError::TooLong(_)), "{error}");
}

#[test]
fn a_script_that_catches_its_lack_of_memory_may_go_on() {
    let script = "local ok = pcall(string.rep, 'x', 2^29) return ok";
    assert_eq!(run_hostile(script, &Value::Null), Ok(Value::from(false)));
}

#[test]
fn a_raised_flag_stops_a_script() {
    let chunk =
        Chunk::compile("while true do pcall(function() while true do end end) end").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let limits = Limits { time: Duration::from_secs(3600), memory: 16 << 20, stop: stop.clone() };
    let running = std::thread::spawn(move || {
        run(&chunk, &Value::Null, &Value::Null, Box::new(Recorded::default()), limits)
    });
    stop.store(true, Ordering::Relaxed);
    assert_eq!(running.join().expect("no panic"), Err(ScriptError::Stopped));
}

#[test]
fn printing_is_bounded() {
    let recorded = Recorded::default();
    let chunk =
        Chunk::compile("for i = 1, 5000 do print(i) end print(string.rep('x', 1e6))").unwrap();
    run(&chunk, &Value::Null, &Value::Null, Box::new(recorded.clone()), limits()).unwrap();
    let printed = recorded.printed.lock().unwrap();
    assert_eq!(printed.len(), 1000);
    assert!(printed[999].contains("too much"));
    drop(printed);

    let recorded = Recorded::default();
    let chunk = Chunk::compile("print(string.rep('x', 1e6))").unwrap();
    run(&chunk, &Value::Null, &Value::Null, Box::new(recorded.clone()), limits()).unwrap();
    assert!(recorded.printed.lock().unwrap()[0].len() < 10_000);
}
