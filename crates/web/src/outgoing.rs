//! Requests that the program makes itself.

use std::sync::OnceLock;

use reqwest::ClientBuilder;

/// A client to be configured further. It trusts the authorities that the machine trusts; where the machine has no
/// certificate store, as in a minimal container, those that browsers do. A start does not fail for want of one.
pub fn outgoing() -> ClientBuilder {
    static HAS_STORE: OnceLock<bool> = OnceLock::new();
    let builder = reqwest::Client::builder();
    if *HAS_STORE.get_or_init(|| reqwest::Client::builder().build().is_ok()) {
        return builder;
    }
    builder.tls_backend_preconfigured(well_known())
}

fn well_known() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("the provider knows the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::{outgoing, well_known};

    #[test]
    fn a_client_can_be_made_with_and_without_a_store() {
        assert!(outgoing().build().is_ok());
        let bare = reqwest::Client::builder().tls_backend_preconfigured(well_known());
        assert!(bare.build().is_ok());
    }
}
