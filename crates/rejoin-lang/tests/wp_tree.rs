//! The trees of good files, printed in few words: what belongs to what, and what is not taken for something else.

mod support;

use rejoin_lang::config_value::ConfigValue;
use rejoin_lang::wp::ast::*;
use support::{TOUR, good};

/// A line for each node, indented under what it belongs to.
fn tree(file: &File) -> String {
    let mut out = String::new();
    let mut line = |depth: usize, text: String| {
        out.push_str(&"  ".repeat(depth));
        out.push_str(&text);
        out.push('\n');
    };
    for item in &file.items {
        match item {
            Item::Import(import) => {
                line(0, format!("import {} as {}", import.path.value, import.alias.text));
            }
            Item::Config(config) => {
                line(0, format!("config {}", config.name.text));
                for entry in &config.entries {
                    line(1, format!("{} = {}", entry.key.text, value(&entry.value)));
                }
            }
            Item::Variable(variable) => {
                let text = &variable.text.value;
                line(
                    0,
                    format!("variable {} {} = {text:?}", variable.step.text, variable.name.text),
                );
            }
            Item::Pipeline(pipeline) => {
                line(0, format!("pipeline {}", pipeline.name.text));
                steps(1, &pipeline.steps, &mut line);
            }
            Item::FeatureFlags(flags) => {
                line(0, "flags".to_owned());
                steps(1, &flags.steps, &mut line);
            }
            Item::Schema(schema) => line(0, format!("schema {:?}", schema.text.value)),
            Item::Resolver(resolver) => {
                let owner = match &resolver.owner {
                    Owner::Query => "query ".to_owned(),
                    Owner::Mutation => "mutation ".to_owned(),
                    Owner::Type(name) => format!("resolver {}.", name.text),
                };
                line(0, format!("{owner}{}", resolver.field.text));
                steps(1, &resolver.steps, &mut line);
            }
            Item::Route(route) => {
                line(0, format!("route {} {}", route.method.text, route.path.text));
                steps(1, &route.steps, &mut line);
            }
            Item::Describe(describe) => {
                line(0, format!("describe {}", describe.name.value));
                for it in &describe.tests {
                    let (mocks, lets) = (it.mocks.len(), it.lets.len());
                    let (given, checks) = (it.given.len(), it.checks.len());
                    line(
                        1,
                        format!(
                            "{}: {lets} lets, {mocks} mocks, {given} given, {checks} checks",
                            it.name.value
                        ),
                    );
                }
            }
        }
    }
    out
}

fn value(of: &ConfigValue) -> String {
    match of {
        ConfigValue::Env { name, default: Some(default) } => {
            format!("${name} or {}", value(default))
        }
        ConfigValue::Env { name, default: None } => format!("${name}"),
        ConfigValue::Text(text) => format!("{text:?}"),
        ConfigValue::Bool(flag) => flag.to_string(),
        ConfigValue::Int(number) => number.to_string(),
        ConfigValue::Duration(duration) => format!("{duration:?}"),
    }
}

fn steps(depth: usize, list: &[Step], line: &mut dyn FnMut(usize, String)) {
    for step in list {
        match step {
            Step::Plain(step) => {
                let mut text = step.name.text.to_string();
                if let Some(args) = &step.args {
                    let args: Vec<&str> = args.iter().map(|arg| &*arg.value).collect();
                    text += &format!("{args:?}");
                }
                match &step.config {
                    Some(StepConfig::Backtick(config)) => {
                        text += &format!(" `{}`", config.value.escape_debug())
                    }
                    Some(StepConfig::Quoted(config)) => text += &format!(" \"{}\"", config.value),
                    Some(StepConfig::Bare { module: Some(module), name }) => {
                        text += &format!(" {}::{}", module.text, name.text);
                    }
                    Some(StepConfig::Bare { module: None, name }) => {
                        text += &format!(" {}", name.text)
                    }
                    None => {}
                }
                if let Some(tags) = &step.tags {
                    text += &format!(" {}", condition(tags));
                }
                line(depth, text);
            }
            Step::Fork(block) => {
                let mut text = block.word.text.to_string();
                if let Some(options) = &block.options {
                    let options: Vec<&str> = options.iter().map(|option| &*option.value).collect();
                    text += &format!("{options:?}");
                }
                line(depth, text + &block_tags(block.tags.as_ref()));
                for branch in &block.branches {
                    line(depth + 1, branch.name.text.to_string());
                    steps(depth + 2, &branch.steps, line);
                }
            }
            Step::If(block) => {
                line(depth, "if".to_owned() + &block_tags(block.tags.as_ref()));
                steps(depth + 2, &block.condition, line);
                line(depth + 1, "then".to_owned());
                steps(depth + 2, &block.then, line);
                if let Some(otherwise) = &block.otherwise {
                    line(depth + 1, "else".to_owned());
                    steps(depth + 2, otherwise, line);
                }
            }
            Step::Dispatch(block) => {
                line(depth, "dispatch".to_owned() + &block_tags(block.tags.as_ref()));
                for case in &block.cases {
                    line(depth + 1, format!("case {}", condition(&case.condition)));
                    steps(depth + 2, &case.steps, line);
                }
                if let Some(default) = &block.default {
                    line(depth + 1, "default".to_owned());
                    steps(depth + 2, default, line);
                }
            }
            Step::ForEach(block) => {
                let tags = block_tags(block.tags.as_ref());
                line(depth, format!("foreach {:?}{tags}", block.selector.value));
                steps(depth + 1, &block.body, line);
            }
            Step::Result(block) => {
                line(depth, "result".to_owned());
                for branch in &block.branches {
                    line(depth + 1, format!("{} {}", branch.name.text, branch.status));
                    steps(depth + 2, &branch.steps, line);
                }
            }
        }
    }
}

fn block_tags(tags: Option<&BlockTags>) -> String {
    tags.map(|tags| format!(" {}", condition(&tags.condition))).unwrap_or_default()
}

fn condition(expr: &TagExpr) -> String {
    let list = |parts: &[TagExpr]| parts.iter().map(condition).collect::<Vec<_>>().join(" ");
    match expr {
        TagExpr::And(parts) => format!("(and {})", list(parts)),
        TagExpr::Or(parts) => format!("(or {})", list(parts)),
        TagExpr::Tag(tag) => {
            let args: Vec<String> = tag
                .args
                .iter()
                .map(|arg| {
                    let key =
                        arg.key.as_ref().map_or(String::new(), |key| format!("{}=", key.text));
                    match &arg.value {
                        TagValue::Name(name) => format!("{key}{name}"),
                        TagValue::Text(text) => format!("{key}{:?}", text.value),
                        TagValue::Int(number) => format!("{key}{number}"),
                        TagValue::Duration(duration) => format!("{key}{duration:?}"),
                    }
                })
                .collect();
            format!("@{}{}[{}]", if tag.negated { "!" } else { "" }, tag.name.text, args.join(", "))
        }
    }
}

#[track_caller]
fn is(text: &str, expected: &str) {
    assert_eq!(tree(&good(text)), expected, "{text}");
}

#[test]
fn the_tour() {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("tree_of_the_tour", tree(&good(TOUR)));
    });
}

#[test]
fn windows_line_ends_make_the_same_tree() {
    let windows = TOUR.replace('\n', "\r\n");
    assert_eq!(tree(&good(&windows)).replace("\\r\\n", "\\n"), tree(&good(TOUR)));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    is("\u{feff}GET /a", "route GET /a\n");
}

#[test]
fn comments_are_kept_with_their_places() {
    let text = "# one\nGET /a # two é\r\n  |> log: `# text` # three";
    let comments: Vec<&str> = good(text).comments.iter().map(|span| &text[span.range()]).collect();
    assert_eq!(comments, ["# one", "# two é", "# three"]);
}

#[test]
fn comments_outside_of_ascii_eat_nothing() {
    is(
        "# ünïcödé 日本\nGET /a\n  # ✓ done\n  |> log: \"é\" # ö\n  |> jq",
        "route GET /a\n  log \"é\"\n  jq\n",
    );
    is(
        "GET /a\n  |> f(\"日本\"): `x` @async(b)",
        "route GET /a\n  f[\"\\\"日本\\\"\"] `x` @async[b]\n",
    );
}

#[test]
fn comments_and_commas_may_stand_in_a_config_block() {
    is("config a { # x\n b: 1, # y\n # z\n c: 2\n }", "config a\n  b = 1\n  c = 2\n");
}

#[test]
fn defaults_of_the_environment_may_be_without_quotes() {
    is(
        "config a { b: $B || 5432 c: $C || true d: $D || 2s e: $E || \"x\" f: $F }",
        "config a\n  b = $B or 5432\n  c = $C or true\n  d = $D or 2s\n  e = $E or \"x\"\n  f = $F\n",
    );
}

#[test]
fn durations_have_units() {
    is(
        "config a { b: 250ms c: 2s d: 1m e: 1h f: 7 }",
        "config a\n  b = 250ms\n  c = 2s\n  d = 60s\n  e = 3600s\n  f = 7\n",
    );
}

#[test]
fn keywords_end_where_their_word_ends() {
    is(
        "GET /a\n  |> resultRows\n  |> dispatchJob: `x`\n  |> iffy\n  |> foreachItem\n  |> result-set",
        "route GET /a\n  resultRows\n  dispatchJob `x`\n  iffy\n  foreachItem\n  result-set\n",
    );
    is(
        "GETx y = `z`\nqueryx y = `z`\nend-of y = `z`",
        "variable GETx y = \"z\"\nvariable queryx y = \"z\"\nvariable end-of y = \"z\"\n",
    );
}

#[test]
fn blanks_are_free_inside_tags() {
    is(
        "GET /a\n  |> f @async( x )  @retry( 3 , backoff : 1s )",
        "route GET /a\n  f (and @async[x] @retry[3, backoff=1s])\n",
    );
}

#[test]
fn and_binds_tighter_than_or_and_neighbours_bind_last() {
    is("GET /a |> f @a or @b and @c", "route GET /a\n  f (or @a[] (and @b[] @c[]))\n");
    is("GET /a |> f (@a or @b) and @c", "route GET /a\n  f (and (or @a[] @b[]) @c[])\n");
    is("GET /a |> f @a or @b @c", "route GET /a\n  f (and (or @a[] @b[]) @c[])\n");
}

#[test]
fn a_step_without_text_may_have_its_tags_below() {
    is(
        "GET /a\n  |> f\n    @async(b)\n  |> g(1) # c\n    @async(d)",
        "route GET /a\n  f @async[b]\n  g[\"1\"] @async[d]\n",
    );
}

#[test]
fn a_condition_in_parentheses_is_no_argument() {
    is("GET /a |> f (@when(a))", "route GET /a\n  f @when[a]\n");
}

#[test]
fn no_brackets_differ_from_empty_ones_and_no_text_from_empty_text() {
    is("GET /a |> f |> f() |> f: \"\" |> f: ``", "route GET /a\n  f\n  f[]\n  f \"\"\n  f ``\n");
}

#[test]
fn arguments_are_split_at_outer_commas_only() {
    is(
        r#"GET /a |> f(a, [b, c], {d: "e, f"}, g(h, i), "\")", "\(j + ")")")"#,
        "route GET /a\n  f[\"a\", \"[b, c]\", \"{d: \\\"e, f\\\"}\", \"g(h, i)\", \"\\\"\\\\\\\")\\\"\", \"\\\"\\\\(j + \\\")\\\")\\\"\"]\n",
    );
}

#[test]
fn an_inner_end_closes_the_inner_block() {
    is(
        "GET /a |> foreach b\n |> if |> c then: |> d end |> e end |> f",
        "route GET /a\n  foreach \"b\"\n    if\n        c\n      then\n        d\n    e\n  f\n",
    );
}

#[test]
fn else_and_case_belong_to_the_innermost_block() {
    is(
        "GET /a |> if |> b then: |> if |> c then: |> d else: |> e end else: |> f",
        "route GET /a\n  if\n      b\n    then\n      if\n          c\n        then\n          d\n        else\n          e\n    else\n      f\n",
    );
    is(
        "GET /a |> dispatch case @b: |> dispatch case @c: |> d default: |> e end default: |> f",
        "route GET /a\n  dispatch\n    case @b[]\n      dispatch\n        case @c[]\n          d\n        default\n          e\n    default\n      f\n",
    );
}

#[test]
fn a_result_inside_a_block_leaves_its_words_to_the_block() {
    is(
        "GET /a\n|> dispatch\ncase @b:\n|> result\nok(200):\n|> c\ndefault:\n|> d\nend\n|> result\ndefault(500):\n|> e",
        "route GET /a\n  dispatch\n    case @b[]\n      result\n        ok 200\n          c\n    default\n      d\n  result\n    default 500\n      e\n",
    );
}

#[test]
fn a_branch_without_steps_may_stand_before_another_on_its_line() {
    is(
        "GET /a |> result ok(204): other(409): default(500): |> b",
        "route GET /a\n  result\n    ok 204\n    other 409\n    default 500\n      b\n",
    );
    is(
        "GET /a |> if |> b then: |> result ok(204): else: |> result ok(205): end |> c",
        "route GET /a\n  if\n      b\n    then\n      result\n        ok 204\n    else\n      result\n        ok 205\n  c\n",
    );
    is(
        "GET /a |> dispatch case @b: |> result ok(204): case @c: |> result ok(205): default: |> d end",
        "route GET /a\n  dispatch\n    case @b[]\n      result\n        ok 204\n    case @c[]\n      result\n        ok 205\n    default\n      d\n",
    );
}

#[test]
fn errors_may_be_called_like_words_of_blocks() {
    is(
        "GET /a\n|> foreach b\n|> result\nend(400):\n|> c\ncase(401):\n|> d\nend",
        "route GET /a\n  foreach \"b\"\n    result\n      end 400\n        c\n      case 401\n        d\n",
    );
}

#[test]
fn every_method_is_a_route() {
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        is(&format!("{method} /a/:b/*c |> log"), &format!("route {method} /a/:b/*c\n  log\n"));
    }
}

#[test]
fn lists_of_steps_may_be_empty() {
    is(
        "GET /a\nPOST /b\npipeline c =\nfeatureFlags =",
        "route GET /a\nroute POST /b\npipeline c\nflags\n",
    );
}

#[test]
fn what_looks_like_a_step_or_a_route_inside_a_text_is_text() {
    is(
        "GET /a\n  |> log: `\n  |> not a step\nGET /not-a-route\n`\n  |> jq: \"\n|> nor this\"",
        "route GET /a\n  log `\\n  |> not a step\\nGET /not-a-route\\n`\n  jq \"\n|> nor this\"\n",
    );
}

#[test]
fn a_mistake_leaves_the_other_declarations_whole() {
    let items: Vec<&str> = TOUR.split_inclusive("\n\n").collect();
    let broken = "GET /broken\n  |> jq: `{ a: 1 }\n  |> foreach x\n    |> fetch(\"y\" oops\n\n";
    for place in 0..=items.len() {
        let text = [&items[..place].concat(), broken, &items[place..].concat()].concat();
        let (file, problems) = support::check_laws(&text);
        assert!(!problems.is_empty());
        let all = tree(&file);
        for item in tree(&good(TOUR)).split("\nroute ").skip(1) {
            assert!(all.contains(item), "behind item {place}:\n{item}\nis not in\n{all}");
        }
    }
}

#[test]
fn blocks_of_branches() {
    is(
        "GET /a\n|> parallel(timeout: 2s, limit: 4) @result(r) @when(x)\na:\n|> log\nb: |> jq: `1` |> log\nc:\nend\n|> log",
        "route GET /a\n  parallel[\"timeout: 2s\", \"limit: 4\"] (and @result[r] @when[x])\n    a\n      log\n    b\n      jq `1`\n      log\n    c\n  log\n",
    );
    // Without `end` a block goes on to the next declaration, and inner blocks take what follows.
    is(
        "GET /a\n|> race\na:\n|> any\nx:\n|> log\nend\nb:\n|> log\nGET /b |> log",
        "route GET /a\n  race\n    a\n      any\n        x\n          log\n    b\n      log\nroute GET /b\n  log\n",
    );
    // A branch of `result` has a status, one of `parallel` has none.
    is(
        "GET /a\n|> parallel\na:\n|> result\nok(200):\n|> log\nb:\n|> log\n|> result\nok(200):\n|> quorum(1)\nc:\n|> log\ndefault(500):\n|> log",
        "route GET /a\n  parallel\n    a\n      result\n        ok 200\n          log\n    b\n      log\n      result\n        ok 200\n          quorum[\"1\"]\n            c\n              log\n        default 500\n          log\n",
    );
    is(
        "GET /a\n|> dispatch\ncase @when(a):\n|> parallel\nx:\n|> log\ndefault:\n|> log\nend",
        "route GET /a\n  dispatch\n    case @when[a]\n      parallel\n        x\n          log\n    default\n      log\n",
    );
    is(
        "GET /a\n|> parallel\nx:\n|> if\n|> jq: `1`\nthen:\n|> log\ny:\n|> foreach .b @limit(2)\n|> log\nend\nend",
        "route GET /a\n  parallel\n    x\n      if\n          jq `1`\n        then\n          log\n    y\n      foreach \".b\" @limit[2]\n        log\n",
    );
    // Their words are no keywords.
    is("GET /a\n|> any\n|> race: b\n|> log", "route GET /a\n  any\n  race b\n  log\n");
}

#[test]
fn clauses_of_tests_need_no_lines_of_their_own() {
    let text = "describe \"d\" let a = 5 with mock jq returning `1`\n it \"i\" let b = true let c = \"x\" when\n calling\n GET\n /a\n \
                then\n status\n is\n 200\n and output # why\n `.x`\n equals\n 1\n and output equals # why\n { \"a\": 1 }\n \
                it \"j\" let n = null let m = -1.5 when executing pipeline p then output equals 1\n \
                it \"k\" when calling GET /a?q=rock and roll  with headers `{}` then status is 200 and took 1s..2s and output equals 1 and status is 2\n";
    let file = good(text);
    assert_eq!(
        tree(&file),
        "describe d\n  i: 2 lets, 0 mocks, 0 given, 3 checks\n  j: 2 lets, 0 mocks, 0 given, 1 checks\n  \
         k: 0 lets, 0 mocks, 1 given, 3 checks\n"
    );
    let Item::Describe(describe) = &file.items[0] else { panic!("it declares tests") };
    assert_eq!(&*describe.lets[0].value.text().value, "5");
    let Some(Trigger::Calling { path, .. }) = &describe.tests[0].trigger else { panic!("a call") };
    assert_eq!(&*path.value, "/a");
    let Some(Trigger::Calling { path, .. }) = &describe.tests[2].trigger else { panic!("a call") };
    assert_eq!(&*path.value, "/a?q=rock and roll");
    let TestCheck::Output { value, .. } = &describe.tests[0].checks[2] else { panic!("an output") };
    assert_eq!(&*value.text().value, "{ \"a\": 1 }");
}
