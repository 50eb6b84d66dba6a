//! Text to value and back: what is accepted, what is not and why, and that nothing is lost.

#[path = "../../../tests/seeded.rs"]
mod seeded;

use proptest::prelude::*;
use rejoin_value::{
    Array, Number, Object, Value,
    json::{self, ParseLimits},
};

#[test]
fn accepted() {
    for (text, printed) in [
        ("null", "null"),
        (" true ", "true"),
        ("\t[\n1 ,\r2 ]", "[1,2]"),
        ("\u{feff}1", "1"),
        ("0", "0"),
        ("-0", "-0"),
        ("-0.0", "-0.0"),
        ("1.0", "1.0"),
        ("1.50", "1.5"),
        ("1e2", "100"),
        ("1E+2", "100"),
        ("1e-2", "0.01"),
        ("0e5", "0"),
        ("123456789012345678", "123456789012345678"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9223372036854775808"),
        ("-123456789012345678901234567890", "-123456789012345678901234567890"),
        ("1e400", "1.7976931348623157e+308"),
        ("-1e400", "-1.7976931348623157e+308"),
        ("1e-400", "0"),
        ("0.1", "0.1"),
        ("5e-324", "5e-324"),
        ("\"\"", "\"\""),
        (r#""a\"\\\/\b\f\n\r\t""#, r#""a\"\\/\b\f\n\r\t""#),
        (r#""\u00e9\u20ac""#, "\"é€\""),
        (r#""\ud83d\ude00""#, "\"😀\""),
        (r#""\ud83d""#, "\"\u{fffd}\""),
        (r#""\ude00x""#, "\"\u{fffd}x\""),
        (r#""\ud83d\u0041""#, "\"\u{fffd}A\""),
        (r#""\u0000\u001f\u007f""#, r#""\u0000\u001f\u007f""#),
        ("\"é€😀\"", "\"é€😀\""),
        ("\"a long plain text\u{7f}and more\"", "\"a long plain text\\u007fand more\""),
        ("[]", "[]"),
        ("{}", "{}"),
        ("[[[]]]", "[[[]]]"),
        (r#"{"a":1,"b":{"c":[]}}"#, r#"{"a":1,"b":{"c":[]}}"#),
        (r#"{"b":1,"a":2}"#, r#"{"b":1,"a":2}"#),
        (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
        (r#"{"":0}"#, r#"{"":0}"#),
        (r#"{"a\u0062":1}"#, r#"{"ab":1}"#),
    ] {
        let value = Value::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(value.to_json(), printed, "{text}");
    }
}

#[test]
fn rejected() {
    for (text, offset, message) in [
        ("", 0, "expected a value, found the end"),
        ("  ", 2, "expected a value, found the end"),
        ("nul", 0, "expected `null`, found `n`"),
        ("True", 0, "expected a value, found `T`"),
        ("NaN", 0, "expected a value, found `N`"),
        ("Infinity", 0, "expected a value, found `I`"),
        ("-Infinity", 1, "expected a digit, found `I`"),
        ("01", 0, "numbers have no leading zeros"),
        ("-01", 1, "numbers have no leading zeros"),
        ("+1", 0, "expected a value, found `+`"),
        (".5", 0, "expected a value, found `.`"),
        ("1.", 2, "expected a digit behind the point, found the end"),
        ("1e", 2, "expected a digit of the exponent, found the end"),
        ("1 2", 2, "expected the end of the document, found `2`"),
        ("{} x", 3, "expected the end of the document, found `x`"),
        ("[1,]", 3, "expected a value, found `]`"),
        ("[1 2]", 3, "expected `,` or `]`, found `2`"),
        ("[1", 2, "expected `,` or `]`, found the end"),
        ("[1}", 2, "expected `,` or `]`, found `}`"),
        ("{", 1, "expected a key in double quotes or `}`, found the end"),
        ("{a:1}", 1, "expected a key in double quotes or `}`, found `a`"),
        ("{\"a\" 1}", 5, "expected `:`, found `1`"),
        ("{\"a\":}", 5, "expected a value, found `}`"),
        ("{\"a\":1,}", 7, "expected a key in double quotes, found `}`"),
        ("{\"a\":1", 6, "expected `,` or `}`, found the end"),
        ("\"abc", 4, "expected `\"`, found the end"),
        ("'a'", 0, "expected a value, found `'`"),
        ("\"a\nb\"", 2, "control characters in strings are written as escapes"),
        (r#""\x""#, 2, r"expected an escape such as `\n` or `\u00e9`, found `x`"),
        (r#""\u12g4""#, 5, "expected four hexadecimal digits, found `g`"),
        ("// c\n1", 0, "expected a value, found `/`"),
        ("[1,\n2,\n  x]", 9, "expected a value, found `x`"),
        ("é", 0, "expected a value, found `é`"),
    ] {
        let error = Value::parse(text.as_bytes()).expect_err(text);
        assert_eq!((error.offset(), error.message()), (offset, message), "{text}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_rejected() {
    for (text, offset) in [(&b"\"a\xff\""[..], 2), (b"\"\xc3\"", 1), (b"\"\xed\xa0\x80\"", 1)] {
        let error = Value::parse(text).expect_err("not UTF-8");
        assert_eq!((error.offset(), error.message()), (offset, "expected UTF-8 text"));
    }
    assert!(Value::parse(b"\xff").is_err());
}

#[test]
fn places_count_lines_and_characters() {
    let error = Value::parse("[\n  \"é€\", x]".as_bytes()).expect_err("an error");
    assert_eq!((error.line(), error.column()), (2, 9));
    assert_eq!(error.to_string(), "expected a value, found `x` at line 2, column 9");
}

#[test]
fn nesting_and_size_are_limited_and_never_overflow() {
    for open in ["[", "{\"a\":"] {
        let error = Value::parse(open.repeat(100_000).as_bytes()).expect_err("too deep");
        assert_eq!(error.message(), "nested deeper than 512 levels");
    }
    let limits = ParseLimits { depth: u32::MAX, ..ParseLimits::default() };
    let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = json::parse_with(text.as_bytes(), limits).expect("no limit");
    assert_eq!(deep.depth_within(512), None);
    // Clone, compare, print, change and drop: none of them recurses with the depth.
    let other = json::parse_with(text.as_bytes(), limits).expect("no limit");
    assert!(deep == other && deep.cmp(&other).is_eq());
    assert_eq!(json::to_vec(&deep).len(), text.len());
    let mut built = Value::Null;
    for n in 0..100_000 {
        let mut object = Object::new();
        object.insert("a", built);
        built = if n % 2 == 0 { Value::from(vec![Value::Object(object)]) } else { object.into() };
    }
    assert_eq!(built.depth_within(512), None);
    drop((deep, other, built));
    let error = json::parse_with(b"[1,2]", ParseLimits { size: 4, ..limits }).expect_err("size");
    assert_eq!(error.message(), "document of 5 bytes, more than the 4 allowed");
}

#[test]
fn pretty_is_as_jq_prints() {
    let value = Value::parse(br#"{"a":[1,{}],"b":{"c":[]},"d":"x"}"#).expect("JSON");
    let pretty =
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  },\n  \"d\": \"x\"\n}";
    assert_eq!(String::from_utf8(json::to_vec_pretty(&value)).expect("UTF-8"), pretty);
}

#[test]
fn values_are_small_shared_and_ordered() {
    assert!(size_of::<Value>() <= 24);
    let value = Value::parse(br#"{"a":{"b":[1,2,3]}}"#).expect("JSON");
    let mut copy = value.clone();
    assert!(copy.ptr_eq(&value));
    copy.as_object_mut().expect("an object").insert("c", 1);
    assert_eq!(value.to_json(), r#"{"a":{"b":[1,2,3]}}"#);
    // What the change did not touch is still shared.
    assert!(copy.get("a").expect("a").ptr_eq(value.get("a").expect("a")));
    assert!(Value::parse(b"1").expect("1") == Value::parse(b"1.0").expect("1.0"));
    let long = |text: &str| Number::parse(text).expect("a number");
    assert_ne!(long("100000000000000000001"), long("100000000000000000002"));
    assert!(long("9007199254740993") > long("9007199254740992.0"));
    assert!(long("-100000000000000000001") < long("-1e19"));
}

#[test]
fn large_objects_find_their_keys() {
    let mut object = Object::new();
    for n in 0..1000 {
        object.insert(format!("k{n}"), n);
    }
    assert!((0..1000).all(|n| object.get(&format!("k{n}")) == Some(&Value::from(n))));
    for n in (0..1000).step_by(2) {
        assert_eq!(object.remove(&format!("k{n}")), Some(Value::from(n)));
    }
    assert_eq!(object.len(), 500);
    assert!((0..1000).all(|n| object.contains_key(&format!("k{n}")) == (n % 2 == 1)));
    assert_eq!(object.keys().next().map(|key| key.as_str()), Some("k1"));
    let text = Value::Object(object.clone()).to_json();
    assert_eq!(Value::parse(text.as_bytes()).expect("JSON"), Value::Object(object));
}

fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Between these bounds whole doubles are written with digits that only round to them.
        any::<f64>()
            .prop_filter("unequal to its digits", |x| x.abs() < 9e15
                || (1e40..1e308).contains(&x.abs()))
            .prop_map(Value::from),
        "[0-9]{1,40}".prop_map(|s| Number::parse(&s).expect("digits").into()),
        ".{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 64, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8)
                .prop_map(|items| Value::Array(items.into_iter().collect::<Array>())),
            prop::collection::vec((".{0,4}", inner), 0..24)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Object>())),
        ]
    })
}

proptest! {
    #![proptest_config(seeded::cases(256))]

    #[test]
    fn printing_and_parsing_loses_nothing(value in any_value()) {
        let text = json::to_vec(&value);
        let back = Value::parse(&text).expect("own text is JSON");
        prop_assert_eq!(&back, &value);
        prop_assert_eq!(json::to_vec(&back), text);
        let pretty = Value::parse(&json::to_vec_pretty(&value)).expect("own text is JSON");
        prop_assert_eq!(&pretty, &value);
    }

    /// The parser remembers the keys of a long text, and not those of a short one.
    #[test]
    fn a_long_text_reads_as_its_short_parts(value in any_value()) {
        let text = value.to_json();
        let times = 2 + 4096 / text.len();
        let long = format!("[{}]", vec![text.as_str(); times].join(","));
        let whole = Value::parse(long.as_bytes()).expect("own text is JSON");
        prop_assert_eq!(whole.as_array().map(|parts| parts.len()), Some(times));
        for part in whole.as_array().into_iter().flatten() {
            prop_assert_eq!(part, &value);
        }
    }

    #[test]
    fn another_parser_reads_the_same(value in any_value()) {
        let text = json::to_vec(&value);
        let other: serde_json::Value = serde_json::from_slice(&text).expect("JSON to others");
        let again = Value::parse(other.to_string().as_bytes()).expect("and back");
        // Other parsers round long integers.
        if !value.to_json().contains(|c: char| c.is_ascii_digit()) {
            prop_assert_eq!(again, value);
        }
    }

    #[test]
    fn order_is_total(a in any_value(), b in any_value(), c in any_value()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
        let mut sorted = [a, b, c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
    }
}

#[test]
fn mutated_text_is_read_or_refused_as_others_do() {
    let seed: u64 = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.expect("after 1970").as_nanos() as u64 | 1
    });
    println!("SEED={seed}");
    let mut state = seed;
    let mut below = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % n
    };
    let seeds: [&[u8]; 4] = [
        br#"{"a":[1,2.5,-3e7,"x\u00e9\n"],"b":{"c":null,"d":true},"a":"\ud83d\ude00"}"#,
        br#"[[],{},[[1]],"",0,-0.0,1e-5,123456789012345678901234567890]"#,
        "\"é€😀 \\\\ \\\" plain text of some length\"".as_bytes(),
        b" [ true , false , null ] ",
    ];
    let bytes = b"{}[]\",:\\u0123456789eE+-. \n\x00\x7f\xc3\xa9truefalsn";
    for turn in 0..20_000 {
        let mut text = seeds[below(seeds.len())].to_vec();
        for _ in 0..=below(4) {
            let at = below(text.len());
            match below(4) {
                0 => text[at] = bytes[below(bytes.len())],
                1 => text.insert(at, bytes[below(bytes.len())]),
                2 if text.len() > 1 => drop(text.remove(at)),
                _ => text.truncate(at.max(1)),
            }
        }
        let shown = String::from_utf8_lossy(&text).into_owned();
        let ours = Value::parse(&text);
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        // Half surrogates and numbers beyond doubles are errors elsewhere and read here.
        let stricter = shown.contains("\\u") || shown.contains(['e', 'E']);
        if !stricter || theirs.is_ok() {
            assert_eq!(ours.is_ok(), theirs.is_ok(), "SEED={seed} turn {turn}: {shown:?} {ours:?}");
        }
        if let Ok(value) = ours {
            let again = Value::parse(&json::to_vec(&value)).expect("own text is JSON");
            assert_eq!(again, value, "SEED={seed} turn {turn}: {shown:?}");
        }
    }
}

#[test]
fn what_a_large_double_prints_reads_as_that_double() {
    for text in ["12345678901234568E9", "-1e25", "1e30"] {
        let value = Value::parse(text.as_bytes()).expect("JSON");
        let again = Value::parse(value.to_json().as_bytes()).expect("own text is JSON");
        assert_eq!(again, value, "{text}");
        assert_eq!(again.to_json(), value.to_json());
    }
    let exact = "12345678901234567890123456789";
    assert_eq!(Value::parse(exact.as_bytes()).expect("JSON").to_json(), exact);
}
