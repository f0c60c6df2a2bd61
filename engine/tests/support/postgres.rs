//! A PostgreSQL cluster of this test's own: made when it is first needed, gone when the test
//! program has ended, in whatever way it ends.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use glassworks_engine::Limits;
use glassworks_engine::store::postgres::{Address, PostgresStore};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// How long the server may take to start.
const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// What to do about a machine without the server.
const MISSING: &str = "PostgreSQL's server programs (initdb, postgres) are not found: \
    install them with `scripts/setup test`, or Debian's package `postgresql`";

/// Ends the server, with everything that it has made, when the pipe to it is closed: that is when
/// the test program has ended, even if it was killed.
const MINDER: &str = r#"
    "$@" &
    server=$!
    read -r _
    kill -QUIT "$server" 2>/dev/null
    wait "$server"
    rm -rf "$FOLDER"
"#;

/// A cluster, for all tests of one program.
struct Cluster {
    port: u16,
    _minder: Child,
    /// Closed with this program.
    _alive: ChildStdin,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

/// Where Debian keeps the server's programs, the newest version first, or else the path.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort_unstable();
    let debians = versions.into_iter().map(|(_, path)| path.join("bin")).rev();
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    debians
        .chain(std::env::split_paths(&on_path))
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
        .expect(MISSING)
}

/// A program of the server's, as somebody who is not root: the server refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

impl Cluster {
    fn start() -> Self {
        let programs = programs();
        // Not in a folder of the tests' own user, which the server's user cannot enter.
        let folder = tempfile::Builder::new()
            .prefix("glassworks-postgres-")
            .tempdir_in("/tmp")
            .unwrap()
            .keep();
        if is_root() {
            let mut owned = Command::new("chown");
            owned.arg("postgres:postgres").arg(&folder);
            assert!(owned.status().unwrap().success(), "{MISSING}");
        }
        let data = folder.join("data");
        let made = unprivileged(&programs.join("initdb"))
            .args(["--auth=trust", "--username=glassworks", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--pgdata"])
            .arg(&data)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let port = free_port();
        let log = fs::File::create(folder.join("log")).unwrap();
        let server = unprivileged(&programs.join("postgres"));
        let mut minder = Command::new("sh")
            .args(["-c", MINDER, "minder"])
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", &format!("port={port}")])
            .args(["-c", "unix_socket_directories="])
            .args(["-c", "max_connections=400"])
            // A machine does not fail while tests run.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "deadlock_timeout=200ms"])
            .env("FOLDER", &folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let alive = minder.stdin.take().unwrap();
        wait_for_start(&folder);
        Self {
            port,
            _minder: minder,
            _alive: alive,
        }
    }

    fn url(&self, database: &str) -> String {
        let port = self.port;
        format!("postgres://glassworks:secret@127.0.0.1:{port}/{database}?sslmode=disable")
    }
}

fn wait_for_start(folder: &Path) {
    let by = Instant::now() + STARTS_WITHIN;
    let said = || {
        let mut said = String::new();
        let log = fs::File::open(folder.join("log"));
        let _ = log.unwrap().read_to_string(&mut said);
        said
    };
    while !said().contains("ready to accept connections") {
        assert!(
            Instant::now() < by,
            "PostgreSQL does not start:\n{}",
            said()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A connection past the store. It must be made on the runtime that uses it.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A database that is migrated already, and that others are copied from.
async fn template() -> &'static str {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        // On a runtime of its own: that of the test which comes first ends before the others.
        tokio::task::spawn_blocking(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let client = connect(&cluster().url("postgres")).await;
                client
                    .batch_execute("CREATE DATABASE pattern")
                    .await
                    .unwrap();
                let address: Address = cluster().url("pattern").parse().unwrap();
                drop(
                    PostgresStore::open(address, Limits::default())
                        .await
                        .unwrap(),
                );
            });
            runtime.shutdown_timeout(Duration::from_secs(5));
        })
        .await
        .unwrap();
    })
    .await;
    "pattern"
}

/// A database of one test, to be used from within a runtime. It lives as long as the cluster does.
pub(crate) struct Scratch {
    pub(crate) url: String,
    name: String,
}

impl Scratch {
    /// One that has the present schema.
    pub(crate) async fn new() -> Self {
        let template = template().await;
        Self::make(&format!("TEMPLATE {template} STRATEGY file_copy")).await
    }

    /// One that has nothing in it.
    pub(crate) async fn empty() -> Self {
        template().await;
        Self::make("").await
    }

    async fn make(how: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("scratch_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let client = connect(&cluster().url("postgres")).await;
        let making = format!("CREATE DATABASE {name} {how}");
        // Whoever was connected to the pattern may not have gone yet.
        let mut tries = 0;
        while let Err(error) = client.batch_execute(&making).await {
            assert!(tries < 100, "{error:?}");
            tries += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self {
            url: cluster().url(&name),
            name,
        }
    }

    pub(crate) fn address(&self) -> Address {
        self.url.parse().unwrap()
    }

    /// A connection past the store.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.url).await
    }

    /// Ends every connection to the database, as a server does that restarts.
    pub(crate) async fn cut_off(&self) {
        let client = connect(&cluster().url("postgres")).await;
        client
            .execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                &[&self.name],
            )
            .await
            .unwrap();
    }
}
