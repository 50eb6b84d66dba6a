//! What the texts of tests are made of: values, templates, requests, mocks.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use support::{Directory, Ran};

fn run(program: &str) -> Ran {
    let directory = Directory::new();
    directory.write("app.wp", program);
    directory.rejoin(&["test", "app.wp"])
}

fn passes(program: &str) {
    let ran = run(program);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn texts_are_templates() {
    passes(
        r##"
pipeline id = |> jq: `.`
pipeline read = |> stdin: text
GET /p/:x |> jq: `{ x: .params.x }`
GET /h |> handlebars: `<p class="b">a &amp; &lt;b&gt; 3</p>`

describe "templates"
  let user = `{ "id": 7, "tags": ["a", "b"], "name": "Ann" }`
  let h = "a & <b>"
  let n = 3

  it "paths"
    when calling GET /p/{{user.id}}
    then output `.x` equals {{user.id}}
  it "raw values in paths"
    when calling GET /p/{{{n}}}
    then output `.x` equals 3
  it "texts are escaped, unless they are raw"
    when executing pipeline id
    with input `{ h: $h, escaped: "a &amp; &lt;b&gt;" }`
    then output `.h` equals "{{{h}}}"
    and output `.h` equals "{{&h}}"
    and output `.escaped` equals "{{h}}"
  it "helpers"
    when executing pipeline id
    with input `$user`
    then output `.name` equals "{{#if n}}Ann{{else}}Bob{{/if}}"
    and output `.tags[1]` equals "{{user.tags.[1]}}"
    and output `.tags | join("-")` equals "{{#each user.tags}}{{this}}{{#unless @last}}-{{/unless}}{{/each}}"
    and output `.nothing // ""` equals "{{unknown}}"
  it "whole values"
    when executing pipeline id
    with input `$user`
    then output equals {{user}}
    and output equals `{{ user }}`
  it "pages"
    when calling GET /h
    then selector `p` text contains "{{{h}}}"
    and selector `p.{{user.tags.[1]}}` text contains "{{n}}"
  it "input"
    when executing pipeline read
    and stdin is "  {{user.name}} {{{h}}}"
    then output equals "  Ann a & <b>"
"##,
    );
}

#[test]
fn numbers_are_the_same_if_clients_read_the_same() {
    let checks = |checks: &str| {
        format!(
            "GET /n |> jq: `{{ nan: nan, all: infinite, whole: 1.0, long: 9007199254740993, far: (1e22 * 10) }}`\ndescribe \"d\"\n  it \"n\"\n    when calling GET /n\n{checks}"
        )
    };
    passes(&checks(
        "    then output `.nan` equals null
    and output `.all` equals 1.7976931348623157e308
    and output `.whole` equals 1
    and output `.long` equals 9007199254740993
    and output `.far` equals 100000000000000000000000",
    ));
    for wrong in ["`.long` equals 9007199254740992", "`.nan` equals 0", "`.whole` equals null"] {
        let ran = run(&checks(&format!("    then output {wrong}")));
        assert_eq!(ran.code, 1, "{wrong}: {}", ran.stdout);
    }
}

#[test]
fn a_template_that_cannot_be_read_is_shown() {
    let directory = Directory::new();
    let program = "GET /a |> jq: `{}`\n\ndescribe \"d\"\n  it \"i\"\n    when calling GET /a\n    then output equals \"{{#if n}}x\"\n";
    directory.write("app.wp", program);
    let ran = directory.rejoin(&["check", "app.wp"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("error[E0290]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("app.wp:6:"), "{}", ran.stdout);
}

#[test]
fn a_mock_is_what_its_step_makes_of_the_state() {
    passes(
        r#"
config pg { host: "127.0.0.1" }
pg shelf = `SELECT 1`
GET /raw |> pg: `!raw SELECT 1` |> jq: `{ v: . }`
GET /rows |> pg: `SELECT 1` |> jq: `{ rows, data, kind: type }`
GET /named |> pg: `SELECT 1` @result(r) |> pg: shelf |> jq: `.data`
GET /site |> fetch: `https://x.example/` |> jq: `if type == "object" then { users, response, data, path } end`
GET /task |> fetch: `https://x.example/` @async(t) |> join: t |> jq: `.async.t`
GET /variable |> pg: shelf @async(t) |> join: t |> jq: `.async.t`
GET /result |> fetch: `https://x.example/` @async(t) @result(r) |> join: t |> jq: `.async.t`

describe "mocks"
  it "is a raw value"
    with mock pg returning `{ rows: 1 }`
    when calling GET /raw
    then output `.v.rows` equals 1
  it "is the state of a statement"
    with mock pg returning `{ rows: [1], rowCount: 1 }`
    when calling GET /rows
    then output equals `{ "rows": [1], "data": null, "kind": "object" }`
  it "is all of that state"
    with mock pg returning `{ data: { rows: [1] } }`
    when calling GET /rows
    then output equals `{ "rows": null, "data": { "rows": [1] }, "kind": "object" }`
  it "is what stands under a name"
    with mock pg returning `{ rows: [1] }`
    when calling GET /named
    then output equals `{ "r": { "rows": [1] }, "shelf": { "rows": [1] } }`
  it "is put into the state by fetch"
    with mock fetch returning `{ users: [1], response: 2 }`
    when calling GET /site
    then output equals `{ "users": [1], "response": 2, "data": null, "path": "/site" }`
  it "is the state if it is no object"
    with mock fetch returning `[1]`
    when calling GET /site
    then output equals `[1]`
  it "is the value of a task"
    with mock fetch returning `{ response: 5 }`
    when calling GET /task
    then output equals `{ "response": 5 }`
  it "is the value of a task with a variable"
    with mock pg.shelf returning `{ rows: [5] }`
    when calling GET /variable
    then output equals `{ "rows": [5] }`
  it "has the name of a task's result"
    with mock fetch returning `{ response: 5 }`
    when calling GET /result
    then output equals `{ "data": { "r": { "response": 5 } } }`

GET /list |> pg: `SELECT 1`
describe "lists"
  it "is a list"
    with mock pg returning `[1]`
    when calling GET /list
    then output equals `[1]`
"#,
    );
}

#[test]
fn a_request_is_as_it_is_written() {
    passes(
        r#"
GET /e/:id |> jq: `{ method, path, query, params, headers, cookies, body, content_type, ip: has("ip"), originalRequest }`
POST /e |> jq: `{ headers, body, content_type }`

describe "requests"
  it "has what the test says"
    when calling GET /e/007?a=1&b=x%20y&c=1.50&flag&d=p=q
    with headers `{ "X-Clerk": "kim", n: 5, z: null }`
    and with cookies `{ s: "1", t: 2 }`
    and with body `{ k: [1] }`
    then output equals `{
      "method": "GET", "path": "/e/007", "params": { "id": 7 }, "ip": false,
      "query": { "a": 1, "b": "x%20y", "c": 1.5, "flag": "", "d": "p=q" },
      "headers": { "X-Clerk": "kim", "n": "", "z": "" }, "cookies": { "s": "1", "t": 2 },
      "body": { "k": [1] }, "content_type": "application/json",
      "originalRequest": { "method": "GET", "params": { "id": 7 },
        "query": { "a": 1, "b": "x%20y", "c": 1.5, "flag": "", "d": "p=q" } }
    }`
  it "has nothing else"
    when calling GET /e/1
    then output `.headers` equals {}
    and output `.cookies` equals {}
    and output `.query` equals {}
    and output `.body` equals {}
  it "has a body of any kind"
    when calling POST /e
    with body `"text"`
    then output equals `{ "headers": {}, "body": "text", "content_type": "application/json" }`
  it "has a form"
    when calling POST /e
    with headers `{ "Content-Type": "application/x-www-form-urlencoded" }`
    with body `{ a: "x&y" }`
    then output `.body` equals `{ "a": "x&y" }`
    and output `.headers` equals `{ "Content-Type": "application/x-www-form-urlencoded" }`
"#,
    );
}

#[test]
fn the_output_is_the_final_state() {
    passes(
        r#"
GET /set
  |> jq: `{ setHeaders: { "X-A": "a" }, setCookies: ["a=1", "b=2"], "X-Out": 5 }`
GET /empty
  |> result
    ok(204):
      |> jq: `{ gone: true }`
GET /page
  |> jq: `{ setCookies: ["a=1"] }`
  |> handlebars: `<p>x</p>`
pipeline set =
  |> jq: `{ setCookies: ["a=1"] }`

describe "output"
  it "keeps headers and cookies"
    when calling GET /set
    then output equals `{ "setHeaders": { "X-A": "a" }, "setCookies": ["a=1", "b=2"], "X-Out": 5 }`
    and header "X-A" equals "a"
    and header "Set-Cookie" contains "b=2"
  it "may have what a header would have"
    when calling GET /set
    then header "X-Out" equals "5"
  it "is there without a body"
    when calling GET /empty
    then status is 204
    and output `.gone` equals true
  it "is a page"
    when calling GET /page
    then output equals "<p>x</p>"
    and header "set-cookie" equals "a=1"
  it "is that of a pipeline"
    when executing pipeline set
    then output `.setCookies[0]` equals "a=1"
    and header "Set-Cookie" equals "a=1"
"#,
    );
}

#[test]
fn a_test_that_cannot_be_read_fails_alone() {
    let directory = Directory::new();
    let program = r#"
GET /a |> jq: `{ a: 1 }`
jq shape = `{ b: 1 }`

describe "d"
  it "good"
    when calling GET /a
    then status is 200
  it "bad check"
    when calling GET /a
    then output startsWith "x"
  it "unknown pipeline"
    when executing pipeline nope
    then status is 200
  it "unknown variable"
    when executing variable jq nope
    then output equals {}
  it "unknown step"
    when executing variable nope shape
    then output equals {}
  it "starts nothing"
    then output equals {}
  it "bad jq"
    when calling GET /a
    with body `{ a: `
    then status is 200
  it "bad template"
    when calling GET /a
    then output equals "{{#if x}}"
  it "good as well"
    when calling GET /a
    then output equals { "a": 1 }
"#;
    directory.write("app.wp", program);
    let ran = directory.rejoin(&["test", "app.wp"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.ends_with("2 passed, 7 failed\n"), "{}{}", ran.stdout, ran.stderr);
    for shown in [
        "PASS  d > good\n",
        "FAIL  d > bad check\n    app.wp:11: then output startsWith \"x\"\n      error[E0036]: this cannot be checked\n",
        "error[E0101]: no pipeline is called `nope`",
        "error[E0106]: `jq` has no variable `nope`",
        "PASS  d > good as well\n",
    ] {
        assert!(ran.stdout.contains(shown), "{shown}\n{}{}", ran.stdout, ran.stderr);
    }
    let one = directory.rejoin(&["test", "app.wp", "--filter", "good"]);
    assert_eq!((one.code, one.stdout.lines().last()), (0, Some("2 passed, 0 failed")));
    // What is wrong with a test keeps the program from nothing but being called right.
    let checked = directory.rejoin(&["check", "app.wp"]);
    assert_eq!(checked.code, 1);
    assert!(!checked.stdout.contains("W0112"), "{}", checked.stdout);
    // An error of the program is one of all its tests.
    directory.write("app.wp", &program.replace("`{ a: 1 }`", "`{ a: `"));
    let ran = directory.rejoin(&["test", "app.wp"]);
    assert!(ran.stdout.ends_with("0 passed, 1 failed\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("E0036"), "{}", ran.stderr);
}

#[test]
fn a_selector_that_is_none_of_css_is_named() {
    let program = "GET /a |> handlebars: `<p>x</p>`\n\ndescribe \"d\"\n  it \"i\"\n    when calling GET /a\n    then selector \"p:contains('x')\" exists\n";
    let ran = run(program);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("`p:contains('x')` is no CSS selector: a part of it is wrong"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("developer"), "{}", ran.stdout);
}
