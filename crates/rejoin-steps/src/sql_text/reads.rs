//! Whether a statement surely changes nothing, as a parser reads it.
//!
//! What begins with `select` may write all the same: a function that it calls, a `with` that deletes, `into` a new table, a
//! lock. So it must be a query throughout, and call nothing but functions that are known to compute or to look.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, ObjectName, Query, Select, SetExpr, Statement, TableFactor, Visit,
    Visitor,
};
use sqlparser::dialect::{PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use super::Dialect;

/// Functions of PostgreSQL and SQLite that change nothing, sorted. Not among them are those that write by a trigger of
/// their own, take locks, or step a sequence.
#[rustfmt::skip]
const HARMLESS: &[&str] = &[
    "abs", "age", "array_agg", "array_length", "array_position", "array_to_json", "array_to_string",
    "avg", "bit_length", "bool_and", "bool_or", "btrim", "cardinality", "ceil", "ceiling",
    "char_length", "character_length", "coalesce", "concat", "concat_ws", "count", "cume_dist",
    "current_date", "current_time", "current_timestamp", "date", "date_bin", "date_part",
    "date_trunc", "datetime", "decode", "dense_rank", "encode", "every", "exp", "extract",
    "first_value", "floor", "format", "gen_random_uuid", "generate_series", "greatest",
    "group_concat", "hex", "ifnull", "iif", "initcap", "instr", "json", "json_agg", "json_array",
    "json_array_length", "json_build_array", "json_build_object", "json_each", "json_extract",
    "json_group_array", "json_group_object", "json_object", "json_type", "json_valid", "jsonb_agg",
    "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array",
    "jsonb_build_object", "jsonb_each", "jsonb_extract_path", "jsonb_extract_path_text",
    "jsonb_object_agg", "jsonb_object_keys", "jsonb_path_exists", "jsonb_path_query", "jsonb_set",
    "jsonb_typeof", "julianday", "lag", "last_value", "lead", "least", "left", "length", "like",
    "ln", "localtimestamp", "log", "lower", "lpad", "ltrim", "max", "md5", "min", "mod", "now",
    "nth_value", "ntile", "nullif", "octet_length", "overlay", "percent_rank", "percentile_cont",
    "percentile_disc", "pg_typeof", "plainto_tsquery", "position", "power", "printf", "random",
    "rank", "regexp_match", "regexp_matches", "regexp_replace", "regexp_split_to_array",
    "regexp_split_to_table", "repeat", "replace", "reverse", "right", "round", "row_number",
    "row_to_json", "rpad", "rtrim", "sign", "similarity", "split_part", "sqrt", "starts_with",
    "stddev", "strftime", "string_agg", "string_to_array", "strpos", "substr", "substring", "sum",
    "time", "to_char", "to_date", "to_json", "to_jsonb", "to_number", "to_timestamp", "to_tsquery",
    "to_tsvector", "total", "translate", "trim", "trunc", "ts_rank", "typeof", "unicode", "unnest",
    "upper", "variance", "version", "websearch_to_tsquery",
];

/// Whether a text is one query that changes nothing. What the parser does not understand may.
pub(crate) fn only_reads(text: &str, dialect: Dialect) -> bool {
    let parsed = match dialect {
        Dialect::Postgres => Parser::parse_sql(&PostgreSqlDialect {}, text),
        Dialect::Either => Parser::parse_sql(&SQLiteDialect {}, text)
            .or_else(|_| Parser::parse_sql(&PostgreSqlDialect {}, text)),
    };
    match parsed.as_deref() {
        Ok([statement]) => statement.visit(&mut Reads).is_continue(),
        _ => false,
    }
}

/// Goes on while everything only reads.
struct Reads;

impl Visitor for Reads {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        go_on(matches!(statement, Statement::Query(_)))
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let is_query = match &*query.body {
            SetExpr::Select(_)
            | SetExpr::Query(_)
            | SetExpr::SetOperation { .. }
            | SetExpr::Values(_)
            | SetExpr::Table(_) => true,
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                false
            }
        };
        go_on(is_query && query.locks.is_empty())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        go_on(select.into.is_none())
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<()> {
        go_on(match table {
            TableFactor::Table { args: None, .. }
            | TableFactor::Derived { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::UNNEST { .. } => true,
            TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => {
                is_harmless(name)
            }
            _ => false,
        })
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        go_on(match expression {
            Expr::Function(function) => is_harmless(&function.name),
            // An operator of a schema's own is a function by another name.
            Expr::BinaryOp { op: BinaryOperator::PGCustomBinaryOperator(_), .. } => false,
            _ => true,
        })
    }
}

fn go_on(is_read: bool) -> ControlFlow<()> {
    if is_read { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

fn is_harmless(name: &ObjectName) -> bool {
    let parts: Vec<Option<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
    let name = match parts[..] {
        [Some(name)] => name,
        // Only the database itself puts something into this schema.
        [Some(schema), Some(name)] if schema.value.eq_ignore_ascii_case("pg_catalog") => name,
        _ => return false,
    };
    HARMLESS.binary_search(&&*name.value.to_ascii_lowercase()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(HARMLESS.is_sorted());
    }

    #[test]
    fn queries_read() {
        for text in [
            "select 1",
            "SELECT id, total FROM orders WHERE id = $1",
            "select o.*, count(*) over (partition by o.customer) from orders o left join lines l on l.o = o.id",
            "with recent as (select * from orders order by at desc limit 10) select sum(total)::bigint from recent",
            "select a from t union all select b from u",
            "values (1), (2)",
            "select * from generate_series(1, 10) as n",
            "select data ->> 'name', jsonb_array_elements(data -> 'x') from docs where data @> '{\"a\": 1}'",
            "select pg_catalog.lower(name) from t -- a comment",
            "select exists (select 1 from t where t.id = any($1))",
        ] {
            assert!(only_reads(text, Dialect::Postgres), "{text}");
        }
        for text in [
            "select * from t where id = ?1",
            "select * from t where id = ? limit 1",
            "select strftime('%Y', at) from t",
        ] {
            assert!(only_reads(text, Dialect::Either), "{text}");
        }
    }

    #[test]
    fn what_may_write_does() {
        for text in [
            "select f()",
            "select nextval('ids')",
            "select app.lower('x')",
            "select * from take_next(3)",
            "with gone as (delete from t returning *) select * from gone",
            "with x as (insert into t values (1) returning id) select id from x",
            "select * into copy from t",
            "select * from t for update",
            "select * from t where id in (select pg_advisory_lock(1))",
            "select 1; delete from t",
            "select 1; select 2",
            "insert into t values (1)",
            "update t set a = 1",
            "explain analyze delete from t",
            "pragma user_version = 3",
            "select case when true then setval('ids', 1) end",
            "select a from t order by f(a)",
            "select count(*) filter (where f(a)) from t",
            "select lateral_.x from t, lateral (select f(t.a) as x) lateral_",
            "call f()",
            "",
            "selec 1",
        ] {
            assert!(!only_reads(text, Dialect::Postgres), "{text}");
            assert!(!only_reads(text, Dialect::Either), "{text}");
        }
    }
}
