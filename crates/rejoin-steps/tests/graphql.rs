//! `graphql` on the own schema: resolvers, batches, errors, bounds, the endpoint; and on another service.

mod support;

use std::time::Duration;

use rejoin_value::{Value, json};
use support::upstream::Upstream;
use support::{load, load_with, registry, try_load};

const LIBRARY: &str = r#"
config graphql { endpoint: "/graphql" }
config server { timeout: 20s }
config jq { timeout: 20s }

graphqlSchema = `
  type Query {
    authors(first: Int = 2): [Author!]!
    author(id: ID!): Author
    find(filter: Filter): [Item!]
    broken: String
    strict: String!
    slow: String
    echo(n: Int, f: Float, list: [Int!], when: JSON): JSON
    me: String
    wrong: [Author]
  }
  type Mutation { add(name: String!): Author, step(n: Int!): Int }
  interface Item { name: String! }
  enum Kind { NEW OLD }
  input Filter { kind: Kind! = NEW, names: [String!] }
  type Author implements Item { id: ID!, name: String!, books: [Book!]!, late: String, mood: Kind }
  type Book implements Item { name: String!, author: Author }
`

query authors =
  |> jq: `[range(.args.first) | { id: (. + 1), name: "author \(. + 1)" }]`

query author =
  |> jq: `if .id == "0" then null else { id, name: "author \(.id)", mood: "NEW" } end`

query find =
  |> jq: `[{ __typename: "Author", name: "\(.args.filter.kind)", id: 1 }, { __typename: "Book", name: "b" }]`

query broken =
  |> jq: `error("it broke")`

query strict =
  |> jq: `null`

query slow =
  |> sleep: "3s"
  |> jq: `"slept"`

query echo =
  |> jq: `.args`

query me =
  |> jq: `.context.cookies.session // .context.who`

query wrong =
  |> jq: `[{ name: "no id" }, 5, null]`

mutation add =
  |> jq: `{ id: 9, name }`

mutation step =
  |> sleep: "1s"
  |> jq: `.args.n`

resolver Author.books =
  |> loader(.parent.id): booksByAuthor

resolver Author.late =
  |> sleep: "2s"
  |> jq: `"late \(.parent.id)"`

pipeline booksByAuthor =
  |> debug: "batch"
  |> sleep: "100ms"
  |> jq: `reduce .keys[] as $id ({}; .[$id | tostring] = [{ name: "book of \($id)" }])`

GET /ask
  |> graphql: ""
"#;

/// Asks the schema above with a document of its own.
#[track_caller]
fn ask(document: &str) -> Value {
    ask_with(document, json!({})).0
}

#[track_caller]
fn ask_with(document: &str, variables: Value) -> (Value, Duration, Vec<String>) {
    let body = json!({"query": document, "variables": variables});
    let run = load(LIBRARY).call_with("POST /graphql", body);
    (run.answer().body.clone(), run.took, run.log())
}

#[test]
fn fields_are_resolved_or_read_and_named_as_asked() {
    let answer =
        ask("{ first: author(id: 7) { id, title: name, __typename } author(id: \"0\") { name } }");
    assert_eq!(
        answer.to_json(),
        r#"{"data":{"first":{"id":"7","title":"author 7","__typename":"Author"},"author":null}}"#
            .replace(r#""id":"7""#, r#""id":7"#)
    );
}

#[test]
fn arguments_have_defaults_variables_and_types() {
    let document = "query($n: Int = 1, $skip: Boolean!, $f: Float) {
      authors(first: $n) { id name @skip(if: $skip) }
      echo(n: $n, f: $f, list: 3, when: { a: [1.50, 12345678901234567890, $n] })
    }";
    let (answer, ..) = ask_with(document, json!({"skip": true, "f": 2}));
    assert_eq!(
        answer.to_json(),
        r#"{"data":{"authors":[{"id":1}],"echo":{"n":1,"f":2,"list":[3],"when":{"a":[1.5,12345678901234567890,1]}}}}"#
    );
    for (variables, said) in [
        (json!({}), "the variable `$skip` of type `Boolean!` is not given"),
        (json!({"skip": "yes"}), "the variable `$skip`: a value of type `Boolean!` is wanted"),
        (
            json!({"skip": true, "n": 1.5}),
            "the variable `$n`: a value of type `Int` is wanted, not 1.5",
        ),
    ] {
        let (answer, ..) = ask_with(document, variables);
        let message =
            answer.path(&["errors"]).and_then(|list| list.at(0)?.get("message")?.as_str());
        assert!(message.is_some_and(|message| message.contains(said)), "{answer}");
        assert_eq!(answer.get("data"), None, "{answer}");
    }
}

#[test]
fn an_int_has_32_bits() {
    let document =
        "query($n: Int, $list: [Int!], $page: Page) { echo(n: $n, list: $list) page(page: $page) }";
    let program =
        LIBRARY.replace("  enum Kind", "  input Page { size: Int }\n  enum Kind").replace(
            "    wrong:",
            "    page(page: Page): JSON\n    huge(n: Int = 3000000000): JSON\n    wrong:",
        ) + "query page =\n  |> jq: `.args`\nquery huge =\n  |> jq: `.args`\n";
    let fixture = load(&program);
    let ask = |document: &str, variables: &str| {
        let variables = Value::parse(variables.as_bytes()).expect(variables);
        let body = json!({"query": document, "variables": variables});
        fixture.call_with("POST /graphql", body).answer().body.to_json()
    };
    let fits = r#"{"n": -2147483648, "list": [2147483647], "page": {"size": 0}}"#;
    assert_eq!(
        ask(document, fits),
        r#"{"data":{"echo":{"n":-2147483648,"list":[2147483647]},"page":{"page":{"size":0}}}}"#
    );
    for (variables, said) in [
        (r#"{"n": 2147483648}"#, "the variable `$n`: 2147483648 is no `Int`, which has 32 bits"),
        (r#"{"n": -2147483649}"#, "`$n`: -2147483649 is no `Int`"),
        (r#"{"list": [1, 3000000000]}"#, "`$list`: item 1: 3000000000 is no `Int`"),
        (r#"{"page": {"size": 3000000000}}"#, "`$page`: field `size`: 3000000000 is no `Int`"),
        (r#"{"n": 123456789012345678901234567890}"#, "123456789012345678901234567890 is no `Int`"),
        (r#"{"n": 2147483647.5}"#, "a value of type `Int` is wanted, not 2147483647.5"),
    ] {
        let answer = ask(document, variables);
        assert!(answer.contains(said) && !answer.contains("\"data\""), "{answer}");
    }
    for document in [
        "{ echo(n: 2147483648) }",
        "{ echo(list: [3000000000]) }",
        "query($n: Int = 3000000000) { echo(n: $n) }",
        "{ page(page: { size: 3000000000 }) }",
    ] {
        let answer = ask(document, "{}");
        assert!(answer.contains("non 32-bit signed integer"), "{document}: {answer}");
        assert!(!answer.contains("\"data\""), "{document}: {answer}");
    }
    // The default of a schema.
    let answer = ask("{ huge }", "{}");
    assert!(answer.contains("3000000000 is no `Int`"), "{answer}");
    // Other types have room.
    let answer =
        ask("{ echo(f: 3000000000, when: 3000000000) author(id: 3000000000) { id } }", "{}");
    assert!(!answer.contains("errors"), "{answer}");
}

#[test]
fn inputs_enums_interfaces_and_fragments_hold() {
    let answer =
        ask("query { find(filter: { names: \"a\" }) { ...item ... on Book { author { id } } } }
         fragment item on Item { __typename name ... on Author { id } }");
    assert_eq!(
        answer.to_json(),
        r#"{"data":{"find":[{"__typename":"Author","name":"NEW","id":1},{"__typename":"Book","name":"b","author":null}]}}"#
    );
    let (answer, ..) =
        ask_with("query($f: Filter) { find(filter: $f) { name } }", json!({"f": {"kind": "SOON"}}));
    assert!(
        answer.to_json().contains("field `kind`: a value of type `Kind!` is wanted"),
        "{answer}"
    );
}

#[test]
fn an_error_stands_at_its_path_and_the_rest_arrives() {
    let answer = ask("{ broken author(id: 1) { name } }");
    assert_eq!(answer.path(&["data", "author", "name"]).and_then(Value::as_str), Some("author 1"));
    assert!(answer.path(&["data", "broken"]).is_some_and(Value::is_null));
    let error = answer.get("errors").and_then(|list| list.at(0)).expect("an error");
    assert_eq!(error.get("path").expect("a path").to_json(), r#"["broken"]"#);
    assert_eq!(error.get("locations").expect("a place").to_json(), r#"[{"line":1,"column":3}]"#);
    assert!(error.get("message").and_then(Value::as_str).is_some_and(|m| m.contains("it broke")));
    assert_eq!(error.path(&["extensions", "type"]).and_then(Value::as_str), Some("jqError"));
    assert_eq!(error.get("type"), None, "clients know no types");
}

#[test]
fn null_goes_up_to_where_it_can_be() {
    let answer = ask("{ strict me }");
    assert!(answer.get("data").is_some_and(Value::is_null), "{answer}");
    let answer = ask("{ wrong { id } }");
    assert_eq!(answer.path(&["data", "wrong"]).expect("a list").to_json(), "[null,null,null]");
    let errors = answer.get("errors").and_then(Value::as_array).expect("errors");
    let paths: Vec<_> = errors.iter().filter_map(|e| Some(e.get("path")?.to_json())).collect();
    assert_eq!(paths, [r#"["wrong",0,"id"]"#, r#"["wrong",1]"#]);
}

#[test]
fn siblings_run_beside_each_other_and_mutations_in_order() {
    let (answer, took, _) = ask_with("{ slow authors { late } }", json!({}));
    assert_eq!(took, Duration::from_secs(3), "{answer}");
    let (answer, took, _) =
        ask_with("mutation { a: step(n: 1) b: step(n: 2) add(name: \"x\") { name } }", json!({}));
    assert_eq!(took, Duration::from_secs(2));
    assert_eq!(answer.to_json(), r#"{"data":{"a":1,"b":2,"add":{"name":"x"}}}"#);
}

#[test]
fn loads_meet_in_one_batch() {
    let (answer, took, log) = ask_with(
        "{ authors(first: 100) { books { name } } author(id: 3) { books { name } } }",
        json!({}),
    );
    let batches: Vec<_> = log.iter().filter(|line| line.starts_with("<batch>")).collect();
    assert_eq!(batches.len(), 1, "{batches:?}");
    assert_eq!(took, Duration::from_millis(100));
    let last = answer.path(&["data", "authors"]).and_then(|list| list.at(99)).expect("an author");
    assert_eq!(last.to_json(), r#"{"books":[{"name":"book of 100"}]}"#);
}

#[test]
fn loads_with_other_arguments_are_apart_and_many_keys_are_split() {
    let program = r#"
graphqlSchema = `
  type Query { items(n: Int!): [Item!]! }
  type Item { id: Int!, price(in: String): String }
`
query items =
  |> jq: `[range(.args.n) | { id: . }]`
resolver Item.price =
  |> loader(.parent.id): prices
  |> jq: `"price \(.)"`
pipeline prices =
  |> jq: `. + { n: (.keys | length) }`
  |> debug: "batch"
  |> jq: `.args as $args | reduce .keys[] as $k ({}; .["\($k)"] = "\($k) \($args.in)")`
GET /two
  |> graphql: `{ items(n: 2) { eur: price(in: "eur") usd: price(in: "usd") } }`
GET /many
  |> graphql: `{ items(n: 2500) { price } }`
  |> jq: `.data.items[2400].price`
"#;
    let run = load(program).call("GET /two");
    assert!(run.body().contains(r#"{"eur":"price 1 eur","usd":"price 1 usd"}"#), "{}", run.body());
    assert_eq!(run.log().len(), 2);
    let run = load(program).call("GET /many");
    assert_eq!(run.body(), r#""price 2400 null""#);
    assert_eq!(run.log().len(), 3);
}

#[test]
fn a_batch_that_fails_fails_its_fields_and_a_missing_key_is_null() {
    let program = |load: &str| {
        format!(
            "graphqlSchema = `type Query {{ a: T }} type T {{ x: String, y: String }}`
             query a =
               |> jq: `{{ id: 1 }}`
             resolver T.x =
               |> loader(.parent.id): many
             resolver T.y =
               |> loader(null): many
             pipeline many =
               |> jq: `{load}`
             GET /a
               |> graphql: `{{ a {{ x y }} }}`"
        )
    };
    let body = |text: &str| load(&program(text)).call("GET /a").body();
    assert_eq!(body("{}"), r#"{"data":{"a":{"x":null,"y":null}}}"#);
    let failed = body("[1]");
    assert!(
        failed.contains("the pipeline `many` must load an object by keys, not array"),
        "{failed}"
    );
    assert!(
        failed.starts_with(r#"{"data":{"a":{"x":null,"y":null}},"errors":[{"type":"graphqlError""#)
    );
    assert!(body("error(\"no base\")").contains("no base"));
}

#[test]
fn the_answer_of_a_step_has_its_place_and_errors_route() {
    let program = |step: &str, tail: &str| {
        format!("{LIBRARY}\nGET /x/:id\n  |> jq: `. + {{ who: \"ada\" }}`\n  |> {step}\n{tail}")
    };
    let run = |step: &str, tail: &str| load(&program(step, tail)).call("GET /x/7");
    let shown = "  |> jq: `del(.query, .params, .headers, .cookies, .body, .method, .path, .originalRequest)`";
    for (step, expected) in [
        ("graphql: `{ me }`", r#"{"data":{"me":"secret"}}"#),
        ("graphql: `{ me }` @result(me)", r#"{"who":"ada","data":{"me":"secret"}}"#),
        (
            "graphql: `{ me }` @result(you)",
            r#"{"who":"ada","data":{"you":{"data":{"me":"secret"}}}}"#,
        ),
        (
            "graphql({ id: .params.id }): `query($id: ID!) { author(id: $id) { id } }` @result(author)",
            r#"{"who":"ada","data":{"author":{"id":7}}}"#,
        ),
    ] {
        assert_eq!(run(step, shown).body(), expected, "{step}");
    }
    let routed = "  |> result\n    ok(200):\n      |> jq: `1`\n    graphqlError(502):\n      |> jq: `{ errors: [.errors[] | { type, path }], data }`";
    let answer = run("graphql: `{ broken me }`", routed);
    assert_eq!(answer.answer().status, Some(502));
    let body = r#"{"errors":[{"type":"graphqlError","path":["broken"]}],"data":{"broken":null,"me":"secret"}}"#;
    assert_eq!(answer.body(), body);
    let named = run(
        "graphql: `{ broken me }` @result(r) @error(oops)",
        "  |> result\n    oops(500):\n      |> jq: `.data.r.data.me`",
    );
    assert_eq!(named.body(), r#""secret""#);
}

#[test]
fn flags_set_beside_each_other_do_not_meet() {
    let program = r#"
graphqlSchema = `type Query { items: [Item!]! } type Item { id: Int!, mine: Boolean }`
query items =
  |> jq: `[range(4) | { id: . }]`
resolver Item.mine =
  |> lua: `setWhen("even", request.parent.id % 2 == 0) return request`
  |> sleep: "10ms"
  |> jq: `false` @!when(even)
  |> jq: `true` @when(even)
GET /a
  |> graphql: `{ items { mine } }`
  |> jq: `[.data.items[].mine]`
"#;
    assert_eq!(load(program).call("GET /a").body(), "[true,false,true,false]");
}

#[test]
fn the_endpoint_takes_get_and_post_and_refuses_what_is_no_question() {
    let fixture = load(LIBRARY);
    let get = fixture.call("GET /graphql?query={authors{id}}");
    assert_eq!(get.body(), r#"{"data":{"authors":[{"id":1},{"id":2}]}}"#);
    let get = fixture.call("GET /graphql?query=mutation{step(n:1)}");
    assert_eq!(get.answer().status, Some(405), "{}", get.body());
    for (body, said) in [
        (json!({}), "there is no `query`"),
        (json!("text"), "the body must be a JSON object"),
        (json!({"query": 5}), "there is no `query`"),
        (json!({"query": "{ me }", "variables": 5}), "`variables` must be an object"),
    ] {
        let run = fixture.call_with("POST /graphql", body);
        assert_eq!(run.answer().status, Some(400));
        assert!(run.body().contains(said), "{}", run.body());
    }
    let named = json!({"query": "query a { me } query b { authors { id } }", "operationName": "a"});
    assert_eq!(fixture.call_with("POST /graphql", named).body(), r#"{"data":{"me":"secret"}}"#);
    for (query, said) in [
        ("{ nothing }", "nothing"),
        ("{ me", "expected"),
        ("query a { me } query b { me }", "Ambiguous"),
        ("subscription { me }", "subscription"),
    ] {
        let run = fixture.call_with("POST /graphql", json!({"query": query}));
        assert!(run.body().contains(said), "{}", run.body());
        assert_eq!(run.answer().body.get("data"), None);
    }
}

#[test]
fn the_schema_tells_about_itself_unless_it_may_not() {
    let answer = ask(
        "{ __schema { queryType { name } types { name } } kind: __type(name: \"Kind\") { enumValues { name } } me }",
    );
    assert_eq!(
        answer.path(&["data", "kind"]).expect("a type").to_json(),
        r#"{"enumValues":[{"name":"NEW"},{"name":"OLD"}]}"#
    );
    assert_eq!(
        answer.path(&["data", "__schema", "queryType", "name"]).and_then(Value::as_str),
        Some("Query")
    );
    let silent = LIBRARY.replace("config graphql {", "config graphql {\n  introspection: false\n");
    let run = load(&silent)
        .call_with("POST /graphql", json!({"query": "{ __schema { types { name } } }"}));
    assert!(run.body().contains("does not tell about itself"), "{}", run.body());
    let run = load(&silent).call_with("POST /graphql", json!({"query": "{ __typename }"}));
    assert_eq!(run.body(), r#"{"data":{"__typename":"Query"}}"#);
}

#[test]
fn hostile_documents_are_refused_before_anything_runs() {
    let fixture = load(LIBRARY);
    let nested = |n: usize| {
        format!("{{ authors {} }}", "{ books { author ".repeat(n) + "{ id }" + &" } }".repeat(n))
    };
    let aliases: String = (0..2000).map(|n| format!("a{n}: slow ")).collect();
    let bomb: String = (0..30)
        .map(|n| format!("fragment f{n} on Query {{ ...f{} ...f{} }} ", n + 1, n + 1))
        .collect();
    let circle = "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }";
    for (what, document) in [
        ("deep", nested(40)),
        ("deeper than any parser", nested(20_000)),
        ("aliases", format!("{{ {aliases} }}")),
        ("fragments that double", format!("{{ ...f0 }} {bomb} fragment f30 on Query {{ me }}")),
        (
            "fragments in a circle",
            "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }".to_owned(),
        ),
        ("introspection in circles", circle.to_owned()),
        ("brackets", "[".repeat(100_000)),
        ("braces", "{".repeat(100_000)),
        (
            "a value that nests",
            format!("{{ echo(when: {}1{}) }}", "[".repeat(50_000), "]".repeat(50_000)),
        ),
        ("a long name", format!("{{ {} }}", "x".repeat(200_000))),
        ("very long", " ".repeat(300_000)),
    ] {
        let run = fixture.call_with("POST /graphql", json!({"query": document}));
        let answer = &run.answer().body;
        assert_eq!(answer.get("data"), None, "{what}: {answer}");
        assert!(answer.get("errors").is_some(), "{what}: {answer}");
        assert!(run.body().len() < 250_000, "{what}: a long answer");
        assert_eq!(run.took, Duration::ZERO, "{what} ran");
    }
    let many = json!({"query": "{ authors(first: 40000) { id name __typename } }"});
    let run = fixture.call_with("POST /graphql", many);
    assert!(run.body().contains("the answer has more than 100000 values"), "{:.200}", run.body());
}

#[test]
fn a_question_within_questions_ends() {
    let program = "graphqlSchema = `type Query { a: JSON }`
        query a =
          |> graphql: `{ a }`
        GET /a
          |> graphql: `{ a }`";
    let body = load(program).call("GET /a").body();
    assert!(body.contains("more than 64 deep"), "{body}");
}

#[test]
fn problems_are_drawn_at_their_place() {
    for (program, said) in [
        (
            "graphqlSchema = `\n  type Query {\n    a: Strin\n  }\n`\nquery a =\n  |> jq: `1`\n",
            "test.wp:3:8",
        ),
        ("graphqlSchema = `\n  type Query {\n    a String\n  }\n`\n", "test.wp:3:7"),
        ("graphqlSchema = `type Query { a: Int }`\nquery b =\n  |> jq: `1`\n", "test.wp:2:7"),
        (
            "graphqlSchema = `type Query { a: Int }`\nresolver Usr.b =\n  |> jq: `1`\n",
            "test.wp:2:10",
        ),
        (
            "graphqlSchema = `type Query { a: Int }`\nGET /a\n  |> graphql: `\n    { b }\n  `\n",
            "test.wp:4:7",
        ),
        ("GET /a\n  |> graphql: `{ b }`\n", "E0134"),
        ("GET /a\n  |> graphql({}, { url: \"http://x.example\" }): `{ b `\n", "test.wp:2:"),
        ("GET /a\n  |> loader(.id): b\npipeline b =\n  |> jq: `.`\n", "E0133"),
        (
            "graphqlSchema = `type Query { a: Int }`\nquery a =\n  |> jq: `1`\nresolver Query.a =\n  |> jq: `2`\n",
            "E0132",
        ),
        (
            "graphqlSchema = `type Query { a: Int }`\nquery a =\n  |> loader: b\npipeline b =\n  |> jq: `.`\n",
            "lacks its key",
        ),
        (
            "config graphql { endpoint: \"/a/:b\" }\ngraphqlSchema = `type Query { a: Int }`\nquery a =\n  |> jq: `1`\n",
            "is no path",
        ),
    ] {
        let problems = try_load(program, &rejoin_steps::registry()).expect_err(program);
        assert!(problems.contains(said), "{program}\n{problems}");
    }
}

#[test]
fn one_slip_in_graphql_is_one_problem() {
    for (program, said) in [
        (
            "graphqlSchema = `\n  type Query {\n    a(: Int\n    b: String\n  }\n  type User {\n    id: ID!\n  }\n`\nquery a =\n  |> jq: `1`\n",
            "syntax error",
        ),
        (
            "graphqlSchema = `type Query { a: Int b: Int }`\nquery a =\n  |> jq: `1`\nquery b =\n  |> jq: `1`\nGET /a\n  |> graphql: `query ( { a b }`\n",
            "syntax error",
        ),
        (
            "graphqlSchema = `type Query { user: Int }`\nquery user =\n  |> jq: `1`\nGET /a\n  |> graphql: `{ usr }`\n",
            "did you mean `user`?",
        ),
        (
            "graphqlSchema = `\n  type Query { a: Int }\n  type Query { b: Int }\n`\nquery a =\n  |> jq: `1`\nquery b =\n  |> jq: `1`\n",
            "write `extend type Query` here",
        ),
    ] {
        let problems = try_load(program, &rejoin_steps::registry()).expect_err(program);
        assert_eq!(problems.matches("error[").count(), 1, "{program}\n{problems}");
        assert!(problems.contains(said), "{program}\n{problems}");
    }
}

#[test]
fn variables_may_be_of_scalars_that_the_schema_does_not_mention() {
    let program = "graphqlSchema = `type Query { j(j: JSON): String }`
      query j =
        |> jq: `.j | tojson`
      GET /a
        |> graphql({ n: 5 }): `query($n: Int) { j(j: { a: $n }) }`
        |> jq: `.data`
      GET /list
        |> graphql({ n: 5 }): `query($n: Int) { j(j: [$n, [1, $n]]) }`
        |> jq: `.data`";
    assert_eq!(load(program).call("GET /list").body(), r#"{"j":"[5,[1,5]]"}"#);
    let unknown = program.replace("[$n, [1, $n]]", "[$m]");
    assert!(try_load(&unknown, &rejoin_steps::registry()).is_err());
    assert_eq!(load(program).call("GET /a").body(), r#"{"j":"{\"a\":5}"}"#);
}

#[test]
fn any_json_may_stand_in_input_objects_and_lists_of_them() {
    let program = |value: &str| {
        format!(
            "graphqlSchema = `
              scalar JSON
              input Filter {{ any: JSON, all: [JSON!], inner: Filter, inners: [Filter!] }}
              type Query {{ j(f: Filter, fs: [Filter!]): String }}
            `
            query j =
              |> jq: `[.f, .fs] | tojson`
            GET /
              |> graphql({{ n: 5 }}): `query($n: Int) {{ j({value}) }}`
              |> jq: `.data.j | fromjson`"
        )
    };
    for (value, heard) in [
        ("f: { any: [$n, { a: [$n] }] }", r#"[{"any":[5,{"a":[5]}]},null]"#),
        ("fs: [{ any: [[$n]] }, { any: 1 }]", r#"[null,[{"any":[[5]]},{"any":1}]]"#),
        (
            "fs: { inners: [{ inner: { any: [$n] } }] }",
            r#"[null,[{"inners":[{"inner":{"any":[5]}}]}]]"#,
        ),
        ("f: { all: [[$n], { b: $n }] }", r#"[{"all":[[5],{"b":5}]},null]"#),
    ] {
        assert_eq!(load(&program(value)).call("GET /").body(), heard, "{value}");
    }
    for (value, said) in [
        ("f: { any: [1] }", "unused variable: `$n`"),
        ("f: { any: [$n, $m] }", "variable `$m` is not defined"),
        ("fs: [{ all: [{ a: $n, b: { c: $m } }] }]", "variable `$m` is not defined"),
        ("f: { anny: [$n] }", "anny"),
        ("f: { inner: [$n] }", "$n"),
    ] {
        let problems = try_load(&program(value), &rejoin_steps::registry()).expect_err(value);
        assert!(problems.contains(said), "{problems}");
    }
}

#[test]
fn another_service_is_asked_over_http() {
    let up = Upstream::start();
    let program = "GET /film/:id
      |> graphql({ id: .params.id }, { url: \"http://films.example/graphql\", headers: { authorization: \"Bearer 1\" } }): `query($id: ID!) { film(id: $id) { title } }` @result(film)
      |> jq: `.data.film`
      GET /errors
        |> graphql({}, { url: \"http://films.example/partial\" }): `{ a b }`
        |> result
          ok(200):
            |> jq: `1`
          graphqlError(502):
            |> jq: `{ data, first: .errors[0] }`
      GET /task
        |> graphql({}, { url: \"http://films.example/partial\" }): `{ a b }` @async(plain)
        |> graphql({}, { url: \"http://films.example/partial\" }): `{ a b }` @async(named) @result(film)
        |> join: `plain, named`
        |> jq: `.async | map_values({ data, error, type: .errors[0].type })`
      GET /no
        |> graphql({}, { url: \"http://films.example/\" + .query.path }): `{ a }`
        |> result
          default(502):
            |> jq: `.errors[0].type`";
    let fixture = load_with(program, &registry(&up)).on_real_time();
    assert_eq!(fixture.call("GET /film/7").body(), r#"{"title":"Emma"}"#);
    let asked = up.last();
    assert_eq!(asked.header("authorization"), Some("Bearer 1"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(
        asked.body,
        r#"{"query":"query($id: ID!) { film(id: $id) { title } }","variables":{"id":7}}"#
    );
    let errors = fixture.call("GET /errors");
    assert_eq!(
        errors.body(),
        r#"{"data":{"a":1,"b":null},"first":{"type":"graphqlError","message":"no b","path":["b"]}}"#
    );
    // What did arrive is at its place beside the errors.
    assert_eq!(
        fixture.call("GET /task").body(),
        r#"{"plain":{"data":{"a":1,"b":null},"error":"no b","type":"graphqlError"},"named":{"data":{"film":{"a":1,"b":null}},"error":"no b","type":"graphqlError"}}"#
    );
    for (path, kind) in [
        ("status/500", "httpError"),
        ("text", "graphqlError"),
        ("cut", "networkError"),
        ("empty", "graphqlError"),
    ] {
        let body = fixture.call(&format!("GET /no?path={path}")).body();
        assert_eq!(body, format!("\"{kind}\""), "{path}");
    }
}

#[test]
fn what_resolvers_set_the_steps_behind_them_see() {
    let run = load(
        r#"
graphqlSchema = `type Query { a: String, b: String }`

query a =
  |> lua: `setWhen("seen", true) setFlag("on", true) return "a"`
query b =
  |> jq: `"b"`
  |> jq: `"early"` @when(seen)

GET /x
  |> lua: `setWhen("kept", true) return request`
  |> graphql: `{ a }`
  |> graphql: `{ b }`
  |> jq: `{ b: .data.b, marks: [$context.conditions.seen, $context.flags.on, $context.conditions.kept] }`
  |> jq: `{ b, marks, when: true }` @when(seen)

GET /task
  |> graphql: `{ a }` @async(t)
  |> join: t
  |> jq: `{ t: .async.t.data.a, seen: $context.conditions.seen }`
"#,
    );
    let expected = r#"{"b":"early","marks":[true,true,true],"when":true}"#;
    assert_eq!(run.call("GET /x").body(), expected);
    assert_eq!(run.call("GET /task").body(), r#"{"t":"a","seen":null}"#);
}
