//! Redirects, and names that change between look-ups.

use glassworks_handlers::outbound::{Error, Limits, Outbound, Request};
use http::{HeaderValue, Method};

use crate::support::network::{PUBLIC, Scripted};
use crate::support::service::{Service, answer, redirect};
use crate::support::{beside_services, get, send};

#[tokio::test]
async fn a_name_is_looked_up_once_and_the_answer_is_connected_to() {
    let service = Service::saying([answer("200 OK", &[], "hello")]).await;
    let network = Scripted::default()
        .name("rebind.example", &[PUBLIC])
        .name("rebind.example", &["127.0.0.1"])
        .route(PUBLIC, service.address)
        .route("127.0.0.1", service.address);
    let outbound = Outbound::default().with_network(network.clone());

    get(&outbound, "http://rebind.example/").await.unwrap();
    assert_eq!(network.looked_up(), ["rebind.example"]);
    assert_eq!(network.connected(), [format!("{PUBLIC}:80")]);

    let error = get(&outbound, "http://rebind.example/").await.unwrap_err();
    assert!(matches!(error, Error::Name { .. }), "{error}");
    assert_eq!(network.connected(), [format!("{PUBLIC}:80")]);
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test]
async fn a_name_that_changes_between_two_hops_is_checked_again() {
    let service = Service::saying([redirect("302 Found", "/again")]).await;
    let network = Scripted::default()
        .name("rebind.example", &[PUBLIC])
        .name("rebind.example", &["127.0.0.1"])
        .route(PUBLIC, service.address)
        .route("127.0.0.1", service.address);
    let outbound = Outbound::default().with_network(network.clone());
    let error = get(&outbound, "http://rebind.example/").await.unwrap_err();
    assert!(matches!(error, Error::Name { .. }), "{error}");
    assert_eq!(network.connected(), [format!("{PUBLIC}:80")]);
}

#[tokio::test]
async fn of_several_addresses_only_public_ones_are_connected_to() {
    let service = Service::saying([answer("200 OK", &[], "hello")]).await;
    let network = Scripted::default()
        .name(
            "mixed.example",
            &["10.0.0.1", "::1", PUBLIC, "169.254.169.254"],
        )
        .route(PUBLIC, service.address);
    let outbound = Outbound::default().with_network(network.clone());
    get(&outbound, "http://mixed.example:8080/").await.unwrap();
    assert_eq!(network.connected(), [format!("{PUBLIC}:8080")]);
}

#[tokio::test]
async fn an_address_that_refuses_is_passed_over() {
    let service = Service::saying([answer("200 OK", &[], "hello")]).await;
    let network = Scripted::default()
        .name("two.example", &["2606:4700::1", PUBLIC])
        .route(PUBLIC, service.address);
    let outbound = Outbound::default().with_network(network.clone());
    get(&outbound, "http://two.example/").await.unwrap();
    assert_eq!(
        network.connected(),
        ["[2606:4700::1]:80".to_owned(), format!("{PUBLIC}:80")]
    );
}

#[tokio::test]
async fn a_redirect_does_not_lead_where_a_url_may_not() {
    for location in [
        "http://127.0.0.1/",
        "http://0x7f.1:8080/",
        "//169.254.169.254/latest/meta-data/",
        "http://[::ffff:10.0.0.1]/",
        "http://private.example/",
        "http://user:word@public.example/",
        "http://public.example:25/",
        "file:///etc/passwd",
        "gopher://public.example/",
        "http://[broken",
    ] {
        let service = Service::saying([redirect("302 Found", location)]).await;
        let network = Scripted::default()
            .name("public.example", &[PUBLIC])
            .name("private.example", &["192.168.0.1"])
            .route(PUBLIC, service.address);
        let outbound = Outbound::default().with_network(network.clone());
        let error = get(&outbound, "http://public.example/").await.unwrap_err();
        assert!(!error.is_transient(), "{location}: {error}");
        assert_eq!(
            network.connected(),
            [format!("{PUBLIC}:80")],
            "{location}: {error}"
        );
    }
}

#[tokio::test]
async fn an_allowed_host_cannot_lead_to_another() {
    let service =
        Service::saying([redirect("307 Temporary Redirect", "http://127.0.0.2:9000/")]).await;
    let error = get(&beside_services(), &service.url("/"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("127.0.0.2"), "{error}");
}

#[tokio::test]
async fn a_loop_ends() {
    let service = Service::saying([redirect("302 Found", "/")]).await;
    let error = get(&beside_services(), &service.url("/"))
        .await
        .unwrap_err();
    let most = Limits::default().redirects;
    assert_eq!(error, Error::Redirects(most));
    assert_eq!(service.requests().len(), usize::try_from(most + 1).unwrap());
}

#[tokio::test]
async fn redirects_are_followed_and_counted() {
    let there = Service::saying([answer("200 OK", &[], "there")]).await;
    let here = Service::saying([
        redirect("301 Moved Permanently", "/b"),
        redirect("303 See Other", &there.url("/c#x")),
    ])
    .await;
    let mut request = Request::new(Method::POST, here.url("/a"));
    let secret = HeaderValue::from_static("Bearer secret");
    request.headers.insert("authorization", secret);
    request.body = "body".into();
    let outbound = beside_services();
    let answer = send(&outbound, request).await.unwrap();
    assert_eq!(
        (answer.redirects(), answer.url()),
        (2, there.url("/c#x").as_str())
    );

    let here = here.requests();
    assert!(here[0].starts_with("POST /a HTTP/1.1\r\n") && here[0].ends_with("\r\n\r\nbody"));
    assert!(here[1].starts_with("GET /b HTTP/1.1\r\n") && here[1].ends_with("\r\n\r\n"));
    assert!(here[1].contains("authorization: Bearer secret\r\n"));
    let there = &there.requests()[0];
    assert!(there.starts_with("GET /c HTTP/1.1\r\n"), "{there}");
    assert!(!there.contains("secret"), "{there}");
}
