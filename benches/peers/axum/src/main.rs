//! The routes of the benchmark as a careful developer writes them on axum: typed answers, `join!`
//! over the upstream calls, one pooled client.
//!
//! `axum-peer reqwest|hyper-util UPSTREAM` where UPSTREAM is `http://host:port`. Prints
//! `listening on http://127.0.0.1:PORT` when it accepts.

mod client;
mod report;
mod routes;

use std::net::Ipv4Addr;

use client::Client;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(client), Some(upstream)) = (args.next(), args.next()) else {
        eprintln!("usage: axum-peer reqwest|hyper-util UPSTREAM");
        std::process::exit(2);
    };
    let Some(client) = Client::named(&client) else {
        eprintln!("no client is called {client}: take reqwest or hyper-util");
        std::process::exit(2);
    };

    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port on the loopback");
    let address = listener.local_addr().expect("the port that was bound");
    println!("listening on http://{address}");

    let app = routes::routes(client, upstream);
    axum::serve(listener, app).await.expect("the accept loop never ends by itself");
}
