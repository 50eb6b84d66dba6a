//! TLS: trusted roots, protocols offered, and the handshake.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::stream::Transport;
use crate::error::{ErrorKind, Failure, Phase, Retry};
use crate::tasks;

/// The TLS settings of a client. The system's roots are read at the first `https` request, so that a
/// client starts on a machine that has none.
pub(crate) struct Tls {
    extra_roots: Vec<CertificateDer<'static>>,
    system_roots: bool,
    http1_only: bool,
    config: OnceCell<Arc<ClientConfig>>,
}

impl Tls {
    pub(crate) fn new(
        extra_roots: Vec<CertificateDer<'static>>,
        system_roots: bool,
        http1_only: bool,
    ) -> Tls {
        Tls { extra_roots, system_roots, http1_only, config: OnceCell::new() }
    }

    /// Shakes hands with `host` over `io`.
    pub(crate) async fn handshake(
        &self,
        host: &str,
        io: Transport,
    ) -> Result<TlsStream<Transport>, Failure> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| failed(format!("{host:?} cannot be the name of a TLS server")))?;
        let config = self.config.get_or_try_init(|| self.load()).await?;
        TlsConnector::from(Arc::clone(config))
            .connect(name, io)
            .await
            .map_err(|error| handshake_failed(host, error))
    }

    async fn load(&self) -> Result<Arc<ClientConfig>, Failure> {
        let mut roots = RootCertStore::empty();
        let mut problem = String::new();
        if self.system_roots {
            let found = tasks::blocking(rustls_native_certs::load_native_certs).await;
            roots.add_parsable_certificates(found.certs);
            for error in found.errors.iter().take(3) {
                problem.push_str(&format!(" ({error})"));
            }
        }
        roots.add_parsable_certificates(self.extra_roots.iter().cloned());
        if roots.is_empty() {
            return Err(failed(format!(
                "no root certificates were found on this machine{problem}, so no https server can \
                 be trusted; install the package ca-certificates or point SSL_CERT_FILE at a PEM \
                 file"
            )));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has suites for the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = match self.http1_only {
            true => vec![b"http/1.1".to_vec()],
            false => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        Ok(Arc::new(config))
    }
}

/// Reads the certificates of a PEM file.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(failed("the PEM text has no certificate".to_owned()))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(failed(format!("the PEM text cannot be read: {error}"))),
    }
}

fn handshake_failed(host: &str, error: io::Error) -> Failure {
    use rustls::{CertificateError, Error as TlsError};
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    let (retry, mend) = match tls {
        Some(TlsError::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => (Retry::Never, "; its issuer is not among the trusted roots"),
        Some(TlsError::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => (Retry::Never, "; renew the certificate, or set this machine's clock"),
        // How one looks that `openssl req -x509` has made.
        Some(TlsError::InvalidCertificate(CertificateError::Other(other)))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            (
                Retry::Never,
                "; it is that of an authority: a server needs one that the authority has issued",
            )
        }
        Some(TlsError::InvalidMessage(_)) => {
            (Retry::Never, "; the port may speak plain http, or another protocol")
        }
        Some(_) => (Retry::Never, ""),
        None => (Retry::Safe, "; the server closed the connection"),
    };
    let mut failure = failed(format!("TLS handshake with {host:?} failed: {error}{mend}"));
    failure.retry = retry;
    failure.caused_by(error)
}

fn failed(message: String) -> Failure {
    Failure::new(ErrorKind::Tls, Phase::Tls, Retry::Never, message)
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("extra_roots", &self.extra_roots.len())
            .field("system_roots", &self.system_roots)
            .field("http1_only", &self.http1_only)
            .finish_non_exhaustive()
    }
}
