//! TLS to the database: how much of it is asked for, and the handshake.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rejoin_engine::Settings;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream as Stream;

/// How private a connection must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Disable,
    /// If the server offers it. Who listens in is kept out; who stands between is not.
    Prefer,
    /// The same, and without it there is no connection.
    Require,
    /// And the server must prove that it is the one that was named.
    VerifyFull,
}

/// What the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsSettings {
    mode: Mode,
    /// A PEM file with the certificates to trust, in place of the system's.
    roots: Option<PathBuf>,
}

impl TlsSettings {
    /// `ssl` or `sslmode` of the block, or what the address says.
    pub(super) fn read(
        settings: &Settings,
        block: &str,
        of_url: Option<&str>,
    ) -> Result<Self, String> {
        let (key, text) = match (settings.text(block, "sslmode"), settings.text(block, "ssl")) {
            (Some(mode), _) => ("sslmode", mode),
            (None, Some(ssl)) => ("ssl", ssl),
            (None, None) => ("sslmode", of_url.unwrap_or("prefer").to_owned()),
        };
        let mode = match &*text.trim().to_ascii_lowercase() {
            "disable" | "false" | "off" | "no" | "0" => Mode::Disable,
            "prefer" => Mode::Prefer,
            "require" | "true" | "on" | "yes" | "1" => Mode::Require,
            "verify-full" => Mode::VerifyFull,
            _ => {
                return Err(format!(
                    "`{key}` of `config {block}` must be `disable`, `prefer`, `require` or `verify-full`, not `{text}`"
                ));
            }
        };
        Ok(Self { mode, roots: settings.text(block, "sslRootCert").map(PathBuf::from) })
    }

    pub(super) fn mode(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyFull => SslMode::Require,
        }
    }
}

/// What makes handshakes. Clones share what was loaded.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Reads the certificates to trust, where any are needed.
    pub(super) async fn load(settings: &TlsSettings) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("ring has suites for the default versions");
        let config = if settings.mode == Mode::VerifyFull {
            let file = settings.roots.clone();
            let roots = rejoin::to_thread(move || roots(file.as_deref())).await;
            let roots = roots.map_err(|error| error.to_string())??;
            builder.with_root_certificates(roots)
        } else {
            let anyone = Arc::new(Anyone(provider));
            builder.dangerous().with_custom_certificate_verifier(anyone)
        };
        Ok(Self(Arc::new(config.with_no_client_auth())))
    }

    /// For one connection to `host`.
    pub(super) fn connect_to(&self, host: &str) -> Result<Handshaker, InvalidDnsNameError> {
        Ok(Handshaker {
            connector: TlsConnector::from(self.0.clone()),
            name: ServerName::try_from(host.to_owned())?,
        })
    }
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let unreadable =
                |error: String| format!("`sslRootCert`: cannot read `{}`: {error}", file.display());
            let read = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let read = read.map_err(|error| unreadable(error.to_string()))?;
            roots.add_parsable_certificates(read);
            if roots.is_empty() {
                return Err(unreadable("there is no certificate in it".into()));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err("no root certificates were found on this machine: install the package ca-certificates, or name a PEM file in `sslRootCert`".into());
            }
        }
    }
    Ok(roots)
}

/// Takes any certificate: `require` asks for privacy, and not for proof.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> MakeTlsConnect<S> for Tls {
    type Stream = Private<S>;
    type TlsConnect = Handshaker;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshaker, InvalidDnsNameError> {
        self.connect_to(host)
    }
}

/// Shakes hands with one server.
pub(super) struct Handshaker {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsConnect<S> for Handshaker {
    type Stream = Private<S>;
    type Error = io::Error;
    type Future = Handshake<S>;

    fn connect(self, stream: S) -> Handshake<S> {
        Handshake(self.connector.connect(self.name, stream))
    }
}

/// A handshake under way.
pub(super) struct Handshake<S>(tokio_rustls::Connect<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Handshake<S> {
    type Output = io::Result<Private<S>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|shaken| shaken.map(Private))
    }
}

/// A connection that nobody else reads.
pub(super) struct Private<S>(Stream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Private<S> {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate is proof where proof is asked for.
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Private<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Private<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
