//! The modules `std.storage.kv` and `std.storage.doc`: keys and values, and documents, in a SQLite or a PostgreSQL.

mod documents;
mod filter;
mod keys;

use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{Datum, HostCall, StoreAnswer};
use tokio::sync::OnceCell;

use super::arguments::Arguments;
use super::database::call::{refused, run};
use super::database::{Databases, Known};

/// The variable of the environment with the address of the database; without it everything is in memory.
pub(super) const VARIABLE: &str = "STORAGE_URL";

/// The tables, which are made where they are missing.
const TABLES: [&str; 2] = [
    "create table if not exists rejoin_storage_keys (key text primary key, value text not null)",
    "create table if not exists rejoin_storage_documents (collection text not null, id text not null, data text not null, \
     created_at text not null, updated_at text not null, primary key (collection, id))",
];

/// Where programs of a host store. What is in memory ends with the process.
#[derive(Clone, Default)]
pub(super) struct Storage {
    opened: Arc<Mutex<Option<Addressed>>>,
}

/// The database that was used last, with its address.
type Addressed = (String, Arc<Opened>);

/// A database, and whether it has the tables.
struct Opened {
    database: Known,
    tables: OnceCell<()>,
}

impl Storage {
    fn open(&self, databases: &Databases, address: Option<String>) -> Result<Arc<Opened>, Datum> {
        let address = address.unwrap_or_else(|| "sqlite::memory:".to_owned());
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        match &*opened {
            Some((known, database)) if *known == address => Ok(database.clone()),
            _ => {
                let database = databases.known(&address);
                let database = database.map_err(|why| {
                    refused(&why.replace("`connection`", &format!("`{VARIABLE}`")))
                })?;
                let new = Arc::new(Opened { database, tables: OnceCell::new() });
                *opened = Some((address, new.clone()));
                Ok(new)
            }
        }
    }
}

impl Opened {
    /// Runs a statement; the first one makes the tables before it.
    async fn run(&self, sql: &str, params: &[&str]) -> Result<StoreAnswer, Datum> {
        let tables = self.tables.get_or_try_init(|| async {
            for table in TABLES {
                run(&self.database, table, Vec::new()).await?;
            }
            Ok::<_, Datum>(())
        });
        tables.await?;
        run(&self.database, sql, params.iter().map(|param| (*param).into()).collect()).await
    }
}

/// Calls a function of the modules. Dropping the call stops its statement.
pub(super) fn call(
    storage: &Storage,
    databases: &Databases,
    address: Option<String>,
    now: Datum,
    arguments: Arguments,
) -> HostCall {
    let opened = storage.open(databases, address);
    Box::pin(async move {
        let done = async {
            let opened = opened?;
            match arguments.id().starts_with("std.storage.kv.") {
                true => keys::call(&opened, &arguments).await,
                false => documents::call(&opened, &now, &arguments).await,
            }
        };
        done.await.unwrap_or_else(|failure| failure)
    })
}

/// A column of a row.
fn column<'r>(row: &'r Datum, name: &str) -> &'r str {
    row.get(name).and_then(Datum::as_text).unwrap_or_default()
}
