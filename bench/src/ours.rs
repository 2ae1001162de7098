//! Our side: a release build of the server on a durable MariaDB of its own, and the product's engine as clients.

use crate::{
    client::Client,
    proxy::Proxy,
    store::{fill, look},
};
use anyhow::{Context, Result};
use blackbox::{Database, Dedicated, Desk, Engine, Server, bin, server::Setup};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;
use tokio::process::Command;

/// As large as the machine's other user of memory, and a redo log that bulk filling does not stall on. Neither touches
/// durability: `innodb_flush_log_at_trx_commit` stays 1.
const ROOM: [&str; 2] = [
    "SET GLOBAL innodb_buffer_pool_size = 2 * 1024 * 1024 * 1024",
    "SET GLOBAL innodb_log_file_size = 512 * 1024 * 1024",
];

/// Server, database and what new devices need.
pub struct Ours {
    server: Server,
    proxy: Proxy,
    database: Database,
    admin: Desk,
    password: String,
    folder: TempDir,
    devices: u32,
    // Dropped last: ends the database's process.
    _dedicated: Dedicated,
}

impl Ours {
    /// Starts database and server and makes the demo city.
    ///
    /// # Errors
    /// A program is not built or does not start.
    pub async fn start() -> Result<Self> {
        let dedicated = Dedicated::start(Engine::MariaDb);
        let database = dedicated.database().await;
        for setting in ROOM {
            database.execute(setting).await;
        }
        let setup = Setup::on(&database).with("HUISHOU_LOG", "warn");
        let _ = setup.run(&["migrate"], "").await.expect_success();
        let seeded = setup
            .run(&["seed-demo", "--json"], "")
            .await
            .expect_success()
            .json();
        let server = setup.start().await;
        let password = seeded["password"].as_str().context("a password")?;
        let code = seeded["pairing_codes"][0]
            .as_str()
            .context("a pairing code")?;
        let admin = Desk::open(&server.api(), code, "admin", password).await;
        Ok(Self {
            proxy: Proxy::before(server.url())?,
            server,
            database,
            admin,
            password: password.to_owned(),
            folder: TempDir::with_prefix("bench-devices-")?,
            devices: 0,
            _dedicated: dedicated,
        })
    }

    /// Stops the server and leaves the database to whoever takes its place.
    pub async fn stop_server(&mut self) {
        let _ = self.server.stop().await;
    }

    /// Starts it again at the same address.
    pub async fn start_server(&mut self) {
        self.server.restart().await;
    }

    /// The database, to fill and to look at.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// The server's own address, past the proxy.
    #[must_use]
    pub fn server_url(&self) -> &str {
        self.server.url()
    }

    /// Through the counting proxy.
    #[must_use]
    pub fn proxy_url(&self) -> String {
        self.proxy.url()
    }

    /// The server's process.
    #[must_use]
    pub fn server_process(&mut self) -> u32 {
        self.server.process().pid()
    }

    /// The administrator at a desk.
    #[must_use]
    pub const fn admin(&self) -> &Desk {
        &self.admin
    }

    /// The password of everybody.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// A new pairing code.
    ///
    /// # Errors
    /// The server gave none.
    pub async fn pairing_code(&self) -> Result<String> {
        let answer = self
            .admin
            .api()
            .post("/admin/v1/pairing-codes", &json!({}))
            .await;
        let code = answer.body["code"].as_str().context("a pairing code")?;
        Ok(code.to_owned())
    }

    /// Fills a station.
    ///
    /// # Errors
    /// The demo city is not there.
    pub async fn station(&self, code: &str, visits: u32, collectors: u32) -> Result<fill::Station> {
        let station = fill::station(&self.database, code, visits, collectors).await?;
        self.database
            .execute("ANALYZE TABLE appointments, staff, stations")
            .await;
        Ok(station)
    }

    /// A device of its own process with a fresh store, registered and signed in, nothing pulled yet.
    ///
    /// # Errors
    /// It cannot be started or signed in.
    pub async fn client(&mut self, username: &str) -> Result<Client> {
        self.devices += 1;
        let mut client =
            Client::start(self.program(), self.proxy.clone(), self.processes().await?)?;
        client
            .call(&json!({"op": "open", "name": format!("device-{}", self.devices), "server": self.proxy.url()}))
            .await?;
        let register = json!({
            "op": "register", "server": self.proxy.url(), "pairing": self.pairing_code().await?,
            "username": username, "password": self.password,
        });
        client.call(&register).await?;
        Ok(client)
    }

    /// Writes what `client` holds, a line an aggregate, as the peer is to hold it; answers how many and how many bytes.
    ///
    /// # Errors
    /// The client's.
    pub async fn dump(&self, client: &mut Client, path: &Path) -> Result<Value> {
        let done = client.call(&json!({"op": "dump", "path": path})).await?;
        Ok(done.answer)
    }

    /// Server and database.
    ///
    /// # Errors
    /// The database left no pid file.
    pub async fn processes(&mut self) -> Result<Vec<u32>> {
        Ok(vec![
            self.server.process().pid(),
            look::process(&self.database).await?,
        ])
    }

    fn program(&self) -> Command {
        let mut command = Command::new(bin("bench-device"));
        command.arg(self.folder.path());
        command
    }
}
