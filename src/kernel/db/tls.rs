//! Checks of the certificate of a database.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use super::address::{Mode, Roots};
use crate::kernel::{Code, Error, Result};

/// What a connection of this mode asks of the server.
pub(super) fn config(mode: Mode, roots: Option<&Roots>) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let verifier = match roots {
        Some(roots) if mode >= Mode::VerifyCa => {
            let (store, named) = trusted(roots)?;
            let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
                .build()
                .map_err(Error::internal)?;
            Check::Certificate { authorities, named, by_name: mode == Mode::VerifyFull }
        }
        _ => Check::Nothing,
    };
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { check: verifier, provider }))
        .with_no_client_auth();
    // For servers that speak TLS from the first byte, which Postgres 17 can.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

/// The authorities, and the certificates that the operator named themselves.
fn trusted(roots: &Roots) -> Result<(RootCertStore, Vec<CertificateDer<'static>>)> {
    let mut store = RootCertStore::empty();
    let named = match roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            store.add_parsable_certificates(found.certs);
            Vec::new()
        }
        Roots::File(file) => {
            let wrong = |error: &dyn std::fmt::Display| {
                let message = format!("cannot read the certificates of {} (sslrootcert): {error}", file.display());
                Error::new(Code::OperationNotAllowed, message)
            };
            let found = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))?;
            let found: Vec<_> = found.collect::<Result<_, _>>().map_err(|error| wrong(&error))?;
            store.add_parsable_certificates(found.iter().cloned());
            found
        }
    };
    if store.is_empty() {
        let message = match roots {
            Roots::System => {
                "the operating system has no certificates of authorities: name some with sslrootcert=FILE".to_owned()
            }
            Roots::File(file) => format!("there are no certificates in {} (sslrootcert)", file.display()),
        };
        return Err(Error::new(Code::OperationNotAllowed, message));
    }
    Ok((store, named))
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Check {
    /// Any server gets the encrypted connection.
    Nothing,
    Certificate {
        authorities: Arc<WebPkiServerVerifier>,
        /// Self-signed certificates of servers can be among them.
        named: Vec<CertificateDer<'static>>,
        by_name: bool,
    },
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Check::Certificate { authorities, named, by_name } = &self.check else {
            return Ok(ServerCertVerified::assertion());
        };
        if named.contains(certificate) {
            if *by_name {
                verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match authorities.verify_server_cert(certificate, between, name, status, now) {
            // The name is looked at last: everything else was right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !by_name => Ok(ServerCertVerified::assertion()),
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
