//! What `rateLimit` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "rateLimit",
    summary: "lets only so many requests of one key through in so much time",
    class: OutputClass::Unchanged,
    text: TextRule { language: TextLanguage::Foreign, required: Required::UnlessArguments },
    params: &[Param {
        name: "settings",
        summary: "object: settings that go before those of the text",
        required: false,
        keys: &super::options::KEYS,
    }],
    effect: Effect::None,
    errors: &["rateLimitError"],
    fallible: false,
    files: &[],
    examples: &[
        Example {
            title: "a hundred requests a minute from each address",
            program: r#"GET /search
  |> rateLimit: `
    keyTemplate: {ip}
    limit: 100
    window: 1m
    burst: 20
  `
  |> jq: `{ found: [] }`
  |> result
    ok(200):
      |> jq: `{ found }`
    rateLimitError(429):
      |> jq: `{ problem: "too many requests", seconds: .errors[0].retryAfter }`
"#,
        },
        Example {
            title: "what is left, and a limit that depends on the request",
            program: r#"config rateLimit {
  window: 1h
}

GET /quota/:plan
  |> rateLimit({ limit: (if .params.plan == "free" then 10 else 1000 end) }): `keyTemplate: {params.plan}`
  |> jq: `{ left: $context.rate_limit.remaining }`
  |> result
    ok(200):
      |> jq: `{ left }`
    default(429):
      |> jq: `{ problem: .errors[0].message }`
"#,
        },
    ],
};
