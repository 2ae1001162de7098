//! The peer: express-pouchdb as server, PouchDB on leveldb as clients, as `npm ci` in `bench/peer-pouch` installs them.

use crate::{client::Client, proxy::Proxy};
use anyhow::Result;
use blackbox::{Process, paths::root};
use serde_json::json;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Command;

/// The peer's server and what new clients need.
pub struct Peer {
    // Ends the server's process when dropped.
    _server: Process,
    pid: u32,
    url: String,
    proxy: Proxy,
    folder: TempDir,
    clients: u32,
}

impl Peer {
    /// Starts the server on an empty folder.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start() -> Result<Self> {
        let folder = TempDir::with_prefix("bench-peer-")?;
        for part in ["server", "client"] {
            std::fs::create_dir(folder.path().join(part))?;
        }
        let mut command = std::process::Command::new("node");
        command
            .arg(script("server.js"))
            .arg(folder.path().join("server"))
            .current_dir(folder.path());
        let mut server = Process::spawn(command);
        let url = server.wait_for_address().await;
        Ok(Self {
            pid: server.pid(),
            _server: server,
            proxy: Proxy::before(&url)?,
            url,
            folder,
            clients: 0,
        })
    }

    /// Fills a database of the server with the documents of a file, a line each.
    ///
    /// # Errors
    /// The client's.
    pub async fn load(&mut self, database: &str, documents: &Path) -> Result<()> {
        let mut client = self.process()?;
        client
            .call(&json!({"op": "load", "server": self.url, "database": database, "documents": documents}))
            .await?;
        Ok(())
    }

    /// A client process with a fresh store, nothing pulled yet.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn client(&mut self, database: &str) -> Result<Client> {
        self.clients += 1;
        let mut client = self.process()?;
        client
            .call(&json!({"op": "open", "name": format!("client-{}", self.clients), "server": self.proxy.url(), "database": database}))
            .await?;
        Ok(client)
    }

    fn process(&self) -> Result<Client> {
        let mut command = Command::new("node");
        command
            .arg(script("client.js"))
            .arg(self.folder.path().join("client"));
        Client::start(command, self.proxy.clone(), vec![self.pid])
    }
}

fn script(name: &str) -> PathBuf {
    root().join("bench/peer-pouch").join(name)
}
