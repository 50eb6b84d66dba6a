//! `copy` from and to whoever sent it: rows in a form of their own, which are no answer to a statement.

use rejoin_lang::step_spec::TextProblem;

use super::tokens::{Kind, tokens};
use super::{Dialect, Statement};

/// What keeps a `copy` from being a statement of a program, if it is one that copies from or to the program.
pub(crate) fn streamed_copy(text: &str) -> Option<TextProblem> {
    Statement { text, tokens: &tokens(text, Dialect::Postgres) }.streamed_copy()
}

impl Statement<'_> {
    pub(super) fn streamed_copy(&self) -> Option<TextProblem> {
        if !self.is(0, &["copy"]) {
            return None;
        }
        // A query in brackets may have a table of that name.
        let mut depth = 0_usize;
        for (n, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Sign('(') => depth += 1,
                Kind::Sign(')') => depth = depth.saturating_sub(1),
                // The server takes either word in both directions.
                Kind::Word if depth == 0 && self.is(n + 1, &["stdin", "stdout"]) => {
                    if self.is(n, &["from"]) {
                        return Some(self.at(
                            n + 1,
                            "this `copy` waits for rows that no step can send",
                            "insert them, as with `insert into t select * from json_populate_recordset(null::t, $1)`",
                        ));
                    }
                    if self.is(n, &["to"]) {
                        return Some(self.at(
                            n + 1,
                            "this `copy` sends rows in a form that no step reads",
                            "ask for them with `select`",
                        ));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::streamed_copy;

    #[test]
    fn only_what_is_copied_from_or_to_the_program_is_found() {
        for sql in [
            "copy t from stdin",
            "/* all */ copy t (a) from stdin;",
            "copy t from stdout",
            "copy (select 1) to stdout (format csv)",
        ] {
            assert!(streamed_copy(sql).is_some(), "{sql}");
        }
        for sql in [
            "copy t from '/tmp/t.csv'",
            "copy t to program 'cat'",
            "copy (select * from stdin) to '/tmp/t.csv'",
            "copy stdin to '/tmp/t.csv'",
            "select * from stdin",
            "insert into copy select a from stdout",
            "",
        ] {
            assert!(streamed_copy(sql).is_none(), "{sql}");
        }
    }
}
