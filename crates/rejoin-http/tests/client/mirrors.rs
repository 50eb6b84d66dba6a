//! Requests that have mirrors.

use std::time::Duration;

use rejoin::retry::{Backoff, Hedge};
use rejoin_http::{Batch, RequestSpec};

use crate::batch::{MS, kind, server, status};
use crate::support::{Server, client, ok, run, virtually};

fn asking(spec: RequestSpec) -> Batch {
    let none = Backoff::constant(Duration::ZERO);
    Batch::new().client(&client()).retries(0).backoff(none).request(spec)
}

#[test]
fn a_mirror_is_asked_when_the_first_place_fails() {
    run(async {
        let (server, _) = server().await;
        for bad in [server.url("/reset"), server.url("/st/404"), server.url("/st/503")] {
            let spec = RequestSpec::get(&bad).mirror(&server.url("/ms/0"));
            let outcomes = asking(spec).all().await;
            assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (200, 2), "{bad}");
            assert_eq!(outcomes[0].url, bad, "what was asked for");
            let from = &outcomes[0].result.as_ref().unwrap().url;
            assert_eq!(from.to_string(), server.url("/ms/0"), "what has answered");
        }
        let all_bad = RequestSpec::get(&server.url("/reset")).mirror(&server.url("/st/404"));
        let outcomes = asking(all_bad).all().await;
        assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (404, 2));
        let post = RequestSpec::new(http::Method::POST, &server.url("/st/503"));
        let outcomes = asking(post.mirror(&server.url("/ms/0"))).all().await;
        assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (503, 1), "it may happen once");
    });
}

#[test]
fn a_body_with_the_wrong_checksum_is_fetched_elsewhere() {
    run(async {
        let (wrong, right) =
            (Server::answering(ok("spoilt")).await, Server::answering(ok("hello")).await);
        let sum = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let spec = RequestSpec::get(&wrong.url("/")).sha256(sum);
        let outcomes = asking(spec.clone()).all().await;
        assert_eq!(kind(&outcomes[0]), "checksum");
        let outcomes = asking(spec.mirror(&right.url("/"))).all().await;
        assert_eq!(outcomes[0].result.as_ref().unwrap().body, "hello");
    });
}

#[test]
fn a_hedge_sends_its_copies_to_the_mirrors() {
    virtually(async {
        let (server, _) = server().await;
        let spec = RequestSpec::get(&server.url("/never")).mirror(&server.url("/ms/1"));
        let outcomes = asking(spec).hedge(Hedge::after(20 * MS)).all().await;
        assert_eq!((status(&outcomes[0]), outcomes[0].attempts), (200, 2));
        assert!(outcomes[0].elapsed < 100 * MS);
    });
}

#[test]
fn credentials_do_not_go_to_another_server() {
    run(async {
        let echo = || Server::with(|request| ok(&request.to_lowercase()));
        let (here, there) =
            (Server::answering("HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n").await, echo().await);
        let spec = RequestSpec::get(&here.url("/")).header("authorization", "Bearer s3cret");
        let outcomes = asking(spec.header("x-own", "1").mirror(&there.url("/"))).all().await;
        let said = outcomes[0].result.as_ref().unwrap().body.clone();
        let said = std::str::from_utf8(&said).unwrap();
        assert!(said.contains("x-own: 1") && !said.contains("s3cret"), "{said}");
    });
}
