//! What `sslmode` and the certificate parameters mean, as rustls wants to hear it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::EndpointError;
use super::params::{Params, last};

/// `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    /// TLS if the server has it, whoever it is. libpq's `allow` counts as this.
    Prefer,
    /// TLS, whoever it is.
    Require,
    /// TLS, with a certificate of a known authority.
    VerifyCa,
    /// TLS, with a certificate of a known authority for this host.
    VerifyFull,
}

impl Mode {
    /// The word tokio-postgres has for it; who the server is, is judged by rustls.
    pub(super) fn weakest(self) -> tokio_postgres::config::SslMode {
        use tokio_postgres::config::SslMode;
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Tls {
    mode: Mode,
    /// A PEM file with authorities; without it, the ones browsers trust.
    root: Option<PathBuf>,
    /// Our certificate and its key, PEM.
    identity: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    pub(super) fn read(params: &Params) -> Result<Self, EndpointError> {
        let root = last(params, "sslrootcert")
            .filter(|root| *root != "system")
            .map(PathBuf::from);
        let mode = match last(params, "sslmode") {
            None if last(params, "sslrootcert") == Some("system") => Mode::VerifyFull,
            None | Some("prefer" | "allow") => Mode::Prefer,
            Some("disable") => Mode::Disable,
            // As libpq: who names an authority wants it checked.
            Some("require") if root.is_some() => Mode::VerifyCa,
            Some("require") => Mode::Require,
            Some("verify-ca") => Mode::VerifyCa,
            Some("verify-full") => Mode::VerifyFull,
            Some(other) => return Err(EndpointError(format!("sslmode cannot be {other}"))),
        };
        let identity = match (last(params, "sslcert"), last(params, "sslkey")) {
            (None, None) => None,
            (Some(cert), Some(key)) => Some((cert.into(), key.into())),
            _ => return Err(EndpointError("sslcert and sslkey go together".into())),
        };
        Ok(Self {
            mode,
            root,
            identity,
        })
    }

    /// The files named: authorities; certificate and key.
    pub(super) fn files(&self) -> (Option<PathBuf>, Option<(PathBuf, PathBuf)>) {
        (self.root.clone(), self.identity.clone())
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// The client side of rustls; reads the named files.
    pub(super) fn client(&self) -> Result<Arc<ClientConfig>, EndpointError> {
        // Named, not the process's default: a library must not depend on who installed what first.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match self.mode {
            Mode::VerifyFull => builder.with_root_certificates(self.roots()?),
            mode => {
                let authority = match mode {
                    Mode::VerifyCa => Some(
                        WebPkiServerVerifier::builder_with_provider(
                            Arc::new(self.roots()?),
                            Arc::clone(&provider),
                        )
                        .build()
                        .map_err(unusable)?,
                    ),
                    _ => None,
                };
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(AnyName {
                        provider,
                        authority,
                    }))
            }
        };
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => builder
                .with_client_auth_cert(certificates(cert)?, private_key(key)?)
                .map_err(unusable)?,
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, EndpointError> {
        let mut roots = RootCertStore::empty();
        match &self.root {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(path) => {
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(unusable)?;
                }
            }
        }
        Ok(roots)
    }
}

fn unusable(error: impl std::fmt::Display) -> EndpointError {
    EndpointError(format!("TLS cannot be set up: {error}"))
}

fn open(path: &Path) -> Result<std::io::BufReader<std::fs::File>, EndpointError> {
    std::fs::File::open(path)
        .map(std::io::BufReader::new)
        .map_err(|error| EndpointError(format!("{} cannot be read: {error}", path.display())))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, EndpointError> {
    let list: Vec<_> = rustls_pemfile::certs(&mut open(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| EndpointError(format!("{} cannot be read: {error}", path.display())))?;
    if list.is_empty() {
        return Err(EndpointError(format!(
            "{} holds no certificate",
            path.display()
        )));
    }
    Ok(list)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, EndpointError> {
    rustls_pemfile::private_key(&mut open(path)?)
        .map_err(|error| EndpointError(format!("{} cannot be read: {error}", path.display())))?
        .ok_or_else(|| EndpointError(format!("{} holds no private key", path.display())))
}

/// Accepts a certificate for any name: of one of the authorities, or of anybody when there is none. That
/// the server holds the certificate's key is checked in any case.
#[derive(Debug)]
struct AnyName {
    provider: Arc<CryptoProvider>,
    authority: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        match authority.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        ) {
            // The name is judged last, once the chain is known to be good.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
