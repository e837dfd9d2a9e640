//! TLS to other servers, by the authorities that the operating system trusts.

use std::sync::{Arc, LazyLock, OnceLock};

use rustls::{
    CertificateError, ClientConfig, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::request::Unsent;

/// Read once: it takes some milliseconds.
static AUTHORITIES: LazyLock<RootCertStore> = LazyLock::new(|| {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        tracing::warn!("the operating system has no certificates of authorities: no server can be reached by https");
    }
    store
});

/// Speaks TLS as a client.
#[derive(Clone)]
pub(super) struct Tls {
    own: Arc<[CertificateDer<'static>]>,
    /// Made for the first connection; none if it cannot be made.
    connector: Arc<OnceLock<Option<TlsConnector>>>,
}

impl Tls {
    /// With further authorities beside those of the operating system.
    pub fn new(authorities: Vec<CertificateDer<'static>>) -> Self {
        Self { own: authorities.into(), connector: Arc::default() }
    }

    /// Encrypts a connection to the server with this name, if its certificate is valid for it.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, Unsent> {
        let connector =
            self.connector.get_or_init(|| connector(&self.own)).as_ref().ok_or(Unsent::TlsFailed(GENERAL))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Unsent::NotResolved)?;
        connector.connect(name, stream).await.map_err(|error| Unsent::TlsFailed(reason(&error)))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("own", &self.own.len()).finish_non_exhaustive()
    }
}

fn connector(own: &[CertificateDer<'static>]) -> Option<TlsConnector> {
    let mut authorities = AUTHORITIES.clone();
    authorities.add_parsable_certificates(own.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Some(TlsConnector::from(Arc::new(config)))
}

const GENERAL: &str = "no encrypted connection to the server could be made";

fn reason(error: &std::io::Error) -> &'static str {
    match error.get_ref().and_then(|source| source.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(certificate)) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate of the server has expired"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the certificate of the server is for another name"
            }
            CertificateError::UnknownIssuer => "the certificate of the server is of an authority that is not trusted",
            _ => "the certificate of the server is not valid",
        },
        _ => GENERAL,
    }
}
