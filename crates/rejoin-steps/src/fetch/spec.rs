//! What `fetch` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "fetch",
    summary: "asks another service over HTTP",
    class: OutputClass::DataMerge,
    text: TextRule { language: TextLanguage::Plain, required: Required::Never },
    params: &[
        Param { name: "url", summary: "string: the URL", required: true, keys: &[] },
        Param {
            name: "options",
            summary: "object: { method, headers, body, timeout }, each optional",
            required: false,
            keys: &super::request::KEYS,
        },
    ],
    effect: Effect::Read,
    errors: &["networkError", "timeoutError", "httpError"],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "ask a service and shape its answer",
            program: r#"GET /users/:id
  |> fetch("http://users.example/users/\(.params.id)")
  |> result
    ok(200):
      |> jq: `{ name: .data.response.name }`
    default(502):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
        Example {
            title: "ask two services at once",
            program: r#"GET /dashboard
  |> fetch("http://users.example/users/7") @async(user)
  |> fetch("http://orders.example/orders", { timeout: 2 }) @async(orders)
  |> join: `user, orders`
  |> jq: `{ name: .async.user.data.response.name, orders: (.async.orders.data.response | length) }`
  |> result
    ok(200):
      |> jq: `.`
    default(502):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
        Example {
            title: "send something, and answer when the service does not",
            program: r#"POST /orders
  |> fetch("http://orders.example/orders", {
       method: "POST",
       headers: { authorization: "Bearer 123" },
       body: { items: .body.items },
       timeout: "800ms"
     }) @result(created)
  |> result
    ok(201):
      |> jq: `{ id: .data.created.response.id }`
    timeoutError(504):
      |> jq: `{ error: "the order service is slow" }`
    default(502):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
    ],
};
