//! The examples of the guide that batches follow, in Rust.

use rejoin_http::{Batch, Client, RequestSpec};

use crate::support::{Server, client, ok, run};

async fn site() -> Server {
    Server::with(|request| ok(request.split(' ').next().unwrap())).await
}

#[test]
fn all_waits_for_every_request_and_keeps_each_result() {
    run(async {
        let (site_a, site_b) = (site().await, site().await);
        let client: Client = client();
        let builder =
            Batch::new().client(&client).get(&site_a.url("/")).post(&site_b.url("/"), "body");
        assert_eq!(builder.count(), Some(2));
        let mut said = Vec::new();
        for outcome in builder.all().await {
            if let Ok(response) = outcome.result {
                said.push(response.body);
            }
        }
        assert_eq!(said, ["GET", "POST"]);
    });
}

#[test]
fn race_gives_the_first_to_complete() {
    run(async {
        let site = site().await;
        let specs = [RequestSpec::get(&site.url("/1")), RequestSpec::get(&site.url("/2"))];
        let batch: Batch = specs.into_iter().collect();
        let outcome = batch.client(&client()).race().await.unwrap();
        assert!(outcome.result.is_ok());
    });
}

#[test]
fn any_gives_the_first_2xx_response() {
    run(async {
        let (well, ill) =
            (site().await, Server::answering("HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n").await);
        let specs = [RequestSpec::get(&ill.url("/")), RequestSpec::get(&well.url("/"))];
        let batch: Batch = specs.into_iter().collect();
        let outcome = batch.client(&client()).retries(0).any().await.unwrap();
        assert_eq!((outcome.index, outcome.result.unwrap().body.as_ref()), (1, &b"GET"[..]));
    });
}
