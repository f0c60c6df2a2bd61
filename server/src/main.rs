//! The `glassworks` binary: read the configuration, build the pieces, serve, shut down.

mod backup;
mod embedded;
mod keys;
mod moving;

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use glassworks_engine::{Database, Engine, Options, StartError};
use glassworks_handlers::command::{Minders, minder};
use glassworks_handlers::outbound::Outbound;
use glassworks_server::budget::Budget;
use glassworks_server::config::{Cli, Command, Config, ConfigError};
use glassworks_server::console::{self, Ending, TaskCommand};
use glassworks_server::front::Front;
use glassworks_server::guard::host::AllowedHosts;
use glassworks_server::node::Node;
use glassworks_server::router::openapi;
use glassworks_server::shutdown::Shutdown;
use glassworks_server::signals::Signals;
use glassworks_server::site::Site;
use glassworks_server::work::{self, WorkOptions};
use glassworks_server::{VERSION, listener, logging};
use tokio::time::timeout;
use tracing::{info, warn};

/// Chosen by measurement, release binary, two cores, before bytes were counted. After 200 bodies of
/// 8 MiB, which nothing bounded then, glibc's malloc still held 1,503 MiB minutes later, mimalloc
/// 152 MiB and jemalloc 115 MiB. Idle at start they held 27, 55 and 30 MiB, and 20 clients that read
/// long lists got 430, 300 and 591 MiB/s.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What ending may take beyond the grace period of running tasks: writing down what became of them.
const SETTLING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    // This executable, started by itself to mind a program: before anything else, since it is to
    // stay small and to know nothing of the server.
    if env::args_os()
        .nth(1)
        .is_some_and(|it| it == minder::ARGUMENT)
    {
        return minder::main();
    }
    let outcome = Cli::read().map_err(Into::into).and_then(carry_out);
    match outcome {
        Ok(ending) => ExitCode::from(ending.status()),
        Err(error) => {
            // Standard error may be closed, and then nobody wants to know.
            let _ = writeln!(io::stderr(), "glassworks: {error}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(cli: Cli) -> Result<Ending, Box<dyn Error>> {
    match cli.command() {
        Command::Serve => start(cli.config())?,
        Command::Work(options) => start_working(*options, &cli.config())?,
        Command::Tasks(command) => return steer(command),
        Command::Openapi => print_openapi(cli.config())?,
        Command::Key(command) => keys::run(command, cli.config())?,
        Command::Backup { copy } => backup::back_up(&cli.config().database, &copy)?,
        Command::Check { copy } => backup::check(&cli.config().database, copy.as_deref())?,
        Command::Export { to } => moving::export(&to, &cli.config().database)?,
        Command::Import { from } => moving::import(&from, &cli.config().database)?,
        Command::Completions { shell } => Cli::complete(shell, io::stdout())?,
    }
    Ok(Ending::Done)
}

fn start(config: Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_format);
    listener::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(serve(config));
    // A blocking call that hangs does not keep the process from ending.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

/// Asks a server for tasks, or to change them.
fn steer(command: TaskCommand) -> Result<Ending, Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(console::run(command))
}

/// Works for a server elsewhere.
fn start_working(options: WorkOptions, config: &Config) -> Result<(), Box<dyn Error>> {
    logging::start(config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(work::work(options));
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve(config: Config) -> Result<(), Box<dyn Error>> {
    // The port comes first: a server that cannot be reached should not start running tasks.
    let listener = listener::listen(config.listen)
        .map_err(|error| format!("cannot listen on {}: {error}", config.listen))?;
    let address = listener.local_addr()?;
    let (needs_key, admin_key) = (config.needs_key(), config.admin_key()?);
    let lab = config.lab();
    let told = config.told();
    let outbound = Outbound::new(config.allowed_upstreams);
    let minders = match &config.database {
        Database::Sqlite(file) => Minders::default().beside(file),
        // What another node runs is told from what was left by its lease.
        Database::Postgres(_) => Minders::default(),
    };
    let kinds = glassworks_handlers::Options {
        lab,
        outbound: outbound.clone(),
        commands: config.commands,
        minders,
    };
    let engine = glassworks_handlers::register(Engine::builder(), kinds)
        .options(Options {
            workers: config.workers,
            serve_queues: Some(config.serve_queues).filter(|queues| !queues.is_empty()),
            shutdown_grace: Config::SHUTDOWN_GRACE,
            limits: config.limits,
            retention: config.retention,
            queues: config.queues,
            admin_key,
            needs_key,
            kinds: config.kinds,
            ..Options::default()
        })
        .start(config.database)
        .await
        .map_err(|error| -> Box<dyn Error> {
            match error {
                StartError::NoKey => ConfigError::Exposed(config.listen).into(),
                error => error.into(),
            }
        })?;
    let mut signals = Signals::listen()?;
    let shutdown = Shutdown::default();
    let node = Node::new(
        engine.clone(),
        outbound,
        AllowedHosts::new(address, &config.allowed_hosts),
        Site::find(embedded::SITE),
        shutdown.clone(),
        Budget::new(config.memory_budget),
        config.public_metrics,
    );
    // Nobody has said it before.
    let _ = node.settings.set(told);
    let front = Front::new(&node);
    greet(address, engine.is_open());
    tokio::spawn(listener::serve(listener, front, shutdown.clone()));

    signals.next().await;
    info!("shutting down; a second signal ends the process at once");
    tokio::spawn(async move {
        signals.next().await;
        std::process::exit(1);
    });
    shutdown.begin();
    let ending = timeout(Config::SHUTDOWN_GRACE + SETTLING, engine.shutdown());
    if ending.await.is_err() {
        warn!("the engine has not come to rest in time; the next start takes its tasks back");
    }
    if !shutdown.close().await {
        warn!("some connections were still open");
    }
    Ok(())
}

/// Prints the OpenAPI document that a server of this configuration serves.
fn print_openapi(config: Config) -> Result<(), Box<dyn Error>> {
    let options = glassworks_handlers::Options {
        lab: config.lab(),
        commands: config.commands,
        ..glassworks_handlers::Options::default()
    };
    let kinds = glassworks_handlers::register(Engine::builder(), options);
    let document = openapi(kinds.kinds(), kinds.payload_schemas());
    writeln!(io::stdout(), "{}", document.to_pretty_json()?)?;
    Ok(())
}

/// Says where the server is, for people and for scripts that wait for it.
fn greet(address: SocketAddr, is_open: bool) {
    let mut out = io::stdout().lock();
    // Standard output may be closed; the server serves all the same.
    let _ = writeln!(out, "Glassworks {VERSION} running on http://{address}");
    let key = if is_open {
        ""
    } else {
        " -H \"authorization: Bearer $GLASSWORKS_KEY\""
    };
    let _ = writeln!(
        out,
        "Open it in a browser, or hand it a task: curl http://{address}/api/tasks{key} -H 'content-type: application/json' -d '{{\"kind\": \"sleep\", \"payload\": {{\"seconds\": 5}}}}'"
    );
    let _ = out.flush();
}
