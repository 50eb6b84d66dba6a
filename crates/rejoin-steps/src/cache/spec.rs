//! What `cache` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "cache",
    summary: "answers with what the rest of the steps made before",
    class: OutputClass::Unchanged,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Never },
    params: &[Param {
        name: "settings",
        summary: "object: settings that go before those of the text",
        required: false,
        keys: &super::options::KEYS,
    }],
    effect: Effect::None,
    errors: &[],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "make a report once a minute",
            program: r#"GET /report/:year
  |> cache: `
    keyTemplate: report:{params.year}
    ttl: 60
    audience: everybody
  `
  |> sleep: `50ms`
  |> jq: `{ year: .params.year, total: 12 }`
"#,
        },
        Example {
            title: "keep what one pipeline brings, for each user",
            program: r#"config cache {
  defaultTtl: 5m
  staleWhileRevalidate: 1m
}

pipeline profile =
  |> cache
  |> jq: `{ profile: { name: "Ada" } }`

GET /home
  |> profile
  |> jq: `{ hello: .profile.name }`
"#,
        },
    ],
};
