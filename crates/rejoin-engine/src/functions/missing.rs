//! What a function needs and this version or its host does not have: said before anything runs.

use std::collections::HashSet;

use rejoin_lang::plan::{Action, DataTarget, FunctionCallee, FunctionStep, Functions, Request};

use super::{FunctionHost, library};

/// The databases that a function and what it calls use.
///
/// # Errors
/// The first thing that is missing.
pub(super) fn find(
    program: &Functions,
    host: &dyn FunctionHost,
    entry: usize,
) -> Result<Vec<usize>, String> {
    let mut databases = Vec::new();
    let mut seen = HashSet::from([entry]);
    let mut open = vec![entry];
    while let Some(index) = open.pop() {
        let function = &program.functions[index];
        let Some(body) = &function.body else {
            if host.knows(&function.id) {
                continue;
            }
            let id = &function.id;
            return Err(format!("`{id}` is supplied by the host, and this one does not have it"));
        };
        let mut lists: Vec<&[FunctionStep]> = vec![body];
        while let Some(steps) = lists.pop() {
            for step in steps {
                let what = match &step.action {
                    Action::Absent(kind) => Some(format!("a step of kind `{kind}`")),
                    Action::Call(call) => match call.callee {
                        FunctionCallee::Function(callee) => {
                            if seen.insert(callee) {
                                open.push(callee);
                            }
                            None
                        }
                        FunctionCallee::Library(function)
                            if !library::knows(function.id) && !host.knows(function.id) =>
                        {
                            Some(format!("the function `{}`", function.id))
                        }
                        _ => None,
                    },
                    Action::Data(data) => match (data.target, &data.request) {
                        (DataTarget::Database(at), Request::Sql(_))
                            if program.databases[at].connection.is_none() =>
                        {
                            Some("SQL on tables in memory: give the database a `connection`".into())
                        }
                        (DataTarget::Database(at), _) => {
                            databases.push(at);
                            None
                        }
                        (DataTarget::Project, _) => None,
                    },
                    _ => None,
                };
                if let Some(what) = what {
                    let place = program.sources.location(step.span);
                    return Err(format!("{place}: this version does not run {what}"));
                }
                step.inner(|steps| lists.push(steps));
            }
        }
    }
    Ok(databases)
}
