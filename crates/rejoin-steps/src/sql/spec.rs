//! What `sql` is.

use rejoin_lang::step_spec::{
    Effect, Example, OutputClass, Param, Required, StepSpec, TextLanguage, TextRule,
};

pub(super) static SPEC: StepSpec = StepSpec {
    name: "sql",
    summary: "runs a statement on a SQLite database inside the process, or on a PostgreSQL",
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
            title: "write and read, in a database in memory",
            program: r#"GET /notes/:n
  |> sql: `create table if not exists notes (id integer primary key, text text not null)` @result(made)
  |> sql(["note \(.params.n)"]): `insert into notes (text) values ($1)` @result(added)
  |> sql: `select id, text from notes order by id desc limit 10` @result(notes)
  |> result
    ok(200):
      |> jq: `.data.notes.rows`
    sqlError(500):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
        Example {
            title: "run two named statements at once",
            program: r#"config sql {
  url: $DATABASE || "sqlite::memory:"
}

sql version = `select sqlite_version() as version`

GET /about/:n
  |> sql: version @async(version)
  |> sql([.params.n]): `select $1 * 2 as twice` @async(twice)
  |> join: `version, twice`
  |> jq: `{ version: .async.version.data.version.rows[0].version, twice: .async.twice.data.rows[0].twice }`
  |> result
    ok(200):
      |> jq: `.`
    default(500):
      |> jq: `{ error: .errors[0].message }`
"#,
        },
    ],
};
