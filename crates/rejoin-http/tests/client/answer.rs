//! What is sent, and what comes back, when nothing goes wrong.

use std::time::Duration;

use rejoin_http::{BUDGET_HEADER, Request};

use crate::support::{Server, builder, client, get, ok, run};

#[test]
fn a_get_says_what_it_should() {
    run(async {
        let server = Server::with(ok).await;
        let response = get(server.url("/a?b=c")).await.unwrap();
        let sent = String::from_utf8(response.body.to_vec()).unwrap();
        let mut lines: Vec<_> = sent.trim_end().split("\r\n").collect();
        assert_eq!(lines.remove(0), "GET /a?b=c HTTP/1.1");
        lines.sort_unstable();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            lines,
            [
                "accept-encoding: gzip, deflate, br".to_owned(),
                "accept: */*".to_owned(),
                format!("host: {}", server.addr),
                format!("user-agent: rejoin/{version}"),
            ]
        );
        assert_eq!(response.status, 200);
        assert_eq!(response.remote_addr, Some(server.addr));
        assert_eq!(response.url.to_string(), server.url("/a?b=c"));
        assert_eq!((response.hops.len(), response.attempts), (0, 1));
        assert!(response.timings.connect.is_some());
        assert!(response.timings.total >= response.timings.head);
    });
}

#[test]
fn a_post_sends_its_body_and_its_own_headers() {
    run(async {
        let server = Server::with(ok).await;
        let request = Request::post(&server.url("/"), "{\"a\":1}")
            .unwrap()
            .header("content-type", "application/json")
            .unwrap()
            .header("user-agent", "mine")
            .unwrap()
            .header("content-length", "999")
            .unwrap()
            .header("transfer-encoding", "chunked")
            .unwrap()
            .header("connection", "close")
            .unwrap();
        let response = client().send(request).await.unwrap();
        let sent = String::from_utf8(response.body.to_vec()).unwrap();
        assert!(sent.starts_with("POST / HTTP/1.1\r\n"), "{sent}");
        assert!(sent.ends_with("\r\n\r\n{\"a\":1}"), "{sent}");
        assert!(sent.contains("content-length: 7\r\n"), "{sent}");
        assert!(sent.contains("user-agent: mine\r\n"), "{sent}");
        assert!(!sent.contains("chunked") && !sent.contains("connection"), "{sent}");
    });
}

#[test]
fn a_post_without_a_body_says_so() {
    run(async {
        let server = Server::with(ok).await;
        let response = client().send(Request::post(&server.url("/"), "").unwrap()).await.unwrap();
        assert!(String::from_utf8_lossy(&response.body).contains("content-length: 0\r\n"));
    });
}

#[test]
fn credentials_of_the_url_become_a_header() {
    run(async {
        let server = Server::with(ok).await;
        let response = get(format!("http://user:secret@{}/", server.addr)).await.unwrap();
        let sent = String::from_utf8_lossy(&response.body);
        assert!(sent.contains("authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{sent}");
        assert!(!format!("{response:?}").contains("secret"));
    });
}

#[test]
fn the_remaining_budget_goes_upstream() {
    run(async {
        let server = Server::with(ok).await;
        let request = Request::get(&server.url("/")).unwrap().budget_header(true);
        let response = client().send(request).await.unwrap();
        let sent = String::from_utf8_lossy(&response.body).into_owned();
        let prefix = format!("{BUDGET_HEADER}: ");
        let value = sent.lines().find_map(|line| line.strip_prefix(&prefix)).expect("the header");
        let left: u64 = value.parse().unwrap();
        assert!((1..=30_000).contains(&left), "{left}");
    });
}

#[test]
fn who_gives_up_when_the_budget_is_over_has_not_answered() {
    run(async {
        // Blocks this thread as well, so that the answer and the end of the time are seen at the same moment.
        let server = Server::with(|_| {
            std::thread::sleep(Duration::from_millis(120));
            "HTTP/1.1 504 Late\r\ncontent-length: 0\r\n\r\n".to_owned()
        })
        .await;
        let request = Request::get(&server.url("/")).unwrap().timeout(Duration::from_millis(60));
        let error = client().send(request.budget_header(true)).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
    });
}

#[test]
fn any_status_is_a_response() {
    run(async {
        let server = Server::answering("HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy").await;
        let response = get(server.url("/")).await.unwrap();
        assert_eq!((response.status.as_u16(), &response.body[..]), (503, &b"busy"[..]));
    });
}

#[test]
fn answers_without_a_body_end_at_once() {
    run(async {
        for (method, answer) in [
            ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"),
            ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
            ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n"),
            ("GET", "HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n"),
            ("GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hint\r\n\r\nHTTP/1.1 204 X\r\n\r\n"),
        ] {
            let server = Server::answering(answer).await;
            let url = server.url("/").parse().unwrap();
            let request = Request::new(method.parse().unwrap(), url);
            let response = client().send(request).await.unwrap();
            assert!(response.body.is_empty(), "{method} {answer}");
        }
    });
}

#[test]
fn an_http_1_0_body_ends_with_the_connection() {
    run(async {
        let server = Server::new(|mut conn, _| async move {
            conn.request().await;
            conn.send("HTTP/1.0 200 OK\r\n\r\nall of it").await;
        })
        .await;
        assert_eq!(get(server.url("/")).await.unwrap().body, "all of it");
    });
}

#[test]
fn names_can_be_mapped() {
    run(async {
        let server = Server::with(ok).await;
        let client = builder().resolve_to("users.internal", server.addr).build();
        let request = Request::get("http://users.internal/7").unwrap();
        let response = client.send(request).await.unwrap();
        assert!(String::from_utf8_lossy(&response.body).contains("host: users.internal\r\n"));
        assert_eq!(response.remote_addr, Some(server.addr));
    });
}

#[test]
fn the_host_header_has_the_whole_authority() {
    run(async {
        let server = Server::with_at("[::1]:0", |request| ok(&request.to_lowercase())).await;
        let said = get(format!("http://{}/", server.addr)).await.unwrap();
        let said = std::str::from_utf8(&said.body).unwrap().to_owned();
        assert!(said.contains(&format!("host: [::1]:{}\r\n", server.addr.port())), "{said}");
    });
}
