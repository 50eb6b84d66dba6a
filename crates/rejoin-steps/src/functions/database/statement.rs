//! Structured queries and writes as SQL. Names are quoted, values are parameters; nothing of a value is ever in the text.

use std::fmt::Write;

use rejoin_engine::{Datum, db_error};
use rejoin_lang::plan::{Change, Comparison, Condition, Database, Request, Select, TableField};
use rejoin_value::Value;

/// Whose SQL it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    Postgres,
    Sqlite,
}

/// The statement that a request stands for, and its parameters.
///
/// # Errors
/// What the database has no words for.
pub(super) fn statement(
    request: &Request<Datum>,
    schema: &Database,
    flavour: Flavour,
) -> Result<(String, Vec<Value>), Datum> {
    let mut made = Statement { schema, flavour, from: "", join: None, params: Vec::new() };
    let text = match request {
        Request::Sql(sql) => {
            made.params = sql.params.iter().map(Datum::to_json).collect();
            sql.text.to_string()
        }
        Request::Select(select) => made.select(select)?,
        Request::Insert(table, fields) => {
            made.from = table;
            let names: Vec<String> = fields.iter().map(|(name, _)| quoted(name)).collect();
            let values: Result<Vec<String>, Datum> =
                fields.iter().map(|(name, value)| made.stored(name, value)).collect();
            let values = values?;
            let table = quoted(table);
            match names.is_empty() {
                true => format!("insert into {table} default values returning *"),
                false => format!(
                    "insert into {table} ({}) values ({}) returning *",
                    names.join(", "),
                    values.join(", ")
                ),
            }
        }
        Request::Update(table, changes, filter) => {
            made.from = table;
            let changes: Result<Vec<String>, Datum> =
                changes.iter().map(|change| made.change(change)).collect();
            let changes = changes?;
            let filter = made.filter(filter.as_ref())?;
            format!("update {} set {}{filter}", quoted(table), changes.join(", "))
        }
        Request::Delete(table, filter) => {
            made.from = table;
            let filter = made.filter(filter.as_ref())?;
            format!("delete from {}{filter}", quoted(table))
        }
    };
    Ok((text, made.params))
}

struct Statement<'r> {
    schema: &'r Database,
    flavour: Flavour,
    from: &'r str,
    join: Option<&'r str>,
    params: Vec<Value>,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl<'r> Statement<'r> {
    /// The placeholder of a value.
    fn param(&mut self, value: &Datum) -> String {
        self.params.push(value.to_json());
        format!("${}", self.params.len())
    }

    /// The placeholder of a value that a field gets. SQLite makes a whole number beyond 64 bits one with a fraction where a column is one
    /// of whole numbers, and says nothing.
    fn stored(&mut self, field: &str, value: &Datum) -> Result<String, Datum> {
        if self.flavour == Flavour::Sqlite && matches!(value, Datum::Long(_)) {
            let kind = self.column_of(self.from, field).map(|column| &*column.kind);
            if kind.is_none_or(|kind| kind.trim_end_matches('?') == "Int") {
                let message = format!(
                    "`{field}`: a whole number of more than 64 bits; `to_string` makes a text of it"
                );
                return Err(db_error("E-QUERY-012", Some("22003"), &message));
            }
        }
        Ok(self.param(value))
    }

    fn column_of(&self, table: &str, field: &str) -> Option<&'r TableField> {
        self.schema.table(table)?.field(field)
    }

    /// The table and the name of a field, if it is known which table has it.
    fn place<'f>(&self, field: &'f str) -> (Option<&'r str>, &'f str) {
        let tables = [Some(self.from), self.join];
        if let Some((table, name)) = field.split_once('.')
            && let Some(table) = tables.into_iter().flatten().find(|own| *own == table)
        {
            return (Some(table), name);
        }
        if self.join.is_none() {
            return (Some(self.from), field);
        }
        let having = tables.into_iter().flatten().find(|own| self.column_of(own, field).is_some());
        (having, field)
    }

    fn column(&self, field: &str) -> String {
        match (self.place(field), self.join) {
            ((Some(table), name), Some(_)) => format!("{}.{}", quoted(table), quoted(name)),
            ((_, name), _) => quoted(name),
        }
    }

    /// Whether the schema says that a field has a list.
    fn is_list(&self, field: &str) -> bool {
        let (table, name) = self.place(field);
        let column = table.and_then(|table| self.column_of(table, name));
        column.is_some_and(|column| {
            let kind = column.kind.trim_end_matches('?');
            kind.ends_with("[]") || kind.starts_with("List") || kind.starts_with("Set")
        })
    }

    fn select(&mut self, select: &'r Select<Datum>) -> Result<String, Datum> {
        self.from = &select.from;
        self.join = select.join.as_ref().map(|(to, _)| &**to);
        let mut text = format!("select {} from {}", self.wanted(select), quoted(self.from));
        if let Some((to, on)) = &select.join {
            let on = self.condition(on)?;
            _ = write!(text, " join {} on {on}", quoted(to));
        }
        text.push_str(&self.filter(select.filter.as_ref())?);
        if let Some((by, descending)) = &select.order {
            // What is absent is the largest, everywhere.
            let direction = if *descending { "desc nulls first" } else { "asc nulls last" };
            _ = write!(text, " order by {} {direction}", self.column(by));
        }
        let most = u64::try_from(i64::MAX).unwrap_or(u64::MAX);
        if select.limit.is_some() || select.offset > 0 {
            let limit = select.limit.unwrap_or(most).min(most);
            _ = write!(text, " limit {limit} offset {}", select.offset.min(most));
        }
        Ok(text)
    }

    fn wanted(&self, select: &Select<Datum>) -> String {
        if !select.fields.is_empty() {
            let names = select.names();
            let fields = select.fields.iter().zip(&names);
            let fields =
                fields.map(|(field, name)| format!("{} as {}", self.column(field), quoted(name)));
            return fields.collect::<Vec<_>>().join(", ");
        }
        let (Some(to), Some(own)) = (self.join, self.schema.table(self.from)) else {
            return "*".to_owned();
        };
        let joined = self.schema.table(to).map_or(&[][..], |table| &table.fields);
        let own_fields = own.fields.iter().map(|field| {
            format!("{}.{} as {}", quoted(self.from), quoted(&field.name), quoted(&field.name))
        });
        let other_fields = joined.iter().map(|field| {
            let name = match own.field(&field.name) {
                Some(_) => format!("{to}.{}", field.name),
                None => field.name.to_string(),
            };
            format!("{}.{} as {}", quoted(to), quoted(&field.name), quoted(&name))
        });
        own_fields.chain(other_fields).collect::<Vec<_>>().join(", ")
    }

    fn change(&mut self, change: &Change<Datum>) -> Result<String, Datum> {
        let field = quoted(&change.field);
        let Some(operation) = change.operation.as_deref() else {
            return Ok(format!("{field} = {}", self.stored(&change.field, &change.value)?));
        };
        let value = self.param(&change.value);
        let sign = match operation {
            "append" if self.is_list(&change.field) => {
                return Ok(match self.flavour {
                    Flavour::Postgres => format!("{field} = array_append({field}, {value})"),
                    Flavour::Sqlite => format!("{field} = json_insert({field}, '$[#]', {value})"),
                });
            }
            "append" => return Ok(format!("{field} = {field} || {value}")),
            "sub" => "-",
            "mul" => "*",
            "div" => "/",
            _ => "+",
        };
        let changed = format!("{field} {sign} {value}");
        if self.flavour == Flavour::Postgres {
            return Ok(format!("{field} = {changed}"));
        }
        if operation == "div" && matches!(change.value, Datum::Int(0)) {
            let message = format!("`{}`: division by zero", change.field);
            return Err(db_error("E-QUERY-012", Some("22012"), &message));
        }
        // Where whole numbers come to more than 64 bits, SQLite goes on with a fraction; `abs` of the smallest number is the
        // way to say no. The field is in it so that it is not worked out before it is needed.
        Ok(format!(
            "{field} = case when typeof({field}) = 'integer' and typeof({value}) = 'integer' \
             and typeof({changed}) = 'real' then abs({field} * 0 - {} - 1) else {changed} end",
            i64::MAX
        ))
    }

    fn filter(&mut self, filter: Option<&'r Condition<Datum>>) -> Result<String, Datum> {
        Ok(match filter {
            Some(filter) => format!(" where {}", self.condition(filter)?),
            None => String::new(),
        })
    }

    fn condition(&mut self, condition: &'r Condition<Datum>) -> Result<String, Datum> {
        Ok(match condition {
            Condition::Value(comparison, field, Datum::None) => match comparison {
                Comparison::Equals => format!("{} is null", self.column(field)),
                Comparison::NotEquals => format!("{} is not null", self.column(field)),
                _ => self.unknown().to_owned(),
            },
            Condition::Value(comparison, field, value) => {
                let value = self.param(value);
                self.comparison(*comparison, field, &value)?
            }
            Condition::Fields(comparison, left, right) => {
                let right = self.column(right);
                self.comparison(*comparison, left, &right)?
            }
            Condition::All(all) => self.list(all, " and ", "1 = 1")?,
            Condition::Any(any) => self.list(any, " or ", "1 = 0")?,
            Condition::Not(condition) => format!("not ({})", self.condition(condition)?),
            // The checker lets none of them through.
            Condition::RelatedTo(..) | Condition::RelatedFrom(..) => self.unknown().to_owned(),
        })
    }

    /// Neither true nor false.
    fn unknown(&self) -> &'static str {
        match self.flavour {
            Flavour::Postgres => "null::boolean",
            Flavour::Sqlite => "null",
        }
    }

    fn list(
        &mut self,
        all: &'r [Condition<Datum>],
        word: &str,
        empty: &str,
    ) -> Result<String, Datum> {
        let parts: Result<Vec<String>, Datum> =
            all.iter().map(|condition| Ok(format!("({})", self.condition(condition)?))).collect();
        let parts = parts?;
        Ok(if parts.is_empty() { empty.to_owned() } else { parts.join(word) })
    }

    fn comparison(&self, how: Comparison, field: &str, value: &str) -> Result<String, Datum> {
        let column = self.column(field);
        let sign = match (how, self.flavour) {
            (Comparison::Equals, _) => "=",
            (Comparison::NotEquals, _) => "<>",
            (Comparison::Less, _) => "<",
            (Comparison::Greater, _) => ">",
            (Comparison::LessEq, _) => "<=",
            (Comparison::GreaterEq, _) => ">=",
            (Comparison::Matches, Flavour::Postgres) => "~",
            (Comparison::Matches, Flavour::Sqlite) => {
                let message =
                    "SQLite has no regular expressions: use `contains`, or filter what was read";
                return Err(db_error("E-QUERY-012", Some("0A000"), message));
            }
            (Comparison::Contains, flavour) => {
                return Ok(match (flavour, self.is_list(field)) {
                    (Flavour::Postgres, true) => format!("{value} = any({column})"),
                    (Flavour::Postgres, false) => format!("strpos({column}, {value}) > 0"),
                    (Flavour::Sqlite, true) => format!(
                        "exists (select 1 from json_each({column}) where json_each.value = {value})"
                    ),
                    (Flavour::Sqlite, false) => format!("instr({column}, {value}) > 0"),
                });
            }
        };
        Ok(format!("{column} {sign} {value}"))
    }
}

#[cfg(test)]
mod tests {
    use rejoin_engine::Datum;
    use rejoin_lang::plan::{Change, Comparison, Condition, Database, Request, Select};
    use rejoin_lang::source::{SourceId, Span};

    use super::{Flavour, statement};

    fn nothing_known() -> Database {
        let span = Span::new(SourceId(0), 0, 0);
        Database { id: "db.a".into(), span, dialect: None, connection: None, tables: None }
    }

    fn select(filter: Condition<Datum>) -> Request<Datum> {
        Request::Select(Select {
            fields: vec!["id".into()],
            from: "a\"b".into(),
            join: None,
            follow: None,
            filter: Some(filter),
            order: Some(("id".into(), true)),
            limit: None,
            offset: 5,
        })
    }

    #[track_caller]
    fn text(request: &Request<Datum>, flavour: Flavour) -> String {
        let (text, params) = statement(request, &nothing_known(), flavour).expect("it has words");
        for number in 1..=params.len() {
            assert!(text.contains(&format!("${number}")), "{text}");
        }
        text
    }

    #[test]
    fn values_are_parameters_and_names_are_quoted() {
        let hostile = || Datum::text("'; drop table users; --");
        let filter = Condition::All(vec![
            Condition::Value(Comparison::Equals, "x\" or 1=1".into(), hostile()),
            Condition::Value(Comparison::Equals, "gone".into(), Datum::None),
            Condition::Not(Box::new(Condition::Value(Comparison::Contains, "t".into(), hostile()))),
        ]);
        assert_eq!(
            text(&select(filter), Flavour::Postgres),
            "select \"id\" as \"id\" from \"a\"\"b\" where (\"x\"\" or 1=1\" = $1) and (\"gone\" is null) and \
             (not (strpos(\"t\", $2) > 0)) order by \"id\" desc nulls first limit 9223372036854775807 offset 5"
        );
    }

    #[test]
    fn writes() {
        let fields = vec![("a".into(), Datum::Int(1)), ("b".into(), Datum::None)];
        assert_eq!(
            text(&Request::Insert("t".into(), fields), Flavour::Sqlite),
            "insert into \"t\" (\"a\", \"b\") values ($1, $2) returning *"
        );
        let value = Datum::Int(2);
        let change = Change { field: "n".into(), operation: Some("sub".into()), value };
        assert_eq!(
            text(&Request::Update("t".into(), vec![change], None), Flavour::Postgres),
            "update \"t\" set \"n\" = \"n\" - $1"
        );
        assert_eq!(
            text(&Request::Delete("t".into(), None), Flavour::Postgres),
            "delete from \"t\""
        );
    }

    #[test]
    fn what_sqlite_has_no_words_for_is_said() {
        let filter = Condition::Value(Comparison::Matches, "a".into(), Datum::text("x"));
        let refused = statement(&select(filter), &nothing_known(), Flavour::Sqlite);
        assert!(refused.is_err_and(|failure| failure.is_failure()));
    }
}
