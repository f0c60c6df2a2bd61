//! A service on loopback that says what its test wants, byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A service on loopback. It stops when it is dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// Is woken with each request.
    came: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl Service {
    /// Hands each connection, once its request is read, to `answer`, with the request's number.
    pub(crate) async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(usize, TcpStream) -> A + Send + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let came = Arc::new(Notify::new());
        let coming = Arc::clone(&came);
        let answer = Arc::new(tokio::sync::Mutex::new(answer));
        let serving = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let kept = Arc::clone(&kept);
                let coming = Arc::clone(&coming);
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else {
                        return;
                    };
                    let number = {
                        let mut kept = kept.lock();
                        kept.push(request);
                        kept.len()
                    };
                    coming.notify_waiters();
                    let answering = (answer.lock().await)(number, stream);
                    answering.await;
                });
            }
        });
        Self {
            address,
            requests,
            came,
            serving,
        }
    }

    /// Gives each request the next of these answers, and the last of them from then on.
    pub(crate) async fn saying<S: Into<Vec<u8>>>(answers: impl IntoIterator<Item = S>) -> Self {
        let answers: Vec<Vec<u8>> = answers.into_iter().map(Into::into).collect();
        Self::start(move |number, mut stream| {
            let answer = answers[number.min(answers.len()) - 1].clone();
            async move {
                // A client that has enough closes early.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    /// Gives every request a body that has no end.
    pub(crate) async fn endless() -> Self {
        Self::start(|_, mut stream| async move {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
            let piece = vec![b'x'; 64 * 1024];
            let mut sent = stream.write_all(head).await;
            while sent.is_ok() {
                sent = stream.write_all(&piece).await;
            }
        })
        .await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until a request has come.
    pub(crate) async fn reached(&self) {
        let came = self.came.notified();
        tokio::pin!(came);
        came.as_mut().enable();
        if self.requests.lock().is_empty() {
            came.await;
        }
    }

    /// The requests that came, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let length = body.len();
    let length = format!("content-length: {length}");
    let status = format!("HTTP/1.1 {status}");
    let mut head = vec![status.as_str(), length.as_str()];
    head.extend(headers);
    format!("{}\r\n\r\n{body}", head.join("\r\n"))
}

pub(crate) fn redirect(status: &str, location: &str) -> String {
    answer(status, &[&format!("location: {location}")], "")
}

/// Reads a request: its head, and as much body as it announces. `None` when it never came.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}
