//! What `cov` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "cov",
    summary: "calls a function of a `.cov` file",
    class: OutputClass::DataReplace,
    text: TextRule { language: TextLanguage::Function, required: Required::Always },
    params: &[Param {
        name: "inputs",
        summary: "object: the inputs by the names of the parameters; without it, the state",
        required: false,
        keys: &[],
    }],
    // What a call does is known from its function.
    effect: Effect::Write,
    errors: &[],
    fallible: true,
    files: &[("till.cov", include_str!("till.cov"))],
    examples: &[
        Example {
            title: "answer with the value of a function",
            program: r#"import "till.cov" as till

GET /total/:price
  |> cov({ price: .params.price, fee: 30 }): till.total
"#,
        },
        Example {
            title: "keep the value beside what there is, and read inputs from the state",
            program: r#"import "till.cov" as till

GET /bill
  |> jq: `{ price: 250, fee: 30 }`
  |> cov: till::till.total @result(total)
  |> jq: `{ price, total: .data.total }`
"#,
        },
    ],
};
