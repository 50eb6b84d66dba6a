//! What `sleep` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "sleep",
    summary: "waits for a while and leaves the state as it is",
    class: OutputClass::Unchanged,
    text: TextRule { language: TextLanguage::Foreign, required: Required::UnlessArguments },
    params: &[Param {
        name: "length",
        summary: "number: milliseconds; or string: a length of time such as \"250ms\"",
        required: false,
        keys: &[],
    }],
    effect: Effect::None,
    errors: &[],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "answer after a while, as a slow service would",
            program: r#"GET /slow
  |> sleep: "20ms"
  |> jq: `{ done: true }`
"#,
        },
        Example {
            title: "wait as long as the state says",
            program: r#"GET /wait
  |> jq: `{ pause: 5 }`
  |> sleep(.pause * 2)
  |> jq: `{ waited: .pause }`
"#,
        },
    ],
};
