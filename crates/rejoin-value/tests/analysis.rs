//! What is known of a program without running it.

use rejoin_value::jq::{PathKey, Program};

fn reads(source: &str) -> Vec<String> {
    let program = Program::compile(source, &["context"]).expect(source);
    let shown = |read: &rejoin_value::jq::PathRead| {
        let keys: String = read
            .keys
            .iter()
            .map(|key| match key {
                PathKey::Key(key) => format!(".{key}"),
                PathKey::Index(n) => format!("[{n}]"),
                PathKey::Any => ".*".to_owned(),
            })
            .collect();
        let safe = if read.safe { "?" } else { "" };
        format!("{}{safe}", if keys.is_empty() { "." } else { &keys })
    };
    program.reads().iter().map(shown).collect()
}

#[test]
fn reads_are_static_paths() {
    for (source, expected) in [
        (".async.users.data", &[".async.users.data"][..]),
        (".async | .users | .data", &[".async.users.data"]),
        (r#".["async"]["x"]"#, &[".async.x"]),
        (r#".async."x".y"#, &[".async.x.y"]),
        ("{a: .async.a, b: .data.b}", &[".async.a", ".data.b"]),
        ("{async}", &[".async"]),
        (". as $s | {x: $s.async.x}", &[".async.x"]),
        (". as {async: {u: $u}} | $u.data", &[".async.u.data"]),
        (".async.x.data // null", &[".async.x.data?"]),
        (".async.x?", &[".async.x?"]),
        ("try .async.x catch null", &[".async.x?"]),
        (".async[.key]", &[".async.*", ".key"]),
        (".async[]", &[".async.*"]),
        (".async | to_entries", &[".async", ".async.*"]),
        ("if .async.a then .b else .c end", &[".async.a", ".b", ".c"]),
        ("reduce .async.items[] as $i (0; . + $i.n)", &[".async.items.*"]),
        ("def f: .async.a; f", &[".async.a"]),
        ("def f(g): .async | g; f(.a)", &[".async.a"]),
        (".a |= .b", &[".", ".a.b"]),
        (". + {x: 1} | .async.u", &[".async.u"]),
        ("has(\"async\")", &[".async?"]),
        ("getpath([\"async\", \"x\"])", &[".async.x"]),
        ("$context.flags", &[]),
        ("[.items[] | select(.id == 3)] | length", &[".items.*"]),
        ("\"\\(.async.a) and \\(.b)\"", &[".async.a", ".b"]),
        (".", &["."]),
        ("tojson", &[".", ".*"]),
        ("1", &[]),
    ] {
        let mut found = reads(source);
        found.sort();
        let mut expected: Vec<String> = expected.iter().map(|s| (*s).to_owned()).collect();
        expected.sort();
        assert_eq!(found, expected, "{source}");
    }
}

#[test]
fn a_read_has_the_span_of_its_path() {
    let source = "{n: .name, u: .async.users.data}";
    let program = Program::compile(source, &[]).expect(source);
    let spans: Vec<_> = program.reads().iter().map(|read| &source[read.span.clone()]).collect();
    assert_eq!(spans, [".name", ".async.users.data"]);
    // `\ud83d\ude00` is one character.
    let source = r#"[.a, "\ud83d\ude00", .b, "\ud83d", .c]"#;
    let program = Program::compile(source, &[]).expect(source);
    let spans: Vec<_> = program.reads().iter().map(|read| &source[read.span.clone()]).collect();
    assert_eq!(spans, [".a", ".b", ".c"]);
}

#[test]
fn error_types_are_literal() {
    let types = |source: &str| Program::compile(source, &[]).expect(source).error_types().to_vec();
    assert_eq!(types(r#"{errors: [{type: "authError", message: "no"}]}"#), ["authError"]);
    assert_eq!(
        types(r#"if .a then {errors: [{type: "a"}]} else . + {errors: [{type: "b"}]} end"#),
        ["a", "b"]
    );
    assert_eq!(types(r#".errors += [{type: (if .x then "x" else "y" end)}]"#), ["x", "y"]);
    assert!(types(r#"{type: "notAnError"}"#).is_empty());
}

#[test]
fn bounded_means_bounded_by_the_input() {
    let bounded = |source: &str| Program::compile(source, &[]).expect(source).is_bounded();
    for source in [
        ".a.b",
        "{a: .x.y, n: (.items | length)}",
        "[.items[] | {id, n: .name}]",
        ".items | map(select(.n > 1)) | group_by(.k) | map({k: .[0].k, sum: (map(.n) | add)})",
        ".a // \"x\"",
        "if .a then 1 else 2 end",
        "\"\\(.a)-\\(.b)\"",
        ".a as $a | .b + $a",
    ] {
        assert!(bounded(source), "{source}");
    }
    for source in [
        "range(1e9)",
        "def f: f; f",
        "[.. | numbers]",
        "reduce range(9) as $i (0; . + 1)",
        "\"x\" * .n",
        "repeat(.)",
        "until(false; .)",
        "[.[] as $a | .[] as $b | .[] as $c | 1]",
        "test(\"a*\")",
    ] {
        assert!(!bounded(source), "{source}");
    }
}
