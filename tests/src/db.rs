//! Databases for tests, on both engines the product supports.
//!
//! All tests of a run share one private server per engine, handed over by `scripts/test` in
//! `HUISHOU_TEST_MARIADB_URL` and `HUISHOU_TEST_MYSQL_URL`; without them the first test starts one in
//! `target/test-servers`, which stops by itself after ten idle minutes. Each test has a database of its
//! own, dropped at its end. A test that kills the server takes a [`Dedicated`] one.

use std::fmt::{self, Display};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};
use tempfile::TempDir;

use crate::paths::{root, script};

/// A database engine the product runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Debian's MariaDB.
    MariaDb,
    /// MySQL 5.6.24 with the `sql_mode` and index prefixes of 5.7, the customers' server.
    Mysql56,
}

impl Engine {
    /// Both engines.
    pub const ALL: [Self; 2] = [Self::MariaDb, Self::Mysql56];

    fn variable(self) -> &'static str {
        match self {
            Self::MariaDb => "HUISHOU_TEST_MARIADB_URL",
            Self::Mysql56 => "HUISHOU_TEST_MYSQL_URL",
        }
    }
}

impl Display for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::MariaDb => "mariadb",
            Self::Mysql56 => "mysql56",
        })
    }
}

/// The address of the run's shared server, `mysql://root@127.0.0.1:PORT/`. Never stop or kill this one.
#[must_use]
pub fn server(engine: Engine) -> String {
    if let Ok(url) = std::env::var(engine.variable()) {
        return with_slash(&url);
    }
    let folder = root().join("target/test-servers").join(engine.to_string());
    start_server(engine, &folder, 600, &[])
}

fn with_slash(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}

fn start_server(engine: Engine, folder: &Path, idle_seconds: u32, settings: &[String]) -> String {
    let (engine, idle) = (engine.to_string(), idle_seconds.to_string());
    let mut more = vec!["--engine", &engine, "--idle", &idle];
    for setting in settings {
        more.extend(["--set", setting]);
    }
    private_server("start", folder, &more)
}

fn private_server(action: &str, folder: &Path, more: &[&str]) -> String {
    let done = Command::new(script("private-server"))
        .arg(action)
        .arg("--data")
        .arg(folder)
        .args(more)
        .output();
    let done = done.expect("scripts/private-server runs (python3)");
    assert!(
        done.status.success(),
        "no database server: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// A test's own empty database. Dropped (in both senses) at the end of the test.
#[derive(Debug)]
pub struct Database {
    engine: Engine,
    server: String,
    name: String,
    pool: MySqlPool,
}

/// A new empty database on the run's shared server.
pub async fn database(engine: Engine) -> Database {
    Database::create(engine, server(engine)).await
}

impl Database {
    /// A new empty database on the server at `server` (`mysql://root@127.0.0.1:PORT/`).
    pub async fn create(engine: Engine, server: String) -> Self {
        let name = format!("t_{}", uuid::Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}"))
            .await
            .unwrap_or_else(|error| panic!("{server}: {error}"));
        // Lazily connected: a test that only hands over the URL keeps no connection.
        let pool = MySqlPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(30))
            .connect_lazy(&format!("{server}{name}"))
            .expect("a well-formed address");
        Self {
            engine,
            server,
            name,
            pool,
        }
    }

    /// The engine it is on.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The address to configure a program with: `mysql://root@127.0.0.1:PORT/NAME`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}{}", self.server, self.name)
    }

    /// The database's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The test's own connections, up to 16, with sqlx's defaults.
    #[must_use]
    pub fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// The first column of the first row as a 64-bit number: counts and sums of whole numbers.
    pub async fn count(&self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The first column of each row as text; let SQL do the conversion: `CAST(due AS CHAR)`, `LOWER(HEX(id))`.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Runs one statement, or several separated by semicolons.
    pub async fn execute(&self, sql: &str) {
        self.pool
            .execute(AssertSqlSafe(sql))
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn execute(server: &str, sql: &str) -> Result<(), sqlx::Error> {
    let mut connection = MySqlConnection::connect(server).await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    connection.close().await
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, sql) = (
            self.server.clone(),
            format!("DROP DATABASE IF EXISTS {}", self.name),
        );
        // A thread with a runtime of its own: drop is not async, and the test's runtime may be ending.
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            // A dedicated server may be dead by now, and an open transaction may hold a lock: five seconds.
            let limit = Duration::from_secs(5);
            let _ = runtime
                .block_on(async { tokio::time::timeout(limit, execute(&server, &sql)).await });
            std::io::Result::Ok(())
        };
        let _ = std::thread::spawn(work).join();
    }
}

/// A server of the test's own that it may kill and start again. Its data survives; the port stays.
#[derive(Debug)]
pub struct Dedicated {
    engine: Engine,
    folder: TempDir,
    settings: Vec<String>,
    url: String,
}

impl Dedicated {
    /// Starts a fresh server in a temporary folder (about a second).
    #[must_use]
    pub fn start(engine: Engine) -> Self {
        Self::start_with(engine, &[])
    }

    /// The same with more settings, each as `name=value`; they stay over [`Dedicated::restart`].
    #[must_use]
    pub fn start_with(engine: Engine, settings: &[&str]) -> Self {
        let settings: Vec<String> = settings.iter().map(ToString::to_string).collect();
        let folder = TempDir::with_prefix("huishou-db-").expect("a temporary folder");
        open_to_others(folder.path());
        let url = start_server(engine, folder.path(), 1800, &settings);
        Self {
            engine,
            folder,
            settings,
            url,
        }
    }

    /// Its address, `mysql://root@127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A new empty database on it.
    pub async fn database(&self) -> Database {
        Database::create(self.engine, self.url.clone()).await
    }

    /// Ends the server at once (SIGKILL), as a power cut would.
    pub fn kill(&self) {
        private_server("kill", self.folder.path(), &[]);
    }

    /// Stops the server in order.
    pub fn stop(&self) {
        private_server("stop", self.folder.path(), &[]);
    }

    /// Its process id, for stopping and continuing it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let state = std::fs::read_to_string(self.folder.path().join("server.json"));
        let state: serde_json::Value =
            serde_json::from_str(&state.expect("a started server")).expect("its state");
        let pid = state["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        pid.expect("a process id")
    }

    /// Starts the server again after [`Dedicated::kill`] or [`Dedicated::stop`], on the same port.
    pub fn restart(&mut self) {
        self.url = start_server(self.engine, self.folder.path(), 1800, &self.settings);
    }

    /// The same, from now on with these settings.
    pub(crate) fn restart_with(&mut self, settings: &[&str]) {
        self.settings = settings.iter().map(ToString::to_string).collect();
        self.restart();
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Dedicated {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A root's database server runs as the user `mysql`, who has to get into the test's folder.
fn open_to_others(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))
        .expect("our own folder");
}

/// One test body, run once per engine, each on an empty database of its own:
///
/// ```no_run
/// blackbox::on_each_database! {
///     async fn a_new_database_has_no_tables(db) {
///         assert_eq!(db.count("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()").await, 0);
///     }
/// }
/// ```
///
/// makes the tests `a_new_database_has_no_tables::mariadb` and `…::mysql56`.
#[macro_export]
macro_rules! on_each_database {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident) $body:block)+) => {
        $($(#[$meta])* mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn case($db: &$crate::Database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mariadb() {
                case(&$crate::database($crate::Engine::MariaDb).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn mysql56() {
                case(&$crate::database($crate::Engine::Mysql56).await).await;
            }
        })+
    };
}
