//! Through a proxy: plain requests forwarded, encrypted ones tunnelled.

use rejoin_http::{Client, ErrorKind, Request};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Server, ok, run};

async fn get(client: &Client, url: &str) -> Result<rejoin_http::Response, rejoin_http::Error> {
    client.send(Request::get(url).unwrap()).await
}

#[test]
fn plain_requests_name_the_whole_url() {
    run(async {
        let proxy = Server::with(ok).await;
        let direct = Server::with(|_| ok("direct")).await;
        let address = format!("http://user:secret@{}", proxy.addr);
        let client = Client::builder()
            .proxy(&address, "direct.example, 127.0.0.0/8")
            .resolve_to("direct.example", direct.addr)
            .build();
        let response = get(&client, "http://far.invalid/a?b").await.unwrap();
        let sent = String::from_utf8_lossy(&response.body).into_owned();
        assert!(sent.starts_with("GET http://far.invalid/a?b HTTP/1.1\r\n"), "{sent}");
        assert!(sent.contains("proxy-authorization: Basic dXNlcjpzZWNyZXQ=\r\n"), "{sent}");
        assert_eq!(get(&client, "http://direct.example/").await.unwrap().body, "direct");
        assert_eq!(get(&client, &direct.url("/")).await.unwrap().body, "direct");
        assert!(!format!("{client:?}").contains("secret"));
    });
}

#[test]
fn encrypted_requests_are_tunnelled() {
    run(async {
        let target = Server::new(|mut conn, _| async move {
            // Not TLS: that the bytes got here is what counts.
            conn.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
            conn.closed().await;
        })
        .await;
        let to = target.addr;
        let proxy = Server::new(move |mut conn, _| async move {
            let request = conn.request().await.unwrap();
            assert!(request.starts_with("CONNECT far.invalid:443 HTTP/1.1\r\n"), "{request}");
            conn.send("HTTP/1.1 200 Connected\r\n\r\n").await;
            let mut far = TcpStream::connect(to).await.unwrap();
            let _ = copy_bidirectional(&mut conn.socket, &mut far).await;
        })
        .await;
        let (_, pem) = crate::tls::server("other.example", &[]).await;
        let client = Client::builder()
            .proxy(&format!("http://{}", proxy.addr), "")
            .root_certificates(pem.as_bytes())
            .unwrap()
            .build();
        let error = get(&client, "https://far.invalid/").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        assert_eq!(target.connections(), 1);
    });
}

#[test]
fn a_proxy_that_refuses_is_not_there_or_is_of_another_kind() {
    run(async {
        let refusing = Server::answering("HTTP/1.1 407 Who are you\r\n\r\n").await;
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        for (proxy, said) in [
            (format!("http://{}", refusing.addr), "authorization required"),
            (format!("http://{gone}"), "connection refused"),
            ("socks5://127.0.0.1:1080".to_owned(), "socks5 proxy, which is not supported"),
        ] {
            let client = Client::builder().proxy(&proxy, "").build();
            let error = get(&client, "https://far.invalid/").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Proxy, "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
    });
}
