//! What is wrong with SQL in any case, found without a database.
//!
//! This is no parser of SQL, of which each database has its own: it names only what neither PostgreSQL nor SQLite takes. The
//! database itself knows more.

mod copies;
mod reads;
mod tokens;

use rejoin_lang::diagnostic::nearest;
use rejoin_lang::step_spec::TextProblem;

pub(crate) use copies::streamed_copy;
pub(crate) use reads::only_reads;
use tokens::{Kind, Token, tokens};

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    /// PostgreSQL or SQLite, which the text does not tell.
    Either,
}

/// What statements begin with.
const FIRST: &[&str] = &[
    "select",
    "insert",
    "update",
    "delete",
    "with",
    "values",
    "table",
    "merge",
    "create",
    "alter",
    "drop",
    "truncate",
    "begin",
    "start",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint",
    "release",
    "prepare",
    "execute",
    "deallocate",
    "declare",
    "fetch",
    "move",
    "close",
    "explain",
    "analyze",
    "analyse",
    "vacuum",
    "reindex",
    "cluster",
    "checkpoint",
    "discard",
    "set",
    "reset",
    "show",
    "call",
    "do",
    "lock",
    "copy",
    "grant",
    "revoke",
    "comment",
    "refresh",
    "listen",
    "notify",
    "unlisten",
    "import",
    "security",
    "reassign",
    "load",
    "replace",
    "pragma",
    "attach",
    "detach",
];

/// What may stand behind `*` where that means all columns.
const AFTER_STAR: &[&str] = &[
    "from",
    "into",
    "where",
    "group",
    "having",
    "window",
    "union",
    "intersect",
    "except",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "returning",
    "on",
];

/// Words that no name has and that something must follow, in both databases.
const GO_ON: &[&str] = &["and", "or", "where", "from", "not", "in", "into", "on"];

/// Words that no name has and that begin a part of a statement, in both databases.
const PARTS: &[&str] = &["from", "where", "group", "having", "order", "limit"];

/// How many parameters a statement has: the highest number, or how many `?` there are. `None` if both are there.
pub(crate) fn placeholders(text: &str, dialect: Dialect) -> Option<usize> {
    let (mut highest, mut unnumbered) = (0, 0);
    for token in tokens(text, dialect) {
        match token.kind {
            Kind::Placeholder(n) => highest = highest.max(n),
            Kind::Unnumbered => unnumbered += 1,
            _ => {}
        }
    }
    (highest == 0 || unnumbered == 0).then_some(highest.max(unnumbered))
}

/// The first thing that no database takes; what follows may only be its consequence.
pub(crate) fn problems(text: &str, dialect: Dialect) -> Vec<TextProblem> {
    let tokens = tokens(text, dialect);
    Statement { text, tokens: &tokens }.problem().into_iter().collect()
}

struct Statement<'a> {
    text: &'a str,
    tokens: &'a [Token],
}

impl Statement<'_> {
    fn problem(&self) -> Option<TextProblem> {
        let Some(first) = self.tokens.first() else {
            return Some(TextProblem {
                start: 0,
                end: self.text.len(),
                message: "there is no statement".into(),
                help: Some("write one: `select 1`".into()),
            });
        };
        let found = self.open(first).or_else(|| self.first(first)).or_else(|| self.several());
        found.or_else(|| self.streamed_copy()).or_else(|| {
            (0..self.tokens.len()).find_map(|n| self.after_star(n).or_else(|| self.goes_on(n)))
        })
    }

    fn word(&self, n: usize) -> Option<String> {
        let token = self.tokens.get(n).filter(|token| token.kind == Kind::Word)?;
        Some(self.text[token.span.clone()].to_ascii_lowercase())
    }

    fn is(&self, n: usize, words: &[&str]) -> bool {
        self.word(n).is_some_and(|word| words.contains(&word.as_str()))
    }

    fn is_end(&self, n: usize) -> bool {
        self.tokens.get(n).is_none_or(|token| matches!(token.kind, Kind::Sign(';' | ')')))
    }

    fn at(&self, n: usize, message: impl Into<String>, help: impl Into<String>) -> TextProblem {
        let span = match self.tokens.get(n) {
            Some(token) => token.span.clone(),
            None => self.text.trim_end().len()..self.text.trim_end().len(),
        };
        TextProblem {
            start: span.start,
            end: span.end,
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// Quotes, comments and brackets without a partner.
    fn open(&self, _: &Token) -> Option<TextProblem> {
        let mut brackets = Vec::new();
        for (n, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Open(what) => {
                    let close = if what == "comment" {
                        "*/".into()
                    } else {
                        self.text[token.span.clone()]
                            .chars()
                            .next()
                            .map(String::from)
                            .unwrap_or_default()
                    };
                    return Some(self.at(
                        n,
                        format!("this {what} is never closed"),
                        format!("close it with `{close}`"),
                    ));
                }
                Kind::Sign('(') => brackets.push(n),
                Kind::Sign(')') if brackets.pop().is_none() => {
                    return Some(self.at(
                        n,
                        "this bracket closes nothing",
                        "remove it, or open one before",
                    ));
                }
                _ => {}
            }
        }
        let open = brackets.pop()?;
        Some(self.at(open, "this bracket is never closed", "close it with `)`"))
    }

    /// The word that says what the statement is, and what must follow that.
    fn first(&self, first: &Token) -> Option<TextProblem> {
        let n = self.tokens.iter().position(|token| token.kind != Kind::Sign('('))?;
        let Some(word) = self.word(n) else {
            return Some(self.at(
                0,
                "a statement begins with a word such as `select`",
                format!("`{}` begins none", &self.text[first.span.clone()]),
            ));
        };
        if !FIRST.contains(&word.as_str()) {
            let help = match nearest(&word, FIRST.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => {
                    "begin with `select`, `insert`, `update`, `delete`, `with` or the like".into()
                }
            };
            return Some(self.at(n, format!("no statement begins with `{word}`"), help));
        }
        match word.as_str() {
            "delete" if !self.is(n + 1, &["from"]) => {
                Some(self.at(n + 1, "`from` is expected here", "write `delete from …`"))
            }
            "insert" if !self.is(n + 1, &["into", "or"]) => {
                Some(self.at(n + 1, "`into` is expected here", "write `insert into …`"))
            }
            "update" if !(n..self.tokens.len()).any(|n| self.is(n, &["set"])) => {
                Some(self.at(n, "this `update` sets nothing", "write `update … set …`"))
            }
            _ => None,
        }
    }

    /// A second statement. Functions and triggers have some inside.
    fn several(&self) -> Option<TextProblem> {
        if self.is(0, &["create"]) {
            return None;
        }
        let end = self.tokens.iter().position(|token| token.kind == Kind::Sign(';'))?;
        let next = self.tokens[end..].iter().position(|token| token.kind != Kind::Sign(';'))?;
        Some(self.at(end + next, "there is more than one statement", "give each a step of its own"))
    }

    /// `select * form users`: all columns have no name of their own.
    fn after_star(&self, n: usize) -> Option<TextProblem> {
        let is_all = self.tokens[n].kind == Kind::Sign('*')
            && n > 0
            && (self.is(n - 1, &["select", "distinct", "all"]));
        let word = self.word(n + 1).filter(|_| is_all)?;
        if AFTER_STAR.contains(&word.as_str()) {
            return None;
        }
        let help = match nearest(&word, PARTS.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "behind `*` comes `from`".into(),
        };
        Some(self.at(n + 1, format!("`{word}` cannot stand behind `*`"), help))
    }

    /// Something must follow, and does not.
    fn goes_on(&self, n: usize) -> Option<TextProblem> {
        let written = &self.text[self.tokens[n].span.clone()];
        if self.tokens[n].kind == Kind::Sign(',') && (self.is_end(n + 1) || self.is(n + 1, PARTS)) {
            return Some(self.at(n, "nothing follows this comma", "remove it"));
        }
        let goes_on = self.is(n, GO_ON) || self.tokens[n].kind == Kind::Sign('=');
        // A name may be such a word behind a dot.
        let is_name = n > 0 && matches!(self.tokens[n - 1].kind, Kind::Sign('.'));
        (goes_on && !is_name && self.tokens.get(n + 1).is_none()).then(|| {
            self.at(
                n,
                format!("the statement ends behind `{written}`"),
                "write what follows, or remove it",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(text: &str, at: &str, message: &str) {
        for dialect in [Dialect::Postgres, Dialect::Either] {
            let found = problems(text, dialect);
            let [problem] = &found[..] else { panic!("{text}: {found:?}") };
            assert!(problem.message.contains(message), "{text}: {}", problem.message);
            assert_eq!(&text[problem.start..problem.end], at, "{text}");
        }
    }

    #[test]
    fn what_no_database_takes() {
        says("", "", "no statement");
        says("-- only a comment", "-- only a comment", "no statement");
        says("selct 1", "selct", "no statement begins with `selct`");
        says("select * form users where id = $1", "form", "`form` cannot stand behind `*`");
        says("select 'a", "'a", "text is never closed");
        says("select \"a from t", "\"a from t", "name is never closed");
        says("select $x$ a $y$", "$x$ a $y$", "text is never closed");
        says("select (1 + (2)", "(", "bracket is never closed");
        says("select 1)", ")", "closes nothing");
        says("select a, from t", ",", "nothing follows this comma");
        says("insert into t (a,) values (1)", ",", "nothing follows this comma");
        says("delete users where id = 1", "users", "`from` is expected");
        says("insert users values (1)", "users", "`into` is expected");
        says("update t where id = 1", "update", "sets nothing");
        says("select 1; select 2", "select", "more than one statement");
        says("select a from t where", "where", "ends behind `where`");
        says("select a from t where b =", "=", "ends behind `=`");
        says("123", "123", "begins with a word");
        says("copy t (a, b) from stdin with (format csv)", "stdin", "rows that no step can send");
        says("COPY (select * from t) TO STDOUT", "STDOUT", "a form that no step reads");
    }

    #[test]
    fn what_some_database_takes() {
        for text in [
            "select 1;",
            "(select 1) union (select 2);;",
            "select count(*), t.*, a * b from t -- where",
            "select 'it''s', \"a\"\"b\", e'\\'', $$ ' $$, $x$ $$ $x$ /* ( */",
            "with a as (select * from b) delete from a returning *",
            "insert or replace into t values (?, ?1)",
            "create trigger a after insert on b begin select 1; select 2; end",
            "update only t as x set (a, b) = (1, 2)",
            "select array[1, 2][1:2], a::text, b->>'c', d ? 'e' from t",
            "select t.from from t",
            "values (1), (2)",
            "select distinct on (a) * from t",
            "select * from a union all select * from b",
            "insert into t (a) select * from b on conflict do nothing",
            "select 1 where a in (select *from b)",
            "SELECT*FROM t",
            "table t",
        ] {
            assert_eq!(problems(text, Dialect::Either), [], "{text}");
            assert_eq!(problems(text, Dialect::Postgres), [], "{text}");
        }
        assert_eq!(problems("select 1 /* /* */ */", Dialect::Postgres), []);
    }

    #[test]
    fn parameters_are_counted() {
        use Dialect::{Either, Postgres};
        for (text, dialect, count) in [
            ("select $2, $1, $2", Postgres, Some(2)),
            ("select '$3', \"$4\", $$ $5 $$ -- $6\n, $1 /* $7 */", Postgres, Some(1)),
            ("select a ? 'b' and c = $1", Postgres, Some(1)),
            ("select ?, ?", Either, Some(2)),
            ("select ?2", Either, Some(2)),
            ("select ?, $1", Either, None),
            ("select 1", Either, Some(0)),
            ("select a$1 from t", Postgres, Some(0)),
        ] {
            assert_eq!(placeholders(text, dialect), count, "{text}");
        }
    }
}
