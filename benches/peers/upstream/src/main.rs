//! The back end of the benchmark. It does as little as an HTTP server can, so that what is
//! measured is the server in front of it.
//!
//! - `/item/:n`: a small JSON object
//! - `/big`: orders, about 100 KB of JSON, built once
//! - `/megabyte`: as many bytes
//! - `/hold`: a small answer after a while, so that requests stay in flight
//!
//! Prints `listening on http://127.0.0.1:PORT` when it accepts.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// How long `/hold` waits: long enough for a thousand requests to be open at once.
const HOLD: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port on the loopback");
    println!("listening on http://{}", listener.local_addr().expect("the port that was bound"));

    let bodies = Bodies { big: orders().into(), megabyte: vec![b'x'; 1_000_000].into() };
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let bodies = bodies.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, bodies.clone()));
            // A connection that breaks is its client's business.
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
        });
    }
}

/// What is built once.
#[derive(Clone)]
struct Bodies {
    big: Bytes,
    megabyte: Bytes,
}

async fn answer(
    request: Request<Incoming>,
    bodies: Bodies,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    if let Some(n) = path.strip_prefix("/item/") {
        let price = n.bytes().fold(7_u64, |price, byte| price + u64::from(byte));
        return Ok(json(format!(r#"{{"id":"{n}","name":"item {n}","price":{price}}}"#).into()));
    }
    match path {
        "/big" => Ok(json(bodies.big)),
        "/megabyte" => Ok(json(bodies.megabyte)),
        "/hold" => {
            tokio::time::sleep(HOLD).await;
            Ok(json(Bytes::from_static(br#"{"held":true}"#)))
        }
        _ => {
            let mut response = json(Bytes::from_static(br#"{"error":"no such path"}"#));
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
    }
}

fn json(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

/// About 100 KB of orders from forty customers, a third of them not paid. Always the same.
fn orders() -> String {
    let mut text = String::with_capacity(110_000);
    text.push_str(r#"{"orders":["#);
    for n in 0..620_u32 {
        if n > 0 {
            text.push(',');
        }
        let (customer, total) = ((n * 7919) % 40, (n * 104_729) % 9973);
        let status = ["paid", "open", "paid"][n as usize % 3];
        write!(
            text,
            r#"{{"id":{n},"customer":"customer {customer:02}","status":"{status}","total":{total},"currency":"EUR","items":[{{"sku":"SKU-{n:05}","count":2}},{{"sku":"SKU-{customer:05}","count":1}}],"note":null}}"#
        )
        .expect("writing to a string cannot fail");
    }
    text.push_str("]}");
    text
}
