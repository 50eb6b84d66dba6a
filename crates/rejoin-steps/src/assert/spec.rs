//! What `assert` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "assert",
    summary: "checks the state against a schema",
    class: OutputClass::Unchanged,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
    params: &[],
    effect: Effect::None,
    errors: &["assertionError"],
    fallible: false,
    files: &[],
    examples: &[
        Example {
            title: "trust what a service sent only when it has the right shape",
            program: r#"GET /stock
  |> jq: `{ rows: [{ sku: "A-17", count: 4, tags: [] }], next: null }`
  |> assert: `{
    rows: [{ sku: string(1..20), count: number, note?: string, tags: [string] }],
    next: string | null
  }`
  |> result
    ok(200):
      |> jq: `{ first: .rows[0].sku }`
    assertionError(502):
      |> jq: `{ wrong: .errors[0].field }`
"#,
        },
        Example {
            title: "one of several texts",
            program: r#"assert order = `{ state: "open" | "sent" | "done", total: number }`

GET /order
  |> jq: `{ state: "sent", total: 12 }`
  |> assert: order
  |> result
    ok(200):
      |> jq: `{ state: .state }`
    default(500):
      |> jq: `{ problem: .errors[0].message }`
"#,
        },
    ],
};
