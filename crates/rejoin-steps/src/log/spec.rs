//! What `log` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "log",
    summary: "writes its text to the log, or a line about the whole request when that ends",
    class: OutputClass::Unchanged,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Never },
    params: &[],
    effect: Effect::None,
    errors: &[],
    fallible: false,
    files: &[],
    examples: &[
        Example {
            title: "say what happens",
            program: r#"GET /import
  |> log: "import started"
  |> jq: `{ imported: 3 }`
"#,
        },
        Example {
            title: "a line for each request, with the answer but without the headers",
            program: r#"GET /orders
  |> log: `level: info, includeBody: true, includeHeaders: false`
  |> jq: `{ orders: [] }`
"#,
        },
        Example {
            title: "the same for the whole file",
            program: r#"config log {
  level: "info"
  includeBody: true
}

GET /orders
  |> log
  |> jq: `{ orders: [] }`
"#,
        },
    ],
};
