//! What `lua` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "lua",
    summary: "computes a new state with a Lua script",
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
  |> lua: `
    local net = tonumber(request.params.amount) or 0
    return { net = net, gross = net * 1.19 }
  `
"#,
        },
        Example {
            title: "decide which of the next steps run",
            program: r#"GET /lane/:lane
  |> lua: `
    setWhen("express", request.params.lane == "x")
    return { lane = request.params.lane }
  `
  |> jq: `. + { quick: true }` @when(express)
"#,
        },
        Example {
            title: "change the state in place",
            program: r#"GET /cart
  |> jq: `{ items: [{ n: 2 }, { n: 0 }, { n: 1 }], notes: [] }`
  |> lua: `
    for i = #request.items, 1, -1 do
      if request.items[i].n == 0 then table.remove(request.items, i) end
    end
    return request
  `
"#,
        },
    ],
};
