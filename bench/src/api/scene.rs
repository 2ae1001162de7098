//! One durable MariaDB for both sides, one Redis, our server, the peer; filled databases stay in `.data/bench`.

use super::{
    patterns,
    program::{Program, cpu_seconds, settle},
};
use crate::store::{base, base::Base, history, rival};
use anyhow::{Context, Result, ensure};
use blackbox::{Redis, bin, free_port, paths, proc::command};
use chrono::{TimeDelta, Utc};
use huishou_server::auth::Tokens;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
};

/// The secret that signs our customers' tokens; nobody else's server has it.
pub const TOKEN_KEY: &str = "a key of the benchmark, for its own private server only";

/// Both keep what they are asked to serve in memory: what is compared is the servers. Durability is not touched.
const SETTINGS: [&str; 4] = [
    "innodb_buffer_pool_size=6G",
    "innodb_log_file_size=1G",
    "innodb_io_capacity=2000",
    "max_connections=1000",
];

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `huishou-server`.
    Ours,
    /// The base system's design, TUNED.
    Peer,
}

impl Side {
    /// Its name for scripts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
        }
    }
}

/// A side that runs.
pub struct Running {
    /// Which.
    pub side: Side,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The file with its customers' tokens.
    pub tokens: String,
    /// Its database.
    pub base: Base,
    program: Program,
}

impl Running {
    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// What it printed first.
    #[must_use]
    pub fn said(&self) -> String {
        self.program.said()
    }
}

/// What both sides stand on.
pub struct Scene {
    folder: PathBuf,
    server: String,
    redis: Redis,
    peer: Option<PathBuf>,
    database: u32,
    durability: String,
    // Held to the end: two benchmarks at once would measure each other.
    _lock: File,
}

impl Scene {
    /// Starts the database (or finds it running) and Redis. `peer` is the folder of the built peer.
    ///
    /// # Errors
    /// Something does not start, or the database is not durable.
    pub async fn open(peer: Option<PathBuf>) -> Result<Self> {
        let folder = paths::root().join(".data/bench");
        std::fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            eprintln!("another benchmark of the API runs; waiting for its end");
            lock.lock()?;
        }
        let server = start_database(&folder.join("mariadb"))?;
        let bench = Base::open(&server, "bench").await?;
        let durability = base::is_durable(&bench).await?;
        let database = base::process(&bench).await?;
        bench.close().await;
        Ok(Self {
            folder,
            server,
            redis: Redis::start().await,
            peer,
            database,
            durability,
            _lock: lock,
        })
    }

    /// What the database server says of its durability, in its own words.
    #[must_use]
    pub fn durability(&self) -> &str {
        &self.durability
    }

    /// Processor seconds of the database so far.
    #[must_use]
    pub fn database_seconds(&self) -> f64 {
        cpu_seconds(self.database)
    }

    /// Waits until neither this side nor the database has anything left to do.
    pub fn settle(&self, side: &Running) {
        settle(&[side.pid(), self.database]);
    }

    /// Our server on a database with so many bookings; filled first if need be.
    ///
    /// # Errors
    /// It does not start.
    pub async fn ours(&self, rows: u64, more: &[(String, String)]) -> Result<Running> {
        let base = Base::open(&self.server, &format!("ours_{rows}")).await?;
        self.fill_ours(&base, rows).await?;
        let tokens = self.folder.join("tokens.ours");
        std::fs::write(&tokens, our_tokens()?)?;
        let mut running = self.start_ours(&base, more)?;
        running.tokens = tokens.display().to_string();
        Ok(running)
    }

    fn start_ours(&self, base: &Base, more: &[(String, String)]) -> Result<Running> {
        let port = free_port();
        let mut program = self.server_command(base, port);
        program.arg("serve").envs(more.iter().cloned());
        let mut program = Program::start(program, &self.folder.join("ours.log"))?;
        program.listens(port).context("our server")?;
        Ok(Running {
            side: Side::Ours,
            url: format!("http://127.0.0.1:{port}"),
            tokens: String::new(),
            base: base.clone(),
            program,
        })
    }

    /// As in service: every setting at its default but the rates, which are for strangers on the internet, not for one
    /// address that plays a thousand customers.
    fn server_command(&self, base: &Base, port: u16) -> Command {
        let mut server = command(&bin("huishou-server"));
        server
            .env("HUISHOU_DATABASE_URL", base.url())
            .env("HUISHOU_REDIS_URL", self.redis.url())
            .env("HUISHOU_LISTEN", format!("127.0.0.1:{port}"))
            .env("HUISHOU_TOKEN_KEY", TOKEN_KEY)
            .env("HUISHOU_DEV", "true")
            .envs(rates());
        server
    }

    async fn fill_ours(&self, base: &Base, rows: u64) -> Result<()> {
        self.run(base, &["migrate"])?;
        if let Some(reach) = history::filled(base, rows).await? {
            return history::forget_runs(base, &reach).await;
        }
        eprintln!("filling our {} with {rows} appointments", base.name());
        self.run(base, &["seed-demo", "--json"])?;
        history::customers(base).await?;
        let until = Utc::now() - TimeDelta::minutes(1);
        let patterns = {
            let running = self.start_ours(base, &[])?;
            let token = token(1)?;
            patterns::make(&running.url, &token, &base.url()).await?
        };
        history::fill(base, &patterns, rows, until).await?;
        history::seal(base, rows, until).await?;
        let reach = history::filled(base, rows).await?.context("just filled")?;
        history::forget_runs(base, &reach).await
    }

    fn run(&self, base: &Base, arguments: &[&str]) -> Result<()> {
        let done = self.server_command(base, 0).args(arguments).output()?;
        ensure!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        Ok(())
    }

    /// The peer on a database with so many bookings; filled first if need be. `None` where there is no peer.
    ///
    /// # Errors
    /// It does not start.
    pub async fn peer(&self, rows: u64) -> Result<Option<Running>> {
        let Some(folder) = &self.peer else {
            return Ok(None);
        };
        let base = Base::open(&self.server, &format!("peer_{rows}")).await?;
        rival::fill(&base, folder, rows).await?;
        rival::forget_runs(&base, rows).await?;
        let tokens = self.folder.join("tokens.peer");
        let said = Command::new(folder.join("peer"))
            .args(["-tokens", &history::CUSTOMERS.to_string()])
            .output()?;
        std::fs::write(&tokens, said.stdout)?;
        let port = free_port();
        let mut program = Command::new(folder.join("peer"));
        let redis = self.redis.url();
        let redis = redis.trim_start_matches("redis://").trim_end_matches('/');
        program
            .env("TUNED", "1")
            .args([
                "-addr",
                &format!("127.0.0.1:{port}"),
                "-redis",
                redis,
                "-dsn",
            ])
            .arg(format!(
                "root@tcp(127.0.0.1:{})/{}",
                base.port()?,
                base.name()
            ));
        let mut program = Program::start(program, &self.folder.join("peer.log"))?;
        program.listens(port).context("the peer")?;
        Ok(Some(Running {
            side: Side::Peer,
            url: format!("http://127.0.0.1:{port}"),
            tokens: tokens.display().to_string(),
            base,
            program,
        }))
    }
}

fn start_database(folder: &Path) -> Result<String> {
    let mut start = Command::new(paths::script("private-server"));
    start
        .args(["start", "--idle", "1800", "--data"])
        .arg(folder);
    for setting in SETTINGS {
        start.args(["--set", setting]);
    }
    let done = start.output()?;
    ensure!(
        done.status.success(),
        "no database server: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    let url = String::from_utf8(done.stdout)?;
    Ok(format!("{}/", url.trim().trim_end_matches('/')))
}

/// Rates are for strangers on the internet, not for one address that plays a thousand customers; the buckets are still
/// counted, only never empty.
const RATES: [(&str, &str); 9] = [
    ("quote_rate", "1000000"),
    ("quote_burst", "1000000"),
    ("login_rate_per_minute", "10000000"),
    ("guard.anonymous_rate", "1000000"),
    ("guard.anonymous_burst", "1000000"),
    ("guard.user_rate", "1000000"),
    ("guard.user_burst", "1000000"),
    ("guard.global_rate", "1000000"),
    ("guard.global_burst", "1000000"),
];

/// Those of [`RATES`] that this version of the server has.
fn rates() -> Vec<(String, &'static str)> {
    let manual = std::fs::read_to_string(paths::root().join("server/config.default.toml"))
        .unwrap_or_default();
    let known = |key: &str| {
        let last = key.rsplit('.').next().unwrap_or(key);
        manual
            .lines()
            .any(|line| line.starts_with(&format!("{last} = ")))
    };
    let variable = |key: &str| format!("HUISHOU_{}", key.replace('.', "_").to_uppercase());
    RATES
        .iter()
        .filter(|(key, _)| known(key))
        .map(|(key, value)| (variable(key), *value))
        .collect()
}

/// A token of the customer with this number, good for a day.
///
/// # Errors
/// The signing library's.
pub fn token(number: u64) -> Result<String> {
    let tokens = Tokens::new(TOKEN_KEY, None, 86_400);
    let customer = history::customer(number);
    // Signed a little while ago, so that it is good on every clock.
    Ok(tokens.customer(customer, customer, Utc::now() - TimeDelta::seconds(5))?)
}

fn our_tokens() -> Result<String> {
    (1..=history::CUSTOMERS)
        .map(|number| Ok(token(number)? + "\n"))
        .collect()
}
