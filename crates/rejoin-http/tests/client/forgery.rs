//! Request forgery: hosts and addresses that must not be reached, by whatever road.

use std::net::SocketAddr;
use std::sync::Mutex;

use rejoin_http::{Client, ClientBuilder, ErrorKind, Request, Resolve, Resolving};

use crate::support::{Server, builder, ok, redirect, run};

async fn kind(client: &Client, url: &str) -> Result<u16, ErrorKind> {
    match client.send(Request::get(url).unwrap()).await {
        Ok(response) => Ok(response.status.as_u16()),
        Err(error) => Err(error.kind()),
    }
}

fn guarded() -> ClientBuilder {
    builder().deny_private_networks(true)
}

#[test]
fn private_addresses_are_refused_however_they_are_written() {
    run(async {
        let server = Server::with(|_| ok("secret")).await;
        let port = server.addr.port();
        let client = guarded().build();
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "0.0.0.0",
            "localhost",
            "LOCALHOST",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "169.254.169.254",
            "10.0.0.1",
            "[fd00:ec2::254]",
            "user:pw@127.0.0.1",
        ] {
            let url = format!("http://{host}:{port}/");
            assert_eq!(kind(&client, &url).await, Err(ErrorKind::Denied), "{url}");
        }
        assert_eq!(server.connections(), 0);
        let open = builder().build();
        assert_eq!(kind(&open, &server.url("/")).await, Ok(200), "off by default");
        let error = client.send(Request::get(&server.url("/")).unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("127.0.0.1 is an address of a private network"));
    });
}

#[test]
fn what_a_name_resolves_to_is_what_counts() {
    run(async {
        let server = Server::with(|_| ok("secret")).await;
        let client = guarded().resolve_to("innocent.example", server.addr).build();
        assert_eq!(kind(&client, "http://innocent.example/").await, Err(ErrorKind::Denied));
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn a_name_that_changes_its_mind_gains_nothing() {
    /// Gives a permitted address the first time and a forbidden one ever after.
    struct Rebinding(Mutex<Vec<SocketAddr>>);
    impl Resolve for Rebinding {
        fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
            let mut answers = self.0.lock().unwrap();
            let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
            Box::pin(async move { Ok(vec![answer]) })
        }
    }
    run(async {
        let outside = Server::at("127.0.0.2:0", |mut conn, _| async move {
            conn.request().await;
            conn.send(ok("outside")).await;
        })
        .await;
        let inside = Server::with(|_| ok("secret")).await;
        let client = guarded()
            .allow_network("127.0.0.2")
            .unwrap()
            .resolver(Rebinding(Mutex::new(vec![outside.addr, inside.addr])))
            .build();
        assert_eq!(kind(&client, "http://rebinding.example/").await, Ok(200));
        assert_eq!(kind(&client, "http://rebinding.example/").await, Err(ErrorKind::Denied));
        assert_eq!(inside.connections(), 0);
    });
}

#[test]
fn redirects_are_checked_too() {
    run(async {
        let inside = Server::with(|_| ok("secret")).await;
        let target = inside.url("/");
        let outside = Server::with_at("127.0.0.2:0", move |_| redirect(302, &target)).await;
        let client = guarded().allow_network("127.0.0.2/32").unwrap().build();
        assert_eq!(kind(&client, &outside.url("/")).await, Err(ErrorKind::Denied));

        let named = builder().allow_hosts(["127.0.0.2"]).build();
        assert_eq!(kind(&named, &outside.url("/")).await, Err(ErrorKind::Denied));
        assert_eq!(inside.connections(), 0);
    });
}

#[test]
fn only_listed_hosts_are_allowed() {
    run(async {
        let server = Server::with(|_| ok("x")).await;
        let client = builder()
            .resolve_to("api.example.com", server.addr)
            .resolve_to("a.b.example.org", server.addr)
            .resolve_to("evil.com", server.addr)
            .allow_hosts(["api.example.com", "*.example.org"])
            .build();
        assert_eq!(kind(&client, "http://api.example.com/").await, Ok(200));
        assert_eq!(kind(&client, "http://a.b.example.org/").await, Ok(200));
        for url in ["http://evil.com/", "http://example.org/", "http://api.example.com@evil.com/"] {
            assert_eq!(kind(&client, url).await, Err(ErrorKind::Denied), "{url}");
        }
        let none = builder().allow_hosts([] as [&str; 0]).build();
        assert_eq!(kind(&none, "http://api.example.com/").await, Err(ErrorKind::Denied));
    });
}
