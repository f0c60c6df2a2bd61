//! URLs that are out to reach what is not public. None of them is connected to.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use glassworks_handlers::Options;
use glassworks_handlers::outbound::{Error, Outbound};
use serde_json::json;

use crate::support::network::{PUBLIC, Scripted};
use crate::support::{Node, get};

/// Each is refused, whoever answers where it leads; `{p}` is a port on which somebody does.
const HOSTILE: &[&str] = &[
    // Loopback, in every spelling of an IPv4 address.
    "http://127.0.0.1:{p}/",
    "https://127.0.0.1:{p}/",
    "http://127.0.0.1.:{p}/",
    "http://127.0.0.2:{p}/",
    "http://127.255.255.254:{p}/",
    "http://127.1:{p}/",
    "http://127.0.1:{p}/",
    "http://2130706433:{p}/",
    "http://017700000001:{p}/",
    "http://0177.0.0.1:{p}/",
    "http://0177.0.0.01:{p}/",
    "http://0x7f000001:{p}/",
    "http://0x7f.1:{p}/",
    "http://0x7f.0x0.0x0.0x1:{p}/",
    "http://0X7F.00000.0.1:{p}/",
    "http://0:{p}/",
    "http://0.0.0.0:{p}/",
    "http://0x:{p}/",
    "http://%31%32%37.0.0.1:{p}/",
    "http://127%2e0%2e0%2e1:{p}/",
    "http://１２７.０.０.１:{p}/",
    "http://127。0。0。1:{p}/",
    "http://①②⑦.⓪.⓪.①:{p}/",
    "http://127.0.\t0.1:{p}/",
    "http://127.0.0.1\n:{p}/",
    "  http://127.0.0.1:{p}/",
    // The same with more or fewer slashes, and what looks like another host.
    "http:127.0.0.1:{p}/",
    "http:/127.0.0.1:{p}/",
    "http:///127.0.0.1:{p}/",
    "http:\\\\127.0.0.1:{p}\\",
    "http://127.0.0.1:{p}#@public.example/",
    "http://127.0.0.1:{p}?@public.example/",
    "http://127.0.0.1:{p}\\@public.example/",
    "http://public.example@127.0.0.1:{p}/",
    "http://public.example:80@127.0.0.1:{p}/",
    "http://public.example%20@127.0.0.1:{p}/",
    "http://127.0.0.1:{p}@public.example/",
    "http://127.0.0.1%00.public.example/",
    "http://127.0.0.1%2f.public.example/",
    // IPv6, and IPv4 within it.
    "http://[::1]:{p}/",
    "http://[0:0:0:0:0:0:0:1]:{p}/",
    "http://[0000:0000::0001]:{p}/",
    "http://[::]:{p}/",
    "http://[::127.0.0.1]:{p}/",
    "http://[::ffff:127.0.0.1]:{p}/",
    "http://[::ffff:7f00:1]:{p}/",
    "http://[::FFFF:0:127.0.0.1]:{p}/",
    "http://[::ffff:93.184.216.34]:{p}/",
    "http://[64:ff9b::127.0.0.1]:{p}/",
    "http://[64:ff9b::a9fe:a9fe]:{p}/",
    "http://[64:ff9b:1::127.0.0.1]:{p}/",
    "http://[64:ff9b:1::93.184.216.34]:{p}/",
    "http://[2002:7f00:1::]:{p}/",
    "http://[2002:5db8:d822::1]:{p}/",
    "http://[2001:0:7f00:1::]:{p}/",
    "http://[fe80::1]:{p}/",
    "http://[fe80::1%25lo]:{p}/",
    "http://[fe80::1%lo]:{p}/",
    "http://[::1%25lo]:{p}/",
    "http://[fec0::1]:{p}/",
    "http://[fc00::1]:{p}/",
    "http://[fd12:3456::1]:{p}/",
    "http://[ff02::1]:{p}/",
    "http://[100::1]:{p}/",
    "http://[2001:db8::1]:{p}/",
    "http://[3fff::1]:{p}/",
    "http://[5f00::1]:{p}/",
    // Private, shared and special IPv4 ranges.
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://3232235777/",
    "http://0300.0250.1.1/",
    "http://100.64.0.1/",
    "http://192.0.0.8/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    // Cloud metadata.
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.43518/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.170.2/v2/credentials",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://[fd00:ec2::254]/",
    // Names that lead there.
    "http://localhost:{p}/",
    "http://LOCALHOST:{p}/",
    "http://localhost.:{p}/",
    "http://ｌｏｃａｌｈｏｓｔ:{p}/",
    "http://loc%61lhost:{p}/",
    "http://loc\u{ad}alhost:{p}/",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{p}/",
    "http://private.example/",
    "http://metadata.example/",
    "http://mapped.example/",
    "http://six.example/",
    "http://nat64.example/",
    "http://all-private.example/",
    // Other schemes, ports of other protocols, and what is no URL.
    "file:///etc/passwd",
    "ftp://public.example/",
    "gopher://127.0.0.1:{p}/_GET",
    "ws://127.0.0.1:{p}/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "blob:http://127.0.0.1:{p}/x",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "//127.0.0.1:{p}/",
    "127.0.0.1:{p}",
    "http://",
    "http://[::1",
    "http://256.0.0.1/",
    "http://1.2.3.4.5/",
    "http://0x100000000/",
    "http://127.0.0.1:99999/",
    "http://public.example:0/",
    "http://public.example:22/",
    "http://public.example:25/",
    "http://public.example:6667/",
];

fn names() -> Scripted {
    Scripted::default()
        .name("public.example", &[PUBLIC])
        .name("localhost", &["127.0.0.1", "::1"])
        .name("localhost.", &["127.0.0.1"])
        .name("private.example", &["10.0.0.5"])
        .name("metadata.example", &["169.254.169.254"])
        .name("mapped.example", &["::ffff:127.0.0.1"])
        .name("six.example", &["fd00::1"])
        .name("nat64.example", &["64:ff9b::10.0.0.1"])
        .name("all-private.example", &["10.0.0.1", "::1", "192.168.0.1"])
}

async fn refusal(outbound: &Outbound, url: &str) -> Error {
    match get(outbound, url).await {
        Ok(answer) => panic!("{url:?} was answered: {answer:?}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn no_hostile_url_is_connected_to() {
    assert!(HOSTILE.len() >= 60);
    let network = names();
    let outbound = Outbound::default().with_network(network.clone());
    for url in HOSTILE {
        let error = refusal(&outbound, &url.replace("{p}", "8080")).await;
        assert!(!error.is_transient(), "{url:?}: {error}");
        assert_eq!(network.connected(), [""; 0], "{url:?}: {error}");
    }
}

#[tokio::test]
async fn nobody_who_listens_on_this_machine_hears_of_it() {
    // A port on all addresses of this machine; IPv6 is wanting on some.
    let four = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = four.local_addr().unwrap().port();
    let six = TcpListener::bind(("::1", port)).ok();
    let listeners: Vec<_> = std::iter::once(four).chain(six).collect();
    let outbound = Outbound::default();
    // What is left out has no port to listen on here, and would only ask the system's resolver.
    for url in HOSTILE.iter().filter(|url| url.contains("{p}")) {
        refusal(&outbound, &url.replace("{p}", &port.to_string())).await;
    }
    for listener in &listeners {
        listener.set_nonblocking(true).unwrap();
        let heard = listener.accept().map_err(|error| error.kind());
        assert_eq!(heard.err(), Some(ErrorKind::WouldBlock));
    }
    // They would have heard: somebody who connects is there at once.
    for listener in &listeners {
        let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_, heard) = listener.accept().unwrap();
        assert_eq!(heard, here.local_addr().unwrap());
    }
}

#[tokio::test]
async fn a_task_with_a_literal_address_is_refused_at_submission() {
    let node = Node::start(Options::default()).await;
    let payload = json!({"sources": [
        {"name": "a", "url": "https://example.com/"},
        {"name": "b", "url": "http://0x7f.1/"},
    ]});
    let errors = node.refused("fetch", payload).await;
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].pointer, "/payload/sources/1/url");
    assert!(errors[0].detail.contains("127.0.0.1"), "{errors:?}");
    let errors = node
        .refused("http", json!({"url": "file:///etc/passwd"}))
        .await;
    assert_eq!(errors[0].pointer, "/payload/url");
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_not_told_where() {
    let outbound = Outbound::default().with_network(names());
    let error = refusal(&outbound, "http://private.example/")
        .await
        .to_string();
    assert!(error.contains("private.example"), "{error}");
    assert!(!error.contains("10.0.0.5"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_name_to_which_there_is_no_answer_is_not_waited_for_long() {
    let network = Scripted::default().silent("silent.example");
    let outbound = Outbound::default().with_network(network);
    let error = get(&outbound, "http://silent.example/").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no answer within 8000 ms to where `silent.example` is"
    );
    assert!(error.is_transient());
}
