//! The session against a scripted server.

use glassworks_protocol::{ClientMessage, Event, Problem, ProblemCode, ServerMessage, TaskFilter};

use super::{CONNECT, Command, Input, SILENCE, Session};
use crate::fixture::{id, printed};
use crate::live::{News, Status, Topic};

fn hello() -> Input {
    Input::Received(ServerMessage::Hello {
        node: "n".to_owned(),
        version: "0".to_owned(),
    })
}

fn events(sub: u32, seqs: &[u64]) -> Input {
    let events = seqs.iter().map(|seq| printed(*seq, "x")).collect();
    Input::Received(ServerMessage::Events { sub, events })
}

fn task_topic(after: u64) -> Topic {
    Topic::Task { id: id(1), after }
}

fn watch_task(sub: u32, after: u64) -> Command {
    Command::Send(ClientMessage::WatchTask {
        sub,
        task_id: id(1),
        after,
    })
}

/// A session that is connected and watches one task from its beginning.
fn watching() -> (Session, u32) {
    let mut session = Session::new();
    let (sub, _) = session.watch(task_topic(0));
    session.handle(Input::Shown, 0.0);
    session.handle(hello(), 0.0);
    (session, sub)
}

fn delivered(commands: &[Command]) -> Vec<u64> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Deliver(_, News::Events(events)) => Some(events),
            _ => None,
        })
        .flatten()
        .map(|event: &Event| event.seq)
        .collect()
}

#[test]
fn nothing_is_sent_before_the_server_says_hello() {
    let mut session = Session::new();
    let (sub, commands) = session.watch(task_topic(3));
    assert_eq!(commands, []);
    assert_eq!(
        session.handle(Input::Shown, 0.0),
        [Command::Connect, Command::Wait(CONNECT)]
    );
    assert_eq!(
        session.handle(hello(), 0.0),
        [
            Command::Wait(SILENCE),
            Command::Show(Status::Live),
            watch_task(sub, 3)
        ]
    );
}

#[test]
fn a_broken_connection_resumes_after_the_last_event() {
    let (mut session, sub) = watching();
    assert_eq!(
        delivered(&session.handle(events(sub, &[1, 2]), 0.0)),
        [1, 2]
    );
    let commands = session.handle(Input::Lost, 0.0);
    assert!(commands.contains(&Command::Show(Status::Reconnecting)));
    assert!(commands.contains(&Command::Disconnect));
    assert_eq!(session.handle(Input::Elapsed, 0.0)[0], Command::Connect);
    assert!(session.handle(hello(), 0.0).contains(&watch_task(sub, 2)));
    assert_eq!(delivered(&session.handle(events(sub, &[2, 3]), 0.0)), [3]);
}

#[test]
fn an_event_is_delivered_once() {
    let (mut session, sub) = watching();
    session.handle(events(sub, &[1, 2, 3]), 0.0);
    assert_eq!(
        delivered(&session.handle(events(sub, &[1, 2, 3]), 0.0)),
        Vec::<u64>::new()
    );
    assert_eq!(delivered(&session.handle(events(sub, &[3, 4]), 0.0)), [4]);
}

#[test]
fn a_gap_is_asked_for_again_but_not_for_ever() {
    let (mut session, sub) = watching();
    session.handle(events(sub, &[1]), 0.0);
    let commands = session.handle(events(sub, &[4, 5]), 0.0);
    assert_eq!(delivered(&commands), Vec::<u64>::new());
    assert!(commands.contains(&watch_task(sub, 1)));
    assert_eq!(
        delivered(&session.handle(events(sub, &[2, 3, 4]), 0.0)),
        [2, 3, 4]
    );

    session.handle(events(sub, &[9]), 0.0);
    assert_eq!(delivered(&session.handle(events(sub, &[9]), 0.0)), [9]);
}

#[test]
fn silence_is_a_lost_connection_and_a_heartbeat_is_not_silence() {
    let (mut session, _) = watching();
    let heartbeat = Input::Received(ServerMessage::Heartbeat);
    assert_eq!(session.handle(heartbeat, 0.0), [Command::Wait(SILENCE)]);
    let commands = session.handle(Input::Elapsed, 0.0);
    assert!(commands.contains(&Command::Disconnect));
    assert!(commands.contains(&Command::Show(Status::Reconnecting)));
}

#[test]
fn waits_grow_until_a_connection_stands() {
    let mut session = Session::new();
    session.handle(Input::Shown, 0.0);
    let mut waits = Vec::new();
    for _ in 0..3 {
        let commands = session.handle(Input::Lost, 0.0);
        waits.extend(commands.into_iter().filter_map(|command| match command {
            Command::Wait(wait) => Some(wait.as_millis()),
            _ => None,
        }));
        session.handle(Input::Elapsed, 0.0);
    }
    assert_eq!(waits, [500, 1_000, 2_000]);
    session.handle(hello(), 0.0);
    session.handle(Input::Received(ServerMessage::Heartbeat), 0.0);
    let commands = session.handle(Input::Lost, 0.0);
    assert!(commands.contains(&Command::Wait(std::time::Duration::from_millis(500))));
}

#[test]
fn a_list_is_asked_for_on_every_connection_and_loaded_when_told() {
    let mut session = Session::new();
    let filter = TaskFilter::default();
    let (sub, _) = session.watch(Topic::Tasks(filter.clone()));
    session.handle(Input::Shown, 0.0);
    let watch = Command::Send(ClientMessage::WatchTasks { sub, filter });
    assert!(session.handle(hello(), 0.0).contains(&watch));
    session.handle(Input::Lost, 0.0);
    session.handle(Input::Nudged, 0.0);
    assert!(session.handle(hello(), 0.0).contains(&watch));
    let reload = ServerMessage::Tasks {
        sub,
        upsert: vec![],
        removed: vec![],
        reload: true,
    };
    let commands = session.handle(Input::Received(reload), 0.0);
    assert!(commands.contains(&Command::Deliver(sub, News::Reload)));
}

#[test]
fn a_server_in_trouble_is_not_called_live_and_asked_again_on_the_next_connection() {
    let (mut session, sub) = watching();
    let mut waits = Vec::new();
    for _ in 0..2 {
        let problem = Problem::new(ProblemCode::NotReady);
        let message = ServerMessage::Problem {
            sub: Some(sub),
            problem,
        };
        let commands = session.handle(Input::Received(message), 1.0);
        assert_eq!(commands[0], Command::Disconnect);
        assert_eq!(commands[1], Command::Show(Status::Reconnecting));
        waits.push(format!("{:?}", commands[2]));
        session.handle(Input::Elapsed, 0.0);
        assert!(session.handle(hello(), 0.0).contains(&watch_task(sub, 0)));
    }
    assert_ne!(waits[0], waits[1], "a greeting is no sign of health");
}

#[test]
fn a_page_that_cannot_load_what_it_shows_begins_anew() {
    let (mut session, sub) = watching();
    let commands = session.handle(Input::Doubted, 0.0);
    assert!(commands.contains(&Command::Show(Status::Reconnecting)));
    session.handle(Input::Elapsed, 0.0);
    assert!(session.handle(hello(), 0.0).contains(&watch_task(sub, 0)));
}

#[test]
fn a_task_that_is_over_is_not_asked_for_again() {
    let (mut session, sub) = watching();
    let commands = session.handle(Input::Received(ServerMessage::End { sub }), 0.0);
    assert!(commands.contains(&Command::Deliver(sub, News::End)));
    session.handle(Input::Lost, 0.0);
    session.handle(Input::Nudged, 0.0);
    assert!(
        !session
            .handle(hello(), 0.0)
            .iter()
            .any(|c| matches!(c, Command::Send(_)))
    );
    assert_eq!(session.unwatch(sub), []);
}

#[test]
fn a_refused_subscription_is_told_why_and_closed() {
    let (mut session, sub) = watching();
    let problem = Problem::new(ProblemCode::NoSuchTask);
    let message = ServerMessage::Problem {
        sub: Some(sub),
        problem: problem.clone(),
    };
    let commands = session.handle(Input::Received(message), 0.0);
    assert!(commands.contains(&Command::Deliver(sub, News::Refused(problem))));
    assert_eq!(session.unwatch(sub), []);
}

#[test]
fn a_page_that_is_left_lets_go_and_comes_back() {
    let (mut session, sub) = watching();
    session.handle(events(sub, &[1]), 0.0);
    assert_eq!(
        session.handle(Input::Hidden, 0.0),
        [Command::StopWaiting, Command::Disconnect]
    );
    assert_eq!(session.handle(Input::Elapsed, 0.0), []);
    assert_eq!(session.handle(Input::Shown, 0.0)[0], Command::Connect);
    assert!(session.handle(hello(), 0.0).contains(&watch_task(sub, 1)));
}

#[test]
fn what_nobody_watches_any_more_is_dropped() {
    let (mut session, sub) = watching();
    assert_eq!(
        session.unwatch(sub),
        [Command::Send(ClientMessage::Unwatch { sub })]
    );
    assert_eq!(
        delivered(&session.handle(events(sub, &[1]), 0.0)),
        Vec::<u64>::new()
    );
}
