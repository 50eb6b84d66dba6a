//! `rejoin test`: which names mocks, tasks, variables and modules go by, and which flags are on.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use support::{Directory, Ran};

fn run(program: &str) -> Ran {
    let directory = Directory::new();
    directory
        .write("lib.wp", "pipeline load =\n  |> jq: `{ loaded: .id }`\n\njq twice = `. * 2`\n");
    directory.write("app.wp", program);
    directory.rejoin(&["test", "app.wp"])
}

#[track_caller]
fn passes(program: &str) {
    let ran = run(program);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_task_with_a_variable_is_read_with_and_without_its_name() {
    passes(
        r#"
pg history = `SELECT 1`
fetch status = `https://status.example/`
graphqlSchema = `type Query { n: Int }`
query n = |> jq: `5`
graphql number = `{ n }`

GET /all
  |> pg: history @async(events)
  |> pg: history @async(named) @result(list)
  |> fetch: status @async(health)
  |> graphql: number @async(n)
  |> join: `events, named, health, n`
  |> jq: `.async | map_values(.data // .)`

describe "tasks"
  with mock pg returning `{ rows: [1], rowCount: 1 }`
  with mock fetch returning `{ response: "up" }`
  it "has both"
    when calling GET /all
    then output `.n` equals `{ "n": 5, "number": { "n": 5 } }`
  it "is what its mock says"
    when calling GET /all
    then output `.events` equals `{ "rows": [1], "rowCount": 1 }`
    and output `.health` equals `{ "response": "up" }`
  it "has the name of the result only"
    when calling GET /all
    then output `.named` equals `{ "list": { "rows": [1], "rowCount": 1 } }`
  it "takes all of a task from a mock"
    with mock pg.events returning `{ data: { rows: [2] } }`
    with mock pg.named returning `{ data: { list: { rows: [3] } } }`
    when calling GET /all
    then output `.events` equals `{ "rows": [2] }`
    and output `.named` equals `{ "list": { "rows": [3] } }`
"#,
    );
}

#[test]
fn a_task_has_no_results_but_its_own() {
    passes(
        r#"
GET /apart
  |> fetch("https://one.example/") @result(one)
  |> fetch("https://two.example/") @async(t) @result(two)
  |> join: t
  |> jq: `.async.t`

describe "tasks"
  with mock fetch returning `{ response: 1 }`
  it "has its own"
    when calling GET /apart
    then output equals `{ "data": { "two": { "response": 1 } } }`
"#,
    );
}

#[test]
fn a_variable_that_runs_by_itself_is_read_with_and_without_its_name() {
    passes(
        r#"
pg shelves = `SELECT 1`
graphqlSchema = `type Query { n: Int, number: Int }`
query n = |> jq: `5`
query number = |> jq: `6`
graphql five = `{ n }`
graphql number = `{ number }`

describe "variables"
  with mock pg.shelves returning `{ rows: [1], rowCount: 1 }`
  it "has both"
    when executing variable pg shelves
    then output equals `{ "data": { "rows": [1], "rowCount": 1, "shelves": { "rows": [1], "rowCount": 1 } } }`
  it "has the whole answer under another name"
    when executing variable graphql five
    then output equals `{ "data": { "n": 5, "five": { "data": { "n": 5 } } } }`
  it "has the field under its own"
    when executing variable graphql number
    then output equals `{ "data": { "number": 6 } }`
  it "is what its mock says"
    with mock pg.shelves returning `{ data: { rows: [2] } }`
    with mock pg returning `{ rows: [] }`
    when executing variable pg shelves
    then output equals `{ "data": { "rows": [2] } }`
"#,
    );
}

#[test]
fn tests_start_and_look_at_what_modules_have() {
    passes(
        r#"
import "lib.wp" as lib
GET /a
  |> pipeline({ id: .query.id }): lib::load

describe "modules"
  let id = 6
  it "calls"
    when calling GET /a?id={{id}}
    then call pipeline lib::load with `{ query: { id: {{id}} } }`
  it "executes"
    when executing pipeline lib::load
    with input `{ id: 7 }`
    then output equals `{ "loaded": 7 }`
  it "replaces"
    with mock pipeline lib::load returning `{ mocked: true }`
    when executing pipeline lib::load
    then output equals `{ "mocked": true }`
  it "runs a variable"
    when executing variable jq lib::twice
    with input `21`
    then output equals 42
"#,
    );
    let ran = run(
        "import \"lib.wp\" as lib\ndescribe \"d\"\n  it \"i\"\n    when executing pipeline load\n    then status is 200\n",
    );
    assert!(ran.stdout.contains("did you mean `lib::load`?"), "{}", ran.stdout);
}

#[test]
fn flags_are_what_a_test_says() {
    passes(
        r#"
featureFlags =
  |> lua: `setFlag("beta", true) return request`

GET /a
  |> jq: `{ old: true }` @!flag(beta)
  |> jq: `{ new: true }` @flag(beta)

describe "flags"
  it "has none"
    when calling GET /a
    then output equals `{ "old": true }`
  it "has one"
    when calling GET /a
    with flags `{ beta: true, other: false }`
    then output equals `{ "new": true }`
"#,
    );
}

#[test]
fn a_mock_that_is_an_error_is_one() {
    passes(
        r#"
GET /a
  |> fetch("https://a.example/") @fallback(`{ response: "cached" }`)
  |> jq: `{ got: .data.response }`

GET /b
  |> fetch("https://a.example/") @optional
  |> jq: `{ went: "on" }`

describe "errors"
  with mock fetch returning `{ errors: [{ type: "networkError", message: "gone" }] }`
  it "has a fallback"
    when calling GET /a
    then output equals `{ "got": "cached" }`
  it "is optional"
    when calling GET /b
    then output equals `{ "went": "on" }`
"#,
    );
}

#[test]
fn a_page_is_shown_once() {
    let ran = run(
        "GET /a |> jq: `{}` |> handlebars: `<p>some page</p>`\ndescribe \"d\"\n  it \"i\"\n    when calling GET /a\n    then selector `b` exists\n    and selector `i` exists\n    and selector `u` text is \"x\"\n",
    );
    assert_eq!(ran.stdout.matches("<p>some page</p>").count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("nothing in the page is `u`: (as above)"), "{}", ran.stdout);
}

#[test]
fn a_step_that_this_version_does_not_have_fails_alone() {
    passes(
        r#"
gg bars = `data(x, y) | bars()`

GET /chart
  |> jq: `[{ x: 1, y: 2 }]`
  |> gg({ type: "svg" }): bars
  |> result
    ok(200):
      |> jq: `.`
    ggError(501):
      |> jq: `.errors[0].message`

GET /other
  |> jq: `{ ok: true }`

describe "charts"
  it "fails"
    when calling GET /chart
    then status is 501
    and output contains "not available"
  it "is drawn by a mock"
    with mock gg.bars returning `"<svg></svg>"`
    when calling GET /chart
    then output equals "<svg></svg>"
  it "does not keep others from running"
    when calling GET /other
    then output equals `{ "ok": true }`
"#,
    );
}
