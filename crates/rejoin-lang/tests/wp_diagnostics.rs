//! What people see for each mistake: a snapshot holds the file and the drawing of its problems.
//!
//! To change them: `INSTA_UPDATE=always cargo test -p rejoin-lang --test wp_diagnostics`, then read the difference.

mod support;

use rejoin_lang::diagnostic::{render_json, render_text, summary};
use rejoin_lang::source::{Source, SourceId, Sources};
use rejoin_lang::wp;

#[track_caller]
fn shows(name: &str, text: &str) {
    let (_, problems) = support::check_laws(text);
    assert!(!problems.is_empty(), "{name} has no problem");
    let drawing = support::drawn(text, &problems);
    let visible = text.replace('\r', "␍").replace('\u{1b}', "␛");
    let content = format!("{visible}\n{}\n{drawing}{}\n", "~".repeat(60), summary(&problems));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, content);
    });
}

#[test]
fn declarations() {
    shows(
        "declaration_misspelt",
        "pipelin greet =\n  |> jq: `1`\n\nConfig server {\n  port: 1\n}\n\nblock server {\n  port: 1\n}\n\nfeatureFlag =\n  |> log\n\ndescibe \"x\"\n",
    );
    shows(
        "declaration_without_equals",
        "pipeline greet\n  |> jq: `1`\n\njq shape `{ a: 1 }`\n\nfeatureFlags\n  |> log\n",
    );
    shows(
        "declaration_with_a_colon",
        "pipeline greet:\n  |> jq: `1`\n\njq shape: `{ a: 1 }`\n\ngraphqlSchema `type Query { a: Int }`\n",
    );
    shows(
        "declaration_without_name",
        "pipeline =\n  |> jq: `1`\n\nconfig {\n  port: 1\n}\n\njq = `1`\n\npipeline größe =\n  |> jq: `1`\n",
    );
    shows("declaration_without_text", "jq shape =\n\njq other = \"1\"\n\npipeline load = `1`\n");
    shows(
        "declaration_of_graphql",
        "graphqlSchema\nquery =\n  |> jq: `1`\nmutation add\n  |> jq: `1`\nresolver User\n  |> jq: `1`\nresolver User. =\n  |> jq: `1`\nresolver . name =\n  |> jq: `1`\nquery text = `1`\ngraphqlSchema = \"type Query { a: Int }\"\nresolver A.b =\n  |> jq: `1`\n",
    );
    shows(
        "tests_malformed",
        "describe \"a\"\n  let x = `GET /not-a-route`\n  it \"b\"\n    when calling GET /a\n    then status is two\n    then output `.x` is 3\n    when calling GET /b\n    oops\n    with mock fetch\n    with mock fetch returning `1` after soon\n    then took long\n  it \"c\"\n    let y =\n    when doing it\n  it\n    with body\n\ndescribe \"d\"\n  with body `{}`\n\nGET /a\n  oops\n",
    );
    shows(
        "tests_of_nothing_between",
        "describe \"a\"\n  it \"b\"\n    when calling GET /a\n    then took 10s..1s\n    and status in 300..200\n    and status in 200..200\n\nGET /a\n  |> log\n",
    );
    shows(
        "tests_of_resolvers_malformed",
        "describe \"a\"\n  it \"b\"\n    when calling GET /a\n    then task slow was cancelled\n  it \"c\"\n    with mock query users\n    when executing resolver User\n    and call query with `1`\n\nGET /a\n",
    );
    shows(
        "selectors_malformed",
        "describe \"a\"\n  it \"b\"\n    when calling GET /a\n    then selector `h1` is there\n    and selector h1 exists\n    and selector `a` text like \"x\"\n    and selector `a` count over 3\n    and selector `a` does not\n\nGET /a\n",
    );
    shows(
        "text_after_a_declaration",
        "config server { port: 1 } more\njq a = `1` @async(x)\nGET /a\n",
    );
    shows("step_outside", "|> jq: `1`\n\nGET /a\n  |> jq: `2`\n");
}

#[test]
fn routes() {
    shows("method_unknown", "Get /a\nPOTS /b\nGETx /c\nTELEPORT /d\n");
    shows("path_malformed", "GET users\nGET \"/a\"\nGET\n  |> log\nPOST |> log\nPUT");
}

#[test]
fn settings() {
    shows(
        "setting_malformed",
        "config server {\n  host: localhost\n  port = 1\n  rate: 1.5, size: -3\n  name: `x`\n  user: ${USER}\n  pass: $ PASS\n  mode: $MODE || fast\n  none:\n}\n",
    );
    shows(
        "setting_text_unclosed",
        "config server {\n  host: \"localhost\n  port: 1\n  name: \"x\"\n}\n",
    );
    shows("config_unclosed", "config server {\n  port: 1\n\nGET /a\n  |> log\n");
    shows("config_without_bracket", "config server\n  port: 1\n\nGET /a\n  |> log\n");
    shows(
        "number_too_large",
        "config a {\n  b: 18446744073709551616\n  c: 18446744073709551615h\n}\nGET /a\n  |> log @retry(99999999999999999999)\n",
    );
}

#[test]
fn texts_and_brackets() {
    shows(
        "quotes_escaped",
        "import lib/users.wp as users\n\nGET /a\n  |> jq: \"{ \\\"a\\\": 1, \\\"b\\\": [] }\" @when(x)\n  |> jq: \"{ a: 1 }\"\n",
    );
    shows(
        "backtick_unclosed",
        "GET /a\n  |> jq: `{ a: 1 }\n  |> log: `next`\n\nGET /b\n  |> jq: `2`\n",
    );
    shows("backtick_unclosed_at_the_end", "GET /a\n  |> jq: `{ a: 1 }\n\nGET /b\n  |> log\n");
    shows(
        "backtick_unclosed_in_variable",
        "jq shape = `{ a: 1 }\n\nGET /a\n  |> jq: `2`\n  |> log: `3`\n",
    );
    shows("quote_unclosed", "GET /a\n  |> log: \"one\n  |> log: \"two\"\n  |> log: \"three\"\n");
    shows(
        "triple_backticks",
        "GET /a\n  |> jq: ```{ a: 1 }```\n  |> jq: ```\n    { b: 2 }\n  ```\n  |> log\n",
    );
    shows(
        "bracket_unclosed",
        "GET /a\n  |> fetch(\"https://a.example/\" + (.id | tostring)\n  |> jq([1, 2\n\nGET /b\n  |> fetch(\"x\n",
    );
    shows("bracket_mismatched", "GET /a\n  |> jq([1, 2): `1`\n  |> jq({ a: (1 }): `1`\n  |> log\n");
    shows(
        "argument_missing",
        "GET /a\n  |> jq(1,, 2): `1`\n  |> jq(1,): `1`\n  |> jq(,): `1`\n  |> log @flag(a,) @flag(,b)\n",
    );
    shows("call_into_a_module", "GET /a\n  |> lib::load\n  |> lib::other({ a: 1 }) @async(x)\n");
    shows("arguments_apart", "GET /a\n  |> fetch (\"x\")\n  |> pg [.a]: `b`\n");
    shows(
        "nested_too_deeply",
        &format!("GET /a\n  |> jq({}\n\nGET /b\n  |> log oops\n", "[".repeat(70)),
    );
}

#[test]
fn steps() {
    shows(
        "step_without_arrow",
        "GET /a\n  jq: `1`\n  | log: \"2\"\n  -> log: \"3\"\n  fetch(\"x\")\n  if\n    |> jq: `1`\n    then:\n      log: text\n  end\n",
    );
    shows("step_without_name", "GET /a\n  |>\n  |> : `1`\n  |> `1`\n  |>\nGET /b\n  |>");
    shows("step_without_colon", "GET /a\n  |> jq `1`\n  |> log \"2\"\n");
    shows(
        "step_text_missing",
        "GET /a\n  |> jq:\n  |> log: hello world\n  |> fetch: https://a.example/b @async(x)\n  |> jq: { a: 1 }\n  |> jq: .a.b\n  |> log:",
    );
    shows("quotes_of_other_languages", "GET /a\n  |> jq: '{ a: 1 }'\n  |> jq: “.a”\n  |> jq: 'a\n");
    shows(
        "operators_of_other_languages",
        "GET /a\n  |> log @when(a) && @when(b)\n  |> log @when(a) || @when(b)\n  |> log @when(a) OR @when(b)\n  |> log: `x` !@when(a)\n  |> log: `x` not @when(a)\n  |> log: `x` and @when(a)\n",
    );
    shows("unexpected_text", "oops\nGET /a\n  |> jq: `1` what\n  // comment\n  %%% |> log\n");
    shows(
        "tags_below",
        "GET /a\n  |> fetch: `x` @result(a)\n    @async(b)\n  |> log\nGET /c\n  @async(d)\n",
    );
    shows(
        "tags_on_blocks",
        "GET /a\n  |> if @when(a)\n    |> jq: `1`\n    then:\n      |> log\n  end @async(x)\n  |> foreach items\n    |> log\n  end @limit(2)\n  |> result @when(b)\n    ok(200):\n      |> log\n",
    );
    shows(
        "tags_malformed",
        "GET /a\n  |> log @ when(a)\n  |> log @when(a b)\n  |> log @when(a.b)\n  |> log @when(a\n  |> log @when(a) and or @when(b)\n  |> log (@when(a) or @when(b)\n  |> log @größe\n  |> dispatch\n    case admin:\n      |> log\n    case:\n      |> log\n",
    );
    shows("condition_ambiguous", "GET /a\n  |> log: \"x\" @when(a) @when(b) or @when(c)\n");
}

#[test]
fn blocks() {
    shows(
        "if_without_then",
        "GET /a\n  |> if\n    |> jq: `1`\n    else:\n      |> log\n  end\n  |> if\n    |> jq: `2`\n",
    );
    shows(
        "if_with_a_bare_condition",
        "GET /a\n  |> if .a == 1\n    then:\n      |> log\n  end\n  |> if `.a`\n    then:\n      |> log\n  end\n",
    );
    shows(
        "block_words_without_colon",
        "GET /a\n  |> if\n    |> jq: `1`\n    then\n      |> log\n    else\n      |> log\n  end\n  |> dispatch\n    case @when(a)\n      |> log\n    default\n      |> log\n  end\n  |> result\n    ok(200)\n      |> log\n",
    );
    shows(
        "foreach_without_end",
        "GET /a\n  |> foreach items\n    |> log\n\nGET /b\n  |> foreach items\n    |> dispatch\n      case @when(a):\n        |> log\n  end\n",
    );
    shows(
        "foreach_without_path",
        "GET /a\n  |> foreach\n    |> log\n  end\n  |> foreach `.items`\n    |> log\n  end\n  |> foreach: .items\n    |> log\n  end\n",
    );
    shows(
        "foreach_with_brackets",
        "GET /a\n  |> foreach .items[]\n    |> log\n  end\n  |> foreach a.b[0]\n    |> log\n  end\n",
    );
    shows(
        "block_empty",
        "GET /a\n  |> dispatch\n  end\n  |> dispatch\n    |> log\n    case @when(a):\n      |> log\n  end\n  |> result\n",
    );
    shows(
        "result_status",
        "GET /a\n  |> result\n    ok:\n      |> log\n    a(199):\n      |> log\n    b(600):\n      |> log\n    c():\n      |> log\n    d(4oo):\n      |> log\n    e(200:\n      |> log\n",
    );
    shows(
        "stray_parts_misspelt",
        "GET /a\n  |> dispatch\n    case @flag(a):\n      |> log\n    defualt:\n      |> log\n\nGET /b\n  |> if\n    |> jq: `.a`\n    then:\n      |> log\n    esle:\n      |> log\n",
    );
    shows(
        "stray_parts",
        "GET /a\n  |> log\n  end\n  |> log\n  then:\n    |> log\n  else:\n    |> log\n  end\n  |> dispach\n    case @when(a):\n      |> log\n    default:\n      |> log\n  end\n  |> log\n  ok(200):\n    |> log\n  other(500):\n    |> log\n",
    );
    shows(
        "branches_malformed",
        "GET /a\n  |> paralel\n    a:\n      |> log\n    b:\n      |> log\n  end\n  |> parallel(timeout: 1s\n    a:\n      |> log\n\nGET /b\n  |> race\n    then:\n      |> log\n    b(200):\n      |> log\n    c\n      |> log\n  end @when(x)\n",
    );
    shows(
        "block_without_branches",
        "GET /a\n  |> parallel\n  end\n  |> quorum(2) @timeout(1s)\n  end\n\nGET /b\n  |> if\n    |> jq: `1`\n    then:\n      |> race @result(x)\n      end\n  end\n\nGET /c\n  |> foreach items\n    |> any\n  end\n",
    );
    shows(
        "default_twice",
        "GET /a\n  |> dispatch\n    default:\n      |> log\n    default:\n      |> log\n  end\n",
    );
}

#[test]
fn odd_characters() {
    shows("wide_characters_and_tabs", "GET /ä日本語\n\t|> jq: `日本` \t ü日本 oops\n");
    shows("windows_line_ends", "GET /a\r\n  |> jq `1`\r\n  oops\r\n");
    shows("control_characters", "GET /a\u{1b}[31m\n  \u{1b}[31mred\u{9b}1m \u{202e}\u{7}\n");
    shows(
        "long_line",
        &format!("GET /a\n  |> jq: `{}` oops {}\n", "a".repeat(3_000), "日".repeat(3_000)),
    );
}

#[test]
fn a_cause_far_away_is_drawn_apart() {
    let between = "    |> log\n".repeat(60);
    shows(
        "label_far_away",
        &format!(
            "GET /a\n  |> foreach items\n{between}    |> if\n      |> jq: `1`\n      then:\n        |> log\n  end\n"
        ),
    );
}

#[test]
fn problems_come_in_the_order_of_the_text() {
    let text = "GET a\nGET b\nGET c\n";
    let sources = Sources::single(Source::new("test.wp", text));
    let (_, problems) = wp::parse(sources.get(SourceId(0)), SourceId(0));
    let mixed: Vec<_> = [1, 2, 0].iter().map(|index| problems[*index].clone()).collect();
    assert_eq!(render_text(&sources, &mixed, false), render_text(&sources, &problems, false));
    assert_eq!(render_json(&sources, &mixed), render_json(&sources, &problems));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let text = "GET /a\n  |> jq `1`\n  |> foreach x\n";
    let sources = Sources::single(Source::new("test.wp", text));
    let (_, problems) = wp::parse(sources.get(SourceId(0)), SourceId(0));
    let plain = render_text(&sources, &problems, false);
    let coloured = render_text(&sources, &problems, true);
    assert_ne!(plain, coloured);
    let mut without = String::new();
    let mut rest = &*coloured;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        without.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    without.push_str(rest);
    assert_eq!(without, plain);
}

#[test]
fn json_names_every_place() {
    let text = "GET /ä\n  |> foreach x\n    |> if |> jq: `\"ü\"` then: |> log end\n";
    let sources = Sources::single(Source::new("a\"b.wp", text));
    let (_, problems) = wp::parse(sources.get(SourceId(0)), SourceId(0));
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("json_lines", render_json(&sources, &problems));
    });
}

#[test]
fn the_summary_counts_each_kind() {
    let problems = |text: &str| support::parse(text).1;
    assert_eq!(summary(&problems("GET /a")), "no problems");
    assert_eq!(summary(&problems("GET a")), "1 error");
    assert_eq!(
        summary(&problems(
            "GET a\nGET b\ndescribe \"c\"\n it \"d\" when calling GET /a\n and stdin is `1`\n"
        )),
        "3 errors"
    );
}
