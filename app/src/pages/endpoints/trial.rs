//! One request at a time from a panel of this page: it is sent, followed, stopped.

use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::{AbortHandle, abortable};
use futures::stream::LocalBoxStream;
use glassworks_protocol::Timestamp;
use leptos::leptos_dom::helpers::{IntervalHandle, set_interval_with_handle, window};
use leptos::prelude::*;
use leptos::server_fn::Bytes;
use leptos::task::spawn_local;

use crate::functions::Heard;
use crate::refused::Refused;
use crate::trial::Course;

/// How often the time that has passed is shown anew.
const TICK: Duration = Duration::from_millis(100);

/// A body that comes piece by piece.
pub(super) type Body = LocalBoxStream<'static, Result<Bytes, Refused>>;
/// The status of an answer and its body, or why there is none.
pub(super) type Answer = Result<(u16, Body), Refused>;
/// An answer that is on its way. Dropping it takes the request back.
pub(super) type Call = Pin<Box<dyn Future<Output = Answer>>>;
/// Hears each piece of text, and how many microseconds after the sending it came.
pub(super) type Hear = Box<dyn FnMut(&str, u64)>;

/// The request of one panel. It is taken back when the panel goes, or the page is left.
#[derive(Clone, Copy)]
pub(super) struct Trial {
    /// How it goes.
    pub(super) course: RwSignal<Course>,
    /// How long it has been under way, in microseconds.
    pub(super) elapsed: RwSignal<u64>,
    under_way: StoredValue<Option<UnderWay>>,
}

struct UnderWay {
    abort: AbortHandle,
    ticks: Option<IntervalHandle>,
}

impl Trial {
    pub(super) fn new() -> Self {
        let trial = Self {
            course: RwSignal::default(),
            elapsed: RwSignal::new(0),
            under_way: StoredValue::new(None),
        };
        on_cleanup(move || trial.stop());
        Effect::new(move |_| {
            // A page that the browser puts away for the way back would go on.
            let leaving = window_event_listener_untyped("pagehide", move |_| trial.stop());
            on_cleanup(move || leaving.remove());
        });
        trial
    }

    /// Sends a request, unless one is under way.
    pub(super) fn send(self, call: Call, hear: Hear) {
        if self.course.with_untracked(Course::is_under_way) {
            return;
        }
        self.course.set(Course::sent(wall_clock(), now()));
        self.elapsed.set(0);
        let (following, abort) = abortable(self.follow(call, hear));
        let ticks = set_interval_with_handle(move || self.tick(), TICK).ok();
        self.under_way.set_value(Some(UnderWay { abort, ticks }));
        spawn_local(async move {
            let _ = following.await;
        });
    }

    /// Takes the request back, and with it what the server does for it.
    pub(super) fn stop(self) {
        let under_way = self.course.try_with_untracked(Course::is_under_way);
        if under_way == Some(true) {
            let _ = self.course.try_update(|course| course.stop(now()));
            self.end();
        }
    }

    async fn follow(self, call: Call, mut hear: Hear) {
        let mut problem = None;
        match call.await {
            Err(Refused(refused)) => problem = Some(*refused),
            Ok((status, mut body)) => {
                self.course.update(|course| course.head(status));
                while let Some(piece) = body.next().await {
                    match piece {
                        Ok(piece) => {
                            let at = now();
                            let Some((text, since)) = self.hear(&piece, at) else {
                                break;
                            };
                            hear(&text, since);
                        }
                        Err(Refused(broken)) => {
                            problem = Some(*broken);
                            break;
                        }
                    }
                }
            }
        }
        let _ = self.course.try_update(|course| course.over(problem, now()));
        self.end();
    }

    /// A piece has come: the text that it completes, and when. Pieces may come faster than a page can
    /// be drawn, so but for the first they are shown with the next tick.
    fn hear(self, piece: &[u8], at: u64) -> Option<(String, u64)> {
        let heard = self.course.try_update_untracked(|course| {
            let is_first = course.first.is_none();
            (course.piece(piece, at), course.since_sent(at), is_first)
        });
        heard.map(|(text, since, is_first)| {
            if is_first {
                self.course.notify();
            }
            (text, since)
        })
    }

    /// Shows what has come, and how long it has been.
    fn tick(self) {
        let since = self
            .course
            .try_with_untracked(|course| course.since_sent(now()));
        if let Some(since) = since {
            let _ = self.elapsed.try_set(since);
            self.course.notify();
        }
    }

    /// Nothing is under way any more.
    fn end(self) {
        let Some(Some(under_way)) = self.under_way.try_update_value(Option::take) else {
            return;
        };
        under_way.abort.abort();
        if let Some(ticks) = under_way.ticks {
            ticks.clear();
        }
        let done = self
            .course
            .try_with_untracked(|course| course.done)
            .flatten();
        let _ = self.elapsed.try_set(done.unwrap_or_default());
    }
}

/// An answer as a server function streams it.
pub(super) fn body(heard: impl Future<Output = Heard> + 'static) -> Call {
    Box::pin(async move { Ok((200, heard.await?.into_inner().boxed_local())) })
}

/// The page's own clock, in microseconds. It never goes back.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it counts from the page's beginning"
)]
pub(super) fn now() -> u64 {
    let ms = window().performance().map_or(0.0, |clock| clock.now());
    (ms * 1_000.0) as u64
}

/// The browser's clock.
#[expect(clippy::cast_possible_truncation, reason = "a date is far below 2^53")]
fn wall_clock() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as i64)
}
