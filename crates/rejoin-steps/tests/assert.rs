//! `assert` in programs.

mod support;

use rejoin_value::{Array, Value, json};
use support::{load, try_load};

/// The path of what does not fit, or nothing.
fn wrong(schema: &str, body: Value) -> Option<String> {
    let run = load(&format!("POST /x\n  |> jq: `.body`\n  |> assert: `{schema}`"))
        .call_with("POST /x", body);
    run.answer().error.as_ref()?;
    assert_eq!(run.error_text("type"), "assertionError");
    assert_eq!(run.error_text("rule"), "assert");
    assert_eq!(run.error_text("code"), "assert_failed");
    assert_eq!(run.error_text("field"), run.error_text("context"));
    Some(run.error_text("field").to_owned())
}

#[test]
fn every_part_of_the_grammar() {
    for (schema, good, bad) in [
        ("{ a: string }", json!({"a": ""}), json!({"a": 1})),
        ("{ a: string(1..2) }", json!({"a": "äö"}), json!({"a": "abc"})),
        ("{ a: number }", json!({"a": 1.5}), json!({"a": "1"})),
        ("{ a: bool }", json!({"a": false}), json!({"a": null})),
        ("{ a: boolean }", json!({"a": false}), json!({"a": 0})),
        ("{ a: null }", json!({"a": null}), json!({"a": false})),
        ("{ a: email }", json!({"a": "a@b.c"}), json!({"a": "ab.c"})),
        ("{ a: true }", json!({"a": true}), json!({"a": false})),
        ("{ a: false }", json!({"a": false}), json!({"a": true})),
        ("{ a: 7 }", json!({"a": 7}), json!({"a": 8})),
        ("{ a: 7 }", json!({"a": 7.0}), json!({"a": 7.5})),
        ("{ a: -1.5e1 }", json!({"a": (-15)}), json!({"a": 15})),
        ("{ a: \"x\" | \"y\" }", json!({"a": "y"}), json!({"a": "z"})),
        ("{ a: string | null }", json!({"a": null}), json!({"a": 1})),
        ("{ a: [] }", json!({"a": [1, "x"]}), json!({"a": {}})),
        ("{ a: [number] }", json!({"a": []}), json!({"a": 1})),
        ("{ \"a\": any ... b?: unknown, }", json!({"a": 1}), json!({"b": 1})),
    ] {
        assert_eq!(wrong(schema, good), None, "{schema}");
        let field = wrong(schema, bad).unwrap_or_else(|| panic!("{schema}"));
        assert_eq!(field, "a", "{schema}");
    }
}

#[test]
fn the_path_leads_to_the_value() {
    for (schema, body, path) in [
        ("string", json!({}), "$"),
        ("[number]", json!([1, "x"]), "$[1]"),
        ("{ rows: [{ sku: string }] }", json!({"rows": [{"sku": "a"}, {"sku": 1}]}), "rows[1].sku"),
        ("{ rows: [{ sku: string }] }", json!({"rows": [{}]}), "rows[0].sku"),
        ("{ \"odd key\": { x: null } }", json!({"odd key": {"x": 1}}), "$[\"odd key\"].x"),
        ("{ a: { b: string } | null }", json!({"a": {"b": 1}}), "a.b"),
        ("{ a: { b: string } | { c: string } }", json!({"a": {"b": 1}}), "a"),
        ("{ a?: string }", json!({"a": null}), "a"),
    ] {
        assert_eq!(wrong(schema, body), Some(path.to_owned()), "{schema}");
    }
}

#[test]
fn other_keys_are_allowed_and_the_state_stays() {
    let run = load("GET /x/:id\n  |> assert: `{ params: { id: number } }`\n  |> jq: `.params.id`")
        .call("GET /x/7");
    assert_eq!(run.body(), "7");
}

#[test]
fn the_error_shows_no_value() {
    let run = load("POST /x\n  |> assert: `{ body: { pin: 1 | null } }`")
        .call_with("POST /x", json!({"pin": "secret-4711"}));
    let message = run.error_text("message");
    assert_eq!(message, "`body.pin` must be 1 or null, not string");
    let wrong = |schema: &str| {
        let program = format!("POST /x\n  |> assert: `{{ body: {{ pin: {schema} }} }}`");
        let run = load(&program).call_with("POST /x", json!({"pin": "secret-4711"}));
        run.error_text("message").to_owned()
    };
    assert_eq!(
        wrong("string(4)"),
        "`body.pin` must be a string of 4 characters, not another string"
    );
    assert_eq!(wrong("true | \"x\""), "`body.pin` must be true or \"x\", not another string");
}

#[test]
fn deep_and_wide_values_end() {
    let mut deep = json!(1);
    for _ in 0..500 {
        deep = Value::Array(Array::from_vec(vec![deep]));
    }
    let nested = format!("{}number{}", "[".repeat(60), "]".repeat(60));
    assert!(wrong(&nested, deep).is_some_and(|path| path == format!("${}", "[0]".repeat(60))));
    let wide = Value::from_iter((0..200_000).map(Value::from));
    assert_eq!(wrong("[string | number | null]", wide.clone()), None);
    assert_eq!(wrong("[[number] | string] | [number | { a: 1 }]", wide), None);
}

#[test]
fn a_wrong_schema_is_drawn_at_its_place() {
    let drawn = try_load("GET /x\n  |> assert: `{\n    a: strng\n  }`", &rejoin_steps::registry())
        .expect_err("there is no such type");
    assert!(drawn.contains("test.wp:3:8") && drawn.contains("`strng` is no type"), "{drawn}");
}
