//! What a run has recorded and the journal has not yet taken: bounded, and merged where it can be.

use std::mem;

use glassworks_protocol::{EventBody, OutputStream};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::texts;

/// Recording waits while this much text is waiting, in bytes. One output event is at most as long.
const BUFFER_BYTES: usize = 64 * 1024;
/// Recording waits while this many entries are waiting.
const BUFFER_ENTRIES: usize = 256;

/// The buffer between a handler, which records, and its run, which hands on to the journal.
#[derive(Default)]
pub(crate) struct Recorder {
    buffer: Mutex<Buffer>,
    /// Wakes the run: there is something to take.
    filled: Notify,
    /// Wakes the handler: there is room again.
    drained: Notify,
}

#[derive(Default)]
struct Buffer {
    entries: Vec<EventBody>,
    bytes: usize,
}

impl Buffer {
    fn is_full(&self) -> bool {
        self.bytes >= BUFFER_BYTES || self.entries.len() >= BUFFER_ENTRIES
    }

    /// Adds `entry`, into the latest one where the log loses nothing by it.
    fn add(&mut self, entry: EventBody) {
        match (self.entries.last_mut(), entry) {
            (
                Some(EventBody::Output { stream, text }),
                EventBody::Output {
                    stream: same,
                    text: more,
                },
            ) if *stream == same && text.len() + more.len() <= BUFFER_BYTES => {
                self.bytes += more.len();
                text.push_str(&more);
            }
            (Some(latest @ EventBody::Progress { .. }), entry @ EventBody::Progress { .. }) => {
                *latest = entry;
            }
            (_, entry) => {
                if let EventBody::Output { text, .. } = &entry {
                    self.bytes += text.len();
                }
                self.entries.push(entry);
            }
        }
    }
}

impl Recorder {
    /// Adds an entry with its texts cut to their limits, once there is room. Cancel safe.
    pub(crate) async fn record(&self, mut entry: EventBody) {
        texts::bound(&mut entry);
        loop {
            // Registered before the look, so a drain in between is not missed.
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            {
                let mut buffer = self.buffer.lock();
                if !buffer.is_full() {
                    buffer.add(entry);
                    break;
                }
            }
            drained.await;
        }
        self.filled.notify_one();
    }

    /// Adds text, in pieces of at most [`BUFFER_BYTES`], cut between characters.
    pub(crate) async fn print(&self, stream: OutputStream, mut text: String) {
        while text.len() > BUFFER_BYTES {
            let rest = text.split_off(text.floor_char_boundary(BUFFER_BYTES));
            self.record(EventBody::Output { stream, text }).await;
            text = rest;
        }
        if !text.is_empty() {
            self.record(EventBody::Output { stream, text }).await;
        }
    }

    /// Waits until there is something to take, and takes it all. Cancel safe.
    pub(crate) async fn take(&self) -> Vec<EventBody> {
        loop {
            let entries = self.take_now();
            if !entries.is_empty() {
                return entries;
            }
            self.filled.notified().await;
        }
    }

    /// Takes what there is.
    pub(crate) fn take_now(&self) -> Vec<EventBody> {
        let mut buffer = self.buffer.lock();
        buffer.bytes = 0;
        let entries = mem::take(&mut buffer.entries);
        drop(buffer);
        if !entries.is_empty() {
            self.drained.notify_waiters();
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER_BYTES, Recorder};
    use futures::FutureExt;
    use glassworks_protocol::EventBody;
    use glassworks_protocol::OutputStream::{Stderr, Stdout};

    fn output(text: &str) -> EventBody {
        EventBody::output(text)
    }

    fn remark(text: &str) -> EventBody {
        EventBody::Output {
            stream: Stderr,
            text: text.into(),
        }
    }

    fn progress(fraction: f64) -> EventBody {
        EventBody::Progress {
            fraction,
            message: None,
        }
    }

    #[tokio::test]
    async fn merges_output_and_keeps_the_latest_progress_in_order() {
        let recorder = Recorder::default();
        for entry in [
            output("a"),
            output("b"),
            progress(0.1),
            progress(0.2),
            output("c"),
        ] {
            recorder.record(entry).await;
        }
        assert_eq!(
            recorder.take_now(),
            [output("ab"), progress(0.2), output("c")]
        );
    }

    #[tokio::test]
    async fn merges_what_was_printed_to_one_stream_only() {
        let recorder = Recorder::default();
        for (stream, text) in [
            (Stdout, "a"),
            (Stderr, "b"),
            (Stderr, "c"),
            (Stdout, "d"),
            (Stdout, "e"),
        ] {
            recorder.print(stream, text.into()).await;
        }
        assert_eq!(
            recorder.take_now(),
            [output("a"), remark("bc"), output("de")]
        );
    }

    #[tokio::test]
    async fn a_full_buffer_makes_the_handler_wait_until_it_is_taken() {
        let recorder = Recorder::default();
        recorder.print(Stdout, "x".repeat(BUFFER_BYTES)).await;
        let mut waiting = Box::pin(recorder.print(Stdout, "y".into()));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(recorder.take_now(), [output(&"x".repeat(BUFFER_BYTES))]);
        waiting.await;
        assert_eq!(recorder.take().await, [output("y")]);
    }

    #[tokio::test]
    async fn long_text_is_cut_between_characters() {
        let recorder = Recorder::default();
        let text = "é".repeat(BUFFER_BYTES / 2 + 1);
        let mut taken = String::new();
        let mut print = Box::pin(recorder.print(Stdout, format!("a{text}")));
        loop {
            let done = print.as_mut().now_or_never().is_some();
            for entry in recorder.take_now() {
                let EventBody::Output { text, .. } = entry else {
                    panic!("only output was recorded");
                };
                assert!(text.len() <= BUFFER_BYTES);
                taken.push_str(&text);
            }
            if done {
                break;
            }
        }
        assert_eq!(taken, format!("a{text}"));
    }
}
