//! `handlebars` in programs.

mod support;

use std::time::Duration;

use rejoin_engine::ContentType;
use rejoin_lang::diagnostic::render_text;
use support::{load, try_load};

fn page(program: &str) -> String {
    let run = load(program).call("GET /x/7?q=a");
    assert_eq!(run.answer().content_type, ContentType::Html, "{}", run.body());
    run.answer().body.as_str().expect("a page is text").to_owned()
}

/// The page of a template on a state.
fn made(state: &str, template: &str) -> String {
    page(&format!("GET /x/:id\n  |> jq: `{state}`\n  |> handlebars: `{template}`"))
}

#[test]
fn values_are_escaped_unless_asked_otherwise() {
    for (template, expected) in [
        ("{{t}}", "&lt;b&gt; &amp; &quot;x&quot;"),
        ("{{{t}}}", "<b> & \"x\""),
        ("[{{nothing.at.all}}]", "[]"),
        ("{{n}} {{big}} {{yes}} {{none}}", "1.5 123456789012345678901 true "),
        ("{{params.id}} {{query.q}}", "7 a"),
        ("{{context.request.path}}", "/x/7"),
        ("{{#each list}}{{@index}}{{this}}{{#unless @last}},{{/unless}}{{/each}}", "0a,1b"),
        ("{{#each empty}}x{{else}}none{{/each}}", "none"),
        ("{{#with o}}{{k}}{{/with}} {{lookup list 1}} {{o.k}}", "v b v"),
        ("{{#if (and (eq n 1.5) (gt 2 1))}}yes{{else}}no{{/if}}", "yes"),
        ("{{#if (or (ne 1 1) (not yes))}}yes{{else}}no{{/if}}", "no"),
        (
            "{{len list}} {{#if (lte 1 1)}}{{#if (gte 2 1)}}{{#if (lt 1 2)}}x{{/if}}{{/if}}{{/if}}",
            "2 x",
        ),
        ("{{!-- a comment --}}x", "x"),
        ("{{#each list}}{{.}}{{/each}}{{#with o}}{{lookup . \"k\"}}{{/with}}", "abv"),
        (
            "{{list.length}}{{#if list.length}}some{{/if}}{{#unless empty.length}}none{{/unless}}",
            "2somenone",
        ),
        (
            "{{#if (gt list.length 1)}}{{../list.length}}{{@root.list.length}}{{/if}}{{nothing.length}}",
            "22",
        ),
        (
            "{{t.length}} {{o.length}} {{#each list as |l|}}{{l.length}}{{/each}}{{#with list}}{{this.length}}{{/with}}",
            "9  112",
        ),
    ] {
        let state = r#"{ t: "<b> & \"x\"", n: 1.5, big: 123456789012345678901, yes: true, none: null, list: ["a", "b"], empty: [], o: { k: "v" } }"#;
        assert_eq!(made(state, template), expected, "{template}");
    }
}

#[test]
fn indentation_of_the_program_is_not_in_the_page() {
    let text = page(
        "GET /x/:id\n  |> handlebars: `\n    <ul>\n      <li>{{params.id}}</li>\n    </ul>\n  `",
    );
    assert_eq!(text, "<ul>\n  <li>7</li>\n</ul>");
}

#[test]
fn a_state_that_is_no_object_is_data() {
    assert_eq!(made("[1, 2]", "{{#each data}}{{this}};{{/each}}"), "1;2;");
    assert_eq!(made("\"x\"", "{{data}}"), "x");
}

#[test]
fn variables_of_both_names_are_partials() {
    let program = "handlebars card = `<b>{{title}}</b>`
mustache layout = `<html>{{> @partial-block}}</html>`
mustache empty = ``
GET /x/:id
  |> jq: `{ items: [{ title: \"A\" }, { title: \"B\" }] }`
  |> handlebars: `{{#> layout}}{{#each items}}{{> card}}{{> empty}}{{/each}}{{> card title=\"C\"}}{{/layout}}`";
    assert_eq!(page(program), "<html><b>A</b><b>B</b><b>C</b></html>");
}

#[test]
fn an_inline_partial_goes_before_a_variable() {
    let program = "handlebars card = `out`
GET /x/:id
  |> handlebars: `{{#*inline \"card\"}}in{{/inline}}{{> card}}`";
    assert_eq!(page(program), "in");
}

#[test]
fn a_partial_draws_a_tree() {
    let program = "handlebars node = `{{name}}({{#each children}}{{> node}}{{/each}})`
GET /x/:id
  |> jq: `{ name: 1, children: [{ name: 2, children: [{ name: 3 }] }, { name: 4 }] }`
  |> handlebars: node";
    assert_eq!(page(program), "1(2(3())4())");
}

#[test]
fn what_goes_wrong_is_an_envelope_that_names_the_place() {
    for (template, words) in [
        ("x\n{{> nope}}", "no partial is called `nope`, in line 2"),
        ("{{nope 1}}", "no helper is called `nope`, in line 1"),
        ("{{#each 1 2}}{{nope 1}}{{/each}}", ""),
        ("x{{#if}}y{{/if}}", "`if` lacks its argument 1, in line 1, column 2"),
        ("{{> self}}", "more than 128 deep"),
        ("{{> a}}", "more than 128 deep"),
        ("{{#*inline \"p\"}}{{> q}}{{/inline}}{{#*inline \"q\"}}{{> p}}{{/inline}}{{> p}}", "deep"),
    ] {
        let run = load(&format!(
            "handlebars self = `.{{{{> self}}}}`
handlebars a = `{{{{#if true}}}}{{{{> b}}}}{{{{/if}}}}`
handlebars b = `{{{{> a}}}}`
GET /x/:id\n  |> handlebars: `{template}`"
        ))
        .call("GET /x/7");
        if words.is_empty() {
            continue;
        }
        assert_eq!(run.error_text("type"), "handlebarsError", "{template}");
        assert!(run.error_text("message").contains(words), "{template}: {}", run.error());
    }
    let run = load("GET /x\n  |> jq: `{ list: [{ n: 1 }] }`\n  |> handlebars: `{{list.n}}`")
        .call("GET /x");
    assert!(run.error_text("message").starts_with("a list has no `n`: "), "{}", run.error());
    let run = load("GET /x\n  |> mustache: `{{> nope}}`").call("GET /x");
    assert_eq!(run.error_text("type"), "mustacheError");
}

#[test]
fn a_page_without_end_fails_at_its_limit() {
    let loops = "{{#each l}}{{#each ../l}}{{#each ../../l}}{{#each ../../../l}}BODY{{/each}}{{/each}}{{/each}}{{/each}}";
    for (body, key) in [("{{x}}", "timeout"), ("0123456789", "memory")] {
        let template = loops.replace("BODY", body);
        let run = load(&format!(
            "GET /x\n  |> jq: `{{ l: [range(200)] }}`\n  |> handlebars: `{template}`"
        ))
        .with_limits(Duration::from_millis(200), 20_000)
        .call("GET /x");
        assert_eq!(run.error_text("type"), "handlebarsError");
        let end = format!("`{key}` in `config handlebars` sets it");
        assert!(run.error_text("message").contains(&end), "{}", run.error());
    }
}

#[test]
fn wrong_templates_are_drawn_at_their_place() {
    for (template, line, words) in [
        ("{{#if a}}\n    x", "test.wp:4", "no handlebars"),
        ("<p>\n    {{#if a}}x{{/each}}", "test.wp:4", "the block `if` is open here"),
        ("<p>\n    {{a", "test.wp:4", "no handlebars"),
    ] {
        let program = format!("GET /x\n  |> handlebars: `\n    {template}\n  `");
        let drawn = try_load(&program, &rejoin_steps::registry()).expect_err(template);
        assert!(drawn.contains(line), "{drawn}");
        assert!(drawn.contains(words), "{drawn}");
    }
}

#[test]
fn a_partial_that_no_step_names_is_checked_too() {
    let program =
        "handlebars good = `x`\n\nhandlebars bad = `{{#if a}}x`\n\nGET /x\n  |> handlebars: good";
    let drawn = try_load(program, &rejoin_steps::registry()).expect_err("the partial is wrong");
    assert!(drawn.contains("test.wp:3"), "{drawn}");
}

#[test]
fn a_partial_that_nothing_declares_is_found_before_it_runs() {
    let problems = |template: &str| {
        let program = format!(
            "handlebars card = `<b>`\nmustache layout = `{{{{> @partial-block}}}}`\nlua made = `return 1`\n\n\
             GET /x\n  |> lua: made\n  |> handlebars: `\n    <p>\n      {template}\n    </p>\n  `"
        );
        let loaded = support::read(&program, &rejoin_steps::registry());
        render_text(&loaded.plan.sources, &loaded.diagnostics, false)
    };
    for (template, place, name) in [
        ("{{> nope}}", "test.wp:9:11", "nope"),
        (
            "é{{#if a}}{{else}}{{#> layout}}{{~> nope x=1 ~}}{{/layout}}{{/if}}",
            "test.wp:9:43",
            "nope",
        ),
        // A variable of another step is no partial.
        ("{{> card}}{{> made}}", "test.wp:9:21", "made"),
        ("{{> alias/card}}", "test.wp:9:11", "alias/card"),
    ] {
        let drawn = problems(template);
        let head = format!("warning[W0113]: no partial is called `{name}`\n --> {place}\n");
        assert!(drawn.starts_with(&head), "{template}: {drawn}");
        assert_eq!(drawn.matches("W0113").count(), 1, "{template}: {drawn}");
    }
    for template in [
        "{{> card}}{{#> layout}}x{{/layout}}",
        // There is something else to draw, or the name is made when it runs.
        "{{#> nope}}x{{/nope}}",
        "{{> (lookup . \"name\")}}",
        "{{#*inline \"nope\"}}x{{/inline}}{{> nope}}",
        "{{#*inline name}}x{{/inline}}{{> nope}}",
        // These are no tags.
        "\\{{> nope}} {{!-- {{> nope}} --}} {{{{raw}}}}{{> nope}}{{{{/raw}}}}",
    ] {
        let drawn = problems(template);
        assert!(drawn.is_empty(), "{template}: {drawn}");
    }
}

#[test]
fn what_includes_a_template_may_declare_what_it_draws() {
    let program = "handlebars frame = `<{{> inner}}>`
GET /x/:id
  |> handlebars: `{{#*inline \"inner\"}}in{{/inline}}{{> frame}}`";
    let loaded = support::read(program, &rejoin_steps::registry());
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    assert_eq!(page(program), "<in>");
}

#[test]
fn nesting_has_an_end() {
    let nested = |n: usize| {
        let template = format!("{}x{}", "{{#if 1}}".repeat(n), "{{/if}}".repeat(n));
        try_load(&format!("GET /x\n  |> handlebars: `{template}`"), &rejoin_steps::registry())
    };
    assert!(nested(48).is_ok());
    assert!(nested(49).expect_err("too deep").contains("48 deep"));
    assert!(nested(100_000).is_err());
    let brackets =
        format!("{{{{#if {}1{}}}}}x{{{{/if}}}}", "(not ".repeat(50_000), ")".repeat(50_000));
    let program = format!("GET /x\n  |> handlebars: `{brackets}`");
    assert!(try_load(&program, &rejoin_steps::registry()).is_err());
}

#[test]
fn sections_of_mustache() {
    let state = r#"{ list: [{ n: 1 }, { n: 2, out: "own" }], empty: [], yes: true, no: false, none: null, zero: 0, text: "t",
        o: { k: "v", list: [[1], [2, 3]] }, out: "outer" }"#;
    for (template, expected) in [
        ("{{#list}}{{@index}}<{{n}}>{{/list}}", "0<1>1<2>"),
        (
            "{{#empty}}x{{/empty}}{{^empty}}none{{/empty}}{{#empty}}x{{else}}else{{/empty}}",
            "noneelse",
        ),
        ("{{#yes}}{{out}}{{/yes}}{{^yes}}x{{/yes}}{{#no}}x{{/no}}{{^no}}not{{/no}}", "outernot"),
        (
            "{{#none}}x{{/none}}{{^none}}1{{/none}}{{#gone}}x{{/gone}}{{^gone}}2{{/gone}}{{^zero}}3{{/zero}}",
            "123",
        ),
        ("{{#text}}{{.}}{{/text}}{{#o}}{{k}}{{#../yes}}!{{/../yes}}{{/o}}", "tv!"),
        (
            "{{#o.list}}[{{#.}}{{.}}{{/.}}]{{/o.list}}{{^o.gone}}{{^o.no}}none{{/o.no}}{{/o.gone}}",
            "[1][23]none",
        ),
        ("{{#list as |item|}}{{#with item}}{{n}}{{/with}}{{item.n}}{{/list}}", "1122"),
        (
            "{{#list}}{{^out}}no {{/out}}{{#if out}}{{out}}{{else no}}x{{else}}none {{/if}}{{/list}}",
            "no none own",
        ),
        ("{{#if no}}x{{^}}y{{/if}} \\{{#list}}", "y {{#list}}"),
    ] {
        assert_eq!(made(state, template), expected, "{template}");
    }
    let lines = "\n    <ul>\n    {{#list}}\n      <li>{{n}}</li>\n    {{/list}}\n    {{^list}}\n    none\n    {{/list}}\n    </ul>\n  ";
    assert_eq!(made(state, lines), "<ul>\n  <li>1</li>\n  <li>2</li>\n</ul>");
    let page = page(&format!(
        "GET /x/:id\n  |> jq: `{state}`\n  |> mustache: `{{{{#list}}}}{{{{n}}}}{{{{out}}}} {{{{/list}}}}`"
    ));
    assert_eq!(page, "1outer 2own ");
}
