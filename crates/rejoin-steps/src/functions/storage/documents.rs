//! Documents: values with an id, in collections, which can be asked for by what is in them.

use rejoin_engine::Datum;
use rejoin_value::Value;

use super::super::arguments::Arguments;
use super::super::database::call::refused;
use super::filter::{self, Filter};
use super::{Opened, column};

/// The most documents of a collection that a question looks at.
const MOST: usize = 100_000;

pub(super) async fn call(
    storage: &Opened,
    now: &Datum,
    arguments: &Arguments,
) -> Result<Datum, Datum> {
    let collection = arguments.text(0)?;
    Ok(match arguments.id().rsplit('.').next().unwrap_or_default() {
        "put" => {
            let (id, now) = (arguments.text(1)?, now.as_text().unwrap_or_default());
            let data = arguments.get(2).to_json().to_json();
            let sql = "insert into rejoin_storage_documents (collection, id, data, created_at, updated_at) \
                       values ($1, $2, $3, $4, $4) on conflict (collection, id) \
                       do update set data = excluded.data, updated_at = excluded.updated_at";
            storage.run(sql, &[collection, id, &data, now]).await?;
            found(storage, collection, id).await?
        }
        "get" => found(storage, collection, arguments.text(1)?).await?,
        "delete" => {
            let sql = "delete from rejoin_storage_documents where collection = $1 and id = $2";
            Datum::Bool(storage.run(sql, &[collection, arguments.text(1)?]).await?.count > 0)
        }
        "count" => {
            let all = matching(storage, collection, arguments).await?;
            Datum::Int(i64::try_from(all.len()).unwrap_or(i64::MAX))
        }
        "query" => {
            let mut all = matching(storage, collection, arguments).await?;
            if let Some(field) = arguments.optional_text(2)? {
                let descending = match arguments.optional_text(3)? {
                    None | Some("asc") => false,
                    Some("desc") => true,
                    Some(_) => return Err(arguments.wrong(3, "`asc` or `desc`")),
                };
                filter::sort(&mut all, field, descending);
            }
            let place = |at| {
                let given = arguments.optional_int(at)?;
                given
                    .map(usize::try_from)
                    .transpose()
                    .map_err(|_| arguments.wrong(at, "not negative"))
            };
            let (limit, offset) = (place(4)?, place(5)?);
            let total = Datum::Int(i64::try_from(all.len()).unwrap_or(i64::MAX));
            let page = all.into_iter().skip(offset.unwrap_or(0)).take(limit.unwrap_or(MOST));
            let documents = Datum::List(page.collect());
            Datum::record("QueryResult", [("documents", documents), ("total", total)])
        }
        // Every question looks at the whole collection; an index would be a promise that is not kept.
        _ => Datum::None,
    })
}

async fn found(storage: &Opened, collection: &str, id: &str) -> Result<Datum, Datum> {
    let sql = "select id, data, created_at, updated_at from rejoin_storage_documents \
               where collection = $1 and id = $2";
    let found = storage.run(sql, &[collection, id]).await?;
    Ok(found.rows.first().map_or(Datum::None, document))
}

/// The documents of a collection that a filter lets through, by their ids.
async fn matching(
    storage: &Opened,
    collection: &str,
    arguments: &Arguments,
) -> Result<Vec<Datum>, Datum> {
    let filter = Filter::read(arguments.get(1)).map_err(|what| arguments.wrong(1, &what))?;
    let sql = format!(
        "select id, data, created_at, updated_at from rejoin_storage_documents \
         where collection = $1 order by id limit {}",
        MOST + 1
    );
    let found = storage.run(&sql, &[collection]).await?;
    if found.rows.len() > MOST {
        return Err(refused(&format!("the collection has more than {MOST} documents")));
    }
    let all = found.rows.iter().map(document);
    Ok(all.filter(|document| filter.lets(document.get("data").unwrap_or(&Datum::None))).collect())
}

fn document(row: &Datum) -> Datum {
    let data = Value::parse(column(row, "data").as_bytes());
    let text = |name| Datum::text(column(row, name));
    Datum::record(
        "Document",
        [
            ("id", text("id")),
            ("data", data.map_or(Datum::None, |data| Datum::from(&data))),
            ("created_at", text("created_at")),
            ("updated_at", text("updated_at")),
        ],
    )
}
