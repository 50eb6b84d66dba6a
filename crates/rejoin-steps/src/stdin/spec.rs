//! What `stdin` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "stdin",
    summary: "reads what a script is given on its standard input",
    class: OutputClass::Replace,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Never },
    params: &[],
    effect: Effect::Read,
    errors: &[],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "add up numbers, one a line",
            program: r#"pipeline main =
  |> stdin: `lines`
  |> jq: `map(tonumber) | add`

GET /
  |> jq: `"run it: seq 3 | rejoin run sum.wp"`
"#,
        },
        Example {
            title: "take JSON, or nothing",
            program: r#"pipeline main =
  |> stdin: `json`
  |> result
    ok(200):
      |> jq: `keys`
    stdinError(400):
      |> jq: `{ problem: .errors[0].message }`

GET /
  |> jq: `"run it: rejoin run keys.wp < some.json"`
"#,
        },
    ],
};
