//! The browser's side of the connection: WebSocket, clock, and the page's comings and goings.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use leptos::leptos_dom::helpers::{TimeoutHandle, location, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::session::{Command, Input, Session};
use super::{Handler, News, Status, Topic};
use crate::json;

/// Everything the one connection of this page needs.
struct Driver {
    session: Session,
    /// Who hears of which subscription.
    handlers: Vec<(u32, Rc<RefCell<Handler>>)>,
    /// Where the page shows how things stand.
    status: Option<RwSignal<Status>>,
    /// Leads to the open connection; dropping it closes that.
    line: Option<UnboundedSender<String>>,
    /// Counts connections, so that a late word from an old one is not taken for the new one's.
    connection: u64,
    timer: Option<TimeoutHandle>,
}

thread_local! {
    /// A page has one connection however often its components come and go.
    static DRIVER: RefCell<Driver> = RefCell::new(Driver {
        session: Session::new(),
        handlers: Vec::new(),
        status: None,
        line: None,
        connection: 0,
        timer: None,
    });
}

/// Connects, and follows the page's comings and goings from here on.
pub(super) fn start(status: RwSignal<Status>) {
    DRIVER.with_borrow_mut(|driver| driver.status = Some(status));
    feed(Input::Shown);
    // They are never removed: this is for as long as the document lives. An open WebSocket would
    // keep the page out of the back/forward cache.
    window_event_listener_untyped("pagehide", |_| feed(Input::Hidden));
    window_event_listener_untyped("pageshow", |_| feed(Input::Shown));
    window_event_listener_untyped("online", |_| feed(Input::Nudged));
    window_event_listener_untyped("focus", |_| feed(Input::Nudged));
}

/// Hears about `topic` from now on; the number ends it.
pub(super) fn watch(topic: Topic, handler: Handler) -> u32 {
    let (sub, commands) = DRIVER.with_borrow_mut(|driver| {
        let (sub, commands) = driver.session.watch(topic);
        driver.handlers.push((sub, Rc::new(RefCell::new(handler))));
        (sub, commands)
    });
    carry_out(commands);
    sub
}

/// Begins the connection anew, and with it everything that is watched.
pub(super) fn doubt() {
    feed(Input::Doubted);
}

/// Ends what [`watch`] began.
pub(super) fn unwatch(sub: u32) {
    let commands = DRIVER.with_borrow_mut(|driver| {
        driver.handlers.retain(|(number, _)| *number != sub);
        driver.session.unwatch(sub)
    });
    carry_out(commands);
}

fn feed(input: Input) {
    let random = js_sys::Math::random();
    let commands = DRIVER.with_borrow_mut(|driver| driver.session.handle(input, random));
    carry_out(commands);
}

/// Does what the session says. The driver is not borrowed while a handler runs, since handlers
/// watch and unwatch.
fn carry_out(commands: Vec<Command>) {
    for command in commands {
        match command {
            Command::Connect => connect(),
            Command::Disconnect => DRIVER.with_borrow_mut(Driver::disconnect),
            Command::Send(message) => {
                if let Ok(text) = serde_json::to_string(&message) {
                    DRIVER.with_borrow_mut(|driver| driver.send(text));
                }
            }
            Command::Wait(wait) => DRIVER.with_borrow_mut(|driver| driver.wait(wait)),
            Command::StopWaiting => DRIVER.with_borrow_mut(Driver::stop_waiting),
            Command::Deliver(sub, news) => deliver(sub, news),
            Command::Show(status) => {
                if let Some(signal) = DRIVER.with_borrow(|driver| driver.status) {
                    signal.set(status);
                }
            }
        }
    }
}

fn deliver(sub: u32, news: News) {
    let found = DRIVER.with_borrow(|driver| {
        driver
            .handlers
            .iter()
            .find(|(number, _)| *number == sub)
            .cloned()
    });
    if let Some((_, handler)) = found {
        (handler.borrow_mut())(news);
    }
}

fn connect() {
    let Some(url) = url() else { return };
    let (line, outgoing) = unbounded();
    let connection = DRIVER.with_borrow_mut(|driver| {
        driver.line = Some(line);
        driver.connection += 1;
        driver.connection
    });
    spawn_local(converse(url, outgoing, connection));
}

/// One connection from its beginning to its end.
async fn converse(url: String, mut outgoing: UnboundedReceiver<String>, connection: u64) {
    let report = |input| {
        if DRIVER.with_borrow(|driver| driver.connection == connection) {
            feed(input);
        }
    };
    let Ok(mut socket) = WebSocket::open(&url) else {
        return report(Input::Lost);
    };
    loop {
        match select(socket.next(), outgoing.next()).await {
            Either::Left((Some(Ok(Message::Text(text))), _)) => {
                // A newer server may have more to say than this page can understand.
                if let Ok(message) = json::read(&text) {
                    report(Input::Received(message));
                }
            }
            Either::Left((Some(Ok(Message::Bytes(_))), _)) => {}
            Either::Left((Some(Err(_)) | None, _)) => return report(Input::Lost),
            Either::Right((Some(text), _)) => {
                if socket.send(Message::Text(text)).await.is_err() {
                    return report(Input::Lost);
                }
            }
            Either::Right((None, _)) => {
                // 1000: a normal end. That it was closed already is no concern.
                let _ = socket.close(Some(1000), None);
                return;
            }
        }
    }
}

/// The WebSocket of the server that sent this page.
fn url() -> Option<String> {
    let location = location();
    let scheme = if location.protocol().ok()? == "https:" {
        "wss"
    } else {
        "ws"
    };
    Some(format!("{scheme}://{}/api/ws", location.host().ok()?))
}

impl Driver {
    fn disconnect(&mut self) {
        self.line = None;
        self.connection += 1;
    }

    fn send(&mut self, text: String) {
        if let Some(line) = &self.line {
            // It fails only when the connection has just ended, which is reported by itself.
            let _ = line.unbounded_send(text);
        }
    }

    fn wait(&mut self, wait: Duration) {
        self.stop_waiting();
        self.timer = set_timeout_with_handle(|| feed(Input::Elapsed), wait).ok();
    }

    fn stop_waiting(&mut self) {
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
    }
}
