//! What a database says of the statements of a program.

use std::collections::HashSet;
use std::path::Path;

use rejoin_engine::Registry;
use rejoin_lang::check::each_call;
use rejoin_lang::config_value::ConfigValue;
use rejoin_lang::diagnostic::{Code, Diagnostic};
use rejoin_lang::plan::{Callee, Plan};
use rejoin_server::{Report, plan_with_errors};
use rejoin_steps::sql_check::SqlCheck;

use crate::exit::Failure;

/// Has every statement of a program prepared, each once, but for those in which an error is known already.
pub(super) async fn ask(
    database: &SqlCheck,
    file: &Path,
    registry: &Registry,
    known: &Report,
) -> Result<Vec<Diagnostic>, Failure> {
    let Ok((plan, _)) = plan_with_errors(file, registry) else { return Ok(Vec::new()) };
    let mut texts = Vec::new();
    let mut seen = HashSet::new();
    each_call(&plan, &mut |call| {
        if let (Callee::Step(step), Some(text)) = (&call.callee, &call.text)
            && is_for(database, step, &plan)
            && !known.has_error_in(text.span)
            && seen.insert(text.span)
        {
            texts.push((&call.name, text));
        }
    });
    let mut problems = Vec::new();
    for (name, text) in texts {
        let Some(problem) = database.problem(&text.value).await.map_err(Failure::new)? else {
            continue;
        };
        let place = problem.place(text.span);
        let help = problem.help.unwrap_or_else(|| {
            "mend the statement, or bring the database up to date with `rejoin migrate`".to_owned()
        });
        problems.push(
            Diagnostic::new(Code::REFUSED_SQL, place, problem.message)
                .label(format!("so says the database of this `{name}`"))
                .help(help),
        );
    }
    problems.sort_by_key(|problem| (problem.span.source, problem.span.start));
    Ok(problems)
}

/// Whether a step's statements are for a database of that kind.
fn is_for(database: &SqlCheck, step: &str, plan: &Plan) -> bool {
    match step {
        "pg" => !database.is_sqlite(),
        "sql" => sql_is_sqlite(plan).is_none_or(|sqlite| sqlite == database.is_sqlite()),
        _ => false,
    }
}

/// What `config sql` says, if it says it in the program.
fn sql_is_sqlite(plan: &Plan) -> Option<bool> {
    let block = plan.config.iter().rev().find(|block| &*block.name == "sql");
    let url = block.and_then(|block| block.settings.iter().find(|one| &*one.key == "url"));
    let Some(url) = url else { return Some(true) };
    match &url.value {
        ConfigValue::Text(text) => Some(text.starts_with("sqlite:")),
        ConfigValue::Env { .. } => None,
        _ => Some(true),
    }
}
