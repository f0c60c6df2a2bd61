//! What attempts have done and the server does not know yet: bounded, so a program that prints faster
//! than the server takes it waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use glassworks_protocol::{
    AttemptStanding, AttemptStatus, BeatItem, BeatProgress, ClaimedTask, OutputStream, Piece,
    Pieces, TaskId,
};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A program waits while so much of its output is not with the server, in bytes.
const BUFFER: usize = 256 * 1024;
/// How much output one call carries, of all attempts together, in bytes.
const CARRIED: usize = 2 * 1024 * 1024;

/// The attempts that this worker makes.
pub(super) struct Attempts {
    pub(super) worker: String,
    held: Mutex<BTreeMap<TaskId, Arc<Held>>>,
    /// Wakes the beats: there is something to tell.
    pub(super) news: Notify,
}

/// One attempt.
pub(super) struct Held {
    pub(super) task: TaskId,
    pub(super) lease: String,
    pub(super) lease_ms: u64,
    /// The server asks it to stop.
    pub(super) cancel: CancellationToken,
    /// The task is not this attempt's any more.
    pub(super) lost: CancellationToken,
    said: Mutex<Unsaid>,
    /// Wakes the program's reader: there is room again.
    drained: Notify,
}

/// What the server has not been told, or has not said that it knows.
#[derive(Default)]
struct Unsaid {
    pieces: Vec<Piece>,
    bytes: usize,
    /// Bytes of output in all.
    printed: u64,
    progress: Option<BeatProgress>,
}

impl Attempts {
    pub(super) fn new(worker: String) -> Self {
        Self {
            worker,
            held: Mutex::default(),
            news: Notify::new(),
        }
    }

    pub(super) fn add(&self, claimed: &ClaimedTask) -> Arc<Held> {
        let held = Arc::new(Held {
            task: claimed.task,
            lease: claimed.lease.clone(),
            lease_ms: claimed.lease_ms,
            cancel: CancellationToken::new(),
            lost: CancellationToken::new(),
            said: Mutex::default(),
            drained: Notify::new(),
        });
        self.held.lock().insert(held.task, Arc::clone(&held));
        // The first lease is short.
        self.news.notify_one();
        held
    }

    /// It is over, and the server knows.
    pub(super) fn remove(&self, held: &Held) {
        let mut all = self.held.lock();
        if all.get(&held.task).is_some_and(|it| it.lease == held.lease) {
            all.remove(&held.task);
        }
    }

    /// The shortest lease of any, while there is any.
    pub(super) fn shortest_lease(&self) -> Option<Duration> {
        let held = self.held.lock();
        let shortest = held.values().map(|held| held.lease_ms).min();
        shortest.map(Duration::from_millis)
    }

    /// What there is to say of each.
    pub(super) fn items(&self) -> Vec<(Arc<Held>, BeatItem)> {
        let held: Vec<Arc<Held>> = self.held.lock().values().cloned().collect();
        let mut room = CARRIED;
        let items = held.into_iter().map(|held| {
            let item = held.item(&mut room);
            (held, item)
        });
        items.collect()
    }
}

impl Held {
    /// Takes output, once there is room. Cancel safe.
    pub(super) async fn print(&self, stream: OutputStream, text: String, news: &Notify) {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            // Of an attempt that is not wanted any more, nobody reads the rest.
            if self.said.lock().bytes < BUFFER || self.lost.is_cancelled() {
                break;
            }
            tokio::select! {
                () = drained => {}
                () = self.lost.cancelled() => {}
            }
        }
        self.said.lock().add(stream, text);
        news.notify_one();
    }

    pub(super) fn progress(&self, fraction: f64, message: String, news: &Notify) {
        self.said.lock().progress = Some(BeatProgress {
            fraction,
            message: Some(message).filter(|message| !message.is_empty()),
        });
        news.notify_one();
    }

    fn item(&self, room: &mut usize) -> BeatItem {
        let mut said = self.said.lock();
        BeatItem {
            task: self.task,
            lease: self.lease.clone(),
            progress: said.progress.take(),
            output: Pieces(said.first(room)),
            spans: Vec::new(),
        }
    }

    /// What there is to say, if the latest progress is in it.
    pub(super) fn last_progress(&self) -> Option<BeatItem> {
        self.said.lock().progress.as_ref()?;
        let mut room = usize::MAX;
        Some(self.item(&mut room))
    }

    /// What has not reached the server, for the last call.
    pub(super) fn rest(&self) -> Pieces {
        let mut room = usize::MAX;
        Pieces(self.said.lock().first(&mut room))
    }

    /// The item could not be told: the progress in it is to be told again, unless there is later.
    pub(super) fn untold(&self, item: BeatItem) {
        let mut said = self.said.lock();
        if said.progress.is_none() {
            said.progress = item.progress;
        }
    }

    /// The server has answered.
    pub(super) fn told(&self, standing: &AttemptStanding) {
        match standing.status {
            AttemptStatus::Ok => {}
            AttemptStatus::Cancel => self.cancel.cancel(),
            AttemptStatus::Lost => {
                self.lost.cancel();
                return;
            }
        }
        self.said.lock().forget_until(standing.output_bytes);
        self.drained.notify_waiters();
    }
}

impl Unsaid {
    fn add(&mut self, stream: OutputStream, text: String) {
        let length = text.len();
        match self.pieces.last_mut() {
            Some(last) if last.stream == stream => last.text.push_str(&text),
            _ => self.pieces.push(Piece {
                offset: self.printed,
                text,
                stream,
            }),
        }
        self.printed += length as u64;
        self.bytes += length;
    }

    /// The first pieces, as many as there is `room` for.
    fn first(&self, room: &mut usize) -> Vec<Piece> {
        let mut first = Vec::new();
        for piece in &self.pieces {
            if *room == 0 {
                break;
            }
            let end = piece.text.floor_char_boundary(*room);
            first.push(Piece {
                offset: piece.offset,
                text: piece.text[..end].to_owned(),
                stream: piece.stream,
            });
            *room = if end < piece.text.len() {
                0
            } else {
                *room - end
            };
        }
        first
    }

    /// The server has the first `bytes` of all output.
    fn forget_until(&mut self, bytes: u64) {
        self.pieces.retain_mut(|piece| {
            let known = bytes.saturating_sub(piece.offset);
            let known = usize::try_from(known).unwrap_or(usize::MAX);
            let known = piece.text.floor_char_boundary(known);
            piece.text.drain(..known);
            piece.offset += known as u64;
            self.bytes -= known;
            !piece.text.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use glassworks_protocol::OutputStream::{Stderr, Stdout};

    use super::Unsaid;

    #[test]
    fn what_the_server_has_is_not_told_again() {
        let mut said = Unsaid::default();
        for (stream, text) in [(Stdout, "one\n"), (Stdout, "two\n"), (Stderr, "oh\n")] {
            said.add(stream, text.to_owned());
        }
        let told = |said: &Unsaid, mut room: usize| -> Vec<(u64, String)> {
            let pieces = said.first(&mut room).into_iter();
            pieces.map(|piece| (piece.offset, piece.text)).collect()
        };
        let all = [(0, "one\ntwo\n".to_owned()), (8, "oh\n".to_owned())];
        assert_eq!(told(&said, 100), all);
        assert_eq!(told(&said, 6), [(0, "one\ntw".to_owned())]);
        said.forget_until(4);
        assert_eq!(told(&said, 4), [(4, "two\n".to_owned())]);
        said.forget_until(4);
        said.forget_until(11);
        assert!(told(&said, 100).is_empty());
        assert_eq!((said.bytes, said.printed), (0, 11));
        said.add(Stdout, "é".to_owned());
        assert_eq!(told(&said, 1), [(11, String::new())]);
    }
}
