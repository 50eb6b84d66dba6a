//! What is said about types in `.cov` programs, and what is let pass.

use rejoin_lang::cov;
use rejoin_lang::diagnostic::render_text;
use rejoin_lang::source::Source;

const TYPES: &str = r#"
snippet id="t.types" kind="module"
types
  struct name="Quote" field name="price" type="Int" field name="note" type="String" optional end
  enum name="Way" variant name="Land" end variant name="Sea" field name="ship" type="String" end end
  struct name="DepotError" field name="reason" type="String" end
  struct name="Empty" end
  alias name="Cents" type="Int"
  alias name="Offer" type="Quote"
end
end
snippet id="t.missing" kind="struct"
signature struct name="Missing" field name="what" type="Int" end end
metadata error=true end
end
"#;

fn codes(signature: &str, body: &str) -> (Vec<&'static str>, String) {
    let text = format!(
        "{TYPES}\nsnippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" {signature} end end\nbody\n{body}\nend\nend\n"
    );
    let (functions, problems) = cov::load(Source::new("test.cov", &*text));
    let drawing = render_text(&functions.sources, &problems, false);
    (problems.iter().map(|problem| problem.code.id()).collect(), drawing)
}

#[track_caller]
fn says(wanted: &[&str], signature: &str, body: &str) {
    let (found, drawing) = codes(signature, body);
    assert_eq!(found, wanted, "{drawing}");
}

fn step(kind: &str, rest: &str, name: &str) -> String {
    // The place in the file tells steps apart.
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("step id=\"s{id}\" kind=\"{kind}\" {rest} as=\"{name}\" end\n")
}

const PARAMS: &str = r#"
param name="n" type="Int" param name="x" type="Float" param name="s" type="String" param name="b" type="Bool"
param name="q" type="Quote" param name="w" type="Way" param name="o" type="Int?" param name="l" type="Quote[]"
param name="c" type="Cents" param name="any" type="Any" param name="far" type="Decimal" param name="m" type="Map<String,Int>"
"#;

#[test]
fn operands() {
    for (good, rest) in [
        (true, "op=add input var=\"n\" input var=\"x\""),
        (true, "op=add input var=\"c\" input var=\"q.price\""),
        (true, "op=add input var=\"s\" input lit=\"a\""),
        (true, "op=add input var=\"any\" input var=\"far\""),
        (true, "op=add input var=\"o\" input var=\"m.key\""),
        (true, "op=equals input var=\"s\" input var=\"n\""),
        (false, "op=add input var=\"n\" input var=\"s\""),
        (false, "op=add input var=\"q\" input lit=1"),
        (false, "op=mul input var=\"s\" input lit=1"),
        (false, "op=and input var=\"b\" input var=\"n\""),
        (false, "op=not input var=\"o\""),
        (false, "op=bit_and input var=\"x\" input lit=1"),
        (false, "op=less input var=\"b\" input var=\"b\""),
        (true, "op=parse_int input var=\"s\""),
        (false, "op=parse_int input lit=5"),
        (false, "op=parse_float input var=\"x\""),
        (true, "op=add input lit=8:Int input lit=8:Float"),
        (false, "op=add input lit=8.5:Int input lit=1"),
    ] {
        let found = codes(PARAMS, &step("compute", rest, "r")).0;
        let wrong = if rest.contains("\"b\" input var=\"b\"") { 2 } else { 1 };
        assert_eq!(found, vec!["E0181"; if good { 0 } else { wrong }], "{rest}");
    }
}

#[test]
fn operations_on_texts_lists_maps_and_times_take_such() {
    let compute = |op: &str, inputs: &str| step("compute", &format!("op={op} {inputs}"), "y");
    for (op, good, bad) in [
        ("upper", "var=\"s\"", "var=\"n\""),
        ("str_len", "var=\"s\"", "var=\"l\""),
        ("join", "var=\"l\" input var=\"s\"", "var=\"s\" input var=\"s\""),
        ("slice", "var=\"s\" input lit=0 input var=\"n\"", "var=\"s\" input lit=0 input var=\"s\""),
        ("list_len", "var=\"l\"", "var=\"m\""),
        ("list_get", "var=\"l\" input var=\"n\"", "var=\"l\" input var=\"s\""),
        ("set_union", "var=\"l\" input lit=[]", "var=\"l\" input var=\"m\""),
        ("map_len", "var=\"m\"", "var=\"l\""),
        ("map_keys", "var=\"q\"", "var=\"s\""),
        ("map_merge", "var=\"m\" input var=\"q\"", "var=\"m\" input var=\"n\""),
        ("dt_add_days", "var=\"s\" input var=\"n\"", "var=\"s\" input var=\"x\""),
        ("dt_year", "var=\"n\"", "var=\"b\""),
        ("bytes_len", "var=\"s\"", "var=\"n\""),
    ] {
        let good = compute(op, &format!("input {good}"));
        let ending = step("return", "from=\"y\"", "_");
        says(&[], PARAMS, &(good + &ending));
        says(&["E0181"], PARAMS, &(compute(op, &format!("input {bad}")) + &ending));
    }
    // Of a text, or of a list.
    let ending = step("return", "from=\"y\"", "_");
    says(&[], PARAMS, &(compute("contains", "input var=\"l\" input var=\"n\"") + &ending));
    // What they give is known, too.
    let signature = format!("{PARAMS} returns type=\"Int\"");
    let back = step("return", "from=\"y\"", "_");
    says(&["E0181"], &signature, &(compute("upper", "input var=\"s\"") + &back));
    says(&[], &signature, &(compute("str_len", "input var=\"s\"") + &back));
}

#[test]
fn none_in_a_list_or_a_map_is_a_value_as_any() {
    for (op, inputs, kind) in [
        ("list_contains", "input lit=[1] input var=\"o\"", "Bool"),
        ("set_has", "input lit=[1] input var=\"o\"", "Bool"),
        ("map_insert", "input var=\"m\" input lit=\"k\" input var=\"o\"", "Map<String, Int?>"),
        ("list_append", "input lit=[1] input var=\"o\"", "List<Int?>"),
    ] {
        let signature = format!("{PARAMS} returns type=\"{kind}\"");
        let body = step("compute", &format!("op={op} {inputs}"), "y");
        says(&[], &signature, &(body + &step("return", "from=\"y\"", "_")));
    }
    // In one of numbers there is none, and without a list there is no answer.
    for (op, inputs, kind) in [
        ("list_append", "input lit=[1] input var=\"o\"", "List<Int>"),
        ("list_contains", "input var=\"maybe\" input lit=1", "Bool"),
    ] {
        let signature =
            format!("{PARAMS} param name=\"maybe\" type=\"Int[]?\" returns type=\"{kind}\"");
        let body = step("compute", &format!("op={op} {inputs}"), "y");
        says(&["E0181"], &signature, &(body + &step("return", "from=\"y\"", "_")));
    }
}

#[test]
fn results_of_operations_and_paths_flow_on() {
    let sum = step("compute", "op=add input var=\"n\" input lit=1", "sum");
    let less = step("compute", "op=less input var=\"sum\" input lit=1", "less");
    let choose = |on: &str| step("if", &format!("condition=\"{on}\" then end"), "_");
    says(&[], PARAMS, &format!("{sum}{less}{}", choose("less")));
    says(&["E0181"], PARAMS, &format!("{sum}{less}{}", choose("sum")));
    let each =
        |list: &str, body: &str| step("for", &format!("var=\"i\" in=\"{list}\" {body}"), "_");
    says(&[], PARAMS, &each("l", &step("bind", "from=\"i.price\"", "p")));
    says(&["E0184"], PARAMS, &each("l", &step("bind", "from=\"i.prise\"", "p")));
    says(&["E0181"], PARAMS, &each("n", ""));
    says(&["E0184"], PARAMS, &step("bind", "from=\"n.x\"", "p"));
    // What paths disagree about is not known behind them.
    let both = format!(
        "then {} end else {} end",
        step("bind", "lit=1", "v"),
        step("bind", "lit=\"a\"", "v")
    );
    let either = step("if", &format!("condition=\"b\" {both}"), "_");
    says(
        &[],
        PARAMS,
        &format!("{either}{}", step("compute", "op=mul input var=\"v\" input lit=2", "_")),
    );
}

#[test]
fn new_values_have_the_fields_of_their_type() {
    let quote = |fields: &str| step("construct", &format!("type=\"Quote\" {fields}"), "r");
    says(&[], PARAMS, &quote("field name=\"price\" lit=1"));
    says(&["E0181"], PARAMS, &quote(""));
    says(&["E0181"], PARAMS, &quote("field name=\"price\" lit=\"1\""));
    says(&["E0184"], PARAMS, &quote("field name=\"price\" lit=1 field name=\"nota\" lit=\"x\""));
    says(&[], PARAMS, &step("construct", "type=\"Decimal\" field name=\"a\" lit=1", "r"));
    says(&["E0181"], PARAMS, &step("return", "variant type=\"Way::Sea\" end", "_"));
}

#[test]
fn an_alias_or_a_short_name_has_the_fields_of_what_it_means() {
    let offer = |fields: &str| step("construct", &format!("type=\"Offer\" {fields}"), "r");
    says(&[], PARAMS, &offer("field name=\"price\" lit=1"));
    says(&["E0181"], PARAMS, &offer(""));
    says(&["E0181"], PARAMS, &offer("field name=\"price\" lit=\"1\""));
    says(&["E0184"], PARAMS, &offer("field name=\"price\" lit=1 field name=\"nota\" lit=\"x\""));
    let sea = |fields: &str| step("construct", &format!("variant type=\"Sea\" {fields} end"), "r");
    says(&[], PARAMS, &sea("field name=\"ship\" lit=\"Ann\""));
    says(&["E0181"], PARAMS, &sea(""));
    let back = step("return", "variant type=\"Land\" end", "_");
    says(&[], &format!("{PARAMS} returns type=\"Way\""), &back);
    says(&["E0181"], &format!("{PARAMS} returns type=\"Int\""), &back);
}

#[test]
fn the_value_of_steps_that_hold_others_is_that_of_the_last_one_in_them() {
    let bind = |value: &str| step("bind", value, "last");
    let choose = |then: &str, otherwise: &str| {
        step("if", &format!("condition=\"b\" then {then} end {otherwise}"), "v")
    };
    let other = |steps: &str| format!("else {steps} end");
    let back = || step("return", "from=\"v\"", "_");
    let returns = format!("{PARAMS} returns type=\"Int\"");
    let one = || bind("lit=1");
    let text = || bind("lit=\"a\"");
    says(&[], &returns, &(choose(&one(), &other(&one())) + &back()));
    says(&["E0181"], &returns, &(choose(&one(), &other(&text())) + &back()));
    // A path that leaves has no value; of one that has none nothing is said.
    let leaves = || step("return", "lit=2", "_");
    says(&[], &returns, &(choose(&one(), &other(&leaves())) + &back()));
    says(&["E0181"], &returns, &(choose(&text(), &other(&leaves())) + &back()));
    says(&[], &returns, &(choose(&text(), "") + &back()));
    let discards = || step("bind", "lit=\"a\"", "_");
    says(&[], &returns, &(choose(&one(), &other(&discards())) + &back()));
    let cases = |land: &str, sea: &str| {
        let land = format!("case variant type=\"Land\" {land} end");
        step("match", &format!("on=\"w\" {land} case variant type=\"Sea\" {sea} end"), "v")
    };
    says(&[], &returns, &(cases(&one(), &leaves()) + &back()));
    says(&["E0181"], &returns, &(cases(&one(), &text()) + &back()));
    let each = |body: &str| step("for", &format!("var=\"i\" in=\"l\" {body}"), "v");
    let prices = each(&bind("from=\"i.price\""));
    says(&[], &format!("{PARAMS} returns type=\"Int[]\""), &(prices.clone() + &back()));
    says(&["E0181"], &format!("{PARAMS} returns type=\"String[]\""), &(prices.clone() + &back()));
    says(
        &["E0181"],
        &returns,
        &(prices + &step("compute", "op=add input var=\"v\" input lit=1", "_")),
    );
    says(&[], &returns, &(each(&discards()) + &back()));
    // What a turn changes is not known in the next.
    let sum = step("bind", "lit=0", "sum")
        + &each(&step("compute", "op=add input var=\"sum\" input var=\"x\"", "sum"));
    says(&[], &format!("{PARAMS} returns type=\"String[]\""), &(sum + &back()));
}

#[test]
fn a_default_is_of_the_type_that_is_declared() {
    for (good, param) in [
        (true, "type=\"Int\" default=1"),
        (true, "type=\"Float\" default=1"),
        (true, "type=\"Int\" default=none"),
        (true, "type=\"Decimal\" default=\"1.50\""),
        (true, "type=\"Int[]\" default=[]"),
        (true, "type=\"Cents\" default=1"),
        (false, "type=\"Int\" default=\"s\""),
        (false, "type=\"Cents\" default=\"s\""),
        (false, "type=\"Int[]\" default=[\"s\"]"),
        (false, "type=\"Int\" default=1.5"),
    ] {
        let wanted: &[&str] = if good { &[] } else { &["E0181"] };
        says(wanted, &format!("param name=\"p\" {param}"), "");
    }
}

#[test]
fn returns() {
    let back = |rest: &str| step("return", rest, "_");
    says(&[], "returns type=\"Float\"", &back("lit=1"));
    says(&["E0181"], "returns type=\"Int\"", &back("lit=1.5"));
    says(&["E0181"], "returns type=\"Int\"", &back(""));
    says(&[], "returns type=\"Int\" optional", &back("lit=none"));
    says(&["E0181"], "returns collection of=\"Int\"", &back("lit=[\"a\"]"));
    let union = "returns union type=\"Int\" type=\"DepotError\" end";
    says(&[], union, &back("struct type=\"DepotError\" field name=\"reason\" lit=\"x\" end"));
    says(&["E0185"], union, &back("lit=\"x\""));
    // In a branch it is the branch's value.
    let branch = format!("branch id=\"a\" {} end", back("lit=\"x\""));
    says(&["W0053"], "returns type=\"Int\"", &step("parallel", &branch, "both"));
}

#[test]
fn cases() {
    let on = |on: &str, cases: &[&str]| {
        let cases: String = cases.iter().map(|case| format!("case {case} end ")).collect();
        step("match", &format!("on=\"{on}\" {cases}"), "_")
    };
    says(
        &[],
        PARAMS,
        &on("w", &["variant type=\"Land\"", "variant type=\"Way::Sea\" bindings=(\"ship\")"]),
    );
    says(&["E0183"], PARAMS, &on("w", &["variant type=\"Land\""]));
    says(&[], PARAMS, &on("w", &["variant type=\"Land\"", "binding=\"other\""]));
    // Of a value that is known to be one variant, its short name is enough, and so is its enum.
    let sea =
        step("construct", "variant type=\"Way::Sea\" field name=\"ship\" lit=\"Ann\" end", "sea");
    for case in ["Sea", "Way::Sea", "Way"] {
        let case = format!("variant type=\"{case}\"");
        says(&[], PARAMS, &format!("{sea}{}", on("sea", &[&case])));
    }
    says(&["E0183"], PARAMS, &format!("{sea}{}", on("sea", &["variant type=\"Land\""])));
    says(
        &[],
        PARAMS,
        &on("o", &["variant type=\"Some\" bindings=(\"v\")", "variant type=\"None\""]),
    );
    says(&["E0183"], PARAMS, &on("o", &["variant type=\"Some\" bindings=(\"v\")"]));
    says(&[], PARAMS, &on("b", &["literal=true", "literal=false"]));
    says(&["E0183"], PARAMS, &on("b", &["literal=true"]));
    says(&["E0183"], PARAMS, &on("n", &["literal=1"]));
    says(&[], PARAMS, &on("any", &["literal=1"]));
    says(&[], PARAMS, &on("q", &["struct type=\"Quote\" fields=(\"price\")"]));
    says(&["E0184"], PARAMS, &on("q", &["struct type=\"Quote\" fields=(\"prize\")"]));
    says(
        &["E0184"],
        PARAMS,
        &on("w", &["variant type=\"Way::Sea\" bindings=(\"a\", \"k\")", "wildcard"]),
    );
}

#[test]
fn arguments_and_failures_of_calls() {
    let callee = r#"
snippet id="t.find" kind="fn"
signature fn name="find" param name="code" type="String" param name="most" type="Int" optional default=3
  returns union type="Quote" type="DepotError" end
end end
end
"#;
    let with =
        |body: String| format!("{body}end\nend\n{callee}snippet id=\"t.z\" kind=\"fn\"\nbody\n");
    let call = |args: &str| step("call", &format!("fn=\"t.find\" {args}"), "found");
    says(&[], PARAMS, &with(call("arg name=\"code\" from=\"s\"")));
    says(&[], PARAMS, &with(call("arg name=\"code\" from=\"any\" arg name=\"most\" from=\"o\"")));
    says(&["E0153"], PARAMS, &with(call("arg name=\"code\" from=\"n\"")));
    // A failure ends the function before its field is read; the field is that of the success.
    let good = call("arg name=\"code\" from=\"s\"");
    says(&[], PARAMS, &with(format!("{good}{}", step("bind", "from=\"found.price\"", "p"))));
    says(
        &["E0184"],
        PARAMS,
        &with(format!("{good}{}", step("bind", "from=\"found.reason\"", "p"))),
    );
    let cases = |cases: &str| step("match", &format!("on=\"found\" {cases}"), "_");
    let quote = "case variant type=\"Quote\" bindings=(\"v\") end";
    let failed = "case variant type=\"DepotError\" bindings=(\"e\") end";
    says(&[], PARAMS, &with(format!("{good}{}", cases(&format!("{quote} {failed}")))));
    says(&["E0183"], PARAMS, &with(format!("{good}{}", cases(quote))));
    // A type whose snippet says `error=true` is a failure, too.
    let marked = |body: &str| with(body.to_owned()).replace("DepotError", "Missing");
    says(
        &["E0184"],
        PARAMS,
        &marked(&format!("{good}{}", step("bind", "from=\"found.what\"", "p"))),
    );
}

#[test]
fn written_types() {
    says(&["W0060"], "param name=\"a\" type=\"Decimal\" param name=\"b\" type=\"Elsewhere\"", "");
    says(&[], "generic name=\"T\" param name=\"a\" type=\"List<T>\"", "");
    says(&["E0054"], "param name=\"a\" type=\"List<Int\"", "");
    says(&["E0182"], "returns union type=\"Int\" type=\"Int?\" end", "");
    says(&["E0182"], "returns union type=\"Any\" type=\"Quote\" end", "");
    says(&[], "returns union type=\"Any\" type=\"DepotError\" type=\"Missing\" end", "");
}

#[test]
fn calls_of_the_library() {
    let call = |function: &str, args: &[(&str, &str)], rest: &str| {
        let args: String =
            args.iter().map(|(name, from)| format!("arg name=\"{name}\" {from} ")).collect();
        step("call", &format!("fn=\"{function}\" {args}"), "got") + rest
    };
    let reads = |path: &str| step("return", &format!("from=\"{path}\""), "_");
    let good = [
        call("text.upper", &[("s", "from=\"s\"")], ""),
        call("text.upper", &[("s", "from=\"any\"")], ""),
        call("text.upper", &[("s", "from=\"far\"")], ""),
        call("text.upper", &[("s", "from=\"q.note\"")], ""),
        call("list.len", &[("list", "from=\"l\"")], ""),
        call("json.parse", &[("text", "from=\"s\"")], &reads("got.anything.below")),
    ];
    for body in good {
        says(&[], PARAMS, &body);
    }
    let by_position = |from| call("text.upper", &[("anything", from)], "");
    says(&["W0065"], PARAMS, &by_position("from=\"s\""));
    says(&["W0065", "E0153"], PARAMS, &by_position("from=\"n\""));
    for (body, code, message) in [
        (call("text.upper", &[("s", "from=\"n\"")], ""), "E0153", "`String` is needed"),
        (
            call("text.repeat", &[("s", "from=\"s\""), ("count", "from=\"s\"")], ""),
            "E0153",
            "`Int`",
        ),
        (
            call("text.join", &[("parts", "from=\"s\""), ("separator", "lit=\",\"")], ""),
            "E0153",
            "`List<String>`",
        ),
        (call("text.uper", &[("s", "from=\"s\"")], ""), "", "did you mean `text.upper`?"),
        (
            call(
                "text.upper",
                &[("s", "from=\"s\"")],
                &step("compute", "op=mul input var=\"got\" input lit=2", "twice"),
            ),
            "",
            "`mul` of a value of type `String`",
        ),
    ] {
        let (found, drawing) = codes(PARAMS, &body);
        assert_eq!(found.len(), 1, "{drawing}");
        assert!(code.is_empty() || found[0] == code, "{found:?}");
        assert!(drawing.contains(message), "{drawing}");
    }
}

#[test]
fn what_is_in_the_structs_of_the_library() {
    let page = |rest: &str| {
        format!(
            "snippet id=\"t.f\" kind=\"fn\"\neffects effect network end\nsignature fn name=\"f\" end end\nbody\n{}{rest}end\nend\n",
            step("call", "fn=\"http.get\" arg name=\"url\" lit=\"http://a\"", "reply")
        )
    };
    let problems = |text: String| {
        let (functions, problems) = cov::load(Source::new("test.cov", &*text));
        render_text(&functions.sources, &problems, false)
    };
    let read = |path: &str| step("return", &format!("from=\"{path}\""), "_");
    assert_eq!(problems(page(&read("reply.headers.etag"))), "");
    let unknown = problems(page(&read("reply.bodi")));
    assert!(unknown.contains("did you mean `body`?"), "{unknown}");
    let used = step("call", "fn=\"json.parse\" arg name=\"input\" from=\"reply\"", "_");
    let used = problems(page(&used));
    assert!(used.contains("`input` is of type `Response`"), "{used}");
    // A file that makes a struct of this name means its own.
    let own = step("construct", "type=\"Response\" field name=\"bodi\" lit=1", "mine");
    let fields =
        "type=\"Both\" field name=\"a\" from=\"mine.bodi\" field name=\"b\" from=\"reply\"";
    let both = step("construct", fields, "both");
    assert_eq!(problems(page(&format!("{own}{both}"))), "");
}

#[test]
fn paths_that_are_written_out_lie_in_the_folder_of_the_effect() {
    let problems = |effect: &str, path: &str| {
        let text = format!(
            "snippet id=\"t.f\" kind=\"fn\"\neffects {effect} end\nsignature fn name=\"f\" end end\nbody\n{}end\nend\n",
            step("call", &format!("fn=\"fs.read_file\" arg name=\"path\" lit=\"{path}\""), "_")
        );
        let (functions, problems) = cov::load(Source::new("test.cov", &*text));
        render_text(&functions.sources, &problems, false)
    };
    let limited = "effect filesystem(path=\"/srv/inbox\")";
    for path in ["/srv/inbox/a", "/srv/inbox", "beside", "/srv/inbox/../inbox/x"] {
        assert_eq!(problems(limited, path), "", "{path}");
    }
    assert_eq!(problems(&format!("{limited} effect filesystem(path=\"/tmp\")"), "/tmp/a"), "");
    assert_eq!(problems("effect filesystem", "/etc/passwd"), "");
    for path in ["/etc/passwd", "/srv/inboxes", "/srv/inbox/../x"] {
        let said = problems(limited, path);
        assert!(
            said.contains("lies outside of the folder of `filesystem` (E-EFFECT-004)"),
            "{said}"
        );
    }
}

#[test]
fn what_is_in_a_list_is_in_what_its_functions_give() {
    let call = |function: &str, rest: &str, name: &str| {
        step("call", &format!("fn=\"{function}\" arg name=\"list\" from=\"l\" {rest}"), name)
    };
    let read = |path: &str| step("return", &format!("from=\"{path}\""), "_");
    let item = "arg name=\"item\" from=\"q\"";
    let other = "arg name=\"item\" lit=1";
    let appended = |item: &str| call("list.append", item, "a");
    let each = "step id=\"f\" kind=\"for\" var=\"e\" in=\"a\"\nstep id=\"f1\" kind=\"bind\" from=\"e.prize\" as=\"_\" end\nas=\"_\" end\n";
    for (wanted, body) in [
        (&["E0184"][..], appended(item) + each),
        // Of several types nothing is known.
        (&[], appended(other) + each),
        (&["E0184"], call("list.flatten", "", "a") + each),
        (&["E0153"], step("call", "fn=\"list.len\" arg name=\"list\" from=\"q\"", "_")),
        (&["E0153"], step("call", "fn=\"list.len\" arg name=\"list\" from=\"n\"", "_")),
    ] {
        says(wanted, PARAMS, &body);
    }
    // Each may be none, and programs that know it is there need not say so.
    let returns = format!("{PARAMS} returns type=\"Quote\"");
    says(&[], &returns, &(call("list.first", "", "first") + &read("first")));
    let map =
        step("call", "fn=\"map.get\" arg name=\"map\" from=\"m\" arg name=\"key\" lit=\"a\"", "v");
    says(&[], &format!("{PARAMS} returns type=\"Int\""), &(map + &read("v")));
}

#[test]
fn variants_that_an_enum_does_not_have() {
    let case = |kind: &str| {
        let back = step("return", "lit=1", "_");
        step(
            "match",
            &format!("on=\"w\" case variant type=\"{kind}\" {back} end case wildcard end"),
            "_",
        )
    };
    says(&["W0060"], PARAMS, &case("Way::Sae"));
    says(&[], PARAMS, &case("Way::Sea"));
    says(&["W0060"], PARAMS, &step("return", "variant type=\"Way::Air\" end", "_"));
}

#[test]
fn a_field_is_given_once() {
    let twice = "struct type=\"Quote\" field name=\"price\" lit=1 field name=\"price\" lit=2 end";
    says(&["E0061"], PARAMS, &step("return", twice, "_"));
}

#[test]
fn an_alias_is_a_case_for_what_it_means() {
    let cases = |kind: &str| {
        let back = step("return", "lit=1", "_");
        step("match", &format!("on=\"n\" case variant type=\"{kind}\" {back} end"), "_")
    };
    says(&[], PARAMS, &cases("Cents"));
    says(&["E0183"], PARAMS, &cases("Quote"));
}

#[test]
fn an_alias_of_an_enum_stands_in_front_of_its_variants() {
    let route = "alias name=\"Route\" type=\"Way\" alias name=\"Both\" type=\"Way | Quote\"";
    let cases = ["variant type=\"Route::Land\"", "variant type=\"Route::Sea\" bindings=(\"ship\")"];
    says_of(&[], route, "Way", &matching(&cases));
    says_of(&[], route, "Route", &matching(&cases));
    says_of(&["E0183"], route, "Route", &matching(&cases[..1]));
    says_of(
        &["W0060"],
        route,
        "Route",
        &matching(&[cases[0], cases[1], "variant type=\"Route::Air\""]),
    );
    let two = "variant type=\"Route::Sea\" bindings=(\"ship\", \"more\")";
    says_of(&["E0184"], route, "Route", &matching(&[cases[0], two]));
    let back =
        |fields: &str| step("return", &format!("variant type=\"Route::Sea\" {fields} end"), "_");
    says_of(&[], route, "Int", &back("field name=\"ship\" lit=\"a\""));
    says_of(&["E0181"], route, "Int", &back("field name=\"ship\" lit=1"));
    // What is no enum alone has no variants.
    says_of(&["E0183", "W0060"], route, "Both", &matching(&["variant type=\"Both::Land\""]));
}

#[test]
fn what_was_compared_with_none_is_there_where_the_condition_says_so() {
    let signature = format!("{PARAMS} returns type=\"Int\"");
    let compared =
        |op: &str| step("compute", &format!("op={op} input var=\"o\" input lit=none"), "gone");
    let turned = step("compute", "op=not input var=\"gone\"", "there");
    let back = |from: &str| step("return", &format!("from=\"{from}\""), "_");
    let zero = || step("return", "lit=0", "_");
    let choose = |condition: &str, then: &str, otherwise: &str| {
        let otherwise =
            if otherwise.is_empty() { String::new() } else { format!("else {otherwise} end") };
        step("if", &format!("condition=\"{condition}\" then {then} end {otherwise}"), "_")
    };
    let rebound = || step("bind", "from=\"m.a\"", "o");
    let each = |inner: &str| step("for", &format!("var=\"e\" in=\"l\" {inner}"), "_");
    let none = step("bind", "lit=none", "o");
    let best = |condition: &str| choose(condition, &step("bind", "lit=1", "o"), &back("o"));
    for (good, body) in [
        (true, compared("equals") + &choose("gone", &zero(), "") + &back("o")),
        (true, compared("equals") + &choose("gone", &zero(), &back("o"))),
        (true, compared("not_equals") + &choose("gone", &back("o"), &zero())),
        (true, compared("not_equals") + &choose("gone", &back("o"), "") + &zero()),
        (true, compared("equals") + &turned + &choose("there", &back("o"), &zero())),
        (true, compared("equals") + &turned + &choose("there", "", &zero()) + &back("o")),
        (true, compared("equals") + &each(&choose("gone", &zero(), &back("o"))) + &zero()),
        // What a later turn may find there is not known before.
        (true, none.clone() + &each(&(compared("equals") + &best("gone"))) + &zero()),
        // The other way round.
        (false, compared("equals") + &choose("gone", &back("o"), &zero())),
        (false, compared("not_equals") + &choose("gone", &zero(), "") + &back("o")),
        (false, compared("equals") + &turned + &choose("there", &zero(), &back("o"))),
        // Neither path ends.
        (false, compared("equals") + &choose("gone", &step("bind", "lit=0", "p"), "") + &back("o")),
        // It stands for something else.
        (false, compared("equals") + &rebound() + &choose("gone", &zero(), "") + &back("o")),
        (false, compared("equals") + &choose("gone", &zero(), &(rebound() + &back("o")))),
        (
            false,
            compared("equals")
                + &step("bind", "lit=false", "gone")
                + &choose("gone", &zero(), "")
                + &back("o"),
        ),
        // In a later turn.
        (
            false,
            compared("equals")
                + &each(&(choose("gone", &zero(), &back("o")) + &rebound()))
                + &zero(),
        ),
        (
            false,
            compared("equals")
                + &each(&(choose("gone", &zero(), &back("o")) + &choose("b", &rebound(), "")))
                + &zero(),
        ),
        // Only within.
        (false, compared("equals") + &each(&choose("gone", &zero(), "")) + &back("o")),
        (false, compared("equals") + &choose("b", &choose("gone", &zero(), ""), "") + &back("o")),
    ] {
        let wanted: &[&str] = if good { &[] } else { &["E0181"] };
        let (mut found, drawing) = codes(&signature, &body);
        // To bind a name again is no error.
        found.retain(|code| code.starts_with('E'));
        assert_eq!(found, wanted, "{body}{drawing}");
    }
    // So is what a path leads to, until that is another.
    let signature = format!("{PARAMS} returns type=\"String\"");
    let asked = || step("compute", "op=equals input var=\"q.note\" input lit=none", "gone");
    let text = || step("return", "lit=\"\"", "_");
    let other = step("bind", "from=\"l.0\"", "q");
    for (good, body) in [
        (true, asked() + &choose("gone", &text(), "") + &back("q.note")),
        (true, asked() + &choose("gone", &text(), &back("q.note"))),
        (false, back("q.note")),
        (false, asked() + &choose("gone", &back("q.note"), &text())),
        (
            false,
            asked()
                + &choose("gone", &text(), "")
                + &step("bind", "from=\"q\"", "r")
                + &back("r.note"),
        ),
        (false, asked() + &choose("gone", &text(), "") + &other + &back("q.note")),
        (false, asked() + &other + &choose("gone", &text(), "") + &back("q.note")),
        (false, asked() + &choose("b", &choose("gone", &text(), ""), "") + &back("q.note")),
    ] {
        let wanted: &[&str] = if good { &[] } else { &["E0181"] };
        let (mut found, drawing) = codes(&signature, &body);
        found.retain(|code| code.starts_with('E'));
        assert_eq!(found, wanted, "{body}{drawing}");
    }
    let wrong = step("compute", "op=equals input var=\"q.nite\" input lit=none", "gone");
    says(&["E0184"], &signature, &(wrong + &choose("gone", &text(), "") + &text()));
    // `Some` and `None` are cases for it all the same.
    let signature = format!("{PARAMS} returns type=\"Int\"");
    let cases = format!(
        "case variant type=\"Some\" {} end case variant type=\"None\" {} end",
        zero(),
        zero()
    );
    let opened = step("match", &format!("on=\"o\" {cases}"), "_");
    says(&[], &signature, &(compared("equals") + &choose("gone", &zero(), "") + &opened));
}

#[test]
fn arguments_by_position_have_the_types_of_their_parameters() {
    let call = |rest: &str| step("call", &format!("fn=\"t.g\" {rest}"), "x");
    let text = |rest: &str| {
        format!(
            "{TYPES}\nsnippet id=\"t.g\" kind=\"fn\"\nsignature fn name=\"g\" param name=\"a\" type=\"Int?\" param name=\"b\" type=\"Int\" returns type=\"Int\" end end\nbody step id=\"g\" kind=\"return\" lit=1 as=\"_\" end end\nend\n{}step id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end",
            call(rest)
        )
    };
    let codes = |rest: &str| -> Vec<&str> {
        let (_, problems) = cov::load(Source::new("test.cov", &*text(rest)));
        problems.iter().map(|problem| problem.code.id()).collect()
    };
    assert_eq!(codes("arg name=\"q\" lit=7"), ["W0065"]);
    assert_eq!(codes("arg name=\"q\" lit=\"t\""), ["W0065", "E0153"]);
}

fn module(types: &str) -> String {
    format!("snippet id=\"t.more\" kind=\"module\" types {types} end end\n")
}

/// The codes of a file that has these types, and this body in a function of a parameter `x`.
#[track_caller]
fn says_of(wanted: &[&str], types: &str, kind: &str, body: &str) {
    let text = format!(
        "{}{TYPES}\nsnippet id=\"t.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"x\" type=\"{kind}\" returns type=\"Any\" end end\nbody\n{body}\nend\nend\n",
        module(types)
    );
    let (functions, problems) = cov::load(Source::new("test.cov", &*text));
    let drawing = render_text(&functions.sources, &problems, false);
    let found: Vec<&str> = problems.iter().map(|problem| problem.code.id()).collect();
    assert_eq!(found, wanted, "{drawing}");
}

fn matching(kinds: &[&str]) -> String {
    let cases: String = kinds
        .iter()
        .map(|kind| format!("case {kind}\n{}end\n", step("return", "lit=1", "_")))
        .collect();
    step("match", &format!("on=\"x\" {cases}"), "_")
}

#[test]
fn an_alias_may_lead_back_to_itself_within_a_list_or_a_map() {
    let tree = "alias name=\"Tree\" type=\"Int | Tree[] | Map<String, Tree>\"";
    let all =
        ["variant type=\"Int\"", "variant type=\"Tree[]\"", "variant type=\"Map<String, Tree>\""];
    says_of(&[], tree, "Tree", &matching(&all));
    says_of(&["E0183"], tree, "Tree", &matching(&all[..2]));
    says_of(&[], tree, "Tree?", &matching(&[&all[..], &["variant type=\"None\""]].concat()));
    // What is in one is known.
    let item = |op: &str| {
        step("for", &format!("var=\"y\" in=\"x\" {}", step("compute", op, "_")), "_")
            + &step("return", "lit=1", "_")
    };
    says_of(
        &[],
        "alias name=\"Deep\" type=\"Deep[]\"",
        "Deep[]",
        &item("op=list_len input var=\"y\""),
    );
    says_of(
        &["E0181"],
        "alias name=\"Deep\" type=\"Deep[]\"",
        "Deep[]",
        &item("op=add input var=\"y\" input lit=1"),
    );
    let two = "alias name=\"A\" type=\"Int | B[]\" alias name=\"B\" type=\"String | A[]\"";
    says_of(&[], two, "A", &matching(&["variant type=\"Int\"", "variant type=\"B[]\""]));
}

#[test]
fn an_alias_that_is_nothing_else_is_an_error() {
    let back = step("return", "lit=1", "_");
    says_of(
        &["E0186", "E0186"],
        "alias name=\"A\" type=\"B\" alias name=\"B\" type=\"A\"",
        "Int",
        &back,
    );
    says_of(&["E0186"], "alias name=\"A\" type=\"A\"", "A", &back);
    for fine in ["A?", "A | Int", "A[]", "Map<String, A>", "Nowhere | A", "B"] {
        let types = format!("alias name=\"A\" type=\"{fine}\" alias name=\"B\" type=\"Cents\"");
        let wanted: &[&str] = if fine.contains("Nowhere") { &["W0060"] } else { &[] };
        says_of(wanted, &types, "A", &back);
    }
}

#[test]
fn two_types_of_one_name_are_an_error_unless_they_are_the_same() {
    let back = step("return", "lit=1", "_");
    let quote = "struct name=\"Quote\" field name=\"price\" type=\"Int\" field name=\"note\" type=\"String\" optional end";
    says_of(&[], quote, "Quote", &back);
    for other in [
        "struct name=\"Quote\" field name=\"price\" type=\"Int\" field name=\"note\" type=\"String\" end",
        "struct name=\"Quote\" field name=\"cost\" type=\"Int\" end",
        "alias name=\"Quote\" type=\"Int\"",
        "enum name=\"Quote\" variant name=\"A\" end end",
    ] {
        says_of(&["E0061"], other, "Int", &back);
    }
}

#[test]
fn types_that_nothing_defines_are_found_in_cases_once() {
    let nowhere = ["variant type=\"Nowhere\"", "variant type=\"Nowhere\"", "wildcard"];
    says_of(&["W0060"], "", "Any", &matching(&nowhere));
    says_of(&["W0060"], "", "Nowhere", &matching(&nowhere));
    for known in [
        "Quote",
        "Land",
        "Way::Sea",
        "Some",
        "Ok",
        "Err",
        "Object",
        "NetworkError",
        "IoError",
        "Int[]",
        "Cents",
    ] {
        let case = format!("variant type=\"{known}\"");
        says_of(&[], "", "Any", &matching(&[&case, "wildcard"]));
    }
    // A struct that a step makes need not be declared.
    let made = step("construct", "type=\"Receipt\" field name=\"n\" lit=1", "r");
    says_of(&["W0062"], "", "Any", &(made + &matching(&["variant type=\"Receipt\"", "wildcard"])));
    let handled = |kind: &str| {
        let case = format!("handle case type=\"{kind}\" {}end end", step("bind", "lit=none", "y"));
        step("call", &format!("fn=\"json.parse\" arg name=\"input\" lit=\"1\" {case}"), "y")
            + &step("return", "from=\"y\"", "_")
    };
    says_of(&["W0060"], "", "Any", &handled("JsonEror"));
    says_of(&[], "", "Any", &handled("JsonError"));
}

#[test]
fn a_path_has_a_name_on_both_sides_of_its_dots() {
    for path in ["x.", ".x", "x..y", ".", "x. .y"] {
        let bind =
            step("bind", &format!("from=\"{path}\""), "y") + &step("return", "from=\"y\"", "_");
        says_of(&["E0054"], "", "Any", &bind);
    }
    says_of(&[], "", "Any", &step("return", "from=\"x.y.0\"", "_"));
}

#[test]
fn json_and_the_enums_of_the_library_need_a_case_for_each_variant() {
    let on = |function: &str, arguments: &str, kinds: &[&str]| {
        let kinds: Vec<String> =
            kinds.iter().map(|kind| format!("variant type=\"{kind}\"")).collect();
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        step("call", &format!("fn=\"{function}\" {arguments}"), "y")
            + &matching(&kinds).replace("on=\"x\"", "on=\"y\"")
    };
    let json = |kinds: &[&str]| on("json.parse", "arg name=\"input\" from=\"x\"", kinds);
    let all = ["JsonError", "Null", "Bool", "Number", "String", "Array", "Object"];
    says_of(&[], "", "String", &json(&all));
    says_of(
        &[],
        "",
        "String",
        &json(&["Err", "None", "Bool", "Float", "String", "List<Any>", "Map<String, Any>"]),
    );
    says_of(&[], "", "String", &json(&["Json", "JsonError::ParseError", "JsonError::InvalidType"]));
    says_of(&["E0183"], "", "String", &json(&all[..6]));
    says_of(&["E0183"], "", "String", &json(&all[1..]));
    says_of(&["E0183"], "", "String", &json(&["Json", "JsonError::ParseError"]));
    says_of(&["E0183"], "", "String", &json(&["JsonError", "Json::Object", "Json::Array"]));
}

fn fork(kind: &str, attributes: &str, branches: &[&str]) -> String {
    let branches = ('a'..).zip(branches).map(|(id, value)| {
        format!("branch id=\"{id}\" {} end\n", step("bind", value, &format!("of_{id}")))
    });
    step(kind, &format!("{attributes} {}", branches.collect::<String>()), "r")
}

#[test]
fn what_a_race_gives_is_what_one_of_its_branches_gives() {
    let race = |attributes: &str, branches: &[&str], behind: &str| {
        fork("race", attributes, branches) + behind
    };
    let add =
        step("compute", "op=add input var=\"r\" input lit=1", "_") + &step("return", "lit=1", "_");
    says_of(&[], "", "Int", &race("", &["from=\"x\"", "lit=2"], &add));
    says_of(&["E0181"], "", "Int", &race("", &["lit=\"a\"", "lit=\"b\""], &add));
    says_of(&[], "", "Int", &race("", &["lit=\"a\"", "lit=2"], &add));
    let on = |kinds: &[&str]| matching(kinds).replace("on=\"x\"", "on=\"r\"");
    let (int, text) = ("variant type=\"Int\"", "variant type=\"String\"");
    let (late, lost) = ("variant type=\"TimeoutError\"", "variant type=\"RaceError\"");
    let both = ["lit=\"a\"", "lit=2"];
    says_of(&[], "", "Int", &race("", &both, &on(&[int, text])));
    says_of(&["E0183"], "", "Int", &race("", &both, &on(&[int])));
    says_of(&["E0183"], "", "Int", &race("timeout=1s", &both, &on(&[int, text])));
    says_of(&[], "", "Int", &race("timeout=1s", &both, &on(&[int, text, late])));
    says_of(
        &[],
        "",
        "Int",
        &race(
            "timeout=1s on_timeout=\"return_partial\"",
            &both,
            &on(&[int, text, "variant type=\"None\""]),
        ),
    );
    says_of(&["E0183"], "", "Int", &race("on_error=\"ignore_errors\"", &both, &on(&[int, text])));
    says_of(&[], "", "Int", &race("on_error=\"ignore_errors\"", &both, &on(&[int, text, lost])));
    let failing = ["from=\"x\"", "lit=2"];
    let failure = "variant type=\"DepotError\"";
    says_of(&["E0183"], "", "DepotError", &race("", &failing, &on(&[int])));
    says_of(&[], "", "DepotError", &race("", &failing, &on(&[int, failure])));
}

#[test]
fn what_parallel_gives_has_a_slot_for_each_branch() {
    let add = |path: &str| {
        step("compute", &format!("op=add input var=\"{path}\" input lit=1"), "_")
            + &step("return", "lit=1", "_")
    };
    let both = ["lit=2", "lit=\"t\""];
    for (path, codes) in [
        ("r.a", &[][..]),
        ("r.of_a", &[]),
        ("r.0", &[]),
        ("r.b", &["E0181"]),
        ("r.of_b", &["E0181"]),
        ("r.c", &["E0184"]),
        ("r.successes", &["E0181"]),
    ] {
        says_of(codes, "", "Int", &(fork("parallel", "", &both) + &add(path)));
    }
    // What collects may have a failure in any slot, and what goes on without some has none there.
    says_of(&[], "", "Int", &(fork("parallel", "on_error=\"collect_all\"", &both) + &add("r.b")));
    let on =
        |path: &str, kinds: &[&str]| matching(kinds).replace("on=\"x\"", &format!("on=\"{path}\""));
    let (int, none) = ("variant type=\"Int\"", "variant type=\"None\"");
    let partial = "timeout=1s on_timeout=\"return_partial\"";
    says_of(&["E0183"], "", "Int", &(fork("parallel", partial, &both) + &on("r.a", &[int])));
    says_of(&[], "", "Int", &(fork("parallel", partial, &both) + &on("r.a", &[int, none])));
    // What cannot go wrong is there.
    let ignores = "on_error=\"ignore_errors\"";
    says_of(&[], "", "Int", &(fork("parallel", ignores, &both) + &add("r.a")));
    let late = "variant type=\"TimeoutError\"";
    says_of(&["E0183"], "", "Int", &(fork("parallel", "timeout=1s", &both) + &on("r", &[late])));
    says_of(
        &[],
        "",
        "Int",
        &(fork("parallel", "timeout=1s", &both) + &on("r", &[late, "wildcard"])),
    );
    says_of(
        &[],
        "",
        "Int",
        &(fork("parallel", "timeout=1s", &both)
            + &on("r", &["variant type=\"Err\"", "variant type=\"Ok\""])),
    );
    // A branch that returns has that value.
    let returns =
        step("parallel", &format!("branch id=\"a\" {} end", step("return", "lit=\"t\"", "_")), "r");
    says_of(&["W0053", "E0181"], "", "Int", &(returns + &add("r.a")));
}
