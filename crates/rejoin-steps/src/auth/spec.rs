//! What `auth` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "auth",
    summary: "makes accounts, opens and ends sessions, and says who asks",
    class: OutputClass::Merge,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
    params: &[],
    effect: Effect::Write,
    errors: &["authError"],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "an account, and a session for it",
            program: r#"POST /register
  |> jq: `. + { body: { login: "ada", email: "ada@example.org", password: "correct horse" } }`
  |> auth: "register"
  |> auth: "login"
  |> result
    ok(201):
      |> jq: `{ hello: .user.login }`
    authError(422):
      |> jq: `{ problem: .errors[0].message }`
"#,
        },
        Example {
            title: "greet whoever has a session, and everybody else too",
            program: r#"GET /greet
  |> auth: "optional"
  |> result
    ok(200):
      |> jq: `{ hello: (.user.login // "stranger") }`
    authError(401):
      |> jq: `{ problem: .errors[0].message }`
"#,
        },
    ],
};
