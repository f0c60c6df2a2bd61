//! TLS: whom a server's certificate has to come from.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;

use super::error::Error;

/// Trusts the system's authorities, and Mozilla's where the system has none (an empty container).
/// They are read once, when the first TLS connection is made.
pub(super) async fn system() -> Result<TlsConnector, Error> {
    static CONNECTOR: OnceCell<TlsConnector> = OnceCell::const_new();
    let read = || async {
        spawn_blocking(|| trusting(system_roots()))
            .await
            .map_err(|_| Error::Tls("the authorities to trust cannot be read".to_owned()))
    };
    CONNECTOR.get_or_try_init(read).await.cloned()
}

fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // Certificates that cannot be read are passed over: the others still count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// Trusts these authorities alone.
#[allow(
    clippy::expect_used,
    reason = "ring has the cipher suites of both versions, which is all that can be missing"
)]
pub(super) fn trusting(roots: RootCertStore) -> TlsConnector {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}
