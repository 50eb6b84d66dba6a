//! The operations of `compute`, each with what it gives and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod alone;

use alone::{alone, loaded};

/// The value of an operation on literals, as JSON.
async fn of(operation: &str, inputs: &[&str]) -> String {
    let inputs: Vec<String> = inputs.iter().map(|input| format!("lit={input}")).collect();
    applied(operation, &inputs, &[]).await
}

/// The same on values that come from outside, of which nothing is known before.
async fn of_any(operation: &str, inputs: &[&str]) -> String {
    let given = (0..).zip(inputs).map(|(at, input)| (format!("i{at}"), (*input).to_owned()));
    let given: Vec<(String, String)> = given.collect();
    let inputs: Vec<String> = given.iter().map(|(name, _)| format!("var=\"{name}\"")).collect();
    applied(operation, &inputs, &given).await
}

async fn applied(operation: &str, inputs: &[String], given: &[(String, String)]) -> String {
    let inputs: String = inputs.iter().map(|input| format!("  input {input}\n")).collect();
    let text = format!(
        "step id=\"c\" kind=\"compute\"\n  op={operation}\n{inputs}  as=\"x\"\nend\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end"
    );
    let functions = loaded(&text);
    let program = alone(functions);
    program.run("main", given).await.unwrap().to_json().to_json()
}

#[tokio::test]
async fn what_they_give() {
    const NOON: &str = "\"2024-02-28T12:30:45Z\"";
    for (operation, inputs, gives) in [
        ("list_sort", vec!["[3, 1.5, 2]"], "[1.5,2,3]"),
        ("list_sort", vec![r#"["b", "a", "B"]"#], r#"["B","a","b"]"#),
        ("list_sort", vec!["[]"], "[]"),
        ("list_dedup", vec![r#"[1, "1", 1, [1], [1], none, none]"#], r#"[1,"1",[1],null]"#),
        ("list_slice", vec!["[1, 2, 3, 4]", "1", "3"], "[2,3]"),
        ("list_slice", vec!["[1, 2, 3, 4]", "2"], "[3,4]"),
        ("list_slice", vec!["[1, 2]", "-5", "99"], "[1,2]"),
        ("list_slice", vec!["[1, 2]", "2", "1"], "[]"),
        ("list_take", vec!["[1, 2, 3]", "2"], "[1,2]"),
        ("list_drop", vec!["[1, 2, 3]", "2"], "[3]"),
        (
            "map_entries",
            vec![r#"{"a": 1, "b": none}"#],
            r#"[{"key":"a","value":1},{"key":"b","value":null}]"#,
        ),
        ("map_keys", vec![r#"{"b": 1, "a": 2}"#], r#"["b","a"]"#),
        ("map_merge", vec![r#"{"a": 1, "b": 2}"#, r#"{"b": 3, "c": 4}"#], r#"{"a":1,"b":3,"c":4}"#),
        ("set_len", vec!["[1, 1, 2]"], "2"),
        ("set_is_empty", vec!["[]"], "true"),
        ("set_to_list", vec!["[2, 1, 2]"], "[2,1]"),
        ("set_has", vec![r#"[{"a": 1}]"#, r#"{"a": 1}"#], "true"),
        ("set_add", vec!["[1, 2]", "2"], "[1,2]"),
        ("set_add", vec!["[1]", "none"], "[1,null]"),
        ("set_remove", vec!["[1, 2, 1]", "1"], "[2]"),
        ("set_union", vec!["[1, 2]", "[2, 3]"], "[1,2,3]"),
        ("set_intersect", vec!["[1, 2, 3]", "[3, 2]"], "[2,3]"),
        ("set_diff", vec!["[1, 2, 3]", "[2]"], "[1,3]"),
        ("set_symmetric_diff", vec!["[1, 2]", "[2, 3]"], "[1,3]"),
        ("set_is_subset", vec!["[1]", "[1, 2]"], "true"),
        ("set_is_superset", vec!["[1]", "[1, 2]"], "false"),
        ("dt_year", vec![NOON], "2024"),
        ("dt_month", vec![NOON], "2"),
        ("dt_day", vec![NOON], "28"),
        ("dt_hour", vec!["\"2024-02-28T23:30:00-02:00\""], "1"),
        ("dt_minute", vec![NOON], "30"),
        ("dt_second", vec![NOON], "45"),
        ("dt_weekday", vec![NOON], "3"),
        ("dt_unix", vec!["\"1970-01-02\""], "86400"),
        ("dt_unix", vec!["-1"], "-1"),
        ("dt_add_days", vec![NOON, "2"], "\"2024-03-01T12:30:45Z\""),
        ("dt_add_hours", vec![NOON, "-13"], "\"2024-02-27T23:30:45Z\""),
        ("dt_add_minutes", vec![NOON, "30"], "\"2024-02-28T13:00:45Z\""),
        ("dt_add_seconds", vec!["0", "1"], "\"1970-01-01T00:00:01Z\""),
        ("dt_diff", vec!["\"2024-02-28\"", "\"2024-02-27\""], "86400"),
        ("dt_format", vec![NOON, "\"%d.%m.%Y %H:%M\""], "\"28.02.2024 12:30\""),
        ("bytes_len", vec!["\"aé\""], "3"),
        ("bytes_is_empty", vec!["\"\""], "true"),
        ("bytes_get", vec!["\"A\"", "0"], "65"),
        ("bytes_get", vec!["\"A\"", "1"], "null"),
        ("bytes_slice", vec!["\"hello\"", "1", "3"], "\"ZWw=\""),
        ("bytes_concat", vec!["\"a\"", "\"b\""], "\"YWI=\""),
        ("bytes_to_string", vec!["\"é\""], "\"é\""),
        ("bytes_to_base64", vec!["\"hello\""], "\"aGVsbG8=\""),
        ("bytes_to_hex", vec!["\"é\""], "\"c3a9\""),
    ] {
        assert_eq!(of(operation, &inputs).await, gives, "{operation} {inputs:?}");
    }
}

#[tokio::test]
async fn what_they_refuse() {
    for (operation, inputs, says) in [
        ("list_sort", vec![r#"[1, "a"]"#], "does not take Int and String in one list"),
        ("list_slice", vec!["3", "1", "2"], "does not take Int and Int and Int"),
        ("map_entries", vec!["[1]"], "does not take List"),
        ("set_union", vec!["[1]", "1"], "does not take List and Int"),
        ("bytes_len", vec!["3"], "does not take Int"),
        ("dt_year", vec!["true"], "does not take Bool"),
        ("dt_add_days", vec!["0", "9000000000000000000"], "leaves the calendar"),
        ("dt_format", vec!["0", "\"%Q%!\""], "is no format"),
        ("dt_year", vec!["\"tomorrow\""], "`tomorrow` is not a point in time"),
        ("dt_year", vec!["9000000000000000000"], "`9000000000000000000` is not a point in time"),
    ] {
        let value = of_any(operation, &inputs).await;
        assert!(value.contains(says), "{operation} {inputs:?}: {value}");
        assert!(value.contains("Error"), "{operation} {inputs:?}: {value}");
    }
}

#[tokio::test]
async fn nothing_in_nothing_out() {
    for (operation, inputs) in [
        ("dt_year", vec!["none"]),
        ("bytes_len", vec!["none"]),
        ("set_len", vec!["none"]),
        ("list_sort", vec!["none"]),
        ("map_entries", vec!["none"]),
    ] {
        assert_eq!(of(operation, &inputs).await, "null", "{operation}");
    }
}

#[tokio::test]
async fn values_are_compared_deeply() {
    for (operation, inputs, gives) in [
        ("equals", vec!["1", "1.0"], "true"),
        ("equals", vec!["[1, [2]]", "[1.0, [2.0]]"], "true"),
        ("equals", vec![r#"{"a": 1, "b": [none]}"#, r#"{"b": [none], "a": 1}"#], "true"),
        ("equals", vec![r#"{"a": 1}"#, r#"{"a": 1, "b": none}"#], "false"),
        ("not_equals", vec!["9223372036854775807", "9223372036854775808.0"], "true"),
        ("list_contains", vec!["[1, 2]", "2.0"], "true"),
        ("list_index_of", vec![r#"[0, {"a": 1, "b": 2}]"#, r#"{"b": 2, "a": 1}"#], "1"),
        ("list_dedup", vec!["[1, 1.0, 2]"], "[1,2]"),
        ("set_union", vec!["[1]", "[1.0, 2]"], "[1,2]"),
    ] {
        assert_eq!(of(operation, &inputs).await, gives, "{operation} {inputs:?}");
    }
}
