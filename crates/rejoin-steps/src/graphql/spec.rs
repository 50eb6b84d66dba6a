//! What `graphql` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "graphql",
    summary: "asks the program's own GraphQL schema, or another service's",
    class: OutputClass::Response,
    text: TextRule { language: TextLanguage::Graphql, required: Required::Never },
    params: &[
        Param { name: "variables", summary: "object: the variables", required: false, keys: &[] },
        Param {
            name: "service",
            summary: "object: { url, headers, operation, timeout } of another service",
            required: false,
            keys: &super::remote::KEYS,
        },
    ],
    effect: Effect::Read,
    errors: &["graphqlError", "networkError", "timeoutError", "httpError"],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "ask the own schema, two questions at once",
            program: r#"graphqlSchema = `
  type Query { books: [Book!]!, shelf(id: ID!): Shelf }
  type Book { title: String! }
  type Shelf { label: String! }
`

query books =
  |> jq: `[{ title: "Ulysses" }, { title: "Emma" }]`

query shelf =
  |> jq: `{ label: "shelf \(.args.id)" }`

GET /hall
  |> graphql: `{ books { title } }` @async(books)
  |> graphql({ id: 7 }): `query($id: ID!) { shelf(id: $id) { label } }` @async(shelf)
  |> join: `books, shelf`
  |> jq: `{ titles: [.async.books.data.books[].title], shelf: .async.shelf.data.shelf.label }`
  |> result
    ok(200):
      |> jq: `.`
    default(500):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
        Example {
            title: "load what belongs to many objects at once",
            program: r#"graphqlSchema = `
  type Query { shelves: [Shelf!]! }
  type Shelf { id: Int!, boxes: [String!]! }
`

query shelves =
  |> jq: `[{ id: 1 }, { id: 2 }]`

resolver Shelf.boxes =
  |> loader(.parent.id): boxesByShelf

pipeline boxesByShelf =
  |> jq: `reduce .keys[] as $id ({}; .[$id | tostring] = ["box \($id)"])`

GET /shelves
  |> graphql: `{ shelves { id boxes } }` @result(shelves)
  |> jq: `.data.shelves`
"#,
        },
        Example {
            title: "ask another service",
            program: r#"GET /film/:id
  |> graphql({ id: .params.id }, { url: "http://films.example/graphql", timeout: "2s" }): `
    query($id: ID!) { film(id: $id) { title } }
  ` @result(film)
  |> result
    ok(200):
      |> jq: `{ title: .data.film.title }`
    graphqlError(502):
      |> jq: `{ error: .errors[0].message }`
    default(502):
      |> jq: `{ error: "the film service does not answer" }`
"#,
        },
    ],
};
