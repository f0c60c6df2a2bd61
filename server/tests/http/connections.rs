//! What a connection may do, byte by byte.

use std::time::{Duration, Instant};

use crate::support::Server;
use crate::support::waits::within;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Reads to the end of the connection, and returns what came.
async fn read_out(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = within("the end of a connection", stream.read_to_end(&mut bytes)).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_client_that_says_nothing_or_half_a_head_is_disconnected() {
    let server = Server::start().await;
    let mut ends = Vec::new();
    for beginning in ["", "GET /api/hello HTTP/1.1\r\nHost: loc"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        ends.push(tokio::spawn(async move { read_out(&mut stream).await }));
    }
    let began = Instant::now();
    for end in ends {
        assert_eq!(end.await.unwrap(), "");
    }
    let took = began.elapsed();
    let seconds = Duration::from_secs(5)..Duration::from_secs(15);
    assert!(seconds.contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET /api/hello HTTP/1.1\r\nHost: {0}\r\n\r\nGET /livez HTTP/1.1\r\nHost: {0}\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let last = format!(
        "GET /api/nothing HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        server.address
    );
    stream.write_all(last.as_bytes()).await.unwrap();
    let answers = read_out(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 3, "{answers}");
    assert!(answers.contains("\"alive\""), "{answers}");
}

#[tokio::test]
async fn a_request_without_a_host_is_refused() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /api/hello HTTP/1.1\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_out(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "POST /api/tasks HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_out(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_shutdown() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET /livez HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    within("an answer", stream.read_exact(&mut first))
        .await
        .unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    assert!(server.shutdown.close().await);
    read_out(&mut stream).await;
    assert!(TcpStream::connect(server.address).await.is_err());
}
