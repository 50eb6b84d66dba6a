//! What `handlebars` and `mustache` are: one step with two names.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static HANDLEBARS: StepSpec = StepSpec {
    name: "handlebars",
    summary: "makes a page of HTML from a template and the state",
    class: OutputClass::Render,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
    params: &[],
    effect: Effect::None,
    errors: &[],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "a page made of the state; what it shows is escaped",
            program: r#"GET /greet/:name
  |> handlebars: `
    <h1>Hello, {{params.name}}</h1>
    {{#if query.loud}}<p>HELLO!</p>{{/if}}
  `
"#,
        },
        Example {
            title: "variables are partials",
            program: r#"handlebars layout = `
  <html><body>{{> @partial-block}}</body></html>
`

handlebars card = `
  <li>{{title}}: {{price}}</li>
`

GET /shop
  |> jq: `{ items: [{ title: "Tea", price: 4 }, { title: "Cups", price: 12 }] }`
  |> handlebars: `
    {{#> layout}}
      <ul>
        {{#each items}}
          {{> card}}
        {{else}}
          <li>nothing</li>
        {{/each}}
      </ul>
    {{/layout}}
  `
"#,
        },
    ],
};

pub(super) static MUSTACHE: StepSpec = StepSpec {
    name: "mustache",
    summary: "makes a page of HTML, as `handlebars` does",
    files: &[],
    examples: &[
        Example {
            title: "the same under its other name",
            program: r#"GET /greet/:name
  |> mustache: `<h1>Hello, {{params.name}}</h1>`
"#,
        },
        Example {
            title: "sections: for each item, and for none",
            program: r#"GET /shelf
  |> jq: `{ shelf: "novels", books: [{ title: "Emma" }, { title: "Ulysses" }] }`
  |> mustache: `
    {{#books}}
      <li>{{title}} ({{shelf}})</li>
    {{/books}}
    {{^books}}
      nothing
    {{/books}}
  `
"#,
        },
        Example {
            title: "a variable as the template",
            program: r#"mustache hello = `<h1>Hello, {{name}}</h1>`

GET /hello
  |> jq: `{ name: "Ada" }`
  |> mustache: hello
"#,
        },
    ],
    ..HANDLEBARS
};
