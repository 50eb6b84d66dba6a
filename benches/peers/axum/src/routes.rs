//! The measured routes. Their answers are the same, byte for byte, as those of the other servers.

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::report::{self, Orders, Report};

#[derive(Clone)]
struct Back {
    client: Client,
    upstream: String,
}

impl Back {
    async fn item(&self, n: &str) -> Result<Item, String> {
        self.client.get(format!("{}/item/{n}", self.upstream)).await
    }
}

type Answer<T> = Result<Json<T>, (StatusCode, String)>;

fn bad_gateway(message: String) -> (StatusCode, String) {
    (StatusCode::BAD_GATEWAY, message)
}

pub fn routes(client: Client, upstream: String) -> Router {
    Router::new()
        .route("/shape/{id}", get(shape))
        .route("/three/{id}", get(three))
        .route("/ten", get(ten))
        .route("/report", get(report_of_orders))
        .route("/hold", get(hold))
        .with_state(Back { client, upstream })
}

#[derive(Serialize)]
struct Shape {
    id: String,
    kind: &'static str,
    links: Links,
    tags: [&'static str; 3],
}

#[derive(Serialize)]
struct Links {
    this: String,
    all: &'static str,
}

async fn shape(Path(id): Path<String>) -> Json<Shape> {
    let this = format!("/shape/{id}");
    Json(Shape { id, kind: "shape", links: Links { this, all: "/shape" }, tags: ["a", "b", "c"] })
}

#[derive(Serialize, Deserialize)]
struct Item {
    id: String,
    name: String,
    price: u64,
}

#[derive(Serialize)]
struct Three {
    user: String,
    cart: String,
    price: u64,
}

async fn three(State(back): State<Back>, Path(id): Path<String>) -> Answer<Three> {
    let (user, cart, price) = tokio::join!(back.item(&id), back.item("2"), back.item("3"));
    Ok(Json(Three {
        user: user.map_err(bad_gateway)?.name,
        cart: cart.map_err(bad_gateway)?.name,
        price: price.map_err(bad_gateway)?.price,
    }))
}

#[derive(Serialize)]
struct Ten {
    names: [String; 10],
    total: u64,
}

async fn ten(State(back): State<Back>) -> Answer<Ten> {
    let (a, b, c, d, e, f, g, h, i, j) = tokio::join!(
        back.item("0"),
        back.item("1"),
        back.item("2"),
        back.item("3"),
        back.item("4"),
        back.item("5"),
        back.item("6"),
        back.item("7"),
        back.item("8"),
        back.item("9"),
    );
    let mut items = Vec::with_capacity(10);
    for item in [a, b, c, d, e, f, g, h, i, j] {
        items.push(item.map_err(bad_gateway)?);
    }
    let total = items.iter().map(|item| item.price).sum();
    let mut items = items.into_iter();
    let names = std::array::from_fn(|_| items.next().map(|item| item.name).unwrap_or_default());
    Ok(Json(Ten { names, total }))
}

async fn report_of_orders(State(back): State<Back>) -> Answer<Vec<Report>> {
    let orders: Orders =
        back.client.get(format!("{}/big", back.upstream)).await.map_err(bad_gateway)?;
    Ok(Json(report::by_customer(orders)))
}

#[derive(Serialize, Deserialize)]
struct Held {
    held: bool,
}

async fn hold(State(back): State<Back>) -> Answer<Held> {
    back.client.get(format!("{}/hold", back.upstream)).await.map(Json).map_err(bad_gateway)
}
