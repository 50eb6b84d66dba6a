//! What `debug` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "debug",
    summary: "shows the state in the log and leaves it as it is",
    class: OutputClass::Unchanged,
    text: TextRule { language: TextLanguage::Plain, required: Required::Never },
    params: &[],
    effect: Effect::None,
    errors: &[],
    fallible: false,
    files: &[],
    examples: &[
        Example {
            title: "look at what flows between two steps",
            program: r#"GET /sum
  |> jq: `{ a: 1, b: 2 }`
  |> debug: "before the sum"
  |> jq: `{ sum: (.a + .b) }`
"#,
        },
        Example {
            title: "look at it only when a query parameter asks for it",
            program: r#"GET /quiet
  |> lua: `
    setWhen("loud", request.query.loud ~= nil)
    return request
  `
  |> debug: "asked for" @when(loud)
  |> jq: `{ ok: true }`
"#,
        },
    ],
};
