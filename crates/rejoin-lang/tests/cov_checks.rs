//! What is said about names, arguments and effects of `.cov` programs, and what they are lowered to.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

use rejoin_lang::cov;
use rejoin_lang::diagnostic::render_text;
use rejoin_lang::plan::{Action, ForkKind, ForkOnError, FunctionCallee, Functions};
use rejoin_lang::source::Source;

fn load(text: &str) -> (Functions, Vec<&'static str>, String) {
    let (functions, problems) = cov::load(Source::new("test.cov", text));
    let drawing = render_text(&functions.sources, &problems, false);
    (functions, problems.iter().map(|problem| problem.code.id()).collect(), drawing)
}

#[track_caller]
fn good(text: &str) -> Functions {
    let (functions, codes, drawing) = load(text);
    assert!(codes.iter().all(|code| code.starts_with('W')), "{drawing}");
    functions
}

#[test]
fn the_examples_of_the_overview_are_functions_with_what_they_read_as_parameters() {
    let texts = include_str!("corpus/seed.cov").split("// ----\n");
    let all: Vec<Functions> = texts.map(good).collect();
    let params = |functions: &Functions| -> Vec<String> {
        functions.functions[0].params.iter().map(|param| param.name.to_string()).collect()
    };
    assert_eq!(
        all.iter().map(params).collect::<Vec<_>>(),
        [vec![], vec!["key".to_owned()], vec![]]
    );
    let Action::Fork(fork) = &all[2].functions[0].body.as_ref().unwrap()[0].action else {
        panic!()
    };
    assert_eq!(
        (fork.policy.kind, fork.policy.on_error, fork.policy.partial),
        (ForkKind::Parallel, ForkOnError::FailFast, false)
    );
    assert_eq!(fork.policy.timeout, Some(std::time::Duration::from_secs(5)));
}

#[test]
fn policies_of_branches_have_few_values() {
    let step = |kind: &str, attribute: &str| {
        let branches: String = ["a", "b"]
            .map(|id| {
                format!(
                    "branch id=\"{id}\"\nstep id=\"{id}1\" kind=\"bind\" lit=1 as=\"_\" end\nend\n"
                )
            })
            .concat();
        format!("step id=\"s\" kind=\"{kind}\"\n{attribute}\n{branches}as=\"_\"\nend\n")
    };
    for (kind, attribute, code) in [
        ("parallel", "on_error=\"collect_all\"", None),
        ("race", "on_error=\"ignore_errors\"", None),
        // A race has one value: there is nothing to collect into.
        ("race", "on_error=\"collect_all\"", Some("E0058")),
        ("parallel", "on_error=\"collect\"", Some("E0058")),
        ("parallel", "on_timeout=\"stop\" timeout=1s", Some("E0059")),
        ("race", "limit=2", None),
        ("parallel", "limit=0", Some("E0054")),
        ("parallel", "limit=2.5", Some("E0054")),
        ("parallel", "limit=5000000000", Some("E0054")),
        ("parallel", "limit=\"ten\"", Some("E0054")),
    ] {
        let (_, codes, drawing) = load(&step(kind, attribute));
        assert_eq!(codes, Vec::from_iter(code), "{kind} {attribute}\n{drawing}");
    }
}

#[test]
fn a_bare_word_is_no_value() {
    let bind = |value: &str| {
        load(&format!(
            "step id=\"s\" kind=\"bind\" lit={value} as=\"v\" end\nstep id=\"r\" kind=\"return\" from=\"v\" as=\"_\" end\n"
        ))
    };
    for (value, help) in [
        ("abc", "a text stands in double quotes: `\"abc\"`"),
        ("null", "write `none`"),
        ("True", "write `true`"),
        ("[1, abc]", "`\"abc\"`"),
        ("[[null]]", "write `none`"),
        ("{\"a\": abc}", "`\"abc\"`"),
    ] {
        let (_, codes, drawing) = bind(value);
        assert_eq!(codes, ["E0054"], "{value}: {drawing}");
        assert!(drawing.contains(help), "{drawing}");
    }
    for value in ["true", "none", "[true, none]", "{\"a\": none}", "\"abc\""] {
        let (_, codes, drawing) = bind(value);
        assert!(codes.is_empty(), "{drawing}");
    }
    let field = |default: &str| {
        load(&format!(
            "snippet id=\"t.s\" kind=\"struct\"\nsignature struct name=\"S\" field name=\"a\" type=\"String\" default={default} end end\nmetadata confidence=high tags=[a, b] end\nend\n"
        ))
    };
    assert_eq!(field("abc").1, ["E0054"]);
    // Metadata is data of its own.
    assert!(field("\"abc\"").1.is_empty(), "{}", field("\"abc\"").2);
}

#[test]
fn one_mistake_in_the_text_is_one_message_where_it_is() {
    const FILE: &str = r#"snippet id="a.main" kind="fn"

body
  step id="b" kind="bind"
    lit="hello"
    as="x"
  end
  step id="r" kind="return"
    from="x"
    as="_"
  end
end

end

snippet id="b.other" kind="fn"

body
  step id="r" kind="return"
    lit=1
    as="_"
  end
end

end
"#;
    good(FILE);
    let said = |from: &str, to: &str| {
        let (_, codes, drawing) = load(&FILE.replacen(from, to, 1));
        assert_eq!(codes.len(), 1, "{drawing}");
        drawing
    };
    // A text that lacks its quote does not end where the next one begins.
    let text = said("\"hello\"", "\"hello");
    assert!(text.contains("a text without its closing quote") && text.contains(":5:9"), "{text}");
    // The block that lacks its `end` is the one whose lines say so.
    let step = said("    as=\"_\"\n  end\n", "    as=\"_\"\n");
    assert!(step.contains("`step` is not closed") && step.contains(":8:3"), "{step}");
    let body = said("  end\nend\n\nend", "  end\n\nend");
    assert!(body.contains("is not closed"), "{body}");
    // A text may have lines, and what looks like an attribute in it.
    good(&FILE.replacen("\"hello\"", "\"a\n  b=\"", 1));
    good(&FILE.replacen("lit=\"hello\"", "lit=[\"a\n  b=\", \"c\"]", 1));
}

#[test]
fn a_branch_has_names_of_its_own() {
    let text = r#"
snippet id="a.f" kind="fn"
body
  step id="p" kind="parallel"
    branch id="a"
      step id="a1" kind="bind" lit=1 as="k" end
    end
    branch id="b"
      step id="b1" kind="bind" from="k" as="v" end
    end
    as="both"
  end
  step id="r" kind="return" from="v" as="_" end
end
end
"#;
    let (_, codes, drawing) = load(text);
    assert_eq!(codes, ["E0151", "E0151"], "{drawing}");
    assert!(drawing.contains("read `both.b`"), "{drawing}");
}

#[test]
fn a_name_may_have_dots_and_a_path_begins_with_a_name() {
    good(
        r#"
snippet id="a.f" kind="fn"
signature fn name="f" param name="quote" type="Quote" end end
body
  step id="s1" kind="bind" from="quote.price" as="the.price" end
  step id="s2" kind="return" from="the.price.cents" as="_" end
end
end
"#,
    );
}

#[test]
fn a_declaration_of_a_library_function_is_that_function() {
    let functions = good(
        r#"
snippet id="http.get" kind="extern"
effects effect network end
signature fn name="get" param name="url" type="String" returns type="Any" end end
end
step id="s1" kind="call" fn="get" arg name="url" lit="http://x.example" as="r" end
"#,
    );
    let main = functions.functions.last().unwrap();
    let Action::Call(call) = &main.body.as_ref().unwrap()[0].action else { panic!("{main:?}") };
    assert!(matches!(call.callee, FunctionCallee::Library(library) if library.id == "http.get"));
}

#[test]
fn the_signature_of_a_declaration_holds_for_the_function_of_the_library() {
    let declared = |id: &str, kind: &str, params: &str, args: &str| {
        load(&format!(
            "snippet id=\"{id}\" kind=\"{kind}\"\nsignature fn name=\"f\" {params} returns type=\"Any\" end end\nend\nstep id=\"s1\" kind=\"call\" fn=\"{id}\" {args} as=\"r\" end\nstep id=\"s2\" kind=\"return\" from=\"r\" as=\"_\" end\n"
        ))
    };
    let param = |name: &str, rest: &str| format!("param name=\"{name}\" type=\"Any\" {rest} ");
    let arg = |name: &str| format!("arg name=\"{name}\" lit=\"x\" ");
    for (id, params, args, places) in [
        ("text.concat", param("x", "") + &param("y", ""), arg("y") + &arg("x"), vec![1, 0]),
        ("text.concat", param("b", "") + &param("a", ""), arg("a") + &arg("b"), vec![0, 1]),
        (
            "http.get",
            param("address", "") + &param("hdrs", ""),
            arg("address") + &arg("hdrs"),
            vec![0, 1],
        ),
        (
            "http.request",
            param("method", "") + &param("url", "") + &param("data", ""),
            arg("method") + &arg("url") + &arg("data"),
            vec![1, 0, 2],
        ),
        // What the function does not know is nothing to it.
        ("text.upper", param("s", "") + &param("locale", ""), arg("s") + &arg("locale"), vec![0]),
        (
            "text.slice",
            param("s", "") + &param("from", "default=1") + &param("to", "default=2"),
            arg("s"),
            vec![0, 1, 2],
        ),
        ("console.println", param("message", ""), arg("msg"), vec![0]),
    ] {
        for kind in ["extern", "fn"] {
            let (functions, codes, drawing) = declared(id, kind, &params, &args);
            assert!(codes.iter().all(|code| code.starts_with('W')), "{drawing}");
            let main = functions.functions.last().unwrap();
            let Action::Call(call) = &main.body.as_ref().unwrap()[0].action else { panic!() };
            assert!(matches!(call.callee, FunctionCallee::Library(known) if known.id == id));
            let found: Vec<usize> = call.arguments.iter().map(|(at, _)| *at).collect();
            assert_eq!(found, places, "{id} {kind}");
        }
    }
    for (params, args) in [
        (param("url", ""), arg("url") + &arg("headers")),
        (param("url", "") + &param("headers", ""), arg("url")),
    ] {
        let (_, codes, drawing) = declared("http.get", "extern", &params, &args);
        assert_eq!(codes, ["E0153"], "{drawing}");
    }
}

#[test]
fn a_short_name_means_the_only_function_of_the_library_that_has_it() {
    let call = |name: &str, args: &str| {
        load(&format!(
            "step id=\"s1\" kind=\"call\" fn=\"{name}\" {args} as=\"r\" end\nstep id=\"s2\" kind=\"return\" from=\"r\" as=\"_\" end\n"
        ))
    };
    let (functions, codes, drawing) = call("len", "arg name=\"list\" lit=[1]");
    assert!(codes.is_empty(), "{drawing}");
    let Action::Call(call_) = &functions.functions[0].body.as_ref().unwrap()[0].action else {
        panic!()
    };
    assert!(matches!(call_.callee, FunctionCallee::Library(known) if known.id == "list.len"));
    let (_, codes, drawing) = call("len", "arg name=\"list\" lit=1");
    assert_eq!(codes, ["E0153"], "{drawing}");
    let (_, codes, drawing) = call("get", "arg name=\"list\" lit=[1]");
    assert_eq!(codes, ["E0166"], "{drawing}");
    assert!(drawing.contains("http.get, list.get"), "{drawing}");
    // Its effect is that of the function.
    let (_, codes, drawing) = load(
        "snippet id=\"a.f\" kind=\"fn\"\nbody\nstep id=\"s\" kind=\"call\" fn=\"println\" arg name=\"message\" lit=\"x\" as=\"_\" end\nend\nend\n",
    );
    assert_eq!(codes, ["E0154"], "{drawing}");
    // A function of the file comes first.
    let own = "snippet id=\"a.len\" kind=\"fn\"\nsignature fn name=\"len\" param name=\"of\" type=\"Int\" end end\nbody\nstep id=\"b\" kind=\"return\" from=\"of\" as=\"_\" end\nend\nend\n";
    let functions = good(&format!(
        "{own}step id=\"s1\" kind=\"call\" fn=\"len\" arg name=\"of\" lit=1 as=\"r\" end\n"
    ));
    let Action::Call(call_) = &functions.functions[1].body.as_ref().unwrap()[0].action else {
        panic!()
    };
    assert!(matches!(call_.callee, FunctionCallee::Function(0)));
}

#[test]
fn arguments_are_taken_in_order_where_no_name_fits() {
    let functions = good(
        r#"step id="s1" kind="call" fn="text.concat" arg name="left" lit="x" arg name="right" lit="y" as="z" end"#,
    );
    let Action::Call(call) = &functions.functions[0].body.as_ref().unwrap()[0].action else {
        panic!()
    };
    assert_eq!(call.arguments.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1]);
    let (_, codes, drawing) = load(
        r#"step id="s1" kind="call" fn="text.concat" arg name="a" lit="x" arg name="right" lit="y" as="z" end"#,
    );
    assert_eq!(codes, ["E0153"], "{drawing}");
}

#[test]
fn a_long_chain_of_calls_passes_its_effect_on() {
    let mut text = String::new();
    for n in 0..2000 {
        let callee = if n == 0 { "console.println".to_owned() } else { format!("a.f{}", n - 1) };
        let arg = if n == 0 { "arg name=\"message\" lit=\"x\"" } else { "" };
        text.push_str(&format!(
            "snippet id=\"a.f{n}\" kind=\"fn\"\nbody\nstep id=\"s\" kind=\"call\" fn=\"{callee}\" {arg} as=\"_\" end\nend\nend\n"
        ));
    }
    let (_, codes, _) = load(&text);
    assert_eq!((codes[0], codes[1]), ("E0154", "E0156"));
}

#[test]
fn a_name_may_be_bound_again_where_only_one_step_runs_and_in_loops_and_handlers() {
    let bind =
        |id: &str, name: &str| format!("step id=\"{id}\" kind=\"bind\" lit=1 as=\"{name}\" end\n");
    let body = format!(
        r#"
snippet id="a.f" kind="fn"
signature fn name="f" param name="items" type="Int[]" end end
body
  {}
  step id="i" kind="if" condition="ok" then {} end else {} end as="_" end
  step id="m" kind="match" on="items"
    case variant type="Some" bindings=("v") {} end
    case wildcard {} end
    as="w"
  end
  step id="u" kind="bind" from="w" as="_" end
  step id="l" kind="for" var="item" in="items" {} as="_" end
  step id="c" kind="call" fn="json.parse" arg name="input" lit="1" as="tree"
    handle case type="JsonError" {} end end
  end
  step id="v" kind="bind" from="tree" as="_" end
  step id="p" kind="race"
    branch id="x" {} end
    branch id="y" {} end
    as="first"
  end
end
end
"#,
        bind("s1", "ok").replace("lit=1", "lit=true"),
        bind("s2", "a"),
        bind("s3", "a"),
        bind("s4", "w"),
        bind("s5", "w"),
        bind("s6", "ok").replace("lit=1", "lit=false"),
        bind("s7", "tree"),
        bind("s8", "k"),
        bind("s9", "k"),
    );
    let (_, codes, drawing) = load(&body);
    assert!(codes.is_empty(), "{drawing}");
    let (_, codes, _) =
        load(&body.replace("\"items\" type", "\"a\" type").replace("=\"items\"", "=\"a\""));
    let twice: Vec<&str> = codes.into_iter().filter(|code| *code == "W0056").collect();
    assert_eq!(twice, ["W0056", "W0056"], "both arms bind what the parameter has");
}

#[test]
fn circles_of_calls_are_found_once_and_recursion_is_fine() {
    let function = |id: &str, callees: &[&str]| {
        let call = |callee: &&str| {
            format!("step id=\"{callee}\" kind=\"call\" fn=\"{callee}\" as=\"_\" end\n")
        };
        let calls: String = callees.iter().map(call).collect();
        format!("snippet id=\"{id}\" kind=\"fn\"\nbody\n{calls}end\nend\n")
    };
    let alone = function("a.a", &["a.a", "a.b"]) + &function("a.b", &["a.b"]);
    good(&alone);
    let circles = function("a.a", &["a.b"])
        + &function("a.b", &["a.c", "a.d"])
        + &function("a.c", &["a.a"])
        + &function("a.d", &["a.e"])
        + &function("a.e", &["a.d", "a.e"]);
    let (_, codes, drawing) = load(&circles);
    assert_eq!(codes, ["E0157", "E0157"], "{drawing}");
    let mut ring: String =
        (0..5000).map(|n| function(&format!("a.f{n}"), &[&format!("a.f{}", n + 1)])).collect();
    ring += &function("a.f5000", &["a.f0"]);
    assert_eq!(load(&ring).1, ["E0157"]);
}

#[test]
fn a_short_name_of_several_functions_means_none_of_them() {
    let function = |id: &str, call: &str| {
        format!(
            "snippet id=\"{id}\" kind=\"fn\" signature fn name=\"f\" returns type=\"Any\" end end body {call} \
             step id=\"r\" kind=\"return\" lit=1 as=\"_\" end end end\n"
        )
    };
    let call = "step id=\"c\" kind=\"call\" fn=\"f\" as=\"_\" end";
    let main = function("c.main", call).replace("name=\"f\"", "name=\"main\"");
    let text = function("a.f", "") + &function("b.f", "") + &main;
    let (_, codes, drawing) = load(&text);
    assert_eq!(codes, ["E0166"], "{drawing}");
    assert!(drawing.contains("E-SYMBOL-004") && drawing.contains("a.f, b.f"), "{drawing}");
}

#[test]
fn documents_are_asked_with_an_effect_of_their_own() {
    let of = |effect: &str, step: &str| {
        load(&format!(
            "snippet id=\"a.f\" kind=\"fn\" effects effect {effect} end body {step} end end"
        ))
    };
    let query = "step id=\"q\" kind=\"query\" target=\"std.storage\" select all from=\"people\" as=\"q\" end";
    assert_eq!(of("std.storage", query).1, Vec::<&str>::new());
    assert_eq!(of("database", query).1, ["E0155"]);
    for step in [
        query.replace("from=", "join to=\"b\" on equals field=\"a\" field=\"c\" end from="),
        query.replace("from=", "follow rel=\"next\" from="),
        "step id=\"t\" kind=\"transaction\" step id=\"d\" kind=\"delete\" from=\"std.storage.people\" as=\"d\" end as=\"t\" end".to_owned(),
    ] {
        let (_, codes, drawing) = of("std.storage", &step);
        assert_eq!(codes, ["E0172"], "{drawing}");
    }
}

#[test]
fn a_pattern_that_binds_a_name_again_is_one_that_binds_it_again() {
    let file = |inner: &str, flag: &str| {
        let first = format!("step id=\"a\" kind=\"bind\" lit=1 {flag} as=\"p\" end");
        format!(
            "snippet id=\"a.f\" kind=\"fn\"\nsignature fn name=\"f\" param name=\"x\" type=\"Any\" returns type=\"Any\" end end\nbody\n{first}\n{inner}\n\
             step id=\"u\" kind=\"return\" from=\"p\" as=\"_\" end\nend\nend"
        )
    };
    let cases = |pattern: &str| {
        format!(
            "step id=\"m\" kind=\"match\" on=\"x\" case {pattern} step id=\"m1\" kind=\"bind\" from=\"p\" as=\"q\" end end case wildcard step id=\"m2\" kind=\"bind\" lit=1 as=\"q\" end end as=\"_\" end \
             step id=\"m3\" kind=\"call\" fn=\"json.stringify\" arg name=\"value\" from=\"q\" as=\"t\" end"
        )
    };
    let branch = |inner: &str| {
        format!(
            "step id=\"f\" kind=\"parallel\" branch id=\"one\" {inner} end branch id=\"two\" step id=\"b2\" kind=\"bind\" lit=1 as=\"v\" end end as=\"r\" end step id=\"g\" kind=\"call\" fn=\"json.stringify\" arg name=\"value\" from=\"r\" as=\"s\" end"
        )
    };
    for pattern in ["variant type=\"Quote\" bindings=(\"p\")", "binding=\"p\""] {
        let has = |text: &str, code: &str| {
            let (_, codes, drawing) = load(text);
            assert!(codes.contains(&code), "{pattern}: {code}\n{drawing}");
        };
        has(&file(&cases(pattern), ""), "W0056");
        has(&file(&branch(&cases(pattern)), ""), "W0057");
        has(&file(&branch(&cases(pattern)), "mut"), "E0165");
    }
    // One match after the other, and what stands behind a case that has returned.
    let a_match = |id: &str, inner: &str| {
        format!(
            "step id=\"{id}\" kind=\"match\" on=\"x\" case variant type=\"Quote\" bindings=(\"k\") {inner} end case wildcard step id=\"{id}w\" kind=\"bind\" lit=1 as=\"_\" end end as=\"_\" end "
        )
    };
    let tells = "step id=\"t1\" kind=\"call\" fn=\"json.stringify\" arg name=\"value\" from=\"k\" as=\"_\" end";
    let returns = "step id=\"r1\" kind=\"return\" from=\"k\" as=\"_\" end";
    let binds = "step id=\"k1\" kind=\"bind\" lit=1 as=\"k\" end";
    let two = a_match("m1", tells) + &a_match("m2", &tells.replace("t1", "t2"));
    for body in [two, a_match("m1", returns) + binds] {
        let (_, codes, drawing) = load(&file(&body, ""));
        assert!(!codes.contains(&"W0056"), "{drawing}");
    }
    let (_, codes, drawing) = load(&file(&(a_match("m1", tells) + binds), ""));
    assert!(codes.contains(&"W0056"), "{drawing}");
    // Cases exclude each other.
    let both = cases("variant type=\"Quote\" bindings=(\"k\")").replace(
        "case wildcard",
        "case variant type=\"Other\" bindings=(\"k\") step id=\"m4\" kind=\"bind\" from=\"k\" as=\"q\" end end case wildcard",
    );
    let (_, codes, drawing) = load(&file(&both, ""));
    assert!(!codes.contains(&"W0056"), "{drawing}");
}

#[test]
fn a_limit_that_nothing_holds_a_function_to_is_refused() {
    let file = |effect: &str, call: &str| {
        format!(
            "snippet id=\"a.f\" kind=\"fn\"\neffects\n{effect}\nend\nbody\nstep id=\"s\" kind=\"call\" {call} as=\"x\" end\nstep id=\"r\" kind=\"return\" from=\"x\" as=\"_\" end\nend\nend"
        )
    };
    let get = "fn=\"http.get\" arg name=\"url\" lit=\"http://127.0.0.1/\"";
    let exec = "fn=\"process.exec\" arg name=\"command\" lit=\"echo\"";
    let write =
        "fn=\"fs.write_file\" arg name=\"path\" lit=\"/srv/a\" arg name=\"content\" lit=\"b\"";
    for (effect, call, fits) in [
        ("effect network(host=\"example.com\")", get, false),
        ("effect process(command=\"ls\")", exec, false),
        ("effect filesystem(mode=\"read\")", write, false),
        ("effect filesystem(path=\"/srv\", mode=\"read\")", write, false),
        ("effect filesystem(path=5)", write, false),
        ("effect network(path=\"/srv\")", get, false),
        ("effect filesystem(path=\"/srv\")", write, true),
        ("effect network", get, true),
    ] {
        let (_, codes, drawing) = load(&file(effect, call));
        assert_eq!(codes == ["E0158"], !fits, "{drawing}");
        assert!(!fits || codes.is_empty(), "{drawing}");
    }
    // Nor does a declaration of what the library has.
    let stub = "snippet id=\"http.get\" kind=\"extern\"\neffects\neffect network(host=\"example.com\")\nend\nsignature fn name=\"get\" param name=\"url\" type=\"String\" returns type=\"Any\" end end\nend\n";
    let (_, codes, drawing) =
        load(&(stub.to_owned() + &file("effect network(host=\"example.com\")", get)));
    assert!(codes.contains(&"E0158"), "{drawing}");
}

#[test]
fn an_effect_on_databases_may_name_the_one_that_steps_on_data_use() {
    let table = "schema table name=\"acc\" field name=\"n\" type=\"Int\" end end";
    let databases: String = ["db.bank", "db.shop"]
        .map(|id| format!("snippet id=\"{id}\" kind=\"database\" metadata dialect=\"sqlite\" end {table} end\n"))
        .concat();
    let steps = [
        "step id=\"a\" kind=\"insert\" into=\"bank.acc\" set field=\"n\" lit=1 as=\"_\" end",
        "step id=\"a\" kind=\"update\" target=\"bank.acc\" set field=\"n\" lit=1 as=\"_\" end",
        "step id=\"a\" kind=\"delete\" from=\"db.bank.acc\" as=\"_\" end",
        "step id=\"a\" kind=\"query\" target=\"bank\" select all from=\"acc\" as=\"_\" end",
    ];
    for (effects, fits) in [
        ("effect database", true),
        ("effect database(name=\"bank\")", true),
        ("effect database(name=\"db.bank\")", true),
        ("effect database(name=\"shop\") effect database(name=\"bank\")", true),
        ("effect database(name=\"shop\")", false),
        ("effect database(host=\"bank\")", false),
        ("effect database(name=\"bank\" mode=\"read\")", false),
    ] {
        for step in steps {
            let file = format!(
                "{databases}snippet id=\"a.f\" kind=\"fn\" effects {effects} end signature fn name=\"f\" end end body {step} end end\n"
            );
            let (_, codes, drawing) = load(&file);
            let wanted: &[&str] = if fits { &[] } else { &["E0158"] };
            assert_eq!(codes, wanted, "{drawing}");
        }
    }
}

#[test]
fn a_database_may_be_named_by_its_id_or_by_how_that_ends() {
    let function = |id: &str, effect: &str, step: &str| {
        let (_, name) = id.split_once('.').unwrap_or_default();
        format!(
            "snippet id=\"{id}\" kind=\"fn\" effects {effect} end signature fn name=\"{name}\" end end body {step} end end\n"
        )
    };
    let called = |databases: &[&str], outer: &str, inner: &str| {
        let databases: String = databases
            .iter()
            .map(|id| format!("snippet id=\"{id}\" kind=\"database\" metadata dialect=\"sqlite\" end schema table name=\"acc\" field name=\"n\" type=\"Int\" end end end\n"))
            .collect();
        let effect = |name: &str| format!("effect database(name=\"{name}\")");
        let call = "step id=\"c\" kind=\"call\" fn=\"a.g\" as=\"_\" end";
        let read = format!(
            "step id=\"a\" kind=\"query\" target=\"{inner}\" select all from=\"acc\" as=\"_\" end"
        );
        load(
            &(databases
                + &function("a.f", &effect(outer), call)
                + &function("a.g", &effect(inner), &read)),
        )
    };
    for (databases, outer, inner, fits) in [
        (&["db.bank"][..], "bank", "db.bank", true),
        (&["db.bank"], "db.bank", "bank", true),
        (&["db.bank", "db.shop"], "shop", "db.bank", false),
        // How two ids end says nothing where they are written out.
        (&["old.bank", "new.bank"], "old.bank", "new.bank", false),
        (&["old.bank", "new.bank"], "new.bank", "new.bank", true),
        (&["old.bank", "db.shop"], "bank", "old.bank", true),
        // A name that no database has is not that of one that ends so.
        // What both end with is neither of them.
        (&["old.bank", "new.bank"], "bank", "new.bank", false),
    ] {
        let (_, codes, drawing) = called(databases, outer, inner);
        let wanted: &[&str] = if fits { &[] } else { &["E0158"] };
        assert_eq!(codes, wanted, "{drawing}");
    }
    let databases = "snippet id=\"old.bank\" kind=\"database\" schema table name=\"acc\" field name=\"n\" type=\"Int\" end end end\n";
    let databases = databases.to_owned() + &databases.replace("old.", "new.");
    let read =
        "step id=\"a\" kind=\"query\" target=\"new.bank\" select all from=\"acc\" as=\"_\" end";
    let (_, codes, drawing) =
        load(&(databases.clone() + &function("a.f", "effect database(name=\"old.bank\")", read)));
    assert_eq!(codes, ["E0158"], "{drawing}");
    // A name that no database of the program has is not that of one that ends so.
    let call = "step id=\"c\" kind=\"call\" fn=\"a.g\" as=\"_\" end";
    for (outer, inner, fits) in [("bank", "bank", true), ("bank", "old.bank", false)] {
        let effect = |name: &str| format!("effect database(name=\"{name}\")");
        let (_, codes, drawing) = load(
            &(function("a.f", &effect(outer), call)
                + &function("a.g", &effect(inner), "").replace("kind=\"fn\"", "kind=\"extern\"")),
        );
        let wanted: &[&str] = if fits { &[] } else { &["E0158"] };
        assert_eq!(codes, wanted, "{drawing}");
    }
    // Nobody gets from the one to the other by what both end with.
    let call = "step id=\"c\" kind=\"call\" fn=\"a.g\" as=\"_\" end";
    let (_, codes, drawing) = load(
        &(databases
            + &function("a.f", "effect database(name=\"old.bank\")", call)
            + &function("a.g", "effect database(name=\"bank\")", read)),
    );
    assert_eq!(codes, ["E0158", "E0158"], "{drawing}");
}

#[test]
fn tables_of_a_database_and_their_fields_have_names_of_their_own() {
    let database =
        |parts: &str| format!("snippet id=\"db.bank\" kind=\"database\"\n{parts}\nend\n");
    let table = |word: &str, name: &str, fields: [&str; 2]| {
        let fields = fields.map(|name| format!("field name=\"{name}\" type=\"Int\" "));
        format!("{word} name=\"{name}\" {} end\n", fields.concat())
    };
    for (section, word) in [("schema", "table"), ("types", "struct")] {
        for (first, second, says) in [
            (table(word, "acc", ["n", "m"]), table(word, "log", ["n", "m"]), None),
            (
                table(word, "acc", ["n", "n"]),
                String::new(),
                Some(format!("two parts of `{word}` are called `n`")),
            ),
            (
                table(word, "acc", ["n", "m"]),
                table(word, "acc", ["n", "k"]),
                Some(format!("two parts of `{section}` are called `acc`")),
            ),
        ] {
            let (_, codes, drawing) = load(&database(&format!("{section}\n{first}{second}end")));
            let wanted: &[&str] = if says.is_some() { &["E0061"] } else { &[] };
            assert_eq!(codes, wanted, "{drawing}");
            assert!(says.is_none_or(|says| drawing.contains(&says)), "{drawing}");
        }
    }
    // Another database has tables of its own.
    let one = database(&format!("schema {} end", table("table", "acc", ["n", "m"])));
    let (_, codes, drawing) = load(&(one.replace("db.bank", "db.shop") + &one));
    assert!(codes.is_empty(), "{drawing}");
}

#[test]
fn the_block_without_its_end_is_found_by_the_lines() {
    const FILE: &str = r#"snippet id="a.f" kind="fn"

signature
  fn name="f"
    returns union
      type="Int"
      type="ParseError"
    end
  end
end

body
  step id="s" kind="call"
    fn="json.parse"
    arg name="input" lit="1"
    as="x"
    handle
      case type="JsonError"
        step id="h" kind="bind"
          lit=1
          as="x"
        end
      end
    end
  end
  step id="r" kind="return"
    lit=1
    as="_"
  end
end

end
"#;
    good(FILE);
    let said = |from: &str, to: &str| {
        let (_, _, drawing) = load(&FILE.replacen(from, to, 1));
        drawing.split("\n\n").next().unwrap_or_default().to_owned()
    };
    let union = said("\"ParseError\"\n    end", "\"ParseError\"");
    assert!(union.contains("`returns` is not closed") && union.contains(":5:5"), "{union}");
    let handle = said("      end\n    end\n  end", "      end\n  end");
    assert!(handle.contains("`handle` is not closed") && handle.contains(":17:5"), "{handle}");
    // What is no duration is not a short one.
    let timeout = |text: &str| {
        let branches = "branch id=\"a\" end branch id=\"b\" end";
        load(&format!("step id=\"s\" kind=\"parallel\" timeout={text} {branches} as=\"x\" end")).2
    };
    assert!(timeout("\"soon\"").contains("`timeout` needs a duration ("));
    for short in ["0s", "\"0s\"", "-1"] {
        assert!(timeout(short).contains("greater than zero"), "{short}");
    }
}
