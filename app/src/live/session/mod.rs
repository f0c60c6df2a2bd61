//! What to do with the connection: a state machine without I/O.
//!
//! The contract it keeps: whoever watches a task gets each of its events once, in order and
//! without a gap, however often the connection breaks. A list has no memory of what was missed: the
//! server's first word on it is to load it again.

use std::time::Duration;

use glassworks_protocol::{ClientMessage, Event, ServerMessage};

use super::{News, Status, Topic, backoff};

/// The server speaks at least each 15 s, so after this much silence the line is dead.
const SILENCE: Duration = Duration::from_secs(40);
/// A connection that takes longer than this to say hello is given up.
const CONNECT: Duration = Duration::from_secs(10);

/// What happened.
#[derive(Debug)]
pub(crate) enum Input {
    /// The page is shown, or shown again.
    Shown,
    /// The page is left. It may come back as it is.
    Hidden,
    /// The network is back, or the page is looked at again: no reason to wait on.
    Nudged,
    /// The server sent a message.
    Received(ServerMessage),
    /// The connection ended, or could not be made.
    Lost,
    /// What the page shows could not be read, so it may be wrong: to be begun anew.
    Doubted,
    /// The time asked for is over.
    Elapsed,
}

/// What to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Open a connection.
    Connect,
    /// Close the connection, if there is one.
    Disconnect,
    /// Send on the open connection.
    Send(ClientMessage),
    /// Report [`Input::Elapsed`] after this long, unless another time is asked for before.
    Wait(Duration),
    /// No time is to be reported.
    StopWaiting,
    /// Hand to whoever watches.
    Deliver(u32, News),
    /// Show how things stand.
    Show(Status),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The page is not shown.
    Asleep,
    /// A connection is on its way.
    Connecting,
    /// The server has said hello.
    Open,
    /// The last connection broke; the next one is due later.
    Waiting,
}

#[derive(Debug)]
struct Subscription {
    number: u32,
    topic: Topic,
    /// The `seq` after which events were asked for a second time because of a gap.
    asked_again: Option<u64>,
    /// Nothing more comes: it is not opened again.
    over: bool,
}

/// The state of the connection and of everything watched over it.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    /// Attempts in a row that led to no connection.
    failures: u32,
    /// Few, so that looking through them is quicker than any map.
    subscriptions: Vec<Subscription>,
    next: u32,
}

impl Session {
    pub(crate) const fn new() -> Self {
        Self {
            phase: Phase::Asleep,
            failures: 0,
            subscriptions: Vec::new(),
            next: 1,
        }
    }

    /// Starts to watch; the number names the subscription.
    pub(crate) fn watch(&mut self, topic: Topic) -> (u32, Vec<Command>) {
        let sub = self.next;
        self.next = self.next.wrapping_add(1);
        let mut commands = Vec::new();
        if self.phase == Phase::Open {
            open(sub, &topic, &mut commands);
        }
        self.subscriptions.push(Subscription {
            number: sub,
            topic,
            asked_again: None,
            over: false,
        });
        (sub, commands)
    }

    /// Stops watching.
    pub(crate) fn unwatch(&mut self, sub: u32) -> Vec<Command> {
        let is_open = self
            .find(sub)
            .is_some_and(|subscription| !subscription.over);
        self.subscriptions
            .retain(|subscription| subscription.number != sub);
        if is_open && self.phase == Phase::Open {
            vec![Command::Send(ClientMessage::Unwatch { sub })]
        } else {
            Vec::new()
        }
    }

    /// Takes in what happened; `random` (0.0 to 1.0) spreads the next connection.
    pub(crate) fn handle(&mut self, input: Input, random: f64) -> Vec<Command> {
        match (input, self.phase) {
            (Input::Shown, Phase::Asleep) | (Input::Nudged | Input::Elapsed, Phase::Waiting) => {
                self.connect()
            }
            (Input::Hidden, _) => {
                self.phase = Phase::Asleep;
                vec![Command::StopWaiting, Command::Disconnect]
            }
            (Input::Received(message), Phase::Connecting | Phase::Open) => {
                self.received(message, random)
            }
            (Input::Lost | Input::Doubted | Input::Elapsed, Phase::Connecting | Phase::Open) => {
                self.lost(random)
            }
            _ => Vec::new(),
        }
    }

    fn find(&mut self, sub: u32) -> Option<&mut Subscription> {
        self.subscriptions
            .iter_mut()
            .find(|subscription| subscription.number == sub)
    }

    fn connect(&mut self) -> Vec<Command> {
        self.phase = Phase::Connecting;
        vec![Command::Connect, Command::Wait(CONNECT)]
    }

    fn lost(&mut self, random: f64) -> Vec<Command> {
        self.phase = Phase::Waiting;
        self.failures = self.failures.saturating_add(1);
        vec![
            Command::Disconnect,
            Command::Show(Status::Reconnecting),
            Command::Wait(backoff::wait(self.failures, random)),
        ]
    }

    fn received(&mut self, message: ServerMessage, random: f64) -> Vec<Command> {
        let mut commands = vec![Command::Wait(SILENCE)];
        match &message {
            ServerMessage::Hello { .. } => {}
            // A server in trouble may answer better on the next connection, and what is shown until
            // then is not called live.
            ServerMessage::Problem {
                sub: Some(sub),
                problem,
            } if problem.status >= 500 && self.find(*sub).is_some() => return self.lost(random),
            // It does not only greet, it has something to say: the next break is a first one.
            _ => self.failures = 0,
        }
        match message {
            ServerMessage::Hello { .. } => self.hello(&mut commands),
            // A problem with no subscription: a message was not understood, and nobody here waits
            // for an answer.
            ServerMessage::Heartbeat | ServerMessage::Problem { sub: None, .. } => {}
            ServerMessage::Events { sub, events } => self.events(sub, events, &mut commands),
            ServerMessage::Task { sub, task } => {
                self.deliver(sub, News::Task(task), &mut commands);
            }
            ServerMessage::End { sub } => self.close(sub, News::End, &mut commands),
            ServerMessage::Tasks {
                sub,
                upsert,
                removed,
                reload,
            } => {
                let news = if reload {
                    News::Reload
                } else {
                    News::Tasks { upsert, removed }
                };
                self.deliver(sub, news, &mut commands);
            }
            ServerMessage::Stats { sub, stats } => {
                self.deliver(sub, News::Stats(stats), &mut commands);
            }
            ServerMessage::Problem {
                sub: Some(sub),
                problem,
            } => self.close(sub, News::Refused(problem), &mut commands),
        }
        commands
    }

    /// The connection stands: ask again for everything that is watched, each task from where it
    /// was left.
    fn hello(&mut self, commands: &mut Vec<Command>) {
        self.phase = Phase::Open;
        commands.push(Command::Show(Status::Live));
        for subscription in &mut self.subscriptions {
            subscription.asked_again = None;
            if !subscription.over {
                open(subscription.number, &subscription.topic, commands);
            }
        }
    }

    fn events(&mut self, sub: u32, mut events: Vec<Event>, commands: &mut Vec<Command>) {
        let Some(subscription) = self.find(sub) else {
            return;
        };
        let Topic::Task { after, .. } = &mut subscription.topic else {
            return;
        };
        events.retain(|event| event.seq > *after);
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return;
        };
        // Once is a lost message; if asking again brings the same, the log itself begins later.
        if first.seq > *after + 1 && subscription.asked_again != Some(*after) {
            subscription.asked_again = Some(*after);
            open(sub, &subscription.topic, commands);
            return;
        }
        *after = last.seq;
        commands.push(Command::Deliver(sub, News::Events(events)));
    }

    fn deliver(&mut self, sub: u32, news: News, commands: &mut Vec<Command>) {
        if self.find(sub).is_some() {
            commands.push(Command::Deliver(sub, news));
        }
    }

    fn close(&mut self, sub: u32, last: News, commands: &mut Vec<Command>) {
        if let Some(subscription) = self.find(sub) {
            subscription.over = true;
            commands.push(Command::Deliver(sub, last));
        }
    }
}

fn open(sub: u32, topic: &Topic, commands: &mut Vec<Command>) {
    let message = match topic {
        Topic::Task { id, after } => ClientMessage::WatchTask {
            sub,
            task_id: *id,
            after: *after,
        },
        Topic::Tasks(filter) => ClientMessage::WatchTasks {
            sub,
            filter: filter.clone(),
        },
        Topic::Stats => ClientMessage::WatchStats { sub },
    };
    commands.push(Command::Send(message));
}

#[cfg(test)]
mod tests;
