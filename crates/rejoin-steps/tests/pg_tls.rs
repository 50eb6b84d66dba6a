//! `pg` over TLS: a database that is reached through one that shakes hands for it.

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rejoin_value::json;
use support::{Run, load_with, postgres, try_load};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto};

/// Takes TLS, and passes on what is inside.
struct Front {
    port: u16,
    certificate: PathBuf,
    /// How many connections were private.
    private: Arc<AtomicUsize>,
    _runtime: tokio::runtime::Runtime,
}

impl Front {
    fn start(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let certificate =
            std::env::temp_dir().join(format!("rejoin-pg-tls-{}-{name}.pem", std::process::id()));
        std::fs::write(&certificate, cert.pem()).expect("it can be written");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring has suites")
                .with_no_client_auth()
                .with_single_cert(vec![cert.der().clone()], key)
                .expect("they belong together");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let private = Arc::new(AtomicUsize::new(0));
        let counter = private.clone();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let database: tokio_postgres::Config = postgres::url().parse().expect("an address");
        let behind = database.get_ports()[0];
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, counter) = (acceptor.clone(), counter.clone());
                tokio::spawn(async move { serve(socket, acceptor, behind, &counter).await });
            }
        });
        Self { port, certificate, private, _runtime: runtime }
    }

    /// Calls a route whose steps are these.
    #[track_caller]
    fn run(&self, host: &str, settings: &str, steps: &str) -> Run {
        let text = format!(
            "config pg {{\n  url: \"postgres://postgres@{host}:{}/postgres{}\n  maxPoolSize: 1\n}}\nPOST /x\n{steps}",
            self.port,
            settings.replace("{root}", &self.certificate.display().to_string())
        );
        load_with(&text, &rejoin_steps::registry()).on_real_time().call_with("POST /x", json!({}))
    }

    fn private(&self) -> usize {
        self.private.load(Ordering::Relaxed)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        std::fs::remove_file(&self.certificate).ok();
    }
}

/// What a server says to the request for TLS, and to what follows.
async fn serve(mut socket: TcpStream, acceptor: TlsAcceptor, behind: u16, private: &AtomicUsize) {
    let mut request = [0; 8];
    if socket.read_exact(&mut request).await.is_err() {
        return;
    }
    let Ok(mut database) = TcpStream::connect(("127.0.0.1", behind)).await else { return };
    if request[4..] != 80_877_103_u32.to_be_bytes() {
        // Nobody asks for TLS.
        if database.write_all(&request).await.is_ok() {
            copy_bidirectional(&mut socket, &mut database).await.ok();
        }
        return;
    }
    if socket.write_all(b"S").await.is_ok()
        && let Ok(mut inside) = acceptor.accept(socket).await
    {
        private.fetch_add(1, Ordering::Relaxed);
        copy_bidirectional(&mut inside, &mut database).await.ok();
    }
}

const ONE: &str = "  |> pg: `select 1 as n`\n  |> jq: `if .errors then . else .data.rows[0].n end`";

#[test]
fn each_mode_is_what_it_says() {
    let front = Front::start("modes");
    assert_eq!(front.run("localhost", "?sslmode=disable\"", ONE).body(), "1");
    assert_eq!(front.private(), 0);
    for settings in [
        "\"",
        "?sslmode=prefer\"",
        "?sslmode=require\"",
        "\"\n  ssl: true",
        "\"\n  sslmode: \"require\"",
    ] {
        let before = front.private();
        assert_eq!(front.run("localhost", settings, ONE).body(), "1", "{settings}");
        assert_eq!(front.private(), before + 1, "{settings}");
    }
}

#[test]
fn a_server_proves_that_it_is_the_one_that_was_named() {
    let front = Front::start("proof");
    let full = "?sslmode=verify-full\"\n  sslRootCert: \"{root}\"";
    assert_eq!(front.run("localhost", full, ONE).body(), "1");
    let got = front.run("127.0.0.1", full, ONE);
    assert!(got.error_text("message").contains("not valid for name"), "{}", got.error());
    let got = front.run("localhost", "?sslmode=verify-full\"", ONE);
    assert!(
        got.error_text("message").contains("the database cannot be reached")
            || got.error_text("message").contains("no root certificates"),
        "{}",
        got.error()
    );
    let got =
        front.run("localhost", "?sslmode=verify-full\"\n  sslRootCert: \"/no/such.pem\"", ONE);
    assert!(got.error_text("message").contains("cannot read `/no/such.pem`"), "{}", got.error());
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_required() {
    for (mode, works) in
        [("disable", true), ("prefer", true), ("require", false), ("verify-full", false)]
    {
        let text = format!(
            "config pg {{\n  url: \"{}?sslmode={mode}\"\n  sslRootCert: \"{}\"\n}}\nGET /x\n{ONE}",
            postgres::url(),
            Front::start(mode).certificate.display()
        );
        // The file is gone by now, and only one mode needs it.
        let run = load_with(&text, &rejoin_steps::registry()).on_real_time().call("GET /x");
        match works {
            true => assert_eq!(run.body(), "1", "{mode}"),
            false => assert_eq!(run.error_text("type"), "sqlError", "{mode}"),
        }
    }
}

#[test]
fn a_statement_is_cancelled_over_tls_as_well() {
    let front = Front::start("cancel");
    // There is one connection, and the second statement gets it in time.
    let steps = "  |> pg: `select pg_sleep(60)` @timeout(200ms)\n  |> result\n    timeoutError(200):\n      |> pg: `select 1 as alive`";
    let got = front.run("localhost", "?sslmode=require\"", steps);
    assert_eq!(got.body(), r#"{"data":{"rows":[{"alive":1}],"rowCount":1}}"#);
    // The connection, and the request to cancel; none was opened anew.
    assert_eq!(front.private(), 2);
}

#[test]
fn a_wrong_mode_is_a_problem_of_the_program() {
    for settings in [
        "url: \"postgres://a@b/c?sslmode=verify-ful\"",
        "host: \"a\"\n  sslmode: \"maybe\"",
        "host: \"a\"\n  ssl: \"perhaps\"",
    ] {
        let text = format!("config pg {{\n  {settings}\n}}\nGET /x\n  |> pg: `select 1`");
        let Err(problems) = try_load(&text, &rejoin_steps::registry()) else {
            panic!("{settings}")
        };
        assert!(
            problems.contains("must be `disable`, `prefer`, `require` or `verify-full`"),
            "{problems}"
        );
    }
}
