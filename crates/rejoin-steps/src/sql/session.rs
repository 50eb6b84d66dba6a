//! What a statement must not do: leave something behind on a connection that the next request gets.

use std::cell::Cell;

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

thread_local! {
    /// Whether what is prepared on this thread is a word of ours, and no statement of a program.
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Runs what begins and ends transactions, which programs may not write. Blocks.
pub(super) fn own(connection: &Connection, words: &str) -> rusqlite::Result<()> {
    OWN.set(true);
    let ran = connection.execute_batch(words);
    OWN.set(false);
    ran
}

/// Questions about the schema and the file; all other pragmas change the connection.
const QUESTIONS: &[&str] = &[
    "application_id",
    "collation_list",
    "compile_options",
    "data_version",
    "encoding",
    "foreign_key_check",
    "foreign_key_list",
    "freelist_count",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "module_list",
    "optimize",
    "page_count",
    "page_size",
    "pragma_list",
    "quick_check",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
];

/// Asked for every part of a statement, when it is prepared.
pub(super) fn authorize(context: AuthContext<'_>) -> Authorization {
    let leaves_something = match context.action {
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => !OWN.get(),
        AuthAction::Attach { .. }
        | AuthAction::Detach { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => true,
        AuthAction::Pragma { pragma_name, .. } => {
            !QUESTIONS.contains(&&*pragma_name.to_ascii_lowercase())
        }
        AuthAction::Function { function_name } => {
            function_name.eq_ignore_ascii_case("load_extension")
        }
        _ => false,
    };
    if leaves_something { Authorization::Deny } else { Authorization::Allow }
}

/// Why it is refused, for whoever wrote the statement.
pub(super) const REFUSED: &str = "a statement of its own must not leave anything on the connection: no transaction over several steps, \
     no temporary table, no attached database, no pragma that sets something";
