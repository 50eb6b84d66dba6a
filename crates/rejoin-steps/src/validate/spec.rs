//! What `validate` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "validate",
    summary: "checks the fields of the request's body",
    class: OutputClass::Unchanged,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
    params: &[],
    effect: Effect::None,
    errors: &["validationError"],
    fallible: false,
    files: &[],
    examples: &[
        Example {
            title: "refuse a body that lacks something",
            program: r#"PUT /crates/:id
  |> jq: `. + { body: { label: "tea", mail: "a@b.example" } }`
  |> validate: `
    label: string(1..40)
    mail?: email
  `
  |> result
    ok(200):
      |> jq: `{ saved: .body.label }`
    validationError(422):
      |> jq: `{ field: .errors[0].field, problem: .errors[0].rule }`
"#,
        },
        Example {
            title: "several rules on a line, as a variable",
            program: r#"validate order = `{ count: number(1..99), gift: boolean }`

POST /orders
  |> jq: `. + { body: { count: 2, gift: false } }`
  |> validate: order
  |> result
    ok(201):
      |> jq: `{ count: .body.count }`
    default(400):
      |> jq: `{ problem: .errors[0].message }`
"#,
        },
    ],
};
