//! The parameters of a statement, whichever database it goes to.

use rejoin_engine::Input;
use rejoin_value::Value;

/// The first argument, or without arguments `sqlParams` of the state, or none.
pub(crate) fn sql_params(input: &Input<'_>) -> Result<Vec<Value>, String> {
    let (value, what) = match input.args {
        [] => (input.state.get("sqlParams"), "`sqlParams`"),
        [first, ..] => (Some(first), "argument 1"),
    };
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items.as_slice().to_vec()),
        Some(_) => Err(format!("{what} must be an array, the parameters, such as `[.params.id]`")),
    }
}

/// So many parameters were needed, and so many came.
pub(crate) fn wrong_number(needed: usize, given: usize) -> String {
    let parameters = if needed == 1 { "parameter" } else { "parameters" };
    let are = if given == 1 { "is" } else { "are" };
    format!("the statement has {needed} {parameters}, and {given} {are} given")
}
