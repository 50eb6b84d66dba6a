//! What `js` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "js",
    summary: "computes a new state with a JavaScript function",
    class: OutputClass::Replace,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
    params: &[],
    effect: Effect::None,
    errors: &[],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "compute with the request",
            program: r#"GET /price/:amount
  |> js: `
    const net = Number(request.params.amount) || 0;
    return { net, gross: Math.round(net * 119) / 100 };
  `
"#,
        },
        Example {
            title: "group a list",
            program: r#"GET /cart
  |> jq: `{ items: [{ kind: "book", n: 2 }, { kind: "pen", n: 1 }, { kind: "book", n: 1 }] }`
  |> js: `
    const counts = {};
    for (const { kind, n } of request.items) counts[kind] = (counts[kind] ?? 0) + n;
    return { counts };
  `
"#,
        },
        Example {
            title: "decide which of the next steps run",
            program: r#"GET /lane/:lane
  |> js: `
    setWhen("express", request.params.lane === "x");
    return { lane: request.params.lane };
  `
  |> jq: `. + { quick: true }` @when(express)
"#,
        },
    ],
};
