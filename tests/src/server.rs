//! `huishou-server` as a process on a free port, and its command line.

use std::collections::BTreeMap;
use std::process::ExitStatus;

use crate::db::Database;
use crate::http::Api;
use crate::paths::bin;
use crate::proc::{Finished, Process, command, run};
use crate::sandbox::Sandbox;

/// How a server is to be started: its environment, nothing else.
#[derive(Clone, Debug)]
pub struct Setup {
    environment: BTreeMap<String, String>,
}

impl Setup {
    /// A server on this database, on a free port, without limits to rates.
    #[must_use]
    pub fn on(database: &Database) -> Self {
        Self {
            environment: BTreeMap::new(),
        }
        .with("HUISHOU_DATABASE_URL", &database.url())
        .with("HUISHOU_LISTEN", "127.0.0.1:0")
        // Fills in the secrets and the sandbox's account with WeChat.
        .with("HUISHOU_DEV", "true")
        .with("HUISHOU_LOGIN_RATE_PER_MINUTE", "0")
        .with("HUISHOU_QUOTE_RATE", "0")
        .with("HUISHOU_GUARD_ANONYMOUS_RATE", "0")
        .with("HUISHOU_GUARD_USER_RATE", "0")
    }

    /// With this sandbox as the outside world.
    #[must_use]
    pub fn with_sandbox(self, sandbox: &Sandbox) -> Self {
        self.with("HUISHOU_WECHAT_BASE_URL", sandbox.url())
            .with("HUISHOU_WECHAT_APPID", "wxdemo0000000001")
            .with("HUISHOU_WECHAT_SECRET", "demo-secret")
    }

    /// With one more environment variable (`HUISHOU_…`, keys as in `server/config.default.toml`).
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Runs a command of the server to its end: `["migrate"]`, `["seed-demo"]`, `["staff", "add", …]`.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Finished {
        run(self.command(arguments), input).await
    }

    /// Starts `huishou-server serve` and waits until it listens.
    pub async fn start(&self) -> Server {
        let mut process = Process::spawn(self.command(&["serve"]));
        let url = process.wait_for_address().await;
        Server {
            setup: self.clone(),
            process,
            url,
        }
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = command(&bin("huishou-server"));
        command.args(arguments).envs(&self.environment);
        command
    }
}

/// A running server.
pub struct Server {
    setup: Setup,
    process: Process,
    url: String,
}

impl Server {
    /// Its address, `http://127.0.0.1:PORT`. It stays the same over [`Server::restart`].
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls on it, without a token.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(&self.url)
    }

    /// Its environment, to run commands with or to start a second one beside it.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The process: its log, its id.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub async fn stop(&mut self) -> ExitStatus {
        self.process.terminate();
        self.process.wait().await
    }

    /// Starts it again on the same port after [`Server::kill`], [`Server::stop`] or a crash, so that devices
    /// find it at the same address.
    pub async fn restart(&mut self) {
        let setup = self.setup.clone();
        self.restart_with(setup).await;
    }

    /// The same with another environment, for example without the crash point it died of.
    pub async fn restart_with(&mut self, setup: Setup) {
        self.process.kill();
        let address = self.url.trim_start_matches("http://").to_owned();
        let mut process = Process::spawn(
            setup
                .clone()
                .with("HUISHOU_LISTEN", &address)
                .command(&["serve"]),
        );
        self.url = process.wait_for_address().await;
        self.setup = setup;
        self.process = process;
    }
}
