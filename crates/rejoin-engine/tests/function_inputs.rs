//! What functions are given from outside: JSON becomes values of the types that their signatures name, or is refused with its place.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod alone;

use alone::{alone, loaded};
use rejoin_engine::{Datum, FunctionProgram};
use rejoin_value::Value;

const TYPES: &str = r#"
snippet id="t.types" kind="module"
types
  struct name="Stock" field name="n" type="Int" field name="note" type="String" optional field name="unit" type="String" default="kg" end
  struct name="Store" field name="by_code" type="Map<String, Stock>" field name="all" type="Pile" field name="worth" type="Float" optional end
  struct name="DepotError" field name="reason" type="String" end
  struct name="Box" field name="n" type="Int" field name="label" type="Label" field name="side" type="String | None" end
  alias name="Label" type="String?"
  struct name="Loose" field name="deep" type="Int" optional end
  enum name="Shape" variant name="Circle" field name="r" type="Int" end variant name="Dot" end end
  alias name="Pile" type="Stock[]"
  alias name="Wet" type="DepotError"
  alias name="Either" type="Stock | DepotError"
  alias name="Form" type="Figure"
  alias name="Figure" type="Shape"
  alias name="Rounds" type="List<Form::Circle>"
  alias name="Maybe" type="Int | None"
end
end
"#;

/// A function `f` of a parameter `x` of this type.
fn program(kind: &str, body: &str) -> FunctionProgram {
    let text = format!(
        "{TYPES}snippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"x\" type=\"{kind}\" returns type=\"Any\" end end\n\
         body {body} end\nend"
    );
    let functions = loaded(&text);
    alone(functions)
}

const BACK: &str = "step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end";

/// What comes of it as an argument of the command line, and as a member of a body, which must be the same.
async fn given(kind: &str, body: &str, json: &str) -> Result<String, String> {
    let program = program(kind, body);
    let as_text = program.run("f", &[("x".to_owned(), json.to_owned())]).await;
    let body = Value::parse(format!("{{\"x\":{json}}}").as_bytes()).unwrap();
    let as_member = match program.arguments(0, &body, true) {
        Ok(arguments) => program.call(0, arguments).await,
        Err(error) => {
            assert_eq!(error.param, "x");
            Err(error.to_string())
        }
    };
    assert_eq!(as_text.is_ok(), as_member.is_ok(), "{kind}: {json}");
    as_member.map(|value| value.to_json().to_json())
}

#[tokio::test]
async fn json_is_made_into_what_the_parameter_names() {
    let kinds = ["Stock", "Shape::Circle", "Shape::Dot", "DepotError", "None", "List<Stock>"];
    let cases: String = (0..)
        .zip(kinds)
        .map(|(at, kind)| {
            format!("case variant type=\"{kind}\" step id=\"c{at}\" kind=\"return\" lit={at} as=\"_\" end end\n")
        })
        .collect();
    let matched = format!(
        "step id=\"m\" kind=\"match\" on=\"x\"\n{cases}case wildcard step id=\"w\" kind=\"return\" lit=\"other\" as=\"_\" end end as=\"_\" end"
    );
    for (kind, json, case) in [
        ("Stock", r#"{"n":4}"#, "0"),
        ("Stock", r#"{"type":"Stock","n":4}"#, "0"),
        ("Shape", r#"{"type":"Shape::Circle","r":4}"#, "1"),
        ("Shape", r#"{"type":"Dot"}"#, "2"),
        ("Form", r#"{"type":"Form::Dot"}"#, "2"),
        ("Shape | Stock", r#"{"type":"Figure::Circle","r":1}"#, "1"),
        ("Stock | DepotError", r#"{"type":"DepotError","reason":"wet"}"#, "3"),
        ("Stock | DepotError", r#"{"reason":"wet"}"#, "3"),
        ("Stock?", "null", "4"),
        ("Optional<Stock>", r#"{"n":1}"#, "0"),
        ("Pile", r#"[{"n":1}]"#, "5"),
        ("Stock | String", r#"{"n":1}"#, "0"),
        ("Int | String", "true", "\"other\""),
        ("Map<String, Int>", r#"{"n":4}"#, "\"other\""),
        ("Nowhere", r#"{"n":4}"#, "\"other\""),
        ("Stock | Wet", r#"{"type":"DepotError","reason":"wet"}"#, "3"),
        ("Stock | DepotError?", r#"{"type":"DepotError","reason":"wet"}"#, "3"),
        ("Either?", r#"{"reason":"wet"}"#, "3"),
        ("List<String> | List<Stock>", r#"[{"n":1}]"#, "5"),
    ] {
        if (kind, json) == ("Int | String", "true") {
            // As a text it fits, as JSON it does not.
            let text = program(kind, BACK).run("f", &[("x".to_owned(), json.to_owned())]).await;
            assert_eq!(text, Ok(Datum::text("true")));
            continue;
        }
        assert_eq!(given(kind, &matched, json).await.as_deref(), Ok(case), "{kind}: {json}");
    }
    // What is inside is made as well, and what is not given is its default.
    let body = "step id=\"r\" kind=\"return\" from=\"x.by_code.a\" as=\"_\" end";
    let json = r#"{"by_code":{"a":{"n":1,"more":2}},"all":[]}"#;
    let inner = given("Store", body, json).await;
    assert_eq!(inner.as_deref(), Ok(r#"{"n":1,"unit":"kg","more":2}"#));
    let body = "step id=\"a\" kind=\"bind\" from=\"x.all.0.note\" as=\"note\" end\nstep id=\"r\" kind=\"return\" from=\"note\" as=\"_\" end";
    let json = r#"{"by_code":{},"all":[{"n":1}],"worth":3}"#;
    assert_eq!(given("Store", body, json).await.as_deref(), Ok("null"), "an optional field");
    let half = "step id=\"a\" kind=\"compute\" op=div input var=\"x.worth\" input lit=2 as=\"h\" end\nstep id=\"r\" kind=\"return\" from=\"h\" as=\"_\" end";
    assert_eq!(given("Store", half, json).await.as_deref(), Ok("1.5"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place() {
    for (kind, json, says) in [
        ("Stock", r#"{"n":"s"}"#, "`x.n` is of type Int, not String"),
        ("Stock", "{}", "`x.n` of type Int is missing"),
        ("Stock", "5", "`x` is of type Stock, not Int"),
        ("Stock", r#"{"type":"DepotError","n":1}"#, "`x` is of type Stock, not DepotError"),
        ("Int[]", r#"[1,"a"]"#, "`x.1` is of type Int, not String"),
        ("List<Int>", "[1.5]", "`x.0` is of type Int, not Float"),
        ("Map<String, Int>", r#"{"a":null}"#, "`x.a` is of type Int, not none"),
        (
            "Store",
            r#"{"by_code":{"a":{"n":[]}},"all":[]}"#,
            "`x.by_code.a.n` is of type Int, not List",
        ),
        ("Store", r#"{"by_code":{},"all":[{}]}"#, "`x.all.0.n` of type Int is missing"),
        ("Shape", r#"{"type":"Ring"}"#, "its `type` must be one of Shape::Circle, Shape::Dot"),
        ("Shape", r#"{"type":"Either::Dot"}"#, "its `type` must be one of Shape::Circle"),
        (
            "Shape[]",
            r#"["Dot"]"#,
            "`x.0` is of type Shape: an object, whose `type` is one of Shape::Circle, Shape::Dot",
        ),
        ("Shape", r#"{"type":"Shape::Circle","r":"s"}"#, "`x.r` is of type Int, not String"),
        ("Stock | DepotError", "7", "`x` is of type Stock | DepotError, not Int"),
        ("Stock?", "7", "`x` is of type Stock, not Int"),
        ("Bool", "7", "`x` is of type Bool, not Int"),
        ("Either[]", "5", "not Int"),
        ("Either[]", r#"[{"n":1},{"reason":2}]"#, "`x.1.reason` is of type String, not Int"),
    ] {
        let refused = given(kind, BACK, json).await.unwrap_err();
        assert!(refused.contains(says), "{kind}: {json}: {refused}");
    }
}

#[tokio::test]
async fn types_of_the_language_and_its_library_are_made_and_checked_as_those_of_the_file() {
    const RESPONSE: &str = r#"{"status":200,"body":"a","headers":{"x":"y"}}"#;
    let kinds = ["Response", "HttpError::TimeoutError", "ParseError", "Bytes", "Err", "Decimal"];
    let cases: String = (0..)
        .zip(kinds)
        .map(|(at, kind)| {
            format!("case variant type=\"{kind}\" step id=\"c{at}\" kind=\"return\" lit={at} as=\"_\" end end\n")
        })
        .collect();
    let matched = format!(
        "step id=\"m\" kind=\"match\" on=\"x\"\n{cases}case wildcard step id=\"w\" kind=\"return\" lit=\"other\" as=\"_\" end end as=\"_\" end"
    );
    for (kind, json, case) in [
        ("Response", RESPONSE, "0"),
        ("Response | HttpError", RESPONSE, "0"),
        ("Response | HttpError", r#"{"type":"HttpError::TimeoutError","message":"m"}"#, "1"),
        ("HttpError", r#"{"type":"TimeoutError","message":"m"}"#, "1"),
        ("Int | ParseError", r#"{"message":"m"}"#, "2"),
        ("List<Int> | TimeoutError", r#"{"type":"TimeoutError","message":"m"}"#, "4"),
        ("Bytes", "\"aGk=\"", "3"),
        ("Decimal", "\"12345678901234567890.10\"", "5"),
        ("Decimal?", "1.5", "5"),
    ] {
        assert_eq!(given(kind, &matched, json).await.as_deref(), Ok(case), "{kind}: {json}");
    }
    for (kind, json, says) in [
        ("Response", r#"{"status":"200"}"#, "`x.status` is of type Int, not String"),
        ("Response", r#"{"status":200}"#, "`x.body` of type String is missing"),
        ("Response", "5", "`x` is of type Response, not Int"),
        ("HttpError", r#"{"type":"Other"}"#, "its `type` must be one of HttpError::NetworkError, "),
        (
            "QueryResult",
            r#"{"total":1,"documents":[{"id":5}]}"#,
            "`x.documents.0.id` is of type String",
        ),
        ("Bytes", "\"hello\"", "`x` is of type Bytes: a text in base 64"),
        ("Bytes", "5", "`x` is of type Bytes, not Int"),
        ("Decimal", "\"abc\"", "`x` is of type Decimal: a number, or the text of one"),
        ("Decimal", "\"inf\"", "`x` is of type Decimal: a number"),
        ("Decimal[]", "[true]", "`x.0` is of type Decimal, not Bool"),
        ("Char", "\"ab\"", "`x` is of type Char: a text of one character"),
    ] {
        let refused = given(kind, BACK, json).await.unwrap_err();
        assert!(refused.contains(says), "{kind}: {json}: {refused}");
    }
    let hex = "step id=\"h\" kind=\"compute\" op=bytes_to_hex input var=\"x\" as=\"h\" end step id=\"r\" kind=\"return\" from=\"h\" as=\"_\" end";
    assert_eq!(given("Bytes", hex, "\"aGk=\"").await.as_deref(), Ok("\"6869\""));
    // What the file calls so is meant first.
    let own = "snippet id=\"t.own\" kind=\"module\" types struct name=\"Response\" field name=\"n\" type=\"Int\" end end end\n";
    let text = format!(
        "{own}snippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"x\" type=\"Response\" returns type=\"Any\" end end\nbody {BACK} end\nend"
    );
    let functions = loaded(&text);
    let program = alone(functions);
    let ran = program.run("f", &[("x".to_owned(), r#"{"n":1}"#.to_owned())]).await;
    assert_eq!(ran.unwrap().to_json().to_json(), r#"{"n":1}"#);
}

#[tokio::test]
async fn cases_of_lists_and_maps_are_told_apart_by_what_is_in_them() {
    let matched = |kinds: &[&str]| -> String {
        let cases = (0..).zip(kinds).map(|(at, kind)| {
            format!("case variant type=\"{kind}\" step id=\"c{at}\" kind=\"return\" lit={at} as=\"_\" end end\n")
        });
        format!(
            "step id=\"m\" kind=\"match\" on=\"x\"\n{}case wildcard step id=\"w\" kind=\"return\" lit=\"other\" as=\"_\" end end as=\"_\" end",
            cases.collect::<String>()
        )
    };
    let lists = ["Int[]", "List<String>", "Pile", "List<Int | String>", "List<Int[]>"];
    let maps = ["Map<String, Int>", "Map<String, String>"];
    for (cases, kind, json, case) in [
        (&lists[..], "Any", "[1,2]", "0"),
        (&lists, "Any", r#"["a"]"#, "1"),
        (&lists, "Stock[]", r#"[{"n":1}]"#, "2"),
        (&lists, "Any", r#"[1,"a"]"#, "3"),
        (&lists, "Any", "[[1],[]]", "4"),
        // What fits no case in all of its parts is a list all the same.
        (&lists, "Any", "[true]", "0"),
        (&lists, "Any", "[]", "0"),
        (&lists, "Any", "1", "\"other\""),
        (&maps, "Any", r#"{"a":1}"#, "0"),
        (&maps, "Any", r#"{"a":"b"}"#, "1"),
        (&["Stock[]"], "Any", r#"[{"n":1}]"#, "0"),
        (&["Int[]", "Float[]"], "Int[] | Float[]", "[1,2]", "0"),
        (&["Int[]", "Float[]"], "Int[] | Float[]", "[1,2.5]", "1"),
        (&["List<Float>", "List<String>"], "Any", "[1]", "0"),
        // What a value is comes before what it may stand for, whatever is written first.
        (&["Float[]", "Int[]"], "Float[] | Int[]", "[1,2]", "1"),
        (&["Float[]", "Int[]"], "Float[] | Int[]", "[1,2.5]", "0"),
        (&["Map<String, Float?>", "Map<String, Int>"], "Any", r#"{"a":1}"#, "1"),
        (&["Char[]", "String[]"], "Char[] | String[]", r#"["a","bc"]"#, "1"),
        (&["Char[]", "String[]"], "Char[] | String[]", r#"["a","b"]"#, "0"),
    ] {
        assert_eq!(given(kind, &matched(cases), json).await.as_deref(), Ok(case), "{json}");
    }
}

#[tokio::test]
async fn a_value_is_of_its_own_type_first_and_then_of_one_that_it_may_stand_for() {
    let cases = |first: &str, second: &str| {
        let case = |at: u8, kind: &str| {
            format!(
                "case variant type=\"{kind}\" step id=\"c{at}\" kind=\"return\" lit={at} as=\"_\" end end\n"
            )
        };
        let (first, second) = (case(0, first), case(1, second));
        format!("step id=\"m\" kind=\"match\" on=\"x\"\n{first}{second}as=\"_\" end")
    };
    for (first, second, json, case) in [
        ("Char", "String", "\"a\"", "0"),
        ("Char", "String", "\"ab\"", "1"),
        ("Char", "String", "\"\"", "1"),
        ("Char", "None", "\"é\"", "0"),
        ("DateTime", "String", "\"2026-01-02T03:04:05Z\"", "0"),
        ("DateTime", "String", "\"soon\"", "1"),
        ("DateTime", "Int", "5", "1"),
        ("DateTime", "None", "5", "0"),
        ("DateTime", "None", "\"soon\"", "0"),
        ("Float", "Int", "5", "1"),
        ("Float", "None", "5", "0"),
    ] {
        let kind = format!("{first} | {second}");
        let body = cases(first, second);
        assert_eq!(given(&kind, &body, json).await.as_deref(), Ok(case), "{kind}: {json}");
    }
    let back = |kind: &'static str, json: &'static str| given(kind, BACK, json);
    assert_eq!(back("Float | Int?", "5").await.as_deref(), Ok("5"));
    assert_eq!(back("Float[] | Int[]", "[1,2]").await.as_deref(), Ok("[1,2]"));
    assert_eq!(
        back("Any[] | Stock[]", r#"[{"n":1}]"#).await.as_deref(),
        Ok(r#"[{"n":1,"unit":"kg"}]"#)
    );
    // However long the list is.
    let many = format!("[{}1.5]", "1,".repeat(5000));
    let given = given("Int[] | Float[]", BACK, &many).await.unwrap();
    assert!(given.ends_with(",1.5]"), "{}", given.len());
}

#[tokio::test]
async fn a_variant_without_its_enum_is_that_member_of_a_union() {
    let case = |at: u8, kind: &str| {
        format!(
            "case variant type=\"{kind}\" step id=\"c{at}\" kind=\"return\" lit={at} as=\"_\" end end\n"
        )
    };
    for (first, second, json, at) in [
        ("Shape::Dot", "Shape::Circle", r#"{"type":"Circle","r":1}"#, "1"),
        ("Shape::Dot", "Shape::Circle", r#"{"type":"Form::Circle","r":1}"#, "1"),
        ("Shape::Dot", "Shape::Circle", r#"{"type":"Shape::Circle","r":1}"#, "1"),
        ("Shape::Dot", "Shape::Circle", r#"{"type":"Dot","r":1}"#, "0"),
        ("Loose", "Shape", r#"{"type":"Circle","r":1}"#, "1"),
        ("Loose", "Form", r#"{"type":"Form::Dot"}"#, "1"),
        ("Loose", "Shape", r#"{"type":"Loose"}"#, "0"),
        ("Loose", "Shape", r#"{"type":"other"}"#, "0"),
    ] {
        let kind = format!("{first} | {second}");
        let cases = case(0, first) + &case(1, second);
        let body = format!("step id=\"m\" kind=\"match\" on=\"x\"\n{cases}as=\"_\" end");
        assert_eq!(given(&kind, &body, json).await.as_deref(), Ok(at), "{kind}: {json}");
    }
}

#[tokio::test]
async fn a_variant_of_another_name_of_its_enum_is_made_within_lists_and_maps() {
    let all = |path: &str| {
        let cases = r#"case variant type="Shape::Circle" step id="c" kind="return" lit=1 as="_" end end case wildcard step id="d" kind="return" lit=0 as="_" end end"#;
        format!("step id=\"m\" kind=\"match\" on=\"{path}\" {cases} as=\"_\" end")
    };
    let circle = r#"{"type":"Circle","r":1}"#;
    for (kind, path, json) in [
        ("Form::Circle", "x", circle.to_owned()),
        ("List<Form::Circle>", "x.0", format!("[{circle}]")),
        ("Form::Circle[]", "x.0", format!("[{circle}]")),
        ("Map<String, Form::Dot | Form::Circle>", "x.a", format!("{{\"a\":{circle}}}")),
        ("Rounds", "x.0", format!("[{circle}]")),
    ] {
        assert_eq!(given(kind, &all(path), &json).await.as_deref(), Ok("1"), "{kind}");
        let refused = given(kind, &all(path), &json.replace("\"r\":1", "\"s\":1")).await;
        assert!(refused.is_err(), "{kind}: {refused:?}");
    }
}

#[tokio::test]
async fn a_parameter_may_be_left_out_where_its_type_says_so_in_any_way() {
    for (kind, may_miss) in [
        ("Int?", true),
        ("Optional<Int>", true),
        ("Int | None", true),
        ("None | Int", true),
        ("Label", true),
        ("Maybe", true),
        ("Int | Maybe", true),
        ("Int", false),
        ("Pile", false),
        ("Any", false),
    ] {
        let program = program(kind, BACK);
        let body = Value::parse(b"{}").unwrap();
        assert_eq!(program.arguments(0, &body, true).is_ok(), may_miss, "{kind}");
        let as_texts = program.run("f", &[]).await;
        assert_eq!(as_texts.is_ok(), may_miss, "{kind}");
    }
}

#[tokio::test]
async fn what_says_to_be_of_another_type_is_no_member_by_its_fields() {
    let other = r#"{"n":1,"reason":"r","type":"DepotError"}"#;
    for kind in ["Json | Stock", "Stock | Json", "Stock | Any"] {
        assert_eq!(given(kind, BACK, other).await.as_deref(), Ok(other), "{kind}");
    }
    let refused = given("Stock | Store", BACK, other).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn a_field_may_be_left_out_where_its_type_says_so_in_any_way() {
    let fields = |name: &str| {
        format!(
            "step id=\"c\" kind=\"construct\" collection item from=\"{name}.label\" item from=\"{name}.side\" end as=\"c\" end\n\
             step id=\"r\" kind=\"return\" from=\"c\" as=\"_\" end"
        )
    };
    assert_eq!(given("Box", &fields("x"), r#"{"n":1}"#).await.as_deref(), Ok("[null,null]"));
    let json = r#"{"n":1,"label":"a","side":null}"#;
    assert_eq!(given("Box", &fields("x"), json).await.as_deref(), Ok(r#"["a",null]"#));
    let made =
        "step id=\"b\" kind=\"construct\" type=\"Box\" field name=\"n\" lit=1 as=\"b\" end\n";
    let body = made.to_owned() + &fields("b");
    assert_eq!(given("Any", &body, "1").await.as_deref(), Ok("[null,null]"));
}

#[tokio::test]
async fn a_point_in_time_may_be_whole_seconds() {
    let year = "step id=\"y\" kind=\"compute\" op=dt_year input var=\"x\" as=\"y\" end step id=\"r\" kind=\"return\" from=\"y\" as=\"_\" end";
    for kind in ["DateTime", "DateTime?", "DateTime | ParseError"] {
        assert_eq!(given(kind, year, "1000000000").await.as_deref(), Ok("2001"), "{kind}");
    }
    // As an argument it is a text, which says so when it is looked at.
    let body = Value::parse(br#"{"x":1.5}"#).unwrap();
    let refused = program("DateTime", BACK).arguments(0, &body, true).unwrap_err().to_string();
    let says = "`x` is of type DateTime: a text, or whole seconds since 1970";
    assert!(refused.contains(says), "{refused}");
}

#[tokio::test]
async fn a_response_may_be_without_headers() {
    let header = "step id=\"h\" kind=\"call\" fn=\"map.get\" arg name=\"map\" from=\"x.headers\" arg name=\"key\" lit=\"etag\" as=\"h\" end step id=\"r\" kind=\"return\" from=\"h\" as=\"_\" end";
    let json = r#"{"status":200,"body":""}"#;
    for kind in ["Response", "Response | HttpError"] {
        assert_eq!(given(kind, header, json).await.as_deref(), Ok("null"), "{kind}");
        let whole = given(kind, BACK, json).await;
        assert_eq!(whole.as_deref(), Ok(r#"{"status":200,"body":"","headers":{}}"#));
    }
}

#[tokio::test]
async fn null_is_no_text_where_there_may_be_no_value() {
    for (param, text, value) in [
        ("type=\"String?\"", "null", "null"),
        ("type=\"Optional<String>\"", "null", "null"),
        ("type=\"String\" optional", "null", "null"),
        ("type=\"String\" default=\"a\"", "null", "\"a\""),
        ("type=\"String?\"", "nothing", "\"nothing\""),
        ("type=\"String?\"", "\"null\"", "\"\\\"null\\\"\""),
        ("type=\"Int\" optional", "null", "null"),
        ("type=\"DateTime?\"", "null", "null"),
        ("type=\"Any\"", "null", "null"),
        // A text that must be there is one, whatever it says.
        ("type=\"String\"", "null", "\"null\""),
    ] {
        let source = format!(
            "snippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"x\" {param} returns type=\"Any\" end end\nbody {BACK} end\nend"
        );
        let functions = loaded(&source);
        let program = alone(functions);
        let ran = program.run("f", &[("x".to_owned(), text.to_owned())]).await;
        assert_eq!(ran.unwrap().to_json().to_json(), value, "{param}: {text}");
    }
    let refused = program("Int", BACK).run("f", &[("x".to_owned(), "null".to_owned())]).await;
    assert!(refused.unwrap_err().contains("`x` is of type Int: `null` is not"));
}

#[tokio::test]
async fn nothing_is_twice_in_a_set_that_is_given() {
    assert_eq!(given("Set<Int>", BACK, "[1,2,1]").await.as_deref(), Ok("[1,2]"));
    assert_eq!(
        given("Map<String, Set<Float>>", BACK, r#"{"a":[1,1.0]}"#).await.as_deref(),
        Ok(r#"{"a":[1]}"#)
    );
    assert_eq!(given("List<Int>", BACK, "[1,2,1]").await.as_deref(), Ok("[1,2,1]"));
}

#[tokio::test]
async fn a_type_in_itself_costs_no_more_than_its_value() {
    let kinds = "struct name=\"A\" field name=\"next\" type=\"A | B | None\" end struct name=\"B\" field name=\"next\" type=\"A | B | None\" end";
    let text = format!(
        "snippet id=\"t.t\" kind=\"module\" types {kinds} end end\nsnippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"x\" type=\"A | B\" returns type=\"Int\" end end\n\
         body step id=\"r\" kind=\"return\" lit=1 as=\"_\" end end\nend"
    );
    let functions = loaded(&text);
    let program = alone(functions);
    let json = format!("{}7{}", "{\"next\":".repeat(500), "}".repeat(500));
    let refused = program.run("f", &[("x".to_owned(), json)]).await.unwrap_err();
    assert!(refused.ends_with("not Int"), "{refused}");
}

#[tokio::test]
async fn a_text_in_a_body_is_a_text_where_one_fits() {
    for (kind, body, wanted) in [
        ("Int | String", r#"{"x":"5"}"#, "\"5\""),
        ("String | None", r#"{"x":"null"}"#, "\"null\""),
        ("Any", r#"{"x":"[1]"}"#, "\"[1]\""),
        // As in a query.
        ("Int", r#"{"x":"5"}"#, "5"),
        ("List<Int>", r#"{"x":"[1]"}"#, "[1]"),
        ("String", r#"{"x":5}"#, "\"5\""),
    ] {
        let program = program(kind, BACK);
        let arguments = program.arguments(0, &Value::parse(body.as_bytes()).unwrap(), true);
        let value = program.call(0, arguments.unwrap()).await.unwrap();
        assert_eq!(value.to_json().to_json(), wanted, "{kind}: {body}");
    }
}

#[tokio::test]
async fn aliases_in_circles_cost_no_more_than_a_look_at_some_of_them() {
    let aliases =
        "alias name=\"A\" type=\"A | B | A? | B? | Int[]\" alias name=\"B\" type=\"B | A | A?\"";
    let text = format!(
        "snippet id=\"t.t\" kind=\"module\" types {aliases} end end\nsnippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"x\" type=\"A\" returns type=\"Int\" end end\n\
         body step id=\"r\" kind=\"return\" lit=1 as=\"_\" end end\nend"
    );
    let functions = loaded(&text);
    let program = alone(functions);
    // Whatever becomes of it, it does so before anybody has stopped waiting.
    for json in ["5", "[1]", "{\"type\":\"C\"}", "null"] {
        let _ = program.run("f", &[("x".to_owned(), json.to_owned())]).await;
    }
}
