//! `glassworks work`: this binary as a worker, for any program.
//!
//! It claims tasks over HTTP and runs a program for each. Rooms, lowest first: `attempt` (what one has done and the server does not know yet), `beats` (telling it), and
//! `run` (one attempt from its claim to its end). The programs run under the same minders as those of
//! the kind `command`, so they end with this process, whatever ends it.

mod attempt;
mod beats;
mod run;

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, value_parser};
use glassworks_handlers::command::Minders;
use glassworks_protocol::{ClaimAnswer, ClaimRequest, KindOffer};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use uuid::Uuid;

use self::attempt::Attempts;
use self::run::Setting;
use crate::client::{CallError, Patience, ServerOption};
use crate::signals::Signals;

/// How long one claim waits for a task.
const WAIT: Duration = Duration::from_secs(30);
/// How long an answer may take beyond what was asked for.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// The longest that may pass between the end of an attempt and the server's knowing it, at the end
/// of this process.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What a worker is started with.
#[derive(Args, Clone, Debug)]
pub struct WorkOptions {
    #[command(flatten)]
    server: ServerOption,

    /// The kind of task that the program does.
    #[arg(long, value_name = "KIND")]
    kind: String,

    /// What the kind does, for people.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,

    /// A file with the JSON Schema of the kind's payload: the server refuses what does not fit.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,

    /// A queue whose tasks it takes; without any, those of all queues. Repeatable.
    #[arg(long = "queue", value_name = "NAME")]
    queues: Vec<String>,

    /// How many tasks it does at a time.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000))]
    concurrency: u32,

    /// Its name, different for each worker. Default: the host's name and the process's number.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// How long one run of the program may take, in seconds, where its task allows more.
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u32).range(1..))]
    timeout: Option<u32>,

    /// How long what runs may go on once this is asked to end (SIGTERM), in seconds. What is left
    /// then goes back to the queue without counting.
    #[arg(long, value_name = "SECONDS", default_value_t = 25)]
    grace: u32,

    /// The program and its arguments. It finds the payload as JSON on its standard input.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

impl WorkOptions {
    fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            let host = rustix::system::uname();
            let host = host.nodename().to_string_lossy();
            // A name has no other characters, and not too many.
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            let host: String = host.chars().filter(|it| plain(*it)).take(50).collect();
            format!("{host}-{}", std::process::id())
        })
    }

    fn offer(&self) -> Result<KindOffer, Box<dyn Error>> {
        let read = |file: &PathBuf| -> Result<Value, Box<dyn Error>> {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let schema = serde_json::from_str(&text);
            Ok(schema.map_err(|error| format!("{} is no JSON: {error}", file.display()))?)
        };
        Ok(KindOffer {
            kind: self.kind.clone(),
            schema: self.schema.as_ref().map(read).transpose()?,
            description: self.description.clone(),
        })
    }
}

/// Works until it is asked to end, by a signal or by the server.
pub async fn work(options: WorkOptions) -> Result<(), Box<dyn Error>> {
    let mut signals = Signals::listen()?;
    let name = options.name();
    let offer = options.offer()?;
    let server = options.server.server()?;
    info!(
        name,
        kind = options.kind,
        "working for {server}; a signal makes it finish what it does and end"
    );
    let attempts = Arc::new(Attempts::new(name.clone()));
    let runs = TaskTracker::new();
    let closing = CancellationToken::new();
    let release = CancellationToken::new();
    let setting = Arc::new(Setting {
        server: server.clone(),
        attempts: Arc::clone(&attempts),
        minders: Minders::default(),
        program: options.program.clone(),
        timeout: options.timeout.map(|it| Duration::from_secs(it.into())),
        release: release.clone(),
    });
    let beating = CancellationToken::new();
    let beats = tokio::spawn(beats::beat(
        server.clone(),
        Arc::clone(&attempts),
        closing.clone(),
        beating.clone(),
    ));
    let claimer = Claimer {
        request: ClaimRequest {
            worker: name,
            kinds: vec![offer],
            queues: Some(options.queues.clone()).filter(|queues| !queues.is_empty()),
            limit: 1,
            wait_ms: u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX),
            request_id: None,
            finished: Vec::new(),
        },
        room: Arc::new(Semaphore::new(options.concurrency as usize)),
        setting,
        runs: runs.clone(),
        closing: closing.clone(),
    };
    let claiming = tokio::spawn(claimer.run());
    tokio::pin!(claiming);
    let outcome = tokio::select! {
        outcome = &mut claiming => outcome?,
        () = signals.next() => {
            info!("ending: no more tasks are taken; a second signal ends it at once");
            closing.cancel();
            claiming.await?
        }
    };
    closing.cancel();
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(1);
    });
    runs.close();
    let grace = Duration::from_secs(options.grace.into());
    if tokio::time::timeout(grace, runs.wait()).await.is_err() {
        info!("the grace period is over: tasks go back to the queue");
        release.cancel();
        if tokio::time::timeout(LAST_WORDS, runs.wait()).await.is_err() {
            warn!("the server could not be told of every end; the leases see to the rest");
        }
    }
    beating.cancel();
    beats.await?;
    Ok(outcome?)
}

/// Asks for tasks, and starts what it is given.
struct Claimer {
    request: ClaimRequest,
    /// How many more attempts may be made.
    room: Arc<Semaphore>,
    setting: Arc<Setting>,
    runs: TaskTracker,
    closing: CancellationToken,
}

impl Claimer {
    /// Claims until it is to end. An error when the server will never give it anything.
    async fn run(mut self) -> Result<(), CallError> {
        while let Some(room) = self.wait_for_room().await {
            self.request.limit = u32::try_from(room).unwrap_or(u32::MAX);
            // The same until it is answered: an answer that is lost on its way is given again.
            self.request.request_id = Some(Uuid::new_v4().to_string());
            let Some(answer) = self.ask().await? else {
                return Ok(());
            };
            for claimed in answer.tasks {
                let place = Arc::clone(&self.room).acquire_owned().await;
                let setting = Arc::clone(&self.setting);
                self.runs.spawn(async move {
                    run::attempt(claimed, &setting).await;
                    drop(place);
                });
            }
            if answer.drain {
                info!("the server asks this worker to end");
                return Ok(());
            }
        }
        Ok(())
    }

    /// How many attempts there is room for, once there is any; `None` when it is to end.
    async fn wait_for_room(&self) -> Option<usize> {
        let place = self
            .closing
            .run_until_cancelled(self.room.acquire())
            .await?;
        drop(place);
        Some(self.room.available_permits().max(1))
    }

    /// The answer to a claim; `None` when it is to end. A claim that is under way then is broken off,
    /// and the server puts back what it may have given.
    async fn ask(&self) -> Result<Option<ClaimAnswer>, CallError> {
        let server = &self.setting.server;
        let mut patience = Patience::default();
        loop {
            let call = server.post("/api/claims", &self.request, WAIT + ANSWER_WITHIN);
            let Some(answer) = self.closing.run_until_cancelled(call).await else {
                return Ok(None);
            };
            match answer {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => {
                    let pause = patience.next();
                    warn!(%error, "cannot ask for tasks; trying again in {pause:?}");
                    let wait = tokio::time::sleep(pause);
                    if self.closing.run_until_cancelled(wait).await.is_none() {
                        return Ok(None);
                    }
                }
            }
        }
    }
}
