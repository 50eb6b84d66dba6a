//! Redirects: followed, counted, refused.

use rejoin_http::{ErrorKind, Phase, Request};

use crate::support::{Server, builder, client, get, ok, redirect, run};

#[test]
fn a_chain_is_followed_over_one_connection() {
    run(async {
        let server = Server::with(|request| match request.split(' ').nth(1).unwrap() {
            "/1" => redirect(301, "/2"),
            "/2" => redirect(302, "3?x=y#z"),
            "/3?x=y" => redirect(307, "//HOST/4").replace("HOST", host_of(request)),
            _ => ok("here"),
        })
        .await;
        let response = get(server.url("/1")).await.unwrap();
        assert_eq!(response.body, "here");
        assert_eq!(response.url.to_string(), server.url("/4"));
        assert_eq!((response.hops.len(), response.attempts), (3, 4));
        assert_eq!(server.connections(), 1);
    });
}

fn host_of(request: &str) -> &str {
    request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap()
}

#[test]
fn methods_and_bodies_over_the_wire() {
    run(async {
        let server = Server::with(|request| {
            match request.split(' ').nth(1).unwrap().strip_prefix("/from/") {
                Some(status) => redirect(status.parse().unwrap(), "/to"),
                None => ok(request),
            }
        })
        .await;
        for (status, line, body) in [
            (302, "GET /to", false),
            (303, "GET /to", false),
            (307, "POST /to", true),
            (308, "POST /to", true),
        ] {
            let url = server.url(&format!("/from/{status}"));
            let response = client().send(Request::post(&url, "text").unwrap()).await.unwrap();
            let sent = String::from_utf8_lossy(&response.body).into_owned();
            assert!(sent.starts_with(line), "{status}: {sent}");
            assert_eq!(sent.ends_with("text"), body, "{status}: {sent}");
        }
    });
}

#[test]
fn the_limit_holds() {
    run(async {
        let server = Server::with(|request| {
            let hop: u32 = request.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
            if hop == 0 { ok("end") } else { redirect(302, &format!("/{}", hop - 1)) }
        })
        .await;
        let response = get(server.url("/10")).await.unwrap();
        assert_eq!((&response.body[..], response.hops.len()), (&b"end"[..], 10));
        let error = get(server.url("/11")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
        assert_eq!(error.phase(), Phase::Redirect);

        let by_hand = Request::get(&server.url("/3")).unwrap().max_redirects(0);
        let response = client().send(by_hand).await.unwrap();
        assert_eq!((response.status.as_u16(), response.hops.len()), (302, 0));
        assert_eq!(response.headers["location"], "/2");
        let client = builder().max_redirects(2).build();
        let error = client.send(Request::get(&server.url("/3")).unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("more than 2 redirects"), "{error}");
    });
}

#[test]
fn a_circle_is_told() {
    run(async {
        let server = Server::with(|request| match request.split(' ').nth(1).unwrap() {
            "/a" => redirect(302, "/b"),
            "/b" => redirect(302, "/a"),
            _ => redirect(302, "/self"),
        })
        .await;
        for path in ["/a", "/self"] {
            let error = get(server.url(path)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RedirectLoop, "{error}");
        }
    });
}

#[test]
fn credentials_stay_at_home() {
    run(async {
        let other = Server::with(ok).await;
        let elsewhere = other.url("/there");
        let server = Server::with(move |request| match request.split(' ').nth(1).unwrap() {
            "/away" => redirect(302, &elsewhere),
            "/near" => redirect(302, "/echo"),
            _ => ok(request),
        })
        .await;
        let ask = async |path: &str| {
            let request = Request::get(&server.url(path))
                .unwrap()
                .header("authorization", "Bearer secret")
                .unwrap()
                .header("cookie", "session=secret")
                .unwrap();
            let response = client().send(request).await.unwrap();
            String::from_utf8(response.body.to_vec()).unwrap()
        };
        assert_eq!(ask("/near").await.matches("secret").count(), 2);
        assert_eq!(ask("/away").await.matches("secret").count(), 0);

        let url = format!("http://user:secret@{}/away", server.addr);
        let sent = get(url).await.unwrap();
        assert!(!String::from_utf8_lossy(&sent.body).contains("authorization"));
        let url = format!("http://user:secret@{}/near", server.addr);
        let sent = get(url).await.unwrap();
        assert!(String::from_utf8_lossy(&sent.body).contains("authorization: Basic "));
    });
}

#[test]
fn where_nobody_can_go() {
    run(async {
        for target in ["ftp://a/", "file:///etc/passwd", "javascript:alert(1)", "http://"] {
            let server = Server::answering(redirect(302, target)).await;
            let error = get(server.url("/")).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RedirectRefused, "{error}");
        }
        let server = Server::answering("HTTP/1.1 302 X\r\ncontent-length: 0\r\n\r\n").await;
        assert_eq!(get(server.url("/")).await.unwrap().status, 302);
    });
}

#[test]
fn the_body_of_a_redirect_cannot_stall_it() {
    run(async {
        let server = Server::new(|mut conn, number| async move {
            conn.request().await;
            if number == 0 {
                conn.send("HTTP/1.1 302 X\r\nlocation: /next\r\ncontent-length: 50\r\n\r\n").await;
                conn.closed().await;
            } else {
                conn.send(ok("next")).await;
            }
        })
        .await;
        assert_eq!(get(server.url("/")).await.unwrap().body, "next");
    });
}

#[test]
fn statuses_300_and_304_are_answers_and_no_redirects() {
    run(async {
        for status in [300, 304] {
            let server = Server::with(move |_| redirect(status, "/elsewhere")).await;
            let response = get(server.url("/")).await.unwrap();
            assert_eq!((response.status.as_u16(), response.hops.len()), (status, 0));
        }
    });
}

#[test]
fn the_whole_chain_is_told_also_when_it_fails() {
    run(async {
        let server = Server::with(|request| match request.split(' ').nth(1).unwrap() {
            "/1" => redirect(303, "/2"),
            "/2" => redirect(307, "/3"),
            "/4" => redirect(301, "ftp://x/"),
            _ => ok("here"),
        })
        .await;
        let request = Request::post(&server.url("/1"), "x").unwrap();
        let response = client().send(request).await.unwrap();
        let chain: Vec<_> = response
            .hops
            .iter()
            .map(|hop| (hop.method.as_str(), hop.url.to_string(), hop.status.as_u16()))
            .collect();
        assert_eq!(chain, [("POST", server.url("/1"), 303), ("GET", server.url("/2"), 307)]);
        assert_eq!((response.method.as_str(), response.url.to_string()), ("GET", server.url("/3")));
        let only_one = Request::get(&server.url("/1")).unwrap().max_redirects(1);
        let error = client().send(only_one).await.unwrap_err();
        assert_eq!((error.kind(), error.hops().len()), (ErrorKind::TooManyRedirects, 1));
    });
}
