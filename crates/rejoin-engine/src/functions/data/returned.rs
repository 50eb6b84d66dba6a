//! What a step gets of what a store answered.

use std::sync::Arc;

use rejoin_lang::plan::{Request, Returns, Rows, TypeDefinitions, TypeForm};

use super::super::record::Record;
use super::super::{Datum, typed};
use super::store::{Answer, db_error};

/// The value of the step.
///
/// # Errors
/// If the rows do not fit what the step says about them.
pub(super) fn value(
    types: &TypeDefinitions,
    request: &Request<Datum>,
    answer: Answer,
) -> Result<Datum, Datum> {
    let count = Datum::Int(i64::try_from(answer.count).unwrap_or(i64::MAX));
    Ok(match request {
        Request::Select(select) if select.limit == Some(1) => {
            answer.rows.into_iter().next().unwrap_or_default()
        }
        Request::Select(_) => Datum::List(answer.rows.into()),
        Request::Insert(..) => answer.rows.into_iter().next().unwrap_or_default(),
        Request::Update(..) | Request::Delete(..) => count,
        Request::Sql(sql) => return returned(types, &sql.returns, answer, count),
    })
}

fn returned(
    types: &TypeDefinitions,
    returns: &Returns,
    answer: Answer,
    count: Datum,
) -> Result<Datum, Datum> {
    let base = returns.kind.trim();
    if matches!(base, "Unit" | "None") {
        return Ok(Datum::None);
    }
    if !answer.has_rows {
        return match base {
            "Int" | "Any" if returns.rows != Rows::Many => Ok(count),
            _ => Err(misfit(format!("the statement yields no rows, and `{base}` was to be one"))),
        };
    }
    let found = answer.rows.len();
    let mut rows = answer.rows.into_iter().map(|row| fitted(types, returns, base, row));
    match (returns.rows, found) {
        (Rows::Many, _) => Ok(Datum::List(rows.collect::<Result<_, Datum>>()?)),
        (Rows::Optional, 0) => Ok(Datum::None),
        (_, 1) => rows.next().unwrap_or(Ok(Datum::None)),
        (Rows::One, 0) => Err(misfit("there is no row; `optional` would allow it".to_owned())),
        _ => Err(misfit(format!(
            "there are {found} rows, and one was to be; `collection of` is for more"
        ))),
    }
}

/// Types of which a row has a single value.
const SINGLE: &[&str] = &["Int", "Float", "Bool", "String", "Char", "Bytes", "DateTime", "Decimal"];

/// A row as a value of the type that the step names.
fn fitted(
    types: &TypeDefinitions,
    returns: &Returns,
    base: &str,
    row: Datum,
) -> Result<Datum, Datum> {
    let Datum::Record(record) = &row else { return Ok(row) };
    let made = |name: &str, value: &Datum| {
        let made = typed::of_row(types, base, &value.to_json());
        made.map_err(|why| misfit(typed::named(why, name)))
    };
    let single = match TypeForm::of(base) {
        TypeForm::Optional(inner) => inner.trim(),
        _ => base,
    };
    // A column that is alone may have the name of a variant.
    let named = types.aliases.get(single).map_or(single, |meant| meant.trim());
    let is_variant =
        || matches!(&*record.fields, [(_, Datum::Text(_))]) && !types.variants(named).is_empty();
    if SINGLE.contains(&single) || is_variant() {
        let [(name, value)] = &*record.fields else {
            let columns = record.fields.len();
            return Err(misfit(format!("a row has {columns} columns, and `{base}` is one value")));
        };
        // What an aggregate of nothing is.
        if returns.rows == Rows::Optional && *value == Datum::None {
            return Ok(Datum::None);
        }
        return made(name, value);
    }
    if base == "Any" {
        return Ok(row);
    }
    if let Some(missing) =
        returns.fields.iter().find(|field| matches!(record.get(field), None | Some(Datum::None)))
    {
        return Err(misfit(format!("a row has no `{missing}`, which `{base}` needs")));
    }
    // Of a struct that nothing defines it is known what it is called.
    if let TypeForm::Name(name) = TypeForm::of(base)
        && name != "Json"
        && !types.aliases.contains_key(name)
        && !types.records.contains_key(name)
        && types.variants(name).is_empty()
    {
        let fields = record.fields.clone();
        return Ok(Datum::Record(Arc::new(Record::new(Some(base.into()), fields))));
    }
    made("row", &row)
}

fn misfit(message: String) -> Datum {
    db_error("E-QUERY-013", None, &message)
}
