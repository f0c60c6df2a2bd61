//! A real server on a port of its own, and a client that shows what is on the wire.

pub(crate) mod forms;
pub(crate) mod process;
pub(crate) mod waits;

use std::net::SocketAddr;

use bytes::Bytes;
use futures::StreamExt as _;
use glassworks_engine::{Database, Engine, Options};
use glassworks_handlers::outbound::{Outbound, Upstream};
use glassworks_server::access::Rule;
use glassworks_server::budget::Budget;
use glassworks_server::front::Front;
use glassworks_server::guard::host::AllowedHosts;
use glassworks_server::listener;
use glassworks_server::node::Node;
use glassworks_server::router;
use glassworks_server::shutdown::Shutdown;
use glassworks_server::site::Site;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use waits::within;

/// A server in this process with a database of its own. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) engine: Engine,
    pub(crate) shutdown: Shutdown,
    pub(crate) directory: TempDir,
    rules: Vec<Rule>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let shutdown = self.shutdown.clone();
        // Connections end by themselves; nobody has to wait for them.
        tokio::spawn(async move { shutdown.close().await });
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Site::Missing, Outbound::default()).await
    }

    pub(crate) async fn with_site(site: Site) -> Self {
        Self::with(site, Outbound::default()).await
    }

    /// One that may reach `upstream`.
    pub(crate) async fn reaching(upstream: SocketAddr) -> Self {
        let allowed: Upstream = upstream.to_string().parse().unwrap();
        Self::with(Site::Missing, Outbound::new([allowed])).await
    }

    /// One that may hold so many MiB for its clients.
    pub(crate) async fn holding(mib: u32) -> Self {
        Self::of(Site::Missing, Outbound::default(), Budget::new(mib)).await
    }

    /// One whose engine has these options.
    pub(crate) async fn with_options(options: Options) -> Self {
        let budget = Budget::default();
        Self::made(Site::Missing, Outbound::default(), budget, options).await
    }

    async fn with(site: Site, outbound: Outbound) -> Self {
        Self::of(site, outbound, Budget::default()).await
    }

    async fn of(site: Site, outbound: Outbound, budget: Budget) -> Self {
        Self::made(site, outbound, budget, Options::default()).await
    }

    async fn made(site: Site, outbound: Outbound, budget: Budget, options: Options) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(directory.path().join("tasks.db"));
        let kinds = glassworks_handlers::Options {
            outbound: outbound.clone(),
            lab: Some(glassworks_handlers::lab::Lab::default()),
            ..glassworks_handlers::Options::default()
        };
        let engine = glassworks_handlers::register(Engine::builder(), kinds)
            .options(options)
            .start(database)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::default();
        let node = Node::new(
            engine.clone(),
            outbound,
            AllowedHosts::new(address, &[]),
            site,
            shutdown.clone(),
            budget,
            false,
        );
        let rules = router::rules(&node);
        let front = Front::new(&node);
        tokio::spawn(listener::serve(listener, front, shutdown.clone()));
        Self {
            address,
            engine,
            shutdown,
            directory,
            rules,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client(self.address)
    }

    /// What each of its routes asks of its caller.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.rules.clone()
    }
}

/// Sends one request a connection to one server.
#[derive(Clone, Copy)]
pub(crate) struct Client(pub(crate) SocketAddr);

impl Client {
    /// A request to `path`, with the right `Host`.
    pub(crate) fn request(&self, method: &str, path: &str) -> Ask {
        Ask {
            address: self.0,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await.whole().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path)
            .json(body)
            .send()
            .await
            .whole()
            .await
    }

    /// Submits a task and returns its id.
    pub(crate) async fn submit(&self, payload: Value) -> String {
        let task = json!({"kind": "sleep", "payload": payload});
        let answer = self.post("/api/tasks", &task).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Waits until a task is over, and returns it.
    pub(crate) async fn finished(&self, id: &str) -> Value {
        let output = format!("/api/tasks/{id}/output?follow=true");
        assert_eq!(self.get(&output).await.status, StatusCode::OK);
        self.get(&format!("/api/tasks/{id}")).await.json()
    }

    /// Opens a WebSocket.
    pub(crate) async fn socket(&self, path: &str) -> Socket {
        self.socket_with(path, &[]).await.unwrap()
    }

    pub(crate) async fn socket_with(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, tungstenite::Error> {
        let mut request = format!("ws://{}{path}", self.0).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let connecting = tokio_tungstenite::connect_async(request);
        let (stream, _) = within(format_args!("a socket at {path}"), connecting).await?;
        Ok(Socket(stream))
    }
}

/// A request to be.
pub(crate) struct Ask {
    address: SocketAddr,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    /// Sends it, and returns the answer as soon as its head is there.
    pub(crate) async fn send(self) -> Stream {
        let what = format!("the head of the answer to {} {}", self.method, self.path);
        within(what, self.exchange()).await
    }

    async fn exchange(self) -> Stream {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(&*self.method).uri(&*self.path);
        if !self.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).unwrap();
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        Stream {
            status: head.status,
            headers: head.headers,
            body,
            _sender: sender,
        }
    }
}

/// An answer whose body is still under way.
pub(crate) struct Stream {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    _sender: hyper::client::conn::http1::SendRequest<Full<Bytes>>,
}

impl Stream {
    /// What arrives next; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let frame = within("more of a stream, or its end", self.body.frame()).await?;
        let data = frame.unwrap().into_data().unwrap();
        Some(String::from_utf8(data.to_vec()).unwrap())
    }

    /// Reads until `text` has arrived, and returns all that has.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let mut all = String::new();
        let arrival = async {
            while !all.contains(text) {
                match self.next().await {
                    Some(more) => all.push_str(&more),
                    None => panic!("the stream ended without {text:?}: {all}"),
                }
            }
        };
        within(format_args!("{text:?} in a stream"), arrival).await;
        all
    }

    /// Waits for the end: whether it comes without being announced as one.
    pub(crate) async fn breaks_off(mut self) -> bool {
        let ending = async {
            loop {
                match self.body.frame().await {
                    Some(Ok(_)) => {}
                    Some(Err(_)) => return true,
                    None => return false,
                }
            }
        };
        within("a stream to break off", ending).await
    }

    /// Waits for the whole body.
    pub(crate) async fn whole(self) -> Answer {
        let body = within("the end of an answer's body", self.body.collect()).await;
        let body = body.unwrap().to_bytes();
        Answer {
            status: self.status,
            headers: self.headers,
            body,
        }
    }
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problem document that this is, checked for what all of them have.
    pub(crate) fn problem(&self, status: u16, instance: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["instance"], instance);
        assert!(problem["title"].is_string(), "{problem}");
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("/docs/problems#{code}"));
        problem
    }
}

/// A WebSocket's client side.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn say(&mut self, message: Value) {
        use futures::SinkExt as _;
        let message = Message::text(message.to_string());
        within("a message to be sent", self.0.send(message))
            .await
            .unwrap();
    }

    /// The next message of JSON; the close code when there is none.
    pub(crate) async fn hear(&mut self) -> Result<Value, u16> {
        let hearing = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Ok(serde_json::from_str(&text).unwrap());
                    }
                    Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => panic!("the socket broke: {error}"),
                    None => return Err(1005),
                }
            }
        };
        within("a message on a socket, or its end", hearing).await
    }

    /// Waits for the end, whatever is said before: the close code.
    pub(crate) async fn closed(&mut self) -> u16 {
        let closing = async {
            loop {
                if let Err(code) = self.hear().await {
                    return code;
                }
            }
        };
        within("the end of a socket", closing).await
    }

    /// Skips messages until one is of `kind`.
    pub(crate) async fn hear_type(&mut self, kind: &str) -> Value {
        let hearing = async {
            loop {
                let message = self.hear().await.unwrap();
                if message["type"] == kind {
                    return message;
                }
            }
        };
        // Heartbeats go on for ever: the limit is for all of it.
        within(format_args!("a message of type {kind:?}"), hearing).await
    }
}
