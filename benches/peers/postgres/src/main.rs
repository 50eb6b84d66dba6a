//! A route that asks PostgreSQL for one row, as a careful developer writes it: a pool, prepared statements that are
//! kept, typed answers.
//!
//! `postgres-peer URL` fills the table `item` of that database, and prints `listening on http://127.0.0.1:PORT` when it
//! accepts.

use std::net::Ipv4Addr;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use serde::Serialize;
use tokio_postgres::NoTls;

/// As many as Rejoin's program has.
const CONNECTIONS: usize = 20;

const TABLE: &str = "
    drop table if exists item;
    create table item (id bigint primary key, name text not null, price bigint not null);
    insert into item select n, 'item ' || n, 100 + n from generate_series(1, 1000) n;
    analyze item";

#[derive(Serialize)]
struct Item {
    id: i64,
    name: String,
    price: i64,
}

#[derive(Serialize)]
struct Answer {
    data: Found,
}

#[derive(Serialize)]
struct Found {
    rows: Vec<Item>,
    #[serde(rename = "rowCount")]
    row_count: usize,
}

type Refused = (StatusCode, String);

fn failed(error: impl ToString) -> Refused {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

async fn item(State(pool): State<Pool>, Path(id): Path<i64>) -> Result<Json<Answer>, Refused> {
    let client = pool.get().await.map_err(failed)?;
    let statement = client.prepare_cached("SELECT id, name, price FROM item WHERE id = $1").await;
    let rows = client.query(&statement.map_err(failed)?, &[&id]).await.map_err(failed)?;
    let rows: Vec<Item> = rows
        .iter()
        .map(|row| Item { id: row.get(0), name: row.get(1), price: row.get(2) })
        .collect();
    Ok(Json(Answer { data: Found { row_count: rows.len(), rows } }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: postgres-peer URL");
        std::process::exit(2);
    };
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse()?, NoTls, manager);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).build()?;
    pool.get().await?.batch_execute(TABLE).await?;

    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/item/{id}", get(item)).with_state(pool)).await?;
    Ok(())
}
