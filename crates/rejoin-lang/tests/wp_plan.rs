//! What a program means: each row is a file and the plan that it is lowered to, with everything implicit written out.

#[path = "support/catalog.rs"]
mod catalog;

use catalog::Catalog;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::source::Source;

#[track_caller]
fn plan(text: &str) -> String {
    let loaded = rejoin_lang::load(Source::new("test.wp", text), &Catalog);
    let drawn = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
    assert!(!has_errors(&loaded.diagnostics), "{drawn}");
    loaded.plan.to_string()
}

/// The steps of one route against the lines of its plan.
#[track_caller]
fn lowers(steps: &str, expected: &[&str]) {
    let plan = plan(&format!("GET /t\n{steps}\n"));
    let lines: Vec<&str> = plan.lines().skip(1).map(|line| &line[2..]).collect();
    assert_eq!(lines, expected, "{steps}");
}

#[test]
fn a_step_is_last_when_nothing_or_only_guarded_steps_follow() {
    lowers("|> jq: `.`", &["jq: `.` -> replace, last"]);
    lowers("|> jq: `.` |> log", &["jq: `.` -> replace", "log -> nothing, last"]);
    lowers(
        "|> jq: `.`\n|> log: `a` @when(a)\n|> log: `b` @flag(b, c)",
        &[
            "jq: `.` -> replace, last unless when a or flag b, c",
            "[when a] log: `a` -> nothing, last unless flag b, c",
            "[flag b, c] log: `b` -> nothing, last",
        ],
    );
    lowers(
        "|> jq: `.`\n|> sleep: `1s` @async(a) @when(a) @optional\n",
        &[
            "jq: `.` -> replace, last unless when a",
            "[when a] spawn a = sleep: `1s` -> nothing, optional",
        ],
    );
    lowers(
        "|> jq: `.`\n|> sleep: `1s` @async(a) @optional\n",
        &["jq: `.` -> replace", "spawn a = sleep: `1s` -> nothing, optional"],
    );
    lowers(
        "|> sleep: `1s` @async(a)\n|> jq: `.`\n|> join: a @when(b)",
        &[
            "spawn a = sleep: `1s` -> nothing",
            "jq: `.` -> replace, last unless when b",
            "[when b] join a",
        ],
    );
}

#[test]
fn every_block_is_a_list_of_its_own() {
    lowers(
        "|> jq: `.`\n|> if |> jq: `.a` then: |> jq: `1` else: |> jq: `2` end\n|> foreach .items.0\n |> jq: `3`\n end",
        &[
            "jq: `.` -> replace",
            "if",
            "    jq: `.a` -> replace, last",
            "then",
            "    jq: `1` -> replace, last",
            "else",
            "    jq: `2` -> replace, last",
            "foreach .items.0",
            "  jq: `3` -> replace, last",
        ],
    );
    lowers(
        "|> lua: `return 1`\n|> dispatch\n case @when(a): |> jq: `1`\n default: |> jq: `2`\n end\n|> result\n ok(200): |> jq: `3`\n luaError(500): |> log",
        &[
            "lua: `return 1` -> replace",
            "dispatch",
            "case when a",
            "    jq: `1` -> replace, last",
            "default",
            "    jq: `2` -> replace, last",
            "result",
            "on ok with 200",
            "    jq: `3` -> replace, last",
            "on luaError with 500",
            "    log -> nothing, last",
        ],
    );
}

#[test]
fn tags_become_conditions() {
    for (tags, guard) in [
        ("@env(prod)", "[env prod] "),
        ("@!env(prod)", "[not env prod] "),
        ("@flag(a, b)", "[flag a, b] "),
        ("@!flag(a, b)", "[not flag a, b] "),
        ("@!when(a)", "[not when a] "),
        ("@guard(`.n  > 1`)", "[`.n > 1`] "),
        ("@!guard(`.n`)", "[not `.n`] "),
        ("@guard", ""),
        ("@!guard", ""),
        ("@flag", ""),
        ("@!when", ""),
        ("@env", ""),
        ("@env(a, b)", ""),
        ("@!env(a, b)", ""),
        ("@prod", ""),
        ("@!prod", ""),
        ("@needs(flags)", ""),
        ("@!async(x)", ""),
        ("@when(a) or @flag(b) and @env(c)", "[(when a or (flag b and env c))] "),
        ("(@when(a) or @flag(b)) and @env(c)", "[((when a or flag b) and env c)] "),
        ("@when(a) or @when(b) @env(c)", "[((when a or when b) and env c)] "),
        ("@when(a) or @prod", ""),
        ("@when(a) and @prod", "[when a] "),
        ("@when(`a`)", "[when a] "),
    ] {
        lowers(&format!("|> log {tags}"), &[&format!("{guard}log -> nothing, last")]);
    }
}

#[test]
fn tasks_names_and_policies_are_found_anywhere_in_a_condition() {
    lowers(
        "|> fetch: `u` @async(a) @result(r) @error(e) @timeout(2s) @retry(3, backoff: 50ms) @optional\n|> join: a",
        &[
            "spawn a = fetch: `u` -> data.r, errors are e, at most 2s, up to 3 times after 50ms, optional",
            "join a",
        ],
    );
    lowers(
        "|> fetch: `u` (@when(x) or @async(a)) @when(y) @detach",
        &["[when y] spawn a = fetch: `u` -> data | merge, detached"],
    );
    lowers(
        "|> rows: `u` @retry(2)",
        &["rows: `u` -> data | replace, up to 2 times after 100ms, last"],
    );
}

#[test]
fn a_join_takes_names_with_commas_or_an_array() {
    let start = "|> sleep: `1s` @async(a)\n|> sleep: `1s` @async(b)\n";
    for list in
        ["`a, b`", "`\n a ,\n\n b, `", "\"a,b\"", "`[\"a\", \"b\"]`", "`[ \"\", \"a\",\"b\" ]`"]
    {
        let plan = plan(&format!("GET /t\n{start}|> join: {list}\n"));
        assert_eq!(plan.lines().last(), Some("  join a, b"), "{list}");
    }
}

#[test]
fn the_places_of_joined_names_are_their_own() {
    for (list, names) in [("`a,\n  b`", ["a", "b"]), ("`[\"\", \"a\", \"b\"]`", ["a", "b"])] {
        let text = format!(
            "GET /t\n|> sleep: `1s` @async(a)\n|> sleep: `1s` @async(b)\n|> join: {list}\n"
        );
        let loaded = rejoin_lang::load(Source::new("test.wp", &*text), &Catalog);
        let last = &loaded.plan.routes[0].block.nodes[2].kind;
        let rejoin_lang::plan::NodeKind::Join(join) = last else { panic!("{last:?}") };
        for (target, name) in join.tasks.iter().zip(names) {
            assert_eq!(&text[target.span.range()], name, "in {list}");
        }
    }
}

#[test]
fn variables_stand_in_for_texts_of_their_name() {
    let text = "jq shape = `{ a: .b }`\nrows byId = `SELECT 1`\nGET /t\n|> jq: shape\n|> rows([.a]): \"byId\"\n|> rows: `byId` @result(r)\n|> lua: `shape`\n";
    let plan = plan(text);
    let lines: Vec<&str> = plan.lines().skip(1).map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "jq: `{ a: .b }` -> replace",
            "rows([.a]): `SELECT 1` -> data.byId",
            "rows: `SELECT 1` -> data.r",
            "lua: `shape` -> replace, last",
        ]
    );
}

#[test]
fn a_variable_may_be_called_as_a_keyword_is() {
    for word in ["query", "pipeline", "config", "resolver", "featureFlags", "GET"] {
        let plan = plan(&format!("jq {word} = `{{ a: .b }}`\nGET /t\n|> jq: {word}\n"));
        assert!(plan.contains("jq: `{ a: .b }` -> replace, last"), "{plan}");
    }
}

#[test]
fn an_if_with_tags_may_stand_on_one_line() {
    let apart = plan("GET /t\n|> if @when(a)\n  |> jq: `.x`\nthen:\n  |> jq: `1`\n");
    assert_eq!(plan("GET /t |> if @when(a) |> jq: `.x` then: |> jq: `1` end"), apart);
}

#[test]
fn pipelines_are_called_in_two_forms() {
    let text = "pipeline load = |> jq: `.`\nGET /t\n|> load\n|> load({ a: 1 })\n|> pipeline: load\n|> pipeline({ a: 1 }): \"load\" @async(x)\n|> join: x\n|> jq: `.async.x`";
    let plan = plan(text);
    let lines: Vec<&str> = plan.lines().skip(3).map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "pipeline load -> merge",
            "pipeline load({ a: 1 }) -> merge",
            "pipeline load -> merge",
            "spawn x = pipeline load({ a: 1 }) -> merge",
            "join x",
            "jq: `.async.x` -> replace, last, looks at x",
        ]
    );
}

#[test]
fn a_jq_step_says_which_tasks_it_looks_at() {
    let start = "|> sleep: `1s` @async(a)\n|> sleep: `1s` @async(b)\n|> join: `a, b`\n";
    for (program, reads) in [
        ("{ x: .async.a.data, y: .async.b }", ", looks at a and b"),
        (".async[\"a\"]", ", looks at a"),
        ("[.async[]]", ", looks at all tasks"),
        (".async | keys", ", looks at all tasks"),
        (".", ""),
        ("{ n: .params.id }", ""),
    ] {
        let plan = plan(&format!("GET /t\n{start}|> jq: `{program}`\n"));
        let expected = format!("  jq: `{program}` -> replace, last{reads}");
        assert_eq!(plan.lines().last(), Some(&*expected), "{program}");
    }
}

#[test]
fn a_route_observes_flags_if_something_that_it_reaches_does() {
    let flagged = |steps: &str| {
        let text = format!(
            "pipeline direct = |> log @flag(a)\npipeline through = |> direct\npipeline loop = |> loop @when(x)\nfeatureFlags = |> lua: `setFlag(\"a\", true)`\nGET /t\n{steps}\n"
        );
        let loaded = rejoin_lang::load(Source::new("test.wp", text), &Catalog);
        loaded.plan.routes[0].observes_flags
    };
    for steps in [
        "|> log @flag(a)",
        "|> log @!flag(a)",
        "|> log @needs(flags)",
        "|> direct",
        "|> through",
        "|> through @async(x)",
        "|> if |> jq: `.` then: |> through end",
        "|> dispatch case @flag(a): |> log end",
        "|> lua: `return getFlag(\"a\")`",
        "|> lua: `return context.flags.a`",
        "|> jq: `$context.flags.a`",
        "|> jq: `$context`",
        "|> jq: `$context | .flags`",
    ] {
        assert!(flagged(steps), "{steps}");
    }
    for steps in
        ["|> log @when(a)", "|> loop", "|> jq: `$context.request.path`", "|> lua: `return context`"]
    {
        assert!(!flagged(steps), "{steps}");
    }
}

#[test]
fn paths_are_cut_at_their_slashes() {
    use rejoin_lang::plan::Segment::{Literal, Param, Rest};
    let paths = "GET / |> log\nGET /a/:b/c |> log\nGET /f/*rest |> log\nGET /end/ |> log\n";
    let loaded = rejoin_lang::load(Source::new("test.wp", paths), &Catalog);
    let segments: Vec<_> =
        loaded.plan.routes.iter().map(|route| route.path.segments.clone()).collect();
    assert_eq!(
        segments,
        [
            vec![Literal("".into())],
            vec![Literal("a".into()), Param("b".into()), Literal("c".into())],
            vec![Literal("f".into()), Rest("rest".into())],
            vec![Literal("end".into()), Literal("".into())],
        ]
    );
}

#[test]
fn characters_that_no_path_has_are_refused() {
    use rejoin_lang::diagnostic::Code;
    for path in ["/a?b=1", "/a/:id.json", "/a/{id}", "/a/*all?", "/é#b"] {
        let loaded =
            rejoin_lang::load(Source::new("test.wp", format!("GET {path} |> log\n")), &Catalog);
        let codes: Vec<_> = loaded.diagnostics.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [Code::PATH_CHARACTER], "{path}");
    }
    plan("GET /é/a.json/~x/@me/:my-id/:a_1/*the-rest |> log\n");
}

#[test]
fn a_text_without_quotes_is_one_error() {
    use rejoin_lang::diagnostic::Code;
    let text = "GET /a\n  |> jq: { a: 1 } @async(one) # c\n  |> jq: 1 + 1 @async(two)\n  \
                |> join: one, two\n  # c\n  |> jq: .async | keys\n\nGET /b |> jq: .a.b";
    let loaded = rejoin_lang::load(Source::new("test.wp", text), &Catalog);
    let codes: Vec<_> = loaded.diagnostics.iter().map(|problem| problem.code).collect();
    let drawn = render_text(&loaded.plan.sources, &loaded.diagnostics, false);
    assert_eq!(codes, [Code::MISSING_TEXT; 5], "{drawn}");
}

#[test]
fn a_path_of_many_segments_is_one_error() {
    let codes = |segments: usize| {
        let text = format!("GET {} |> log\n", "/a".repeat(segments));
        let loaded = rejoin_lang::load(Source::new("test.wp", text), &Catalog);
        assert!(loaded.plan.routes[0].path.segments.len() <= 64);
        loaded.diagnostics.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(64), []);
    assert_eq!(codes(65), [rejoin_lang::diagnostic::Code::TOO_DEEP]);
    assert_eq!(codes(200_000), [rejoin_lang::diagnostic::Code::TOO_DEEP]);
}

#[test]
fn the_last_configuration_of_a_name_stands_whole() {
    let text = "config server { host: \"a\", port: 1 }\nconfig server { port: 2, port: 3 }\n";
    let loaded = rejoin_lang::load(Source::new("test.wp", text), &Catalog);
    let block = loaded.plan.config("server").expect("the block is there");
    assert!(block.get("host").is_none());
    let port = block.get("port").expect("the setting is there");
    assert_eq!(port.value, rejoin_lang::config_value::ConfigValue::Int(3));
    assert_eq!(loaded.plan.config.len(), 1);
}

#[test]
fn blocks_of_branches_say_what_they_wait_for_and_where_it_goes() {
    lowers(
        "|> parallel(timeout: 2s, on_timeout: return_partial, on_error: collect_all, limit: 4)\na: |> jq: `1`\nend\n|> quorum(1) @result(r) @timeout(3s) @retry(2) @optional @when(x)\nb: |> log\nc:\nend",
        &[
            "parallel (timeout: 2s, on_timeout: return_partial, on_error: collect_all, limit: 4) -> async",
            "branch a",
            "    jq: `1` -> replace, last",
            "<at most 3s, up to 2 times after 100ms, failures do not matter> [when x] quorum (1) -> data.r",
            "branch b",
            "    log -> nothing, last",
            "branch c",
        ],
    );
    lowers(
        "|> sleep: `1s` @async(a)\n|> join(timeout: 1s): a",
        &["spawn a = sleep: `1s` -> nothing", "join a (timeout: 1s, on_error: collect_all)"],
    );
    lowers(
        "|> foreach .x @limit(3)\n|> log\nend\n|> log @detach",
        &[
            "foreach .x, 3 at once",
            "  log -> nothing, last",
            "spawn log:5:4 = log -> nothing, optional, detached",
        ],
    );
}
