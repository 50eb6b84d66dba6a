//! The modules `postgres` and `db`: statements as plain calls, on the pools that steps on data have.

use std::sync::{Arc, Mutex, PoisonError};

use rejoin_engine::{Datum, HostCall, StoreAnswer, db_error};
use rejoin_value::Value;

use super::super::arguments::Arguments;
use super::answer::{answer, failure};
use super::{Databases, Known};

/// The variable of the environment with the address of the database of `postgres.query`.
const VARIABLE: &str = "DATABASE_URL";

/// One run connects to so many databases at most.
const MOST: usize = 64;

/// What `db.connect` of a run has given.
#[derive(Clone, Default)]
pub(in super::super) struct Connections(Arc<Mutex<Vec<Known>>>);

impl Connections {
    /// The value that stands for a database in the program: it has no password in it.
    fn add(&self, database: Known) -> Result<Datum, Datum> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            return Err(refused(&format!("more than {MOST} connections in one run")));
        }
        all.push(database);
        let id = i64::try_from(all.len() - 1).unwrap_or(i64::MAX);
        Ok(Datum::record("Connection", [("id", Datum::Int(id))]))
    }

    fn get(&self, arguments: &Arguments) -> Result<Known, Datum> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = match arguments.get(0).get("id") {
            Some(Datum::Int(id)) => usize::try_from(*id).ok(),
            _ => None,
        };
        let found = id.and_then(|id| all.get(id)).cloned();
        found.ok_or_else(|| arguments.wrong(0, "what `db.connect` gave"))
    }
}

/// Calls a function of the modules.
///
/// # Cancel safety
/// Dropping the call stops its statement.
pub(in super::super) fn call(
    databases: &Databases,
    connections: &Connections,
    env: &dyn Fn(&str) -> Option<String>,
    arguments: Arguments,
) -> HostCall {
    // What looks things up is done before the call begins to wait.
    let database = match arguments.id() {
        "postgres.query" => postgres(databases, env),
        "db.connect" => arguments.text(0).and_then(|url| open(databases, url, env)),
        _ => connections.get(&arguments),
    };
    let connections = connections.clone();
    Box::pin(async move {
        let done = async {
            let database = database?;
            match arguments.id() {
                "db.connect" => {
                    run(&database, "select 1", Vec::new()).await?;
                    connections.add(database)
                }
                name => {
                    let first = if name == "postgres.query" { 0 } else { 1 };
                    let params = params(arguments.get(first + 1));
                    let answer = run(&database, arguments.text(first)?, params).await?;
                    Ok(match name {
                        "db.execute" => Datum::Int(i64::try_from(answer.count).unwrap_or(i64::MAX)),
                        _ => Datum::List(answer.rows.into()),
                    })
                }
            }
        };
        done.await.unwrap_or_else(|failure| failure)
    })
}

fn postgres(databases: &Databases, env: &dyn Fn(&str) -> Option<String>) -> Result<Known, Datum> {
    let address = env(VARIABLE).ok_or_else(|| {
        refused(&format!("`postgres.query` has no database: set `{VARIABLE}` to its address"))
    })?;
    match databases
        .known(&address)
        .map_err(|why| refused(&why.replace("`connection`", VARIABLE)))?
    {
        known @ Known::Postgres(_) => Ok(known),
        Known::Sqlite(_) => Err(refused(&format!("`{VARIABLE}` is the address of no PostgreSQL"))),
    }
}

fn open(
    databases: &Databases,
    url: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Known, Datum> {
    let address = Databases::address(url, env).map_err(|why| refused(&why))?;
    databases.known(&address).map_err(|why| refused(&why.replace("`connection`", "`url`")))
}

pub(in super::super) async fn run(
    database: &Known,
    sql: &str,
    params: Vec<Value>,
) -> Result<StoreAnswer, Datum> {
    let ran = match database {
        Known::Postgres(database) => database.run(sql, &params, rejoin::deadline()).await,
        Known::Sqlite(database) => database.run(sql, params).await,
    };
    ran.map(answer).map_err(failure)
}

/// A list has the parameters in order; any other value is the only one.
fn params(given: &Datum) -> Vec<Value> {
    match given {
        Datum::None => Vec::new(),
        Datum::List(params) => params.iter().map(Datum::to_json).collect(),
        only => vec![only.to_json()],
    }
}

pub(in super::super) fn refused(message: &str) -> Datum {
    db_error("E-QUERY-012", None, message)
}
