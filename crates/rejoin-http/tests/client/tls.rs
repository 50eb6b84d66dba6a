//! TLS: trust, names, HTTP/2 by negotiation.

use std::sync::Arc;

use http::Version;
use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, KeyPair};
use rejoin_http::{Error, ErrorKind, Phase, Request, Response, Retry};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Server, builder, ok, run};

/// A TLS server for `name` and its self-signed certificate as PEM; it speaks what `alpn` says.
pub(crate) async fn server(name: &str, alpn: &[&str]) -> (std::net::SocketAddr, String) {
    serve(rcgen::generate_simple_self_signed([name.to_owned()]).unwrap(), alpn).await
}

/// Shakes hands with what was `issued`, and offers what `alpn` says.
pub(crate) fn acceptor(issued: &CertifiedKey<KeyPair>, alpn: &[&str]) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(issued: CertifiedKey<KeyPair>, alpn: &[&str]) -> (std::net::SocketAddr, String) {
    let acceptor = acceptor(&issued, alpn);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate hangs up here.
                let Ok(mut stream) = acceptor.accept(socket).await else { return };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        let head = http::Response::new(());
                        let mut body = respond.send_response(head, false).unwrap();
                        body.send_data("two".into(), true).unwrap();
                    }
                } else {
                    let mut buffer = [0; 4096];
                    while stream.read(&mut buffer).await.unwrap_or(0) > 0 {
                        stream.write_all(ok("one").as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    (addr, issued.cert.pem())
}

async fn ask(client: rejoin_http::ClientBuilder, url: &str) -> Result<Response, Error> {
    client.build().send(Request::get(url).unwrap()).await
}

#[test]
fn a_self_signed_certificate_is_refused() {
    run(async {
        let (addr, _) = server("secure.example", &[]).await;
        // Some other root is trusted, so that this holds on a machine without any, too.
        let (_, other) = server("other.example", &[]).await;
        let client = builder()
            .resolve_to("secure.example", addr)
            .root_certificates(other.as_bytes())
            .unwrap();
        let error = ask(client, "https://secure.example/").await.unwrap_err();
        let found = (error.kind(), error.phase(), error.retry());
        assert_eq!(found, (ErrorKind::Tls, Phase::Tls, Retry::Never), "{error}");
        assert!(error.to_string().contains("TLS handshake with \"secure.example\""), "{error}");
    });
}

/// As tools make one that are asked for nothing but a self-signed certificate.
#[test]
fn a_server_with_the_certificate_of_an_authority_is_told() {
    run(async {
        let mut wanted = CertificateParams::new(["secure.example".to_owned()]).unwrap();
        wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let signing_key = KeyPair::generate().unwrap();
        let cert = wanted.self_signed(&signing_key).unwrap();
        let (addr, pem) = serve(CertifiedKey { cert, signing_key }, &[]).await;
        let client = builder().system_roots(false).root_certificates(pem.as_bytes()).unwrap();
        let client = client.resolve_to("secure.example", addr);
        let error = ask(client, "https://secure.example/").await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Tls, Retry::Never), "{error}");
        assert!(error.message().contains("; it is that of an authority"), "{error}");
    });
}

#[test]
fn a_trusted_certificate_must_carry_the_name() {
    run(async {
        let (addr, pem) = server("secure.example", &["http/1.1"]).await;
        let client = || {
            builder()
                .system_roots(false)
                .root_certificates(pem.as_bytes())
                .unwrap()
                .resolve_to("secure.example", addr)
                .resolve_to("wrong.example", addr)
        };
        let response = ask(client(), "https://secure.example/").await.unwrap();
        assert_eq!((response.version, &response.body[..]), (Version::HTTP_11, &b"one"[..]));
        assert!(response.timings.connect.unwrap().tls.is_some());
        let error = ask(client(), "https://wrong.example/").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    });
}

#[test]
fn one_handshake_serves_many_requests() {
    run(async {
        for alpn in ["http/1.1", "h2"] {
            let (addr, pem) = server("secure.example", &[alpn]).await;
            let client = builder().system_roots(false).root_certificates(pem.as_bytes()).unwrap();
            let client = client.resolve_to("secure.example", addr).build();
            let mut handshakes = 0;
            for _ in 0..5 {
                let request = Request::get("https://secure.example/").unwrap();
                let response = client.send(request).await.unwrap();
                handshakes += u32::from(response.timings.connect.is_some());
            }
            assert_eq!(handshakes, 1, "{alpn}");
        }
    });
}

#[test]
fn http2_is_negotiated_and_can_be_declined() {
    run(async {
        let (addr, pem) = server("secure.example", &["h2", "http/1.1"]).await;
        let client = || {
            builder()
                .system_roots(false)
                .root_certificates(pem.as_bytes())
                .unwrap()
                .resolve_to("secure.example", addr)
        };
        let response = ask(client(), "https://secure.example/").await.unwrap();
        assert_eq!((response.version, &response.body[..]), (Version::HTTP_2, &b"two"[..]));
        let response = ask(client().http1_only(), "https://secure.example/").await.unwrap();
        assert_eq!((response.version, &response.body[..]), (Version::HTTP_11, &b"one"[..]));
    });
}

/// Nobody knows yet that the host speaks HTTP/2, so that all connect; the first to know serves all.
#[test]
fn those_who_come_at_once_end_up_on_one_connection() {
    run(async {
        let (addr, pem) = server("secure.example", &["h2", "http/1.1"]).await;
        let client = builder().system_roots(false).root_certificates(pem.as_bytes()).unwrap();
        let client = client.resolve_to("secure.example", addr).build();
        let requests =
            (0..30).map(|_| {
                let client = client.clone();
                async move {
                    client.send(Request::get("https://secure.example/").unwrap()).await.unwrap()
                }
            });
        let answers = futures_util::future::join_all(requests).await;
        assert!(answers.iter().all(|answer| answer.version == Version::HTTP_2));
        while client.connections() > 1 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_machine_without_roots_can_still_speak_http() {
    run(async {
        let server = Server::with(|_| ok("plain")).await;
        let client = || builder().system_roots(false);
        assert_eq!(ask(client(), &server.url("/")).await.unwrap().body, "plain");
        let url = server.url("/").replace("http:", "https:");
        let error = ask(client(), &url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.to_string().contains("install the package ca-certificates"), "{error}");
    });
}

#[test]
fn a_port_that_speaks_plain_http_is_told() {
    run(async {
        let (_, pem) = server("secure.example", &[]).await;
        let plain = Server::new(|mut conn, _| async move {
            conn.send("HTTP/1.1 400 Bad Request\r\n\r\n").await;
            conn.closed().await;
        })
        .await;
        let client = builder().root_certificates(pem.as_bytes()).unwrap();
        let error = ask(client, &plain.url("/").replace("http:", "https:")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.to_string().contains("plain http"), "{error}");
    });
}

#[test]
fn roots_must_be_certificates() {
    for pem in
        [&b"nothing"[..], b"", b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----"]
    {
        assert_eq!(builder().root_certificates(pem).unwrap_err().kind(), ErrorKind::Tls);
    }
}
