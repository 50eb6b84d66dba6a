//! The HTTP front of Rejoin: it serves the routes of an [`App`](rejoin_engine::App) over HTTP/1.1 and h2c.
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use rejoin_engine::{App, Host};
//! use rejoin_server::{ConsoleObserver, Log, Server, load, service};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let log = Log::stderr()?;
//! let registry = rejoin_steps::registry();
//! let loaded = load(Path::new("app.wp"), &registry, &|name| std::env::var(name).ok())?;
//!
//! rejoin::scope(|scope: rejoin::Scope| async move {
//!     let mut host = Host::new(scope);
//!     host.observer = Arc::new(ConsoleObserver::new(log.clone()));
//!     let app = App::new(Arc::new(loaded.program), Arc::new(host));
//!     let service = service(app, log).expect("`config server` makes sense");
//!     let server = Server::bind("127.0.0.1", 7770, service).await.expect("the port is free");
//!     server.run().await;
//!     Ok(())
//! })
//! .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The life of a request
//!
//! | phase | where | what happens |
//! |---|---|---|
//! | accept | `serve.rs`, `connection.rs`, `socket.rs` | a connection gets a place, a protocol, limits |
//! | snapshot | `front.rs` | the request gets the app as it is now |
//! | route | `routing.rs` | method and path lead to a route, or to an answer of the server's own |
//! | bind | `body.rs`, `request.rs` | what came over the wire becomes a value |
//! | run | `work.rs`, the engine | in a task of its own, in the scope of the app's host |
//! | respond | `respond.rs`, `problem.rs`, `response_body.rs` | the answer becomes a response |
//! | record | `exchange.rs`, `record.rs`, `log.rs` | one line, whatever happened |
//!
//! A client that leaves before it has its whole answer cancels its request; see [`Service`].

mod activity;
mod body;
mod config;
mod connection;
mod console;
mod cors;
mod exchange;
mod files;
mod front;
mod functions;
mod line;
mod load;
mod log;
mod problem;
mod record;
mod refused;
mod reload;
mod request;
mod request_id;
mod respond;
mod response_body;
mod routing;
mod serve;
mod service;
mod shared;
mod socket;
mod stop;
mod tested;
mod timestamp;
mod watch;
mod work;

pub use config::{ConfigError, ServerConfig};
pub use console::ConsoleObserver;
pub use cors::Cors;
pub use load::{
    LoadError, Loaded, Report, check, is_cov, load, load_for_tests, plan, plan_with_errors,
    read_source,
};
pub use log::{Log, LogFormat};
pub use problem::{status_of, status_of_error};
pub use reload::Reloader;
pub use request_id::new_request_id;
pub use response_body::Body;
pub use serve::{Drained, Server};
pub use service::{Responding, Service, service};
pub use stop::Stopper;
pub use tested::{AsWritten, FinalState};
pub use timestamp::utc_now;
