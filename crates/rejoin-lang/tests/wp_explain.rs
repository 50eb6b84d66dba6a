//! What is said about programs: their trees, charts and critical paths.

#[path = "support/catalog.rs"]
mod catalog;

use catalog::Catalog;
use rejoin_lang::explain::{Explained, Subject, explain, find, suggest, suggestions_as_text};
use rejoin_lang::load;
use rejoin_lang::plan::{PipelineId, Plan};
use rejoin_lang::source::Source;

const PROGRAM: &str = r#"pipeline load =
  |> fetch("https://users.example/" + .params.id) @async(user)
  |> fetch: `https://orders.example/` @async(orders)

featureFlags =
  |> lua: `return request`

GET /users/:id
  |> load
  |> fetch: `https://auth.example/` @result(auth)
  |> join: `user, orders`
  |> if
    |> jq: `.data.auth.status == 200`
    then:
      |> fetch: `https://audit.example/` @result(audit) @when(audited)
    end
  |> foreach items
    |> jq: `. + { seen: true }`
  end
  |> dispatch
    case @guard(`.query.short`):
      |> jq: `{ short: true }`
  end
  |> result
    ok(200):
      |> jq: `{ user: .async.user.data.response, orders: .async.orders.data.response }`
    networkError(502):
      |> jq: `{ problem: .errors[0].message }`
"#;

fn plan(text: &str) -> Plan {
    load(Source::new("app.wp", text), &Catalog).plan
}

fn explained(text: &str) -> Explained {
    explain(&plan(text), &Catalog, None)
}

#[test]
fn a_program_as_a_tree() {
    insta::assert_snapshot!(explained(PROGRAM).to_text());
}

#[test]
fn a_program_as_a_chart() {
    insta::assert_snapshot!(explained(PROGRAM).to_mermaid());
}

#[test]
fn a_program_as_json() {
    let text = "GET /a\n  |> jq: `{ a: .b }` @async(x)\n  |> join: `x`\n  |> if\n    |> jq: `.c`\n    then:\n      |> fetch(.d) @when(e)\n";
    insta::assert_snapshot!(explained(text).to_json());
}

/// The line about the critical path of the first route.
fn critical(steps: &str) -> String {
    let plan = plan(&format!("GET /a\n{steps}"));
    let text = explain(&plan, &Catalog, Some(Subject::Route(0))).to_text();
    let line = text.lines().find_map(|line| line.strip_prefix("critical path: "));
    line.unwrap_or("none").to_owned()
}

#[test]
fn the_critical_path_is_the_longest_chain_of_calls_outside() {
    let one = "  |> fetch: `http://a`\n";
    let task = |name: &str| format!("  |> fetch: `http://a` @async({name})\n");
    let join = "  |> join: `x, y`\n";
    for (steps, expected) in [
        ("  |> jq: `1`\n".to_owned(), "none"),
        (one.repeat(3), "3 of 3 calls to the outside"),
        (format!("{}{}{join}", task("x"), task("y")), "1 of 2 calls to the outside"),
        (format!("{}{join}{one}", task("x")), "2 of 2 calls to the outside"),
        // A task that nobody waits for holds nothing up.
        (task("x"), "0 of 1 call to the outside"),
        (format!("{}{one}{join}", task("x")), "1 of 2 calls to the outside"),
        (
            format!("  |> if\n    |> jq: `.a`\n    then:\n{one}{one}    else:\n{one}  end\n{one}"),
            "3 of 4 calls to the outside",
        ),
        (
            format!("  |> parallel\n    a:\n{one}{one}    b:\n{one}  end\n{one}"),
            "3 of 4 calls to the outside",
        ),
        (
            format!("  |> p @async(x)\n{join}\npipeline p =\n{one}{one}"),
            "2 of 2 calls to the outside",
        ),
        // The caller joins what the pipeline has started.
        (
            format!("  |> p\n{one}{join}\npipeline p =\n{}", task("x")),
            "1 of 2 calls to the outside",
        ),
        (format!("  |> p\npipeline p =\n{one}  |> p @when(again)\n"), "1 of 1 call to the outside"),
    ] {
        assert_eq!(critical(&steps), expected, "{steps}");
    }
}

#[test]
fn calls_that_multiply_are_not_searched_to_their_end() {
    let mut text = String::from("GET /a\n  |> p0\n");
    for n in 0..40 {
        let next = n + 1;
        text += &format!("pipeline p{n} =\n  |> p{next}\n  |> p{next}\n");
    }
    text += "pipeline p40 =\n  |> fetch: `http://a`\n";
    let text = explained(&text).to_text();
    assert!(text.contains("was not searched to its end"));
}

#[test]
fn targets_are_found() {
    let plan = plan(
        "GET /b/:id\n  |> log\nGET /b/new\n  |> log\nPOST /b/new\n  |> log\nGET /*rest\n  |> log\nGET /\n  |> log\npipeline p =\n  |> log\n",
    );
    for (target, expected) in [
        ("GET /b/7?x=1", Some(Subject::Route(0))),
        ("get /b/new", Some(Subject::Route(1))),
        ("POST /b/new", Some(Subject::Route(2))),
        ("GET /b/:id", Some(Subject::Route(0))),
        ("GET /b/7/x", Some(Subject::Route(3))),
        ("GET /", Some(Subject::Route(4))),
        ("p", Some(Subject::Pipeline(PipelineId(0)))),
        ("POST /b", None),
        ("q", None),
    ] {
        assert_eq!(find(&plan, target), expected, "{target}");
    }
    let only = explain(&plan, &Catalog, find(&plan, "p")).to_text();
    assert_eq!(only, "pipeline p  (app.wp:11)\n└─ log\n");
}

#[test]
fn blocks_of_branches_in_a_tree_and_a_chart() {
    let text = "GET /a\n  |> race(timeout: 1s) @result(price)\n    cache:\n      |> fetch(.c)\n    origin:\n      |> fetch(.d)\n      |> jq: `.x`\n  end\n  |> jq: `.data.price`\n";
    let explained = explained(text);
    insta::assert_snapshot!(explained.to_text());
    insta::assert_snapshot!(explained.to_mermaid());
}

fn suggested(steps: &str) -> Vec<Vec<String>> {
    let found = suggest(&plan(&format!("GET /a\n{steps}")), &Catalog, None);
    found.into_iter().map(|one| one.steps).collect()
}

#[test]
fn steps_that_do_not_depend_on_each_other_are_suggested() {
    let a = "  |> fetch(\"http://a\") @result(a)\n";
    let b = "  |> fetch(.params.id) @result(b)\n";
    let after_a = "  |> fetch(.data.a.response.url) @result(c)\n";
    assert_eq!(suggested(&format!("{a}{b}")).concat().len(), 2);
    assert_eq!(suggested(&format!("{a}{b}{after_a}")).concat().len(), 2);
    for apart in [
        format!("{a}{after_a}"),
        format!("{a}{a}"),
        // Whoever reads the whole state reads all of it.
        format!("{a}  |> fetch(. | tostring) @result(d)\n"),
        format!("{a}  |> fetch(.data | keys[0]) @result(d)\n"),
        // Steps that write, or run only sometimes, or have no place of their own, stay where they are.
        format!("{a}  |> fetch(\"http://d\", {{ method: \"POST\" }}) @result(d)\n"),
        format!("{a}  |> fetch(\"http://d\", {{ method: \"POST\" }}) @result(d)\n{after_a}"),
        format!("{a}  |> rows: `DELETE FROM x` @result(d)\n"),
        format!("{a}  |> fetch(\"http://d\") @result(d) @when(x)\n"),
        format!("{a}  |> fetch(\"http://d\")\n"),
        format!("{a}  |> jq: `{{ x: 1 }}`\n{b}"),
    ] {
        assert_eq!(suggested(&apart), Vec::<Vec<String>>::new(), "{apart}");
    }
    assert_eq!(suggested(&format!("{a}  |> rows: `select 1` @result(d)\n")).concat().len(), 2);
}

#[test]
fn a_suggestion_says_what_to_write_and_what_it_saves() {
    let text = "GET /a\n  |> fetch(\"http://a\") @result(a)\n  |> fetch(.params.id) @result(b)\n  |> fetch(.data.a.response) @result(c)\n  |> jq: `.data`\n";
    let before = plan(text);
    let found = suggest(&before, &Catalog, None);
    insta::assert_snapshot!(suggestions_as_text(&found));
    assert_eq!(found[0].saving, (3, 2));
    let rewritten: String = found[0].rewrite.lines().map(|line| format!("  {line}\n")).collect();
    let (start, _) = text.split_once("  |> fetch").unwrap();
    let end = &text[text.find("  |> fetch(.data.a").unwrap()..];
    let after = load(Source::new("app.wp", format!("{start}{rewritten}{end}")), &Catalog);
    let errors: Vec<_> = after.diagnostics.iter().filter(|p| p.code.id() != "W0203").collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(
        suggestions_as_text(&suggest(&after.plan, &Catalog, None)),
        "nothing to suggest: no neighbouring calls could run at the same time\n"
    );
}
