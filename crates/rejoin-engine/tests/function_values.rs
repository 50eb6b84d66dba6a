//! What values of functions are: failures, what patterns fit them, and the pure functions of the library on them.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod alone;

use alone::{alone, loaded};
use rejoin_engine::Datum;

/// The value of `main` in a program, as JSON.
async fn value(text: &str) -> String {
    let functions = loaded(text);
    let program = alone(functions);
    program.run("main", &[]).await.unwrap().to_json().to_json()
}

/// A `match` on `x` behind these steps, whose cases return their own number.
async fn case_of(snippets: &str, before: &str, cases: &[&str]) -> String {
    let cases: String = (0..)
        .zip(cases)
        .map(|(at, case)| {
            format!("case {case}\nstep id=\"c{at}\" kind=\"return\" lit={at} as=\"_\" end\nend\n")
        })
        .collect();
    value(&format!(
        "{snippets}{before}\nstep id=\"m\" kind=\"match\" on=\"x\"\n{cases}as=\"_\" end"
    ))
    .await
}

/// Steps that bind `x` to the value of a function, which is given JSON as a text.
fn parsed(json: &str) -> String {
    format!(
        "step id=\"p\" kind=\"call\" fn=\"json.parse\" arg name=\"input\" lit=\"{}\" as=\"x\" end",
        json.replace('"', "\\\"")
    )
}

const MARKED: &str = r#"
snippet id="t.missing" kind="struct"
signature
  struct name="Missing"
    field name="key" type="String"
  end
end
metadata
  error=true
end
end
snippet id="t.trouble" kind="enum"
signature
  enum name="Trouble"
    variant name="Small"
      field name="key" type="String"
    end
    variant name="Large"
    end
  end
end
metadata
  error=true
end
end
snippet id="t.plain" kind="struct"
signature
  struct name="Plain"
    field name="key" type="String"
  end
end
end
"#;

fn made(kind: &str, fields: &str) -> String {
    format!("step id=\"f\" kind=\"construct\" type=\"{kind}\" {fields} as=\"x\" end\n")
}

#[tokio::test]
async fn a_type_is_a_failure_if_its_snippet_says_so() {
    const KEY: &str = "field name=\"key\" lit=\"k\"";
    let used = "step id=\"u\" kind=\"bind\" from=\"x.key\" as=\"y\" end\nstep id=\"r\" kind=\"return\" lit=\"went on\" as=\"_\" end";
    for (kind, fields, gives) in [
        ("Missing", KEY, r#"{"type":"Missing","key":"k"}"#),
        ("Trouble::Small", KEY, r#"{"type":"Trouble::Small","key":"k"}"#),
        ("Plain", KEY, "\"went on\""),
    ] {
        assert_eq!(value(&(MARKED.to_owned() + &made(kind, fields) + used)).await, gives);
    }
    let cases = ["variant type=\"Ok\"", "variant type=\"Err\""];
    assert_eq!(case_of(MARKED, &made("Trouble::Large", ""), &cases).await, "1");
    assert_eq!(case_of(MARKED, &made("Plain", KEY), &cases).await, "0");
}

#[tokio::test]
async fn a_case_takes_what_is_of_its_type_and_not_what_has_a_name_like_it() {
    const KEY: &str = "field name=\"key\" lit=\"k\"";
    let map = ["variant type=\"Map\"", "variant type=\"Missing\""];
    assert_eq!(case_of(MARKED, &made("Missing", KEY), &map).await, "1");
    let of_strings = ["variant type=\"Map<String, Int>\"", "wildcard"];
    assert_eq!(case_of(MARKED, &made("Plain", KEY), &of_strings).await, "1");
    // A struct is called as a variant of an enum is at its end.
    let snippets = "snippet id=\"t.depot\" kind=\"module\" types struct name=\"Gone\" field name=\"id\" type=\"Int\" end \
        enum name=\"DepotError\" variant name=\"Gone\" end variant name=\"Closed\" end end end end\n";
    let gone = made("Gone", "field name=\"id\" lit=1");
    let cases = ["variant type=\"Gone\"", "variant type=\"DepotError\""];
    assert_eq!(case_of(snippets, &gone, &cases).await, "0");
    assert_eq!(case_of(snippets, &made("DepotError::Gone", ""), &cases).await, "1");
    // Where no other case is for it, its end is its name.
    let short = ["variant type=\"Gone\"", "variant type=\"Closed\""];
    assert_eq!(case_of(snippets, &made("DepotError::Gone", ""), &short).await, "0");
}

#[tokio::test]
async fn a_variant_is_called_by_its_end_where_no_value_is_of_the_type_of_that_name() {
    let file = |returns: &str, variant: &str| {
        format!(
            "snippet id=\"t.depot\" kind=\"module\" types struct name=\"Gone\" field name=\"id\" type=\"Int\" end \
             enum name=\"DepotError\" variant name=\"Gone\" end variant name=\"Closed\" end end end end\n\
             snippet id=\"t.g\" kind=\"fn\" signature fn name=\"g\" returns union {returns} end end end\n\
             body step id=\"g\" kind=\"return\" variant type=\"{variant}\" end as=\"_\" end end end\n"
        )
    };
    const CALL: &str = "step id=\"g\" kind=\"call\" fn=\"t.g\" as=\"x\" end";
    let case = |name: &str| format!("variant type=\"{name}\"");
    for (returns, variant, case_names, fits) in [
        ("type=\"Int\" type=\"DepotError\"", "DepotError::Gone", ["Gone", "DepotError"], "0"),
        ("type=\"Int\" type=\"DepotError\"", "DepotError::Closed", ["Gone", "DepotError"], "1"),
        (
            "type=\"Int\" type=\"HttpError\"",
            "HttpError::TimeoutError",
            ["TimeoutError", "HttpError"],
            "0",
        ),
        (
            "type=\"Int\" type=\"HttpError\"",
            "HttpError::NetworkError",
            ["TimeoutError", "HttpError"],
            "1",
        ),
        // A value may be of that type, and the case is for those.
        ("type=\"Gone\" type=\"DepotError\"", "DepotError::Gone", ["Gone", "DepotError"], "1"),
        (
            "type=\"TimeoutError\" type=\"HttpError\"",
            "HttpError::TimeoutError",
            ["TimeoutError", "HttpError"],
            "1",
        ),
    ] {
        let [first, second] = case_names.map(case);
        let found = case_of(&file(returns, variant), CALL, &[&first, &second, "wildcard"]).await;
        assert_eq!(found, fits, "{returns}: {variant}");
    }
}

#[tokio::test]
async fn an_alias_means_its_type_where_values_are_looked_at() {
    let snippets = MARKED.to_owned()
        + "snippet id=\"t.names\" kind=\"module\" types alias name=\"Key\" type=\"String\" \
           alias name=\"Gone\" type=\"Missing\" alias name=\"Either\" type=\"Key | Int\" end end\n";
    let bound = |literal: &str| format!("step id=\"b\" kind=\"bind\" lit={literal} as=\"x\" end");
    let cases = ["variant type=\"Key\"", "variant type=\"Gone\"", "variant type=\"Either\""];
    assert_eq!(case_of(&snippets, &bound("\"k\""), &cases).await, "0");
    assert_eq!(case_of(&snippets, &bound("1"), &cases).await, "2");
    let gone = made("Gone", "field name=\"key\" lit=\"k\"");
    assert_eq!(case_of(&snippets, &gone, &cases).await, "1");
    // That of an enum stands in front of its variants, too.
    let snippets = snippets
        + "snippet id=\"t.more\" kind=\"module\" types alias name=\"Bother\" type=\"Trouble\" end end\n";
    let large = made("Bother::Large", "");
    let cases = ["variant type=\"Bother::Small\"", "variant type=\"Bother::Large\""];
    assert_eq!(case_of(&snippets, &large, &cases).await, "1");
    let small = made("Trouble::Small", "field name=\"key\" lit=\"k\"");
    assert_eq!(case_of(&snippets, &small, &cases).await, "0");
}

#[tokio::test]
async fn what_json_has_fits_the_types_of_json() {
    let variants = [
        "Json::Null",
        "Json::Bool",
        "Json::Number",
        "Json::String",
        "Json::Array",
        "Json::Object",
        "JsonError",
    ]
    .map(|variant| format!("variant type=\"{variant}\""));
    let variants: Vec<&str> = variants.iter().map(String::as_str).collect();
    let short = variants.iter().map(|case| case.replace("Json::", "")).collect::<Vec<_>>();
    let short: Vec<&str> = short.iter().map(String::as_str).collect();
    let texts = ["null", "true", "1.5", r#""a""#, "[1]", r#"{"a":1}"#];
    for (at, text) in texts.into_iter().enumerate() {
        assert_eq!(case_of("", &parsed(text), &variants).await, at.to_string(), "{text}");
        assert_eq!(case_of("", &parsed(text), &short).await, at.to_string(), "{text}");
        let whole = ["variant type=\"JsonError\"", "variant type=\"Json\""];
        assert_eq!(case_of("", &parsed(text), &whole).await, "1", "{text}");
    }
    let whole = ["variant type=\"Json\"", "variant type=\"JsonError\""];
    assert_eq!(case_of("", &parsed("{"), &whole).await, "1");
    // What the file calls so is meant first.
    let own = "snippet id=\"t.tokens\" kind=\"module\" types enum name=\"Token\" variant name=\"Number\" end end end end\n";
    let cases = ["variant type=\"Number\"", "wildcard"];
    assert_eq!(case_of(own, &parsed("1"), &cases).await, "1");
}

#[tokio::test]
async fn a_whole_number_stands_for_one_with_a_fraction() {
    let one = "step id=\"b\" kind=\"bind\" lit=1 as=\"x\" end";
    assert_eq!(case_of("", one, &["variant type=\"Float\"", "wildcard"]).await, "0");
    assert_eq!(case_of("", one, &["variant type=\"Float\"", "variant type=\"Int\""]).await, "1");
    assert_eq!(case_of("", one, &["literal=1.0", "wildcard"]).await, "0");
}

#[tokio::test]
async fn a_whole_number_becomes_one_with_a_fraction_where_that_is_declared() {
    let half = |id: &str, of: &str| {
        format!(
            "step id=\"{id}\" kind=\"compute\" op=div input var=\"{of}\" input lit=2 as=\"x\" end\n"
        )
    };
    let back = "step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\n";
    let of = |param: &str, returns: &str, body: &str| {
        format!(
            "snippet id=\"t.of\" kind=\"fn\" signature fn name=\"of\" param name=\"n\" {param} {returns} end end body\n{body}end end\n"
        )
    };
    let call = |argument: &str| {
        format!("step id=\"c\" kind=\"call\" fn=\"t.of\" {argument} as=\"x\" end\n")
    };
    let five = call("arg name=\"n\" lit=5");
    for (kind, gives) in
        [("Float", "2.5"), ("Float?", "2.5"), ("Length", "2.5"), ("Int", "2"), ("Int | Float", "2")]
    {
        let of = of(&format!("type=\"{kind}\""), "", &(half("h", "n") + back));
        let alias = "snippet id=\"t.m\" kind=\"module\" types alias name=\"Length\" type=\"Float\" end end\n";
        assert_eq!(value(&format!("{alias}{of}{five}{back}")).await, gives, "{kind}");
    }
    let list = of("type=\"Float[]\"", "", &(half("h", "n.1") + back));
    let listed = call("arg name=\"n\" lit=[3, 5]");
    assert_eq!(value(&format!("{list}{listed}{back}")).await, "2.5");
    let default = of("type=\"Float\" default=5", "", &(half("h", "n") + back));
    assert_eq!(value(&format!("{default}{}{back}", call(""))).await, "2.5");
    let returned = of(
        "type=\"Int\"",
        "returns type=\"Float\"",
        "step id=\"q\" kind=\"return\" from=\"n\" as=\"_\" end\n",
    );
    assert_eq!(value(&format!("{returned}{five}{}{back}", half("h", "x"))).await, "2.5");
    let shape = "snippet id=\"t.s\" kind=\"struct\" signature struct name=\"Box\" field name=\"w\" type=\"Float\" field name=\"h\" type=\"Float\" default=7 end end end\n";
    let boxed = format!("{shape}{}", made("Box", "field name=\"w\" lit=5"));
    assert_eq!(value(&format!("{boxed}{}{back}", half("h", "x.w"))).await, "2.5");
    assert_eq!(value(&format!("{boxed}{}{back}", half("h", "x.h"))).await, "3.5");
    let number = parsed("5")
        + "\nstep id=\"m\" kind=\"match\" on=\"x\" case variant type=\"Json::Number\" bindings=(\"n\")\n"
        + &half("h", "n")
        + back
        + "end case wildcard end as=\"_\" end\n";
    assert_eq!(value(&number).await, "2.5");
    // What comes from outside, too.
    let functions = loaded(&of("type=\"Float\"", "", &(half("h", "n") + back)));
    let program = alone(functions);
    let ran = program.run("of", &[("n".to_owned(), "5".to_owned())]).await.unwrap();
    assert_eq!(ran, Datum::Float(2.5));
}

#[tokio::test]
async fn json_says_where_it_cannot_be_read_and_has_an_indent() {
    let call = |id: &str, function: &str, arguments: &str| {
        format!("step id=\"{id}\" kind=\"call\" fn=\"json.{function}\" {arguments} as=\"x\" end\n")
    };
    let back = "step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end";
    let read = value(&(call("a", "parse", "arg name=\"input\" lit=\"[1,\\n  x]\"") + back)).await;
    assert!(read.contains(r#""line":2,"column":3"#), "{read}");
    let number = "step id=\"n\" kind=\"bind\" lit={\"a\": 5} as=\"n\" end\n".to_owned();
    let wrong = call("a", "parse", "arg name=\"input\" from=\"n.a\"");
    let wrong = value(&(number + &wrong + back)).await;
    assert_eq!(wrong, r#"{"type":"JsonError::InvalidType","expected":"String","actual":"Int"}"#);
    for (indent, gives) in [
        ("", "{\n  \"a\": [\n    1\n  ]\n}"),
        ("arg name=\"indent\" lit=4", "{\n    \"a\": [\n        1\n    ]\n}"),
        ("arg name=\"indent\" lit=0", "{\"a\":[1]}"),
    ] {
        let steps = call("a", "format", &format!("arg name=\"value\" lit={{\"a\": [1]}} {indent}"));
        let wanted = Datum::text(gives).to_json().to_json();
        assert_eq!(value(&(steps + back)).await, wanted);
    }
}

const VESSELS: &str = r#"
snippet id="t.vessels" kind="module"
types
  enum name="Way"
    variant name="Sea"
      field name="knots" type="Int" optional
      field name="port" type="String"
    end
    variant name="Air"
    end
  end
  struct name="Berth"
    field name="number" type="Int"
    field name="note" type="String" optional
    field name="length" type="Int" default=12
  end
end
end
"#;

#[tokio::test]
async fn bindings_stand_in_the_order_in_which_fields_are_defined() {
    for (fields, kind, gives) in [
        ("field name=\"port\" lit=\"Oslo\" field name=\"knots\" lit=5", "Way::Sea", "[5,\"Oslo\"]"),
        ("field name=\"port\" lit=\"Oslo\"", "Sea", "[null,\"Oslo\"]"),
    ] {
        let list = "step id=\"l\" kind=\"construct\" collection item from=\"k\" item from=\"p\" end as=\"l\" end \
                    step id=\"r\" kind=\"return\" from=\"l\" as=\"_\" end";
        let made = "step id=\"c\" kind=\"construct\" variant type=\"Way::Sea\" ".to_owned()
            + fields
            + " end as=\"x\" end\n";
        let steps = format!(
            "{VESSELS}{made}step id=\"m\" kind=\"match\" on=\"x\" case variant type=\"{kind}\" bindings=(\"k\", \"p\") {list} end case wildcard end as=\"_\" end"
        );
        assert_eq!(value(&steps).await, gives);
    }
}

#[tokio::test]
async fn a_variant_may_be_made_by_its_short_name() {
    let sea = "variant type=\"Sea\" field name=\"port\" lit=\"Oslo\" end";
    let made = format!("step id=\"c\" kind=\"construct\" {sea} as=\"x\" end\n");
    let returned = format!("{VESSELS}step id=\"r\" kind=\"return\" {sea} as=\"_\" end\n");
    assert_eq!(value(&returned).await, r#"{"type":"Way::Sea","port":"Oslo"}"#);
    let cases = ["variant type=\"Way::Air\"", "variant type=\"Way\""];
    assert_eq!(case_of(VESSELS, &made, &cases).await, "1");
    // Two enums may have one of this name, and then it is none of theirs.
    let twice = VESSELS.to_owned()
        + "snippet id=\"t.more\" kind=\"module\" types enum name=\"Lake\" variant name=\"Sea\" end end end end\n";
    assert_eq!(case_of(&twice, &made, &["variant type=\"Way\"", "wildcard"]).await, "1");
    // One that is a failure is one.
    let failing = VESSELS.replace("\"Way\"", "\"WayError\"");
    let cases = ["variant type=\"Ok\"", "variant type=\"Err\""];
    assert_eq!(case_of(&failing, &made, &cases).await, "1");
}

#[tokio::test]
async fn a_field_that_is_not_given_is_its_default_or_none() {
    let made = made("Berth", "field name=\"number\" lit=7").replace("as=\"x\"", "as=\"b\"");
    let list = "step id=\"l\" kind=\"construct\" collection item from=\"b\" item from=\"b.note\" item from=\"b.length\" end as=\"l\" end \
                step id=\"r\" kind=\"return\" from=\"l\" as=\"_\" end";
    let gives = r#"[{"number":7,"length":12},null,12]"#;
    assert_eq!(value(&format!("{VESSELS}{made}{list}")).await, gives);
}

#[tokio::test]
async fn failures_that_are_listed_can_be_looked_at_one_by_one() {
    let fork = "step id=\"p\" kind=\"parallel\" on_error=\"collect_all\" \
                branch id=\"a\" step id=\"a1\" kind=\"return\" struct type=\"BoomError\" field name=\"n\" lit=1 end as=\"_\" end end \
                branch id=\"b\" step id=\"b1\" kind=\"bind\" lit=2 as=\"two\" end end as=\"all\" end\n";
    let each = "step id=\"f\" kind=\"for\" var=\"it\" in=\"all.failures\" step id=\"g\" kind=\"bind\" from=\"it.error.n\" as=\"n\" end as=\"x\" end\n";
    let first = "step id=\"f\" kind=\"call\" fn=\"list.first\" arg name=\"list\" from=\"all.failures\" as=\"it\" end \
                 step id=\"g\" kind=\"bind\" from=\"it.error.n\" as=\"x\" end\n";
    let nth = first
        .replace(
            "call\" fn=\"list.first\" arg name=\"list\" from=",
            "compute\" op=list_get input var=",
        )
        .replace("as=\"it\"", "input lit=0 as=\"it\"");
    let back = "step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end";
    assert_eq!(value(&format!("{fork}{each}{back}")).await, "[1]");
    assert_eq!(value(&format!("{fork}{first}{back}")).await, "1");
    assert_eq!(value(&format!("{fork}{nth}{back}")).await, "1");
    let slot = "step id=\"r\" kind=\"return\" from=\"all.1\" as=\"_\" end";
    assert_eq!(value(&format!("{fork}{slot}")).await, "2", "a slot by its position");
}

/// Steps that make `x` by doing this so often, from what it is at first.
fn repeated(first: &str, times: usize, steps: &str) -> String {
    format!(
        "step id=\"s\" kind=\"bind\" lit={first} as=\"x\" end\n\
         step id=\"t\" kind=\"compute\" op=repeat input lit=\",\" input lit={times} as=\"text\" end\n\
         step id=\"l\" kind=\"compute\" op=split input var=\"text\" input lit=\",\" as=\"turns\" end\n\
         step id=\"f\" kind=\"for\" var=\"turn\" in=\"turns\" {steps} as=\"_\" end\n"
    )
}

#[tokio::test]
async fn no_value_is_too_large_to_be_followed_or_compared() {
    const LIST: &str =
        "step id=\"a\" kind=\"compute\" op=list_append input lit=[] input var=\"x\" as=\"x\" end";
    const MAP: &str = "step id=\"a\" kind=\"compute\" op=map_insert input lit={} input lit=\"k\" input var=\"x\" as=\"x\" end";
    const TWICE: &str = "step id=\"a\" kind=\"construct\" collection item from=\"x\" item from=\"x\" end as=\"x\" end";
    const FLAT: &str = "step id=\"a\" kind=\"construct\" collection item from=\"x\" item from=\"x\" end as=\"y\" end \
                        step id=\"b\" kind=\"compute\" op=list_flatten input var=\"y\" as=\"x\" end";
    let back = "step id=\"r\" kind=\"return\" lit=1 as=\"_\" end";
    for (first, steps, says) in [
        ("[]", LIST, "nested more than 512 deep"),
        ("{}", MAP, "nested more than 512 deep"),
        ("[1]", TWICE, "more than 16000000 parts"),
        ("[1]", FLAT, "more than 1000000 elements"),
    ] {
        let made = value(&(repeated(first, 100_000, steps) + back)).await;
        assert!(made.contains(says), "{made}");
    }
    let large = repeated("[1]", 20, TWICE)
        + "step id=\"w\" kind=\"compute\" op=to_string input var=\"x\" as=\"y\" end\n";
    assert!(value(&(large + back)).await.contains("`to_string`: the value has too many parts"));
    let split = "step id=\"t\" kind=\"compute\" op=repeat input lit=\",\" input lit=1000001 as=\"text\" end\n\
                 step id=\"l\" kind=\"compute\" op=split input var=\"text\" input lit=\",\" as=\"x\" end\n";
    assert!(value(&(split.to_owned() + back)).await.contains("more than 1000000 elements"));
    let flat = repeated(
        "[]",
        5000,
        "step id=\"a\" kind=\"compute\" op=list_append input var=\"x\" input var=\"turn\" as=\"x\" end",
    );
    assert_eq!(value(&(flat + back)).await, "1", "a long list is not a deep one");
}

#[tokio::test]
async fn texts_weigh_what_they_hold_and_a_loop_keeps_only_what_can_be_read() {
    let text = "step id=\"w\" kind=\"compute\" op=repeat input lit=\"ab\" input lit=8000000 as=\"long\" end\n";
    let list = "step id=\"t\" kind=\"compute\" op=repeat input lit=\",\" input lit=100 as=\"text\" end\n\
                step id=\"l\" kind=\"compute\" op=split input var=\"text\" input lit=\",\" as=\"turns\" end\n";
    let turns = |name: &str| {
        let each = "step id=\"a\" kind=\"bind\" from=\"long\" as=\"z\" end";
        format!(
            "{text}{list}step id=\"f\" kind=\"for\" var=\"turn\" in=\"turns\" {each} as=\"{name}\" end\n\
             step id=\"r\" kind=\"return\" lit=1 as=\"_\" end"
        )
    };
    assert!(value(&turns("all")).await.contains("E-RT-SIZE"));
    assert_eq!(value(&turns("_")).await, "1");
    let one = format!("{text}step id=\"r\" kind=\"return\" from=\"long\" as=\"_\" end");
    assert!(!value(&one).await.contains("E-RT-SIZE"));
    // Five of them are too much to be written out.
    let five = format!(
        "{text}step id=\"c\" kind=\"construct\" collection{} end as=\"all\" end\n\
         step id=\"r\" kind=\"return\" from=\"all\" as=\"_\" end",
        " item from=\"long\"".repeat(5)
    );
    assert!(value(&five).await.contains("E-RT-SIZE"));
}

const DEPOT: &str = r#"
snippet id="t.types" kind="module"
types
  struct name="Stock" field name="n" type="Int" end
  struct name="DepotError" field name="n" type="Int" field name="reason" type="String" end
end
end
"#;

#[tokio::test]
async fn a_failure_that_a_parameter_names_is_not_looked_at_by_being_handed_over() {
    let taken = |kind: &str, body: &str| {
        format!(
            "{DEPOT}snippet id=\"t.take\" kind=\"fn\"\nsignature fn name=\"take\" param name=\"e\" type=\"{kind}\" returns type=\"Any\" end end\n\
             body {body} end\nend\n\
             step id=\"a\" kind=\"construct\" type=\"DepotError\" field name=\"n\" lit=1 field name=\"reason\" lit=\"wet\" as=\"e\" end\n\
             step id=\"b\" kind=\"call\" fn=\"t.take\" arg name=\"e\" from=\"e\" as=\"x\" end\n\
             step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end"
        )
    };
    let read = "step id=\"t1\" kind=\"return\" from=\"e.n\" as=\"_\" end";
    let matched = "step id=\"t1\" kind=\"match\" on=\"e\" case variant type=\"DepotError\" bindings=(\"d\") \
                   step id=\"t2\" kind=\"return\" from=\"d.reason\" as=\"_\" end end case wildcard end as=\"_\" end";
    for kind in ["Stock | DepotError", "DepotError?", "Optional<DepotError>"] {
        let failure = r#"{"type":"DepotError","n":1,"reason":"wet"}"#;
        assert_eq!(value(&taken(kind, read)).await, failure, "{kind}");
        assert_eq!(value(&taken(kind, matched)).await, "\"wet\"", "{kind}");
    }
}

#[tokio::test]
async fn a_type_in_a_pattern_means_the_same_however_it_is_written() {
    let of = |union: &str, made: &str| {
        format!(
            "{DEPOT}snippet id=\"t.give\" kind=\"fn\"\nsignature fn name=\"give\" {union} end end\n\
             body step id=\"g\" kind=\"return\" {made} as=\"_\" end end\nend\n"
        )
    };
    let before = "step id=\"b\" kind=\"call\" fn=\"t.give\" as=\"x\" end";
    let list = "returns union type=\"Int[]\" type=\"DepotError\" end";
    let map = "returns union type=\"Map<String, Int>\" type=\"DepotError\" end";
    let unit = "returns union type=\"Unit\" type=\"DepotError\" end";
    let optional = "returns type=\"Int?\"";
    for (union, made, kind) in [
        (list, "lit=[1]", "Int[]"),
        (list, "lit=[1]", "List<Int>"),
        (list, "lit=[1]", "List< Int >"),
        (map, "lit={\"a\":1}", "Map<String,Int>"),
        (unit, "lit=none", "Unit"),
        (unit, "lit=none", "None"),
        (optional, "lit=none", "Int?"),
        (optional, "lit=1", "Optional<Int>"),
        (optional, "lit=none", "Optional<Int>"),
    ] {
        let kind_case = format!("variant type=\"{kind}\"");
        let cases = ["variant type=\"DepotError\"", &kind_case];
        let cases = if union == optional { &cases[1..] } else { &cases[..] };
        let last = (cases.len() - 1).to_string();
        assert_eq!(case_of(&of(union, made), before, cases).await, last, "{kind}");
    }
}

#[tokio::test]
async fn a_default_that_is_written_out_is_of_the_type_that_is_declared() {
    let types = "snippet id=\"t.t\" kind=\"module\" types \
        struct name=\"Box\" field name=\"w\" type=\"Float\" field name=\"tags\" type=\"Set<String>\" default=[\"a\", \"a\"] end \
        enum name=\"Way\" variant name=\"Sea\" field name=\"ship\" type=\"String\" end end \
        struct name=\"Order\" field name=\"n\" type=\"Int\" field name=\"box\" type=\"Box\" default={\"w\": 2} \
        field name=\"all\" type=\"Box[]\" default=[{\"w\": 1}] field name=\"way\" type=\"Way?\" default={\"type\": \"Sea\", \"ship\": \"Ada\"} end end end\n";
    let made =
        "step id=\"o\" kind=\"construct\" type=\"Order\" field name=\"n\" lit=1 as=\"order\" end\n";
    for (path, kind) in [("box", "Box"), ("all.0", "Box"), ("way", "Way::Sea")] {
        let read = format!("{made}step id=\"b\" kind=\"bind\" from=\"order.{path}\" as=\"x\" end");
        let case = format!("variant type=\"{kind}\"");
        assert_eq!(case_of(types, &read, &[&case, "wildcard"]).await, "0", "{path}");
    }
    let whole =
        format!("{types}{made}step id=\"r\" kind=\"return\" from=\"order.box\" as=\"_\" end");
    assert_eq!(value(&whole).await, r#"{"w":2,"tags":["a"]}"#);
    // That of a parameter, too.
    let param = format!(
        "{types}snippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"b\" type=\"Box\" default={{\"w\": 3}} returns type=\"Box\" end end\n\
         body step id=\"f1\" kind=\"return\" from=\"b\" as=\"_\" end end\nend\n"
    );
    let call = "step id=\"c\" kind=\"call\" fn=\"t.f\" as=\"x\" end";
    assert_eq!(case_of(&param, call, &["variant type=\"Box\"", "wildcard"]).await, "0");
}

#[tokio::test]
async fn nothing_is_twice_in_what_is_declared_as_a_set() {
    let given = |kind: &str| {
        format!(
            "snippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" returns type=\"{kind}\" end end\n\
             body step id=\"f1\" kind=\"return\" lit=[2, 1, 2, 2] as=\"_\" end end\nend\n\
             step id=\"c\" kind=\"call\" fn=\"t.f\" as=\"x\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end"
        )
    };
    assert_eq!(value(&given("Set<Int>")).await, "[2,1]");
    assert_eq!(value(&given("Set<Float>")).await, "[2,1]");
    assert_eq!(value(&given("List<Int>")).await, "[2,1,2,2]");
}

#[tokio::test]
async fn an_argument_without_a_fitting_name_is_for_what_must_be_given() {
    let text = "snippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"a\" type=\"Int\" optional \
                param name=\"b\" type=\"Int\" returns type=\"Int?\" end end\n\
                body step id=\"f1\" kind=\"return\" from=\"b\" as=\"_\" end end\nend\n\
                step id=\"c\" kind=\"call\" fn=\"t.f\" arg name=\"q\" lit=7 as=\"x\" end\n\
                step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end";
    assert_eq!(value(text).await, "7");
}

#[tokio::test]
async fn whole_numbers_beyond_64_bits_pass_through_exactly() {
    const LONG: &str = "9223372036854775809";
    let back = "step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end";
    let json =
        format!(r#"[{LONG},-123456789012345678901234567890,{{"a":{LONG}}},9223372036854775807]"#);
    assert_eq!(value(&format!("{}\n{back}", parsed(&json))).await, json);
    let steps = |rest: &str| format!("{}\n{rest}\n{back}", parsed(LONG));
    let text = steps("step id=\"t\" kind=\"compute\" op=to_string input var=\"x\" as=\"x\" end");
    assert_eq!(value(&text).await, format!("\"{LONG}\""));
    let greater = steps(
        "step id=\"t\" kind=\"compute\" op=greater input var=\"x\" input lit=9223372036854775807 as=\"x\" end",
    );
    assert_eq!(value(&greater).await, "true");
    // What is computed of them is a number with a fraction.
    let half =
        steps("step id=\"t\" kind=\"compute\" op=div input var=\"x\" input lit=2 as=\"x\" end");
    assert_eq!(value(&half).await, "4611686018427388000");
    let whole = steps("step id=\"t\" kind=\"compute\" op=floor input var=\"x\" as=\"x\" end");
    assert!(value(&whole).await.contains("E-RT-ARITH"));
    assert_eq!(
        case_of("", &parsed(LONG), &["variant type=\"Int\"", "variant type=\"Float\"", "wildcard"])
            .await,
        "1"
    );
}

#[tokio::test]
async fn a_view_of_a_result_is_hidden_by_a_branch_of_its_name_alone() {
    let fork = |id: &str| {
        format!(
            "step id=\"p\" kind=\"parallel\" branch id=\"{id}\" step id=\"b\" kind=\"bind\" lit=1 as=\"failures\" end end as=\"all\" end\n\
             step id=\"r\" kind=\"return\" from=\"all.failures\" as=\"_\" end"
        )
    };
    assert_eq!(value(&fork("one")).await, "[]");
    assert_eq!(value(&fork("failures")).await, "1");
}
