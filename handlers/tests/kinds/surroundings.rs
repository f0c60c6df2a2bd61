//! What surrounds the client: proxies in the environment, which it must not use, certificates, and
//! the trace that its requests belong to.

use std::process::Command;
use std::sync::Arc;

use glassworks_engine::RequestContext;
use glassworks_handlers::outbound::{Error, Outbound};
use glassworks_protocol::NewTask;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::network::{PUBLIC, Scripted};
use crate::support::service::{Service, answer};
use crate::support::{Node, beside_services, get};

/// The variable that tells the process below what to fetch.
const URL: &str = "GLASSWORKS_TEST_URL";

async fn status(outbound: &Outbound, url: &str) -> Result<u16, Error> {
    Ok(get(outbound, url).await?.status().as_u16())
}

/// Runs itself again: an environment can be given to a process of its own only.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_in_the_environment_is_not_used() {
    if let Ok(url) = std::env::var(URL) {
        assert_eq!(status(&beside_services(), &url).await, Ok(200));
        return;
    }
    let service = Service::saying([answer("200 OK", &[], "direct")]).await;
    let proxy = Service::saying([answer("200 OK", &[], "by proxy")]).await;
    let mut again = Command::new(std::env::current_exe().unwrap());
    again
        .args([
            "--exact",
            "surroundings::a_proxy_in_the_environment_is_not_used",
        ])
        .env(URL, service.url("/"));
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        again.env(name, proxy.url("/"));
    }
    again.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = tokio::task::spawn_blocking(move || again.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(service.requests().len(), 1);
    assert_eq!(proxy.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_must_name_the_host_and_come_from_a_trusted_authority() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["secure.example".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let network = Scripted::default()
        .name("secure.example", &[PUBLIC])
        .name("secure.example.", &[PUBLIC])
        .name("other.example", &[PUBLIC])
        .route(PUBLIC, listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer("200 OK", &[], "").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let system = Outbound::default().with_network(network);
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let trusting = system.clone().with_roots(roots);

    assert_eq!(status(&trusting, "https://secure.example/").await, Ok(200));
    assert_eq!(status(&trusting, "https://secure.example./").await, Ok(200));
    for (outbound, url) in [
        (&system, "https://secure.example/"),
        (&trusting, "https://other.example/"),
    ] {
        let refused = status(outbound, url).await;
        assert!(matches!(refused, Err(Error::Tls(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn the_trace_of_the_submission_is_passed_on() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let service = Service::saying([answer("200 OK", &[], "")]).await;
    let node = Node::beside_services().await;
    let context = RequestContext {
        traceparent: Some(TRACE.to_owned()),
        ..RequestContext::default()
    };
    let url = service.url("/");
    for new in [
        NewTask::new("http", json!({ "url": url })),
        NewTask::new("fetch", json!({"sources": [{"name": "a", "url": url}]})),
    ] {
        let id = node.engine.submit_as(new, &context).await.unwrap().task.id;
        node.finish(id).await.result();
    }
    let line = format!("\r\ntraceparent: {TRACE}\r\n");
    let requests = service.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests.iter().all(|request| request.contains(&line)),
        "{requests:?}"
    );
}
