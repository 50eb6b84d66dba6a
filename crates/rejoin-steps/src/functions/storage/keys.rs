//! Keys and values, which are texts.

use rejoin_engine::Datum;

use super::super::arguments::Arguments;
use super::{Opened, column};

/// The most keys that a list gives.
const MOST: usize = 100_000;

pub(super) async fn call(storage: &Opened, arguments: &Arguments) -> Result<Datum, Datum> {
    Ok(match arguments.id().rsplit('.').next().unwrap_or_default() {
        "set" => {
            let value = match arguments.get(1) {
                Datum::None => return Err(arguments.wrong(1, "a value")),
                Datum::Text(text) => text.to_string(),
                value => value.to_json().to_json(),
            };
            let sql = "insert into rejoin_storage_keys (key, value) values ($1, $2) \
                       on conflict (key) do update set value = excluded.value";
            storage.run(sql, &[arguments.text(0)?, &value]).await?;
            Datum::None
        }
        "get" => {
            let sql = "select value from rejoin_storage_keys where key = $1";
            let found = storage.run(sql, &[arguments.text(0)?]).await?;
            found.rows.first().map_or(Datum::None, |row| Datum::text(column(row, "value")))
        }
        "has" => {
            let sql = "select key from rejoin_storage_keys where key = $1";
            Datum::Bool(!storage.run(sql, &[arguments.text(0)?]).await?.rows.is_empty())
        }
        "delete" => {
            let sql = "delete from rejoin_storage_keys where key = $1";
            Datum::Bool(storage.run(sql, &[arguments.text(0)?]).await?.count > 0)
        }
        "list" => {
            let sql = format!(
                "select key from rejoin_storage_keys where substr(key, 1, length(cast($1 as text))) = cast($1 as text) \
                 order by key limit {MOST}"
            );
            let prefix = arguments.optional_text(0)?.unwrap_or_default();
            let found = storage.run(&sql, &[prefix]).await?;
            Datum::List(found.rows.iter().map(|row| Datum::text(column(row, "key"))).collect())
        }
        _ => {
            let sql = "delete from rejoin_storage_keys where substr(key, 1, length(cast($1 as text))) = cast($1 as text)";
            storage.run(sql, &[arguments.optional_text(0)?.unwrap_or_default()]).await?;
            Datum::None
        }
    })
}
