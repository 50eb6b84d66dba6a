//! An app inside a caller's axum router.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod support;

use axum::Router;
use axum::routing::get;
use rejoin::{OnError, Scope};
use rejoin_server::{Log, LogFormat, service};
use support::{Answer, Kept, Silent, app, no_tasks_left, program, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn ask(address: std::net::SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    Answer::parse(&answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_answer_beside_the_callers_own_and_clients_that_leave_are_noticed() {
    let outer = Scope::builder().on_error(OnError::IgnoreErrors);
    let ended = outer.run(|scope: Scope| async move {
        let upstream = Silent::start(&scope).await;
        let call = format!("upstream {}", upstream.address);
        let program = program(&[("GET /hello/:name", &["echo"]), ("GET /waits", &[&call])], &[]);
        let log = Log::to(Kept::default(), LogFormat::Json).unwrap();
        let requests = Scope::builder().on_error(OnError::IgnoreErrors);
        let served = requests.run(|scope: Scope| async move {
            let service = service(app(program, scope.clone(), &log), log).unwrap();
            let router =
                Router::new().route("/own", get(|| async { "mine" })).nest_service("/api", service);
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let test = async {
                assert_eq!(ask(address, "/own").await.body, "mine");
                let answer = ask(address, "/api/hello/ada").await;
                assert_eq!(answer.status, 200);
                assert_eq!(
                    answer.json().path(&["params", "name"]).and_then(|v| v.as_str()),
                    Some("ada")
                );
                assert_eq!(ask(address, "/api/nothing").await.status, 404);

                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(b"GET /api/waits HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
                until("the upstream is asked", || upstream.open() == 1).await;
                drop(stream);
                until("the upstream's connection is closed", || upstream.open() == 0).await;
                until("the request has ended", || scope.live() == 0).await;
            };
            tokio::select! {
                served = axum::serve(listener, router) => panic!("{served:?}"),
                () = test => {}
            }
            Ok(())
        });
        served.await.unwrap();
        Ok(())
    });
    ended.await.unwrap();
    no_tasks_left(0).await;
}
