//! `rejoin test`: programs with tests of their own.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use support::{Directory, Ran};

const APP: &str = r#"
jq shape = `{ shaped: .n }`

pipeline pause =
  |> sleep: `2s`
  |> jq: `. + { paused: true }`

pipeline twice =
  |> jq: `. + { n: (.n * 2) }`

pipeline words =
  |> jq: `{ args: $context.args, options: $context.options }`

GET /shelves/:id
  |> fetch("https://shelves.example/" + (.params.id | tostring)) @result(shelf)
  |> fetch("https://boxes.example/") @async(boxes)
  |> pause
  |> join: "boxes"
  |> jq: `{ shelf: .data.shelf.response, boxes: .async.boxes.data, paused, q: .query.q, clerk: .headers["x-clerk"], who: .cookies.who }`

POST /echo
  |> jq: `{ got: .body, setHeaders: { "X-Thing": "yes" }, setCookies: ["a=1; Path=/"] }`

GET /retried
  |> fetch("https://down.example/") @timeout(100ms) @retry(3, backoff: 50ms)
  |> result
    timeoutError(504):
      |> jq: `{ late: true }`
    networkError(502):
      |> jq: `{ down: true }`

GET /lost
  |> sleep: `1h` @async(slow)
  |> jq: `{ left: true }`
"#;

#[test]
fn calls_of_pipelines_in_modules_are_seen() {
    let directory = Directory::new();
    directory.write("lib.wp", "pipeline load =\n  |> jq: `{ loaded: .id }`\n");
    let program = |named: &str| {
        format!(
            "import \"lib.wp\" as lib\nGET /a\n  |> pipeline({{ id: 6 }}): lib::load\n\ndescribe \"d\"\n  it \"i\"\n    when calling GET /a\n    then output `.loaded` equals 6\n    and call pipeline {named} with `{{ path: \"/a\" }}`\n"
        )
    };
    directory.write("app.wp", &program("load"));
    let ran = directory.rejoin(&["test", "app.wp"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    directory.write("app.wp", &program("laod"));
    let ran = directory.rejoin(&["check", "app.wp"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("no pipeline is called `laod`"), "{}", ran.stdout);
}

#[test]
fn a_check_is_shown_as_it_is_written() {
    let directory = Directory::new();
    let program = "GET /a |> jq: `{ a: 1 }`\n\ndescribe \"d\"\n  it \"i\"\n    when calling GET /a\n    then output `.a` equals \"x\"\n";
    directory.write("app.wp", program);
    let ran = directory.rejoin(&["test", "app.wp"]);
    assert!(ran.stdout.contains("app.wp:6: then output `.a` equals \"x\"\n"), "{}", ran.stdout);
}

#[test]
fn a_final_state_may_be_a_whole_answer() {
    let directory = Directory::new();
    let program = r#"
GET /created
  |> jq: `{ status: 201, headers: { "x-id": 7 }, body: { id: 7 } }`

GET /csv
  |> jq: `{ contentType: "text/csv; charset=utf-8", body: "a,b" }`

GET /problem
  |> jq: `{ status: 404, contentType: "application/problem+json", body: { title: "no" } }`

GET /data/:n
  |> jq: `[{ status: "new", body: 1 }, { status: 201 }, { status: 99, body: 1 }, { headers: {}, body: 1 },
      { status: 201, body: 1, more: 2 }, { status: 201, headers: 1, body: 1 }, { contentType: "x", body: 1 }][.params.n]`

GET /branch
  |> result
    ok(202):
      |> jq: `{ contentType: "text/html", body: "<b>" }`

pipeline page =
  |> jq: `{ contentType: "text/css", body: "a{}" }`

describe "answers"
  it "has a status and headers"
    when calling GET /created
    then status is 201
    and header "x-id" equals "7"
    and contentType is "application/json"
    and output equals `{ "id": 7 }`

  it "has a type"
    when calling GET /csv
    then status is 200
    and contentType is "text/csv"
    and output equals "a,b"

  it "is a problem"
    when calling GET /problem
    then status is 404
    and output `.title` equals "no"

  it "keeps the branch's status"
    when calling GET /branch
    then status is 202
    and contentType is "text/html"
    and output equals "<b>"

  it "has a type in a pipeline"
    when executing pipeline page
    then contentType is "text/css"
    and output equals "a{}"
"#;
    let data = (0..7).map(|n| {
        format!("  it \"is data {n}\"\n    when calling GET /data/{n}\n    then status is 200\n    and output `type` equals \"object\"\n    and output `has(\"status\") or has(\"body\")` equals true\n")
    });
    let program = format!("{program}\n{}", data.collect::<String>());
    directory.write("app.wp", &program);
    let ran = directory.rejoin(&["test", "app.wp"]);
    assert_eq!(
        ran.stdout.lines().last(),
        Some("12 passed, 0 failed"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

fn run(tests: &str, arguments: &[&str]) -> Ran {
    let directory = Directory::new();
    directory.write("app.wp", &format!("{APP}\n{tests}"));
    directory.rejoin(&[&["test", "app.wp"], arguments].concat())
}

#[track_caller]
fn passes(tests: &str) {
    let ran = run(tests, &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.lines().last().unwrap().ends_with(" passed, 0 failed"), "{}", ran.stdout);
}

#[track_caller]
fn fails(tests: &str, because: &str) {
    let ran = run(tests, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains(because), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.ends_with("0 passed, 1 failed\n"), "{}", ran.stdout);
}

#[test]
fn a_route_with_mocks_by_result_and_task() {
    passes(
        r#"
describe "stock"   # a comment
  let sku = "A-17"
  # one more
  with mock fetch.shelf returning `{ response: { id: 3, sku: $sku } }`
  with mock fetch returning `{ data: { response: "describe" } }`

  it "finds the shelf"
    let shelf = 3
    # clauses stand in any order
    then status is 200      # the comment is no value
    with headers `{ "x-clerk": "kim" }`
    and mock fetch.boxes returning `{ data: { n: 4 } }` after 3s
    when calling GET /shelves/{{shelf}}?q=1   
    # between them
    and with cookies `{ who: "a;b" }`
    and output `.shelf.sku` equals "{{sku}}"
    and output contains `{ "boxes": { "n": 4.0 }, "paused": true }`
    and output `.q` equals 1
    and output `.clerk` equals "kim"
    and output `.who` equals "a;b"
    and output `.shelf` matches "A-\\d+"
    and took 3s..3s
    and contentType is "application/json"
    and call pipeline pause with `{ data: { shelf: { response: { sku: $sku } } } }`

  it "uses the shared one"
    when calling GET /shelves/9
    with mock pipeline pause returning `{ paused: "no" }`
    then output `.boxes.response` equals describe
    and output `.paused` equals "no"
    and took 0ms..0ms

GET /behind-the-tests
  |> jq: `{}`
"#,
    );
}

#[test]
fn requests_and_what_they_answer() {
    passes(
        r#"
describe "http"
  it "takes a body"
    when calling POST /echo
    with body `{ a: [1, null] }`
    then output `.got` equals `{"a": [1, null]}`
    and header "x-thing" equals "yes"
    and header "Set-Cookie" contains "a=1"
  it "takes a form"
    when calling POST /echo
    with headers `{ "content-type": "application/x-www-form-urlencoded" }`
    with body `"a=1&b=x"`
    then output `.got` equals `{"a": 1, "b": "x"}`
  it "writes a form"
    when calling POST /echo
    with headers `{ "content-type": "application/x-www-form-urlencoded" }`
    with body `{ a: 1, "b c": "x&y=ä +", d: null, e: true }`
    then output `.got` equals `{"a": 1, "b c": "x&y=ä +", "d": "", "e": "true"}`
  it "can expect what is not there"
    when calling GET /nothing
    then status is 404
  it "and a wrong method"
    when calling DELETE /echo
    then status in 400..499
"#,
    );
}

#[test]
fn pipelines_and_variables() {
    passes(
        r#"
describe "parts"
  let n = 21
  let text = "42"
  it "runs a pipeline"
    when executing pipeline twice
    with input `{ n: .n, $text }`
    then output equals `{"n": 42, "text": "42"}`
  it "runs a variable"
    when executing variable jq shape
    with input `{ n: $n }`
    then output equals `{"shaped": 21}`
  it "gives words"
    when executing pipeline words
    and args are `["a", $n]`
    and options are `{ x: $text }`
    then output equals `{"args": ["a", 21], "options": {"x": "42"}}`
"#,
    );
}

#[test]
fn failures_retries_and_lost_tasks_in_virtual_time() {
    passes(
        r#"
describe "time"
  it "fails in the way it is told"
    when calling GET /retried
    with mock fetch failing "networkError" after 10ms
    then status is 502
    and output `.down` equals true
    and took 180ms..180ms
  it "is too slow"
    when calling GET /retried
    with mock fetch returning `{}` after 10s
    then status is 504
    and took 450ms..450ms
  it "is cut off with its request"
    when calling GET /lost
    then task slow was cancelled
"#,
    );
}

#[test]
fn a_failed_check_shows_its_place_and_what_differs() {
    let ran = run(
        "describe \"d\"\n  it \"i\"\n    when executing pipeline twice\n    with input `{ n: 1, m: [1] }`\n    then output equals `{\"n\": 3, \"m\": [1]}`\n    and status is 201\n",
        &[],
    );
    assert_eq!(ran.code, 1);
    let line = APP.lines().count() + 1 + 5;
    let place = format!("    app.wp:{line}: then output equals `{{\"n\": 3, \"m\": [1]}}`\n");
    assert!(ran.stdout.contains(&place), "{}", ran.stdout);
    assert!(ran.stdout.contains("      -   \"n\": 3"), "{}", ran.stdout);
    assert!(ran.stdout.contains("      +   \"n\": 2"), "{}", ran.stdout);
    assert!(ran.stdout.contains("      - 201\n      + 200\n"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("0 passed, 1 failed\n"), "{}", ran.stdout);
}

#[test]
fn each_kind_of_check_can_fail() {
    let test = |trigger: &str, rest: &str| {
        format!("describe \"d\"\n  it \"i\"\n    when {trigger}\n    {rest}\n")
    };
    let echo = "calling POST /echo";
    fails(&test(echo, "then contentType is \"text/html\""), "- text/html");
    fails(&test(echo, "then header \"x-thing\" equals \"no\""), "+ \"yes\"");
    fails(&test(echo, "then header \"x-none\" equals \"no\""), "has no header `x-none`");
    fails(&test(echo, "then output matches \"^b\""), "- \"^b\"");
    fails(&test(echo, "then output matches \"(\""), "no regular expression");
    fails(&test(echo, "then output `error(\"x\")` equals 1"), "the filter fails");
    fails(&test(echo, "then output contains `{\"a\": 1}`"), "-   \"a\": 1");
    fails(&test(echo, "then took 1s..2s"), "- 1s..2s");
    fails(&test(echo, "then call pipeline twice with `{}`"), "was not called");
    fails(&test(echo, "then task slow was cancelled"), "was not started");
    fails(&test(echo, "with body `error(\"no\")`"), "no");
    fails(&test("calling GET /missing", "then status is 200"), "+ 404");
    fails(&test(echo, "then selector `h1` exists"), "the output is no page");
}

const PAGE: &str = r#"
GET /page
  |> handlebars: `<ul class="list"><li id="a"> one &amp; <b>two</b> </li><li>three</li></ul>`
"#;

fn page_test(checks: &[&str]) -> String {
    let checks: String = checks.iter().map(|check| format!("    and selector {check}\n")).collect();
    format!(
        "{PAGE}\ndescribe \"d\"\n  let kind = \"list\"\n  it \"i\"\n    when calling GET /page\n{checks}"
    )
}

#[test]
fn selectors_look_at_pages() {
    passes(&page_test(&[
        "`li` exists",
        "`h1` does not exist",
        "`li` text equals \"one & two\"",
        "`#a` text is \"one & two\"",
        "`li` text contains `two`",
        "`li` text matches \"^one\"",
        "`li` text does not contain \"three\"",
        "`li` text does not match \"^t\"",
        "`li` count is 2",
        "`li` count equals 2 # and no more",
        "`li` count is greater than 1",
        "`li` count less than 3",
        "`ul` attribute `class` equals \"{{kind}}\"",
        "`ul.{{kind}}` attribute \"class\" does not equal \"none\"",
        "`ul > li:nth-child(2)` text equals three",
    ]));
}

#[test]
fn each_selector_check_can_fail() {
    let one = |check: &str| page_test(&[check]);
    fails(&one("`h1` exists"), "nothing in the page is `h1`");
    fails(&one("`li` does not exist"), "there is one: <li id=\"a\">");
    fails(&one("`li` text equals \"one\""), "+ \"one & two\"");
    fails(&one("`li` text does not contain \"one\""), "should not be: one & two");
    fails(&one("`li` count is 3"), "- 3");
    fails(&one("`li` count is greater than 2"), "- more than 2");
    fails(&one("`li` count is less than 2"), "- less than 2");
    fails(&one("`li` attribute `id` matches \"b\""), "- \"b\"");
    fails(&one("`ul` attribute `id` equals \"b\""), "no attribute `id`: <ul class=\"list\">");
    fails(&one("`ul >` exists"), "no CSS selector");
}

#[test]
fn filters_and_formats() {
    let tests = "describe \"one\"\n  it \"a <b>\"\n    when calling GET /lost\n    then status is 200\n  it \"c\"\n    when calling GET /lost\n    then status is 500\n";
    let all = run(tests, &[]);
    assert!(all.stdout.ends_with("1 passed, 1 failed\n"), "{}", all.stdout);
    let one = run(tests, &["--filter", "one a"]);
    assert_eq!((one.code, &*one.stdout), (0, "PASS  one > a <b>\n1 passed, 0 failed\n"));
    assert_eq!(run(tests, &["--filter", "one > a"]).stdout, one.stdout);
    let none = run(tests, &["--filter", "tow"]);
    assert_eq!((none.code, &*none.stdout), (1, "0 passed, 0 failed\n"));
    assert!(none.stderr.contains("error: no test has `tow` in its name"), "{}", none.stderr);
    let json = run(tests, &["--format", "json"]);
    let lines: Vec<_> = json.stdout.lines().map(support::json).collect();
    assert_eq!(lines.len(), 2, "{}", json.stdout);
    assert_eq!(lines[1].get("passed").and_then(|v| v.as_bool()), Some(false));
    assert!(lines[1].path(&["failures"]).unwrap().at(0).unwrap().get("check").is_some());
    assert!(json.stderr.ends_with("1 passed, 1 failed\n"), "{}", json.stderr);
    let junit = run(tests, &["--format", "junit"]);
    assert!(junit.stdout.contains("tests=\"2\" failures=\"1\""), "{}", junit.stdout);
    assert!(junit.stdout.contains("name=\"a &lt;b&gt;\""), "{}", junit.stdout);
}

#[test]
fn a_file_with_errors_fails_and_the_others_are_tested() {
    let directory = Directory::new();
    directory.write("bad.wp", "GET /a\n  |> nope\n");
    directory.write("good.wp", "GET /a\n  |> jq: `1`\ndescribe \"d\"\n  it \"i\"\n    when calling GET /a\n    then output equals 1\n");
    let ran = directory.rejoin(&["test", "bad.wp", "good.wp"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("nope"), "{}", ran.stderr);
    assert!(ran.stdout.ends_with("PASS  d > i\n1 passed, 1 failed\n"), "{}", ran.stdout);
    // Who reads only the report sees it as well.
    let json = directory.rejoin(&["test", "bad.wp", "good.wp", "--format", "json"]);
    let lines: Vec<_> = json.stdout.lines().map(support::json).collect();
    assert_eq!(lines.len(), 2, "{}", json.stdout);
    assert_eq!(lines[1].get("suite").and_then(|v| v.as_str()), Some("bad.wp"));
    assert_eq!(lines[1].get("passed").and_then(|v| v.as_bool()), Some(false));
    let junit = directory.rejoin(&["test", "bad.wp", "good.wp", "--format", "junit"]);
    assert!(junit.stdout.contains("tests=\"2\" failures=\"1\""), "{}", junit.stdout);
    assert!(junit.stdout.contains("classname=\"bad.wp\""), "{}", junit.stdout);
}

#[test]
fn a_thousand_tests_that_wait_for_seconds() {
    let mut tests = "describe \"many\"\n".to_owned();
    for n in 0..1000 {
        tests += &format!(
            "  it \"t{n}\"\n    when executing pipeline pause\n    then took 2s..2s\n    and output `.paused` equals true\n"
        );
    }
    let ran = run(&tests, &[]);
    assert!(ran.stdout.ends_with("1000 passed, 0 failed\n"), "{}", ran.stdout);
}

const ORDERS: &str = r#"
GET /collected
  |> parallel(on_error: collect_all)
    slow:
      |> fetch("https://slow.example/")
    quick:
      |> fetch("https://quick.example/")
    bad:
      |> fetch("https://bad.example/")
  end
  |> jq: `{ slow: .async.slow.data, quick: .async.quick.data, bad: .async.bad.error }`

GET /raced
  |> race @result(first)
    a:
      |> sleep: `1s`
      |> jq: `"a"`
    b:
      |> sleep: `2s`
      |> jq: `"b"`
  end
  |> jq: `.data.first`

GET /many
  |> jq: `"a"` @async(a)
  |> jq: `"b"` @async(b)
  |> join: `a, b`
  |> parallel
    c: |> jq: `"c"`
    d: |> jq: `"d"`
    e: |> jq: `"e"`
    f: |> jq: `"f"`
    g: |> jq: `"g"`
    h: |> jq: `"h"`
  end
  |> jq: `[.async[]]`

describe "orders"
  it "is the same in all of them"
    with mock fetch returning `{ data: 1 }` after 5s
    when calling GET /collected
    then status is 200
    and took 5s..6s

  it "is not"
    when calling GET /raced
    then status is 200

  it "has too many"
    when calling GET /many
    then output `length` equals 8
"#;

#[test]
fn a_test_runs_in_every_order_of_its_branches() {
    let directory = Directory::new();
    directory.write("app.wp", ORDERS);
    let ran = directory.rejoin(&["test", "app.wp", "--orders", "--seed", "7"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("PASS  orders > is the same in all of them  (6 orders)"),
        "{}",
        ran.stdout
    );
    let changed = "the answer is another when `b` ends before `a`\n      - \"a\"\n      + \"b\"";
    assert!(ran.stdout.contains(changed), "{}", ran.stdout);
    // Of 300 orders that the seed chose, those that differ in what runs together.
    assert!(ran.stdout.contains("PASS  orders > has too many  (2"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("2 passed, 1 failed\n"), "{}", ran.stdout);
    let again = directory.rejoin(&["test", "app.wp", "--orders", "--seed", "7"]);
    assert_eq!(ran.stdout, again.stdout);
    let plain = directory.rejoin(&["test", "app.wp"]);
    assert_eq!(plain.code, 0, "{}", plain.stdout);
}

#[test]
fn resolvers_are_started_replaced_and_looked_at() {
    let directory = Directory::new();
    let program = r#"
config graphql { endpoint: "/graphql" }

graphqlSchema = `
  type Query { user(id: ID!): User }
  type Mutation { rename(id: ID!, name: String!): User }
  type User { name: String, posts: [String!] }
`

query user =
  |> fetch("https://users.example/" + (.args.id | tostring)) @result(user)
  |> jq: `.data.user.response`

mutation rename =
  |> jq: `{ name }`

resolver User.posts =
  |> loader(.parent.name): postsByName

pipeline postsByName =
  |> fetch: `https://posts.example/` @result(posts)
  |> jq: `.data.posts.response`

GET /user/:id
  |> graphql({ id: .params.id }): `query($id: ID!) { user(id: $id) { name posts } }` @result(user)
  |> jq: `.data.user`

describe "resolvers"
  with mock fetch.user returning `{ response: { name: "Ada" } }` after 100ms
  with mock fetch.posts returning `{ response: { Ada: ["one"] } }` after 50ms

  it "answers a question"
    when calling GET /user/7
    then output equals `{ "name": "Ada", "posts": ["one"] }`
    and took 150ms..150ms
    and call query user with `{ args: { id: 7 } }`
    and call resolver User.posts with `{ parent: { name: "Ada" } }`
    and call pipeline postsByName with `{ keys: ["Ada"] }`

  it "is asked at the endpoint"
    when calling POST /graphql
    with body `{ query: "mutation { rename(id: 1, name: \"Bo\") { name } }" }`
    then status is 200
    and output `.data.rename.name` equals "Bo"
    and call mutation rename with `{ name: "Bo" }`

  it "starts a query"
    when executing query user
    with input `{ id: 9 }`
    then output `.name` equals "Ada"

  it "starts a resolver, which loads"
    when executing resolver User.posts
    with input `{ parent: { name: "Ada" } }`
    then output equals `["one"]`

  it "starts a mutation"
    when executing mutation rename
    with input `{ args: { id: 1, name: "Cy" } }`
    then output `.name` equals "Cy"

  it "replaces resolvers and batches"
    with mock query user returning `{ name: "Eve" }`
    with mock User.posts returning `["mine"]` after 1s
    when calling GET /user/7
    then output equals `{ "name": "Eve", "posts": ["mine"] }`
    and took 1s..1s

  it "replaces a batch, and the whole step"
    with mock pipeline postsByName returning `{ Ada: ["batch"] }`
    when calling GET /user/7
    then output `.posts[0]` equals "batch"

  it "replaces the step"
    with mock graphql.user returning `{ data: { user: { name: "No" } } }`
    when calling GET /user/7
    then output equals `{ "name": "No" }`

  it "fails as a resolver does"
    with mock query user failing "sqlError"
    when calling POST /graphql
    with body `{ query: "{ user(id: 1) { name } }" }`
    then output `.errors[0].extensions.type` equals "sqlError"
    and output `.data.user` equals null
"#;
    directory.write("app.wp", program);
    let ran = directory.rejoin(&["test", "app.wp"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_pipeline_reads_the_input_that_its_test_gives() {
    let directory = Directory::new();
    directory.write(
        "app.wp",
        r#"
pipeline sum =
  |> stdin: `lines`
  |> jq: `map(tonumber) | add`

pipeline twice =
  |> stdin: `json` @result(first)
  |> stdin: `text`

describe "input"
  let last = 4
  it "is read as lines"
    when executing pipeline sum
    and stdin is `1
2
{{last}}`
    then output equals 7
  it "is a text, whatever stands in it"
    when executing pipeline twice
    with stdin is "[1, 2]"
    then output equals "[1, 2]"
  it "is not there without it"
    when executing pipeline sum
    then status is 500
    and output `.errors[0].type` equals "stdinError"
"#,
    );
    let ran = directory.rejoin(&["test", "app.wp"]);
    assert!(ran.stdout.ends_with("3 passed, 0 failed\n"), "{}\n{}", ran.stdout, ran.stderr);

    directory.write(
        "wrong.wp",
        "GET /x\n  |> jq: `1`\n\ndescribe \"x\"\n  it \"y\"\n    when calling GET /x\n    and stdin is \"1\"\n    then status is 200\n",
    );
    let ran = directory.rejoin(&["check", "wrong.wp"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("a request has no standard input"), "{}", ran.stdout);
}
