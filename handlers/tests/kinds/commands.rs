//! `command`: programs that the operator has allowed, and callers who want more.

use std::collections::BTreeMap;
use std::time::Duration;

use glassworks_engine::Options as EngineOptions;
use glassworks_handlers::Options;
use glassworks_handlers::command::{Minders, Program};
use glassworks_protocol::{EventBody, JsonText, NewTask, OutputStream, State};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;

use crate::support::{Node, soon};

fn options(programs: Value) -> Options {
    let commands: BTreeMap<String, Program> = serde_json::from_value(programs).unwrap();
    Options {
        commands,
        minders: Minders::by(env!("CARGO_BIN_EXE_program_minder")),
        ..Options::default()
    }
}

/// A node that runs `script` as the command `it`, with the parameters `a` and `b`.
async fn node(script: &str) -> Node {
    // The shell has braces of its own.
    let script = script.replace('{', "{{").replace('}', "}}");
    Node::start(options(json!({"it": {
        "program": "/bin/sh",
        "arguments": ["-c", script, "sh", {"when": "a", "arguments": ["{a}"]}, {"when": "b", "arguments": ["{b}"]}],
        "parameters": {"a": {"type": "string"}, "b": {"type": "string"}},
        "inherit": ["PATH"],
        "final_exit_codes": [3],
    }})))
    .await
}

fn it(arguments: Value) -> Value {
    json!({"name": "it", "arguments": arguments})
}

#[tokio::test]
async fn a_node_without_programs_has_no_such_kind() {
    let node = Node::start(Options::default()).await;
    assert!(
        node.engine
            .kinds()
            .iter()
            .all(|kind| kind.kind != "command")
    );
    assert_eq!(
        node.refused("command", it(json!({}))).await[0].pointer,
        "/kind"
    );
}

#[tokio::test]
async fn output_is_shown_line_by_line_and_progress_is_read() {
    let node = node("echo one; echo ::progress 0.4 resizing; echo two >&2; printf three").await;
    let finished = node.run("command", it(json!({}))).await;
    let result = finished.result();
    assert_eq!(
        (&result["name"], &result["exit_code"]),
        (&json!("it"), &json!(0))
    );
    let mut output: Vec<_> = finished.output().lines().map(str::to_owned).collect();
    // Which of two pipes comes first is not for us to say.
    output.sort();
    assert_eq!(output.concat(), "onethreetwo".to_owned());
    let progress = finished.task.progress.unwrap();
    assert_eq!(
        (progress.fraction, progress.message.as_deref()),
        (0.4, Some("resizing"))
    );
}

#[tokio::test]
async fn a_number_keeps_its_digits() {
    let node = Node::start(options(json!({"it": {
        "program": "/bin/echo",
        "arguments": ["{n}"],
        "parameters": {"n": {"type": "number", "required": true}},
    }})))
    .await;
    for digits in ["0.12345678901234567890", "18446744073709551616", "1e2", "7"] {
        let payload = format!(r#"{{"name":"it","arguments":{{"n":{digits}}}}}"#);
        let payload = JsonText::parse(payload).unwrap();
        let finished = node.run("command", payload).await;
        finished.result();
        assert_eq!(finished.output(), format!("{digits}\n"));
    }
}

#[tokio::test]
async fn a_value_is_one_argument_whatever_it_holds() {
    let node = node(r#"printf '<%s>' "$@""#).await;
    for value in [
        "a b",
        "$(touch /tmp/x)",
        "`id`",
        "; rm -rf /",
        "a' 'b\"",
        "a\nb",
        "{b}",
        "{task_id}",
        "*",
        "",
        "$HOME",
        "a--",
    ] {
        let finished = node
            .run("command", it(json!({"a": value, "b": "last"})))
            .await;
        finished.result();
        assert_eq!(finished.output(), format!("<{value}><last>"));
    }
}

#[tokio::test]
async fn what_was_not_declared_is_refused_at_submission() {
    let program = json!({
        "program": "/bin/echo",
        "arguments": ["{file}", "--width={width}", "{mode}", "{ratio}", {"when": "loud", "arguments": ["--loud"]}],
        "parameters": {
            "file": {"type": "string", "required": true, "pattern": "[a-z-]+\\.png", "max_length": 12},
            "width": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50},
            "mode": {"type": "string", "choices": ["fast", "--slow"], "default": "fast"},
            "ratio": {"type": "number", "default": 0.5},
            "loud": {"type": "boolean"},
        },
    });
    let node = Node::start(options(
        json!({"it": program, "other": {"program": "/bin/true"}}),
    ))
    .await;
    let with = |name: &str, value: Value| {
        let mut arguments = json!({"file": "a.png"});
        arguments[name] = value;
        it(arguments)
    };
    for (payload, pointer) in [
        (json!({"name": "sh"}), "/payload/name"),
        (json!({"name": "/bin/sh"}), "/payload/name"),
        (
            json!({"name": "it", "program": "/bin/sh"}),
            "/payload/program",
        ),
        (
            json!({"name": "it", "environment": {"LD_PRELOAD": "x"}}),
            "/payload/environment",
        ),
        (it(json!({})), "/payload/arguments/file"),
        (it(json!(["a.png"])), "/payload/arguments"),
        (with("file", json!("-a.png")), "/payload/arguments/file"),
        (
            with("file", json!("--output=a.png")),
            "/payload/arguments/file",
        ),
        (with("file", json!("a.png;id")), "/payload/arguments/file"),
        (with("file", json!("../a.png")), "/payload/arguments/file"),
        (with("file", json!("a.png\n")), "/payload/arguments/file"),
        (with("file", json!("a\u{0}.png")), "/payload/arguments/file"),
        (
            with("file", json!("abcdefghijkl.png")),
            "/payload/arguments/file",
        ),
        (with("file", json!(["a.png"])), "/payload/arguments/file"),
        (with("file", json!(null)), "/payload/arguments/file"),
        (with("width", json!(0)), "/payload/arguments/width"),
        (with("width", json!(101)), "/payload/arguments/width"),
        (with("width", json!(1.5)), "/payload/arguments/width"),
        (with("width", json!("50")), "/payload/arguments/width"),
        (with("mode", json!("-rf")), "/payload/arguments/mode"),
        (with("mode", json!("FAST")), "/payload/arguments/mode"),
        (with("ratio", json!(-1)), "/payload/arguments/ratio"),
        (with("loud", json!("yes")), "/payload/arguments/loud"),
        (with("height", json!(1)), "/payload/arguments/height"),
        (with("task_id", json!("x")), "/payload/arguments/task_id"),
    ] {
        let errors = node.refused("command", payload.clone()).await;
        assert_eq!(errors[0].pointer, pointer, "{payload}: {errors:?}");
    }
    let payload = it(json!({"file": "a-b.png", "mode": "--slow", "loud": true, "ratio": 2}));
    let finished = node.run("command", payload).await;
    assert_eq!(finished.output(), "a-b.png --width=50 --slow 2 --loud\n");
}

#[tokio::test]
async fn the_kind_tells_what_is_configured() {
    let image = json!({
        "program": "/bin/echo", "description": "Shows an image.",
        "parameters": {"width": {"type": "integer", "minimum": 1, "required": true}},
    });
    let node = Node::start(options(json!({"image": image}))).await;
    let kind = node
        .engine
        .kinds()
        .iter()
        .find(|kind| kind.kind == "command")
        .unwrap();
    assert!(
        kind.description.contains("`image`: Shows an image."),
        "{}",
        kind.description
    );
    assert_eq!(kind.schema["properties"]["name"]["enum"], json!(["image"]));
    let arguments = &kind.schema["properties"]["arguments"];
    assert_eq!(arguments["properties"]["width"]["minimum"], json!(1));
    assert_eq!(arguments["additionalProperties"], false);
    assert_eq!(
        kind.example,
        json!({"name": "image", "arguments": {"width": 1}})
    );
    node.run("command", kind.example.clone()).await.result();
}

#[tokio::test]
async fn the_environment_is_exactly_what_is_configured() {
    let program = json!({
        "program": "/usr/bin/env", "environment": {"A": "1", "SECRET": "x y"},
        "inherit": ["PATH", "NOT_SET_ANYWHERE"], "directory": "/",
    });
    let node = Node::start(options(json!({"it": program}))).await;
    let finished = node.run("command", it(json!({}))).await;
    finished.result();
    let output = finished.output();
    let mut lines: Vec<_> = output.lines().collect();
    lines.sort_unstable();
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    assert_eq!(lines, ["A=1", path.as_str(), "SECRET=x y"]);
}

#[tokio::test]
async fn standard_input_is_empty_and_the_directory_is_the_configured_one() {
    let program = json!({"program": "/bin/sh", "arguments": ["-c", "cat; pwd; echo {task_id} {attempt}"], "directory": "/usr", "inherit": ["PATH"]});
    let node = Node::start(options(json!({"it": program}))).await;
    let finished = node.run("command", it(json!({}))).await;
    assert_eq!(finished.output(), format!("/usr\n{} 1\n", finished.task.id));
}

#[tokio::test]
async fn both_pipes_can_be_large_at_once() {
    let script = "i=0; while [ $i -lt 20 ]; do head -c 100000 /dev/zero | tr '\\0' e >&2; head -c 100000 /dev/zero | tr '\\0' o; i=$((i+1)); done";
    let finished = node(script).await.run("command", it(json!({}))).await;
    let result = finished.result();
    assert_eq!(
        (&result["stdout_bytes"], &result["stderr_bytes"]),
        (&json!(2_000_000), &json!(2_000_000))
    );
    let output = finished.output();
    assert_eq!(output.matches('e').count(), 2_000_000);
    assert_eq!(output.matches('o').count(), 2_000_000);
}

#[tokio::test]
async fn output_that_is_no_utf8_is_marked() {
    let finished = node(r"printf 'a\377\303'; sleep 0.3; printf '\251\n'")
        .await
        .run("command", it(json!({})))
        .await;
    assert_eq!(finished.output(), "a\\xffé\n");
}

#[tokio::test]
async fn a_failure_tells_the_end_of_standard_error() {
    let node = node("echo out; echo first >&2; echo 'no space left' >&2; exit ${1:-7}").await;
    let finished = node.run_thrice("command", it(json!({}))).await;
    assert_eq!(
        finished.error(),
        "`it` exited with status 7: first\nno space left"
    );
    assert_eq!(finished.task.attempt, 3);
    let finished = node.run_thrice("command", it(json!({"a": "3"}))).await;
    assert!(finished.error().contains("status 3"));
    assert_eq!(finished.task.attempt, 1, "this exit code is final");
}

#[tokio::test]
async fn standard_error_is_told_apart() {
    let node = node("echo out; echo err >&2").await;
    let finished = node.run("command", it(json!({}))).await;
    let of = |wanted: OutputStream| -> String {
        let texts = finished.log.iter().filter_map(|event| match &event.body {
            EventBody::Output { text, stream } if *stream == wanted => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    };
    assert_eq!(of(OutputStream::Stdout), "out\n");
    assert_eq!(of(OutputStream::Stderr), "err\n");
}

#[tokio::test]
async fn a_signal_is_told() {
    let finished = node("kill -USR1 $$")
        .await
        .run("command", it(json!({})))
        .await;
    let signal = rustix::process::Signal::USR1.as_raw();
    assert_eq!(
        finished.error(),
        format!("`it` was ended by signal {signal}")
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_for_good() {
    let programs = json!({"it": {"program": "/nowhere/to/be/found"}, "dir": {"program": "/usr"}});
    let node = Node::start(options(programs)).await;
    let finished = node.run_thrice("command", it(json!({}))).await;
    assert!(
        finished
            .error()
            .starts_with("cannot run `/nowhere/to/be/found`")
    );
    assert_eq!(finished.task.attempt, 1);
    let finished = node.run_thrice("command", json!({"name": "dir"})).await;
    assert_eq!(finished.task.attempt, 1);
    finished.error();
}

#[tokio::test]
async fn a_task_whose_command_was_taken_away_waits_and_says_for_what() {
    let here = || json!({"program": "/bin/echo", "arguments": ["here"]});
    let both = || options(json!({"gone": here(), "other": here()}));
    let node = Node::start(both()).await;
    let new = NewTask {
        delay_ms: Some(500),
        max_attempts: Some(1),
        ..NewTask::new("command", json!({"name": "gone"}))
    };
    let id = node.engine.submit(new).await.unwrap().task.id;

    let node = node.restart(options(json!({"other": here()}))).await;
    let waits = "waits for the command `gone`, which is not in the configuration of this node";
    let log = node
        .until(id, |event| {
            matches!(&event.body, EventBody::State { error: Some(_), .. })
        })
        .await;
    let EventBody::State {
        state,
        error,
        run_at,
        ..
    } = &log.last().unwrap().body
    else {
        panic!("it does not wait: {log:?}");
    };
    assert_eq!(*state, State::Retrying);
    assert_eq!(error.as_deref(), Some(waits));
    assert!(run_at.is_some());
    let task = node.engine.task(id).await.unwrap();
    assert_eq!(task.error.unwrap().message, waits);
    node.run("command", json!({"name": "other"})).await.result();

    let node = node.restart(both()).await;
    node.engine.retry(id).await.unwrap();
    let finished = node.finish(id).await;
    finished.result();
    assert_eq!(finished.output(), "here\n");
}

/// Reads a named pipe to its end: until every process that had it open for writing is gone.
async fn until_closed(pipe: &mut pipe::Receiver) {
    let mut rest = Vec::new();
    soon(pipe.read_to_end(&mut rest)).await.unwrap();
}

/// A script whose grandchild holds the named pipe `$1` open for writing, and says so.
const GRANDCHILD: &str = "(trap '' TERM HUP; echo held; sleep 1000; sleep 1000) 3>\"$1\" & ";

fn named_pipe(node: &Node) -> (String, pipe::Receiver) {
    let path = node.path().join("held");
    let made = std::process::Command::new("mkfifo")
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let receiver = pipe::OpenOptions::new().open_receiver(&path).unwrap();
    (path.to_str().unwrap().to_owned(), receiver)
}

#[tokio::test]
async fn a_cancel_ends_the_program_and_all_it_has_started() {
    let node = node(&format!(
        "trap 'echo cleaning; exit 0' TERM; {GRANDCHILD} wait; echo never"
    ))
    .await;
    let (path, mut pipe) = named_pipe(&node);
    let id = node.submit("command", it(json!({"a": path}))).await;
    node.until_printed(id, "held").await;
    node.engine.cancel(id).await.unwrap();
    let finished = node.finish(id).await;
    assert_eq!(finished.task.state, State::Cancelled);
    // It was asked first, and heard.
    assert!(
        finished.output().contains("cleaning"),
        "{}",
        finished.output()
    );
    until_closed(&mut pipe).await;
}

#[tokio::test]
async fn a_program_that_does_not_listen_is_killed() {
    let node = node(&format!("trap '' TERM; {GRANDCHILD} wait; wait")).await;
    let (path, mut pipe) = named_pipe(&node);
    let id = node.submit("command", it(json!({"a": path}))).await;
    node.until_printed(id, "held").await;
    node.engine.cancel(id).await.unwrap();
    assert_eq!(node.finish(id).await.task.state, State::Cancelled);
    until_closed(&mut pipe).await;
}

#[tokio::test]
async fn a_time_limit_ends_the_program_and_all_it_has_started() {
    let node = node(&format!("{GRANDCHILD} wait")).await;
    let (path, mut pipe) = named_pipe(&node);
    let new = NewTask {
        timeout_ms: Some(1_000),
        max_attempts: Some(1),
        ..NewTask::new("command", it(json!({"a": path})))
    };
    let id = node.engine.submit(new).await.unwrap().task.id;
    let finished = node.finish(id).await;
    assert_eq!(finished.error(), "timed out after 1000 ms");
    until_closed(&mut pipe).await;
}

#[tokio::test]
async fn a_shutdown_kills_what_it_does_not_wait_for() {
    let node = Node::start_with_grace(
        options(json!({"it": {
            "program": "/bin/sh", "arguments": ["-c", format!("{GRANDCHILD} wait"), "sh", "{a}"],
            "parameters": {"a": {"type": "string", "required": true}}, "inherit": ["PATH"],
        }})),
        Duration::from_millis(50),
    )
    .await;
    let (path, mut pipe) = named_pipe(&node);
    let id = node.submit("command", it(json!({"a": path}))).await;
    node.until_printed(id, "held").await;
    node.engine.shutdown().await;
    until_closed(&mut pipe).await;
}

#[tokio::test]
async fn what_a_program_leaves_behind_does_not_hold_its_task() {
    let node = node("sleep 1000 & echo done").await;
    let finished = node.run("command", it(json!({}))).await;
    assert_eq!(finished.output(), "done\n");
}

/// Whether there is a program to leave a group and a session with.
fn can_leave() -> bool {
    cfg!(target_os = "linux") && std::path::Path::new("/usr/bin/setsid").exists()
}

#[tokio::test]
async fn what_has_left_the_group_ends_with_its_program() {
    if !can_leave() {
        return;
    }
    let node = node(
        "setsid sh -c 'trap \"\" TERM HUP; echo held; sleep 1000' 3>\"$1\" & until [ -e \"$2\" ]; do sleep 0.01; done; echo done",
    )
    .await;
    let (path, mut pipe) = named_pipe(&node);
    let go = node.path().join("go");
    let arguments = json!({"a": path, "b": go.to_str().unwrap()});
    let id = node.submit("command", it(arguments)).await;
    node.until_printed(id, "held").await;
    std::fs::write(go, "").unwrap();
    let finished = node.finish(id).await;
    finished.result();
    assert_eq!(finished.output(), "held\ndone\n");
    until_closed(&mut pipe).await;
}

#[tokio::test]
async fn a_cancel_ends_what_has_left_the_group() {
    if !can_leave() {
        return;
    }
    // Through two generations, of which the first ends by itself.
    let node = node(
        "setsid sh -c 'setsid sh -c \"trap : TERM; echo held; sleep 1000\" &' 3>\"$1\" & wait; sleep 1000",
    )
    .await;
    let (path, mut pipe) = named_pipe(&node);
    let id = node.submit("command", it(json!({"a": path}))).await;
    node.until_printed(id, "held").await;
    node.engine.cancel(id).await.unwrap();
    assert_eq!(node.finish(id).await.task.state, State::Cancelled);
    until_closed(&mut pipe).await;
}

#[tokio::test]
async fn nothing_is_left_of_a_task_that_has_ended_not_even_a_zombie() {
    let node = node("(sleep 1000 & echo $!); exit 0").await;
    for _ in 0..10 {
        let finished = node.run("command", it(json!({}))).await;
        finished.result();
        let orphan = finished.output().trim().parse().unwrap();
        let orphan = rustix::process::Pid::from_raw(orphan).unwrap();
        // A zombie would still be there to be asked.
        assert_eq!(
            rustix::process::test_kill_process(orphan),
            Err(rustix::io::Errno::SRCH)
        );
    }
}

#[tokio::test]
async fn a_program_stops_as_its_operator_says() {
    let program = |signal: &str, grace: u64, script: &str| {
        json!({
            "program": "/bin/sh", "arguments": ["-c", script], "inherit": ["PATH"],
            "stop_signal": signal, "stop_grace_ms": grace,
        })
    };
    let node = Node::start(options(json!({
        "interrupted": program("INT", 60_000, "exec 2>/dev/null; trap 'echo cleaning; exit 0' INT; echo ready; while :; do sleep 0.05; done"),
        "patient": program("SIGUSR1", 60_000, "exec 2>/dev/null; trap 'sleep 4; echo cleaned; exit 0' USR1; echo ready; while :; do sleep 0.05; done"),
        "deaf": program("TERM", 0, "trap '' TERM; echo ready; sleep 1000"),
    })))
    .await;
    for (name, said) in [
        ("interrupted", "ready\ncleaning\n"),
        ("patient", "ready\ncleaned\n"),
        ("deaf", "ready\n"),
    ] {
        let id = node.submit("command", json!({"name": name})).await;
        node.until_printed(id, "ready").await;
        node.engine.cancel(id).await.unwrap();
        let finished = node.finish(id).await;
        assert_eq!(finished.task.state, State::Cancelled, "{name}");
        assert_eq!(finished.output(), said);
    }
}

#[tokio::test]
async fn the_engine_waits_as_long_as_a_program_may_take_to_stop() {
    let script = "exec 2>/dev/null; trap 'sleep 0.5; echo cleaned; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    let node = Node::start_with(
        options(json!({"it": {
            "program": "/bin/sh", "arguments": ["-c", script], "inherit": ["PATH"],
        }})),
        EngineOptions {
            cancel_grace: Duration::from_millis(10),
            ..EngineOptions::default()
        },
    )
    .await;
    let id = node.submit("command", json!({"name": "it"})).await;
    node.until_printed(id, "ready").await;
    node.engine.cancel(id).await.unwrap();
    assert_eq!(node.finish(id).await.output(), "ready\ncleaned\n");
}

#[tokio::test]
async fn the_beginning_of_a_line_is_shown_before_its_end() {
    let node = node("printf waiting; until [ -e \"$1\" ]; do sleep 0.01; done; echo").await;
    let go = node.path().join("go");
    let id = node
        .submit("command", it(json!({"a": go.to_str().unwrap()})))
        .await;
    node.until_printed(id, "waiting").await;
    std::fs::write(go, "").unwrap();
    assert_eq!(node.finish(id).await.output(), "waiting\n");
}

#[tokio::test]
async fn a_line_that_is_redrawn_is_shown_while_it_is() {
    // It never ends a line, and is never silent for long.
    let node = node(
        "i=0; until [ -e \"$1\" ]; do printf '%d\\r' $i; i=$((i+1)); sleep 0.01; done; echo done",
    )
    .await;
    let go = node.path().join("go");
    let id = node
        .submit("command", it(json!({"a": go.to_str().unwrap()})))
        .await;
    let log = node
        .until(id, |event| matches!(event.body, EventBody::Output { .. }))
        .await;
    std::fs::write(go, "").unwrap();
    let EventBody::Output { text, .. } = &log.last().unwrap().body else {
        panic!("it ended without output: {log:?}");
    };
    assert!(text.starts_with("0\r") && text.len() < 1_000, "{text:?}");
    let output = node.finish(id).await.output();
    assert!(output.ends_with("\rdone\n"), "{output:?}");
}

#[tokio::test]
async fn a_program_that_somebody_kills_may_have_been_short_of_memory() {
    let node = node("kill -KILL $$").await;
    let finished = node.run("command", it(json!({}))).await;
    let error = finished.error();
    assert!(error.starts_with("`it` was ended by signal 9"), "{error}");
}

#[tokio::test]
async fn a_minder_that_is_not_there_fails_an_attempt_and_no_more() {
    let node = Node::start(Options {
        minders: Minders::by("/nowhere/to/be/found"),
        ..options(json!({"it": {"program": "/bin/true"}}))
    })
    .await;
    let finished = node.run_thrice("command", it(json!({}))).await;
    assert!(
        finished.error().starts_with("the program cannot be minded"),
        "{}",
        finished.error()
    );
    assert_eq!(finished.task.attempt, 3);
}

#[tokio::test]
async fn a_minder_that_is_killed_takes_its_program_along() {
    let node = node("exec 3>\"$1\"; echo held $PPID; sleep 1000").await;
    let (path, mut pipe) = named_pipe(&node);
    let id = node.submit("command", it(json!({"a": path}))).await;
    let log = node
        .until(id, |event| matches!(event.body, EventBody::Output { .. }))
        .await;
    let EventBody::Output { text, .. } = &log.last().unwrap().body else {
        panic!("it ended without output: {log:?}");
    };
    let minder = text.trim().strip_prefix("held ").unwrap().parse().unwrap();
    let minder = rustix::process::Pid::from_raw(minder).unwrap();
    rustix::process::kill_process(minder, rustix::process::Signal::KILL).unwrap();
    let finished = node.finish(id).await;
    assert_eq!(
        finished.error(),
        "the program cannot be minded: the process that minds it was killed"
    );
    until_closed(&mut pipe).await;
}

#[tokio::test]
async fn output_comes_while_the_program_runs() {
    let node = node("echo begun; until [ -e \"$1\" ]; do sleep 0.01; done; echo ended").await;
    let flag = node.path().join("go");
    let id = node
        .submit("command", it(json!({"a": flag.to_str().unwrap()})))
        .await;
    node.until_printed(id, "begun").await;
    std::fs::write(flag, "").unwrap();
    let finished = node.finish(id).await;
    assert_eq!(finished.output(), "begun\nended\n");
    let outputs = finished
        .log
        .iter()
        .filter(|event| matches!(event.body, EventBody::Output { .. }));
    assert_eq!(outputs.count(), 2);
}

#[test]
fn the_readme_shows_programs_that_fit_together() {
    let readme = include_str!("../../../README.md");
    let (_, block) = readme.split_once("```toml\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let file: BTreeMap<String, BTreeMap<String, Program>> = toml::from_str(block).unwrap();
    assert!(file["commands"].contains_key("resize"));
}

#[test]
fn a_program_that_does_not_fit_together_is_refused_with_the_reason() {
    for (program, reason) in [
        (json!({"program": "echo"}), "absolute path"),
        (
            json!({"program": "/bin/echo", "directory": "here"}),
            "absolute path",
        ),
        (
            json!({"program": "/bin/echo", "shell": true}),
            "unknown field",
        ),
        (
            json!({"program": "/bin/echo", "arguments": ["{a}"]}),
            "`{a}` is no parameter",
        ),
        (json!({"program": "/bin/echo", "arguments": ["{"]}), "brace"),
        (
            json!({"program": "/bin/echo", "arguments": [{"when": "a", "arguments": []}]}),
            "`when` names `a`",
        ),
        (
            json!({"program": "/bin/echo", "arguments": ["{a}"], "parameters": {"a": {"type": "string"}}}),
            "may have no value",
        ),
        (
            json!({"program": "/bin/echo", "parameters": {"attempt": {"type": "string"}}}),
            "`attempt`",
        ),
        (
            json!({"program": "/bin/echo", "parameters": {"a": {"type": "string", "pattern": "("}}}),
            "pattern",
        ),
        (
            json!({"program": "/bin/echo", "parameters": {"a": {"type": "string", "minimum": 1}}}),
            "`minimum`",
        ),
        (
            json!({"program": "/bin/echo", "parameters": {"a": {"type": "integer", "default": "x"}}}),
            "default",
        ),
        (
            json!({"program": "/bin/echo", "parameters": {"a": {"type": "integer", "default": -1}}}),
            "default",
        ),
        (
            json!({"program": "/bin/echo", "parameters": {"a": {"type": "file"}}}),
            "unknown variant",
        ),
        (
            json!({"program": "/bin/echo", "environment": {"A=B": "c"}}),
            "variable",
        ),
        (
            json!({"program": "/bin/echo", "stop_signal": "STOP"}),
            "`STOP` is no signal to stop with; there are TERM, INT,",
        ),
        (
            json!({"program": "/bin/echo", "stop_grace_ms": 60_001}),
            "`stop_grace_ms` must be 0 to 60000",
        ),
    ] {
        let error = serde_json::from_value::<Program>(program.clone())
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{program}: {error}");
    }
}
