//! Broken texts between backticks: whatever stands there, checking ends, panics never, and draws problems inside the text;
//! what it accepts can be built, and what GraphQL accepts can be asked.

#[path = "../../../tests/fuzz.rs"]
mod fuzz;
mod support;

use fuzz::{Random, boundaries, fuzz};
use rejoin_lang::diagnostic::{has_errors, render_json, render_text};
use rejoin_value::json;
use support::{load, try_load};

/// One text for each kind of step.
const STEPS: &str = r#"
GET /jq |> jq: `reduce .items[]? as $x (0; . + ($x.n // 1)) | { a: ., b: "x\(.)" }`
GET /lua |> lua: `local t = {} for i = 1, 3 do t[i] = request.params[i] end return { t = t }`
GET /js |> js: `const { a = 1, ...rest } = request; return { a, rest: [...Object.keys(rest)] };`
GET /page |> handlebars: `{{#each items as |x|}}<b class="{{x.a}}">{{{x}}}</b>{{else}}{{> card title="t"}}{{/each}}`
GET /pg |> pg([.a, 1]): `SELECT a, $1::int FROM t WHERE b = $2 AND c LIKE '%' -- why`
GET /sql |> sql([1]): `insert into t (a, "b") values ($1, 'x') on conflict (a) do update set b = excluded.b returning *`
POST /validate |> validate: `{ name: string(1..40), age?: number(0..150), mail: email }`
GET /assert |> assert: `{ rows: [{ n: number, "note"?: string | null }], kind: "a" | 7 }`
GET /limit |> rateLimit: `keyTemplate: {ip}:{user.id}, limit: 2, window: 1m, burst: 3`
GET /cache |> cache: `keyTemplate: r:{params.a.0}, ttl: 60, audience: everybody`
GET /log |> log: `level: info, includeBody: true`
GET /fetch |> fetch: `https://up.example/a?b=c#d`
GET /sleep |> sleep: `120ms`
GET /auth |> auth: `type:admin`
"#;

/// A schema with all that a schema can have, resolvers, and documents.
const GRAPHQL: &str = r#"
graphqlSchema = `
  """ What can be asked. """
  schema { query: Query, mutation: Mutation }
  type Query { shelves(first: Int = 10, kind: Kind = NEW, by: Filter): [Shelf!]!, any(id: ID!): Any, json: JSON }
  type Mutation { rename(id: Int!, label: String!): Shelf }
  interface Named { label: String! }
  type Shelf implements Named @tag(name: "x") { id: Int!, label: String!, boxes: [Box!]! @deprecated(reason: "old") }
  type Box { name: String! }
  union Any = Shelf | Box
  enum Kind { NEW OLD }
  input Filter { kind: Kind! = NEW, names: [String!], not: Filter }
  directive @tag(name: String!) on OBJECT
  extend type Box { size: Float }
`

query shelves =
  |> jq: `[{ id: 1, label: "a", boxes: [{ name: "b" }] }]`

query any =
  |> jq: `{ __typename: "Box", name: "b" }`

query json =
  |> jq: `{ a: [1] }`

mutation rename =
  |> jq: `null`

GET /ask
  |> graphql({ first: 3 }): `
    query Shelves($first: Int = 2, $by: Filter) {
      all: shelves(first: $first, by: { kind: OLD, names: ["x\n"], not: $by }) @include(if: true) { ...shelf __typename }
      any(id: "1") { ... on Box { name size } ... on Named { label } }
    }
    fragment shelf on Shelf { id label boxes { name } }
  `

GET /elsewhere
  |> graphql({}, { url: "https://up.example/graphql" }): `mutation { a(b: """block "text" """, c: [1.5e3, null, A, { d: $x }]) { e } }`
"#;

const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    ":",
    "=",
    "@",
    "$",
    "$1",
    "$99",
    "\"",
    "\"\"\"",
    "'",
    "...",
    "|",
    "&",
    "#",
    "\n",
    "\\",
    "\\u12",
    "é",
    "\u{1b}",
    "\u{0}",
    "\u{202e}",
    "type",
    "extend type Query",
    "on",
    "null",
    "-1e999",
    "99999999999999999999",
    "{{",
    "}}",
    "{{{",
    "{{/each}}",
    "{{#if",
    "--",
    "/*",
    "%",
    "..",
    "?",
    "1..0",
    "string(",
    "while",
    "function",
    "end",
    "return",
    "`",
];

fn mutated(program: &str, random: &mut Random) -> String {
    let mut text = program.to_owned();
    for _ in 0..=random.below(3) {
        let all = boundaries(&text);
        let first = random.below(all.len());
        let (start, end) = (all[first], all[(first + random.below(16)).min(all.len() - 1)]);
        match random.below(4) {
            0 => text.insert_str(start, random.pick(PIECES)),
            1 => text.replace_range(start..end, ""),
            2 => text.replace_range(start..end, random.pick(PIECES)),
            _ => {
                let piece = text[start..end].to_owned();
                text.insert_str(random.pick(&all), &piece);
            }
        }
    }
    text
}

/// Checks and builds a program; whether it has no errors.
fn check_laws(text: &str) -> bool {
    let registry = rejoin_steps::registry();
    let loaded = support::read(text, &registry);
    for problem in &loaded.diagnostics {
        let labels = problem.labels.iter().map(|(span, _)| *span);
        for span in labels.chain([problem.span]) {
            assert!(text.get(span.range()).is_some(), "{span:?} of {problem:?} in {text:?}");
        }
        assert!(!problem.label.is_empty() && problem.help.is_some(), "{problem:?} in {text:?}");
    }
    let sources = &loaded.plan.sources;
    let drawn = render_text(sources, &loaded.diagnostics, false);
    let raw = drawn.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(raw, None, "a control character reached the drawing of {text:?}");
    assert_eq!(render_json(sources, &loaded.diagnostics).lines().count(), loaded.diagnostics.len());
    !has_errors(&loaded.diagnostics) && try_load(text, &registry).is_ok()
}

#[test]
fn the_programs_have_no_errors() {
    for text in [STEPS, GRAPHQL] {
        try_load(text, &rejoin_steps::registry()).unwrap_or_else(|problems| panic!("{problems}"));
    }
}

#[test]
fn any_text_of_a_step_is_checked() {
    let programs: Vec<String> =
        STEPS.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    fuzz(0xe3b, 150, |random| {
        let program = &programs[random.below(programs.len())];
        check_laws(&mutated(program, random));
    });
}

#[test]
fn any_schema_and_document_is_checked_and_what_is_accepted_can_be_asked() {
    fuzz(0x96a1, 100, |random| {
        let text = mutated(GRAPHQL, random);
        if check_laws(&text) && text.contains("GET /ask\n") {
            let run = load(&text).call_with("GET /ask", json!({}));
            assert!(run.result.is_ok(), "{:?} of {text:?}", run.result);
        }
    });
}
