//! The configuration file, as the real binary reads it.

use std::path::Path;

use http::StatusCode;

use crate::support::process::{ANY_PORT, Process, command, refusal};

fn write(directory: &Path, text: &str) {
    std::fs::write(directory.join("glassworks.toml"), text).unwrap();
}

#[tokio::test]
async fn a_flag_comes_before_its_variable_and_that_before_the_file() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path(),
        "workers = 1\nallowed_hosts = [\"file.example\"]\nlog_format = \"json\"\n\
         [queues.mail]\npaused = true\nconcurrency = 2\n",
    );
    let mut command = command(directory.path(), ANY_PORT);
    command
        .args(["serve", "--config", "glassworks.toml"])
        .args(["--allowed-host", "flag.example"])
        .env("GLASSWORKS_WORKERS", "2")
        .env("GLASSWORKS_ALLOWED_HOST", "variable.example");
    let process = Process::spawn(command).await;
    let client = process.client();
    let stats = client.get("/api/stats").await.json();
    assert_eq!(stats["workers"], 2);
    let queue = client.get("/api/queues/mail").await.json();
    assert_eq!(
        (&queue["paused"], &queue["concurrency"]),
        (&true.into(), &2.into())
    );
    for (host, status) in [
        ("flag.example", StatusCode::OK),
        ("variable.example", StatusCode::MISDIRECTED_REQUEST),
        ("file.example", StatusCode::MISDIRECTED_REQUEST),
    ] {
        let request = client.request("GET", "/api/hello").header("host", host);
        assert_eq!(request.send().await.status, status, "{host}");
    }
    process.kill().await;
}

#[tokio::test]
async fn what_is_wrong_in_the_file_is_told_in_one_sentence() {
    let directory = tempfile::tempdir().unwrap();
    for (text, told) in [
        (
            "workers = 3\ncolour = 1\n",
            "glassworks.toml, line 2: colour: ",
        ),
        ("workers = 0\n", "glassworks.toml, line 1: workers: "),
        (
            "[queues.mail]\nrate = 3\n",
            "glassworks.toml, line 2: queues.mail.rate: ",
        ),
        (
            "[queues.mail]\nconcurrency = 0\n",
            "the queue `mail` cannot be set: ",
        ),
        ("[queues.\"a b\"]\n", "the queue `a b` cannot be set: "),
        ("listen = \n", "glassworks.toml, line 1: "),
    ] {
        write(directory.path(), text);
        let mut command = command(directory.path(), ANY_PORT);
        command.args(["--config", "glassworks.toml"]);
        let said = refusal(command).await;
        assert!(said.starts_with("glassworks: "), "{said}");
        assert!(said.contains(told), "{text}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), ANY_PORT);
    command.env("GLASSWORKS_CONFIG", "nowhere.toml");
    let said = refusal(command).await;
    assert!(
        said.starts_with("glassworks: cannot read nowhere.toml: "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[tokio::test]
async fn of_a_long_output_the_beginning_and_the_end_are_served() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "[limits]\noutput_bytes = 64\n");
    let mut command = command(directory.path(), ANY_PORT);
    command.args(["--config", "glassworks.toml"]);
    let process = Process::spawn(command).await;
    let client = process.client();
    let payload = serde_json::json!({"seconds": 0, "steps": 100});
    let task = serde_json::json!({"kind": "sleep", "payload": payload});
    let task = client.post("/api/tasks", &task).await.json();
    let id = task["id"].as_str().unwrap();
    client.finished(id).await;
    let answer = client.get(&format!("/api/tasks/{id}/output")).await;
    let output = answer.text();
    let (first, rest) = output.split_once("\n[... ").unwrap();
    let (missing, last) = rest
        .split_once(" bytes of output are missing here ...]\n")
        .unwrap();
    assert_eq!(first, "step 1 of 100\nstep 2 of 100\nstep");
    assert!(last.ends_with("step 100 of 100\n"), "{output}");
    let all: usize = (1..=100)
        .map(|step| format!("step {step} of 100\n").len())
        .sum();
    let missing: usize = missing.parse().unwrap();
    assert_eq!(first.len() + missing + last.len(), all);
    process.kill().await;
}

#[tokio::test]
async fn a_program_that_the_file_allows_is_a_kind_of_this_server() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path(),
        "[commands.greet]\nprogram = \"/bin/echo\"\narguments = [\"hello\", \"{name}\"]\n\
         [commands.greet.parameters]\nname = { type = \"string\", required = true }\n",
    );
    let with_file = |more: &[&str]| {
        let mut command = command(directory.path(), ANY_PORT);
        command.args(["--config", "glassworks.toml"]).args(more);
        command
    };
    let printed = with_file(&["openapi"]).output().await.unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert!(printed["components"]["schemas"]["CommandPayload"].is_object());

    let process = Process::spawn(with_file(&[])).await;
    let client = process.client();
    let served = client.get("/openapi.json").await.json();
    assert_eq!(served, printed);
    let payload = serde_json::json!({"name": "greet", "arguments": {"name": "Ada"}});
    let task = serde_json::json!({"kind": "command", "payload": payload});
    let task = client.post("/api/tasks", &task).await.json();
    let id = task["id"].as_str().unwrap();
    assert_eq!(client.finished(id).await["state"], "completed");
    let output = client.get(&format!("/api/tasks/{id}/output")).await;
    assert_eq!(output.text(), "hello Ada\n");
    process.kill().await;
}

#[tokio::test]
async fn a_kind_that_the_file_declares_waits_for_its_workers() {
    let directory = tempfile::tempdir().unwrap();
    let start = async |file: &str| {
        write(directory.path(), file);
        let mut command = command(directory.path(), ANY_PORT);
        command.args(["--config", "glassworks.toml"]);
        command
    };
    let file = "[kinds.resize]\ndescription = \"Makes an image smaller.\"\n\
                schema = { required = [\"width\"] }\n";
    let process = Process::spawn(start(file).await).await;
    let client = process.client();
    let submit = async |payload: serde_json::Value| {
        let task = serde_json::json!({"kind": "resize", "payload": payload});
        client.post("/api/tasks", &task).await
    };
    let refused = submit(serde_json::json!({"height": 1})).await;
    refused.problem(422, "/api/tasks");
    let accepted = submit(serde_json::json!({"width": 1})).await.json();
    assert_eq!(accepted["state"], "queued");
    let kinds = client.get("/api/kinds").await.json();
    let mut kinds = kinds["kinds"].as_array().unwrap().iter();
    let kind = kinds.find(|kind| kind["kind"] == "resize").unwrap();
    assert_eq!(kind["origin"], "declared");
    assert_eq!(kind["description"], "Makes an image smaller.");
    assert_eq!(kind["queued"], 1);
    process.kill().await;

    for (file, why) in [
        (
            "[kinds.sleep]\n",
            "this server runs a kind of this name itself",
        ),
        ("[kinds.\"a b\"]\n", "its name must be 1 to 64 letters"),
        ("[kinds.a]\nschema = { type = 5 }\n", "is no JSON Schema"),
    ] {
        let said = refusal(start(file).await).await;
        assert!(said.contains(why), "{said}");
    }
}
