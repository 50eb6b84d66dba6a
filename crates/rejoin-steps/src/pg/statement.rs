//! A statement that is prepared on a connection.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Statement};

use super::rows;

/// What the server knows of a statement.
pub(super) struct Compiled {
    pub(super) statement: Statement,
    /// The names of its columns, as the program wrote them.
    pub(super) columns: Vec<String>,
}

impl Compiled {
    pub(super) async fn prepare(client: &Client, sql: &str) -> Result<Self, Error> {
        let statement = client.prepare(sql).await?;
        let columns = statement.columns();
        let names = columns.iter().map(|column| column.name().to_owned()).collect();
        if columns.iter().all(|column| rows::is_readable(column.type_())) {
            return Ok(Self { statement, columns: names });
        }
        // The rows come in binary, in a form of each type's own. Types that are not read here (intervals,
        // addresses, ranges, extensions' own) are printed by the server.
        let mut aliases = Vec::new();
        let mut list = Vec::new();
        for (n, column) in columns.iter().enumerate() {
            aliases.push(format!("c{n}"));
            list.push(match column.type_() {
                readable if rows::is_readable(readable) => format!("c{n}"),
                // A cast gives the address of one host a mask, which the server does not print.
                &Type::INET => format!("to_json(c{n}) #>> '{{}}'"),
                _ => format!("c{n}::text"),
            });
        }
        let inner = sql.trim().trim_end_matches(';');
        let printed = format!(
            "with statement({}) as (\n{inner}\n) select {} from statement",
            aliases.join(", "),
            list.join(", ")
        );
        Ok(Self { statement: client.prepare(&printed).await?, columns: names })
    }
}

/// Whether the statement leaves the session as it was, so that the connection may go on to somebody else.
///
/// A statement with one of these words runs in a transaction of its own. All others, such as `begin`, `set`,
/// `listen`, `copy`, `create temporary table`, may leave something behind.
pub(super) fn leaves_no_trace(sql: &str) -> bool {
    let word = first_word(sql);
    let plain = ["select", "insert", "update", "delete", "merge", "with", "values", "table"];
    let lower = sql.to_ascii_lowercase();
    let has = |wanted: &[&str]| {
        let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.any(|word| wanted.contains(&word))
    };
    // Settings and locks of the session, and temporary tables (`select ... into temp t`), are what a plain statement can leave by
    // what stands in it. What a function of the database's own does inside is not seen here.
    let keeps = lower.contains("set_config") || lower.contains("advisory_lock");
    let makes = has(&["into"]) && has(&["temp", "temporary", "pg_temp"]);
    plain.contains(&&*word) && !keeps && !makes
}

/// The word that a statement begins with, behind comments and brackets.
pub(super) fn first_word(sql: &str) -> String {
    let mut rest = sql.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after).trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after).trim_start();
        } else if let Some(inner) = rest.strip_prefix('(') {
            rest = inner.trim_start();
        } else {
            break;
        }
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    rest[..end].to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::leaves_no_trace;

    #[test]
    fn only_statements_in_a_transaction_of_their_own_leave_no_trace() {
        for sql in [
            "select 1",
            "-- all\n SELECT 1",
            "/* x */ with a as (select 1) table a",
            "(select 1)",
            "select temp from weather",
            "insert into temperatures values (1)",
        ] {
            assert!(leaves_no_trace(sql), "{sql}");
        }
        for sql in [
            "begin",
            "set search_path = a",
            "selected",
            "",
            "-- only",
            "/* open",
            "select set_config('a.b', 'c', false)",
            "select pg_advisory_lock(1)",
            "create temp table t (a int)",
            "select 1 as a into temp t",
            "SELECT 1 AS a INTO TEMPORARY TABLE t",
            "with a as (select 1) select * into pg_temp.t from a",
        ] {
            assert!(!leaves_no_trace(sql), "{sql}");
        }
    }
}
