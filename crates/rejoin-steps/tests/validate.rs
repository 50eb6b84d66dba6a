//! `validate` in programs.

mod support;

use rejoin_value::{Value, json};
use support::{load, try_load};

/// `field rule` of what a body breaks, or nothing.
fn broken(rules: &str, body: Value) -> Option<String> {
    let run = load(&format!("POST /x\n  |> validate: `{rules}`\n  |> jq: `{{ body }}`"))
        .call_with("POST /x", body.clone());
    if run.answer().error.is_none() {
        assert_eq!(run.answer().body.get("body"), Some(&body), "the state is left as it is");
        return None;
    }
    assert_eq!(run.error_text("type"), "validationError");
    assert_eq!(run.error_text("field"), run.error_text("context"));
    Some(format!("{} {}", run.error_text("field"), run.error_text("rule")))
}

#[test]
fn each_kind_accepts_and_refuses() {
    for (kind, good, bad) in [
        (
            "string",
            vec![json!("x"), json!(" ")],
            vec![
                (json!(""), "required"),
                (json!(7), "required"),
                (json!(null), "required"),
                (json!(["x"]), "required"),
            ],
        ),
        (
            "string(2..3)",
            vec![json!("ab"), json!("äöü")],
            vec![(json!("a"), "minLength"), (json!("abcd"), "maxLength"), (json!(""), "minLength")],
        ),
        (
            "string(..2)",
            vec![json!("ab")],
            vec![(json!(""), "required"), (json!("abc"), "maxLength")],
        ),
        ("string(0..2)", vec![json!("")], vec![(json!("abc"), "maxLength")]),
        ("string(2..)", vec![json!("abc")], vec![(json!("a"), "minLength")]),
        (
            "string(2)",
            vec![json!("ab")],
            vec![(json!("a"), "minLength"), (json!("abc"), "maxLength")],
        ),
        ("email", vec![json!("a@b.c")], vec![(json!("a@b"), "email"), (json!(1), "email")]),
        ("number", vec![json!(0), json!(-1.5)], vec![(json!("1"), "required")]),
        (
            "number(0..1.5)",
            vec![json!(0), json!(1.5)],
            vec![(json!(-1), "minimum"), (json!(2), "maximum")],
        ),
        ("boolean", vec![json!(true), json!(false)], vec![(json!(0), "required")]),
        ("bool", vec![json!(true)], vec![(json!("true"), "required")]),
    ] {
        let rules = format!("f: {kind}");
        for value in good {
            assert_eq!(broken(&rules, json!({"f": value})), None, "{kind}");
        }
        for (value, rule) in bad {
            let expected = Some(format!("f {rule}"));
            assert_eq!(broken(&rules, json!({"f": (value.clone())})), expected, "{kind}: {value}");
        }
        assert_eq!(broken(&rules, json!({})), Some("f required".to_owned()), "{kind}");
    }
}

#[test]
fn the_first_rule_that_is_broken_counts_on_one_line_or_several() {
    for rules in ["a: string, b: number", "a: string\nb: number", "{ a: string,\n b: number, }"] {
        assert_eq!(broken(rules, json!({"a": "x", "b": 1, "c": 2})), None);
        assert_eq!(broken(rules, json!({"a": "x", "b": "y"})), Some("b required".into()));
        assert_eq!(broken(rules, json!({"b": "y"})), Some("a required".into()));
    }
}

#[test]
fn an_optional_field_may_be_absent_but_not_wrong() {
    assert_eq!(broken("a?: email", json!({})), None);
    assert_eq!(broken("a?: email", json!({"a": null})), None);
    assert_eq!(broken("a?: email", json!({"a": ""})), Some("a email".into()));
}

#[test]
fn a_body_that_is_no_object_does_not_pass() {
    for body in [json!([{"a": "x"}]), json!("a=x"), json!(null), json!(7)] {
        assert_eq!(broken("a?: string", body), Some("body required".into()));
    }
}

#[test]
fn without_a_body_the_state_is_checked() {
    let run = load(
        "GET /x
  |> jq: `{ items: [{ title: \"a\" }, { title: \"\" }, \"b\"] }`
  |> foreach items
    |> validate: `title: string`
  end
  |> jq: `.items | map(.errors[0].field)`",
    )
    .call("GET /x");
    assert_eq!(run.body(), r#"[null,"title","body"]"#);
}

#[test]
fn the_state_survives_beside_the_error() {
    let run = load(
        "POST /x/:id
  |> validate: `a: string` @error(wrongOrder)
  |> result
    wrongOrder(422):
      |> jq: `{ id: .params.id, field: .errors[0].field }`",
    )
    .call("POST /x/7");
    assert_eq!(run.body(), r#"{"id":7,"field":"a"}"#);
    assert_eq!(run.answer().status, Some(422));
}

#[test]
fn hostile_bodies_are_only_data() {
    let long = "x".repeat(1 << 20);
    assert_eq!(broken("a: string(..9)", json!({"a": (long.as_str())})), Some("a maxLength".into()));
    let run = load("POST /x\n  |> validate: `a: number`")
        .call_with("POST /x", json!({"a": (long.as_str())}));
    assert!(run.error().to_json().len() < 200, "the value is not in the error");
    assert_eq!(
        broken("__proto__: string", json!({"__proto__": 1})),
        Some("__proto__ required".into())
    );
}

#[test]
fn a_kind_that_there_is_not_only_asks_that_the_field_is_there() {
    let program = load(
        "POST /x
           |> validate: `age: nmber`
           |> result
             ok(200):
               |> jq: `{ ok: .body.age }`
             validationError(400):
               |> jq: `{ rule: .errors[0].rule }`",
    );
    assert_eq!(program.call_with("POST /x", json!({"age": "old"})).body(), r#"{"ok":"old"}"#);
    assert_eq!(program.call_with("POST /x", json!({})).body(), r#"{"rule":"required"}"#);
}

#[test]
fn wrong_rules_are_drawn_at_their_place() {
    let drawn = try_load(
        "POST /x\n  |> validate: `\n    name: string\n    age: number(9..1)\n  `",
        &rejoin_steps::registry(),
    )
    .expect_err("nothing is between these bounds");
    assert!(
        drawn.contains("test.wp:4:10") && drawn.contains("`number(9..1)` is no kind"),
        "{drawn}"
    );
}
