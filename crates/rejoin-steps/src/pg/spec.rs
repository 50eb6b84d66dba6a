//! What `pg` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "pg",
    summary: "runs a statement on a PostgreSQL database",
    class: OutputClass::DataReplace,
    text: TextRule { language: TextLanguage::Foreign, required: Required::Always },
    params: &[Param {
        name: "params",
        summary: "array: the statement's parameters $1, $2, …",
        required: true,
        keys: &[],
    }],
    effect: Effect::Write,
    errors: &["sqlError"],
    fallible: true,
    files: &[],
    examples: &[
        Example {
            title: "read rows, with a parameter",
            program: r#"config pg {
  url: $DATABASE_URL || "postgres://postgres:postgres@localhost/postgres"
}

GET /squares/:n
  |> pg([.params.n]): `select i, i * i as square from generate_series(1, $1::int) as i`
  |> result
    ok(200):
      |> jq: `{ squares: [.data.rows[].square] }`
    sqlError(502):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
        Example {
            title: "run two named statements at once",
            program: r#"config pg {
  url: $DATABASE_URL || "postgres://postgres:postgres@localhost/postgres"
}

pg today = `select current_date as day`

GET /today
  |> pg: today @async(today)
  |> pg: `select current_user::text as name` @async(user)
  |> join: `today, user`
  |> jq: `{ day: .async.today.data.today.rows[0].day, user: .async.user.data.rows[0].name }`
  |> result
    ok(200):
      |> jq: `.`
    default(502):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
    ],
};
