//! What `jq` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "jq",
    summary: "computes a new state with a jq program",
    class: OutputClass::Replace,
    text: TextRule { language: TextLanguage::Jq, required: Required::Always },
    params: &[],
    effect: Effect::None,
    errors: &[],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "answer with an object made of the request",
            program: r#"GET /greet/:name
  |> jq: `{ hello: .params.name }`
"#,
        },
        Example {
            title: "work through a list, with a default for what is missing",
            program: r#"GET /total
  |> jq: `{ items: [{ price: 3, n: 2 }, { price: 5 }] }`
  |> jq: `{ total: (.items | map(.price * (.n // 1)) | add) }`
"#,
        },
        Example {
            title: "read the request after a step that replaced the state",
            program: r#"GET /who
  |> jq: `[1, 2]`
  |> jq: `{ sum: add, path: $context.request.path }`
"#,
        },
    ],
};
