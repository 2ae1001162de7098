//! `huishou-device`: the app's engine without a window. Each call is a process of its own, as for a user;
//! the store lives in a temporary folder, its key comes from the environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use rand::RngCore;
use serde_json::Value;
use tempfile::TempDir;

use crate::paths::bin;
use crate::proc::{Finished, Process, command, run};

/// A collector's or station's device with its encrypted store.
pub struct Device {
    folder: TempDir,
    at: Option<PathBuf>,
    server: String,
    key: String,
    environment: Vec<(String, String)>,
}

impl Device {
    /// A new device with an empty store, talking to the server at `server`.
    #[must_use]
    pub fn new(server: &str) -> Self {
        let mut key = [0_u8; 32];
        rand::rng().fill_bytes(&mut key);
        Self {
            folder: TempDir::with_prefix("huishou-device-").expect("a temporary folder"),
            at: None,
            server: server.to_owned(),
            key: key.iter().map(|byte| format!("{byte:02x}")).collect(),
            environment: Vec::new(),
        }
    }

    /// A new device whose store lies in this folder, on a disk of the test's own.
    #[must_use]
    pub fn at(folder: &Path, server: &str) -> Self {
        Self {
            at: Some(folder.to_owned()),
            ..Self::new(server)
        }
    }

    /// A device on somebody's copy of a store's folder, with a key of its own.
    #[must_use]
    pub fn on(folder: TempDir, server: &str) -> Self {
        Self {
            folder,
            ..Self::new(server)
        }
    }

    /// Another server address from now on; an address nobody listens on makes the device offline.
    pub fn set_server(&mut self, server: &str) {
        server.clone_into(&mut self.server);
    }

    /// One more environment variable for all calls from now on, for example a crash point.
    pub fn set_env(&mut self, key: &str, value: &str) {
        self.unset_env(key);
        self.environment.push((key.to_owned(), value.to_owned()));
    }

    /// Takes back [`Device::set_env`].
    pub fn unset_env(&mut self, key: &str) {
        self.environment.retain(|(known, _)| known != key);
    }

    /// The folder of its store.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.at.as_deref().unwrap_or_else(|| self.folder.path())
    }

    /// A copy of the store's folder as it is now, for comparing or for playing back an old state.
    #[must_use]
    pub fn copy_store(&self) -> TempDir {
        let copy = TempDir::with_prefix("huishou-device-copy-").expect("a temporary folder");
        for entry in std::fs::read_dir(self.folder()).expect("the store's folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_file() {
                std::fs::copy(&path, copy.path().join(path.file_name().expect("a name")))
                    .expect("a copy");
            }
        }
        copy
    }

    /// Signs in: pairs the device with `pairing` first when a code is given.
    pub async fn login(&self, pairing: Option<&str>, username: &str, password: &str) -> Value {
        let mut arguments = vec!["login", "--username", username];
        if let Some(code) = pairing {
            arguments.extend(["--pairing", code]);
        }
        run(self.command(&arguments), &format!("{password}\n"))
            .await
            .expect_success()
            .json()
    }

    /// `login` with these arguments, whatever its end.
    pub async fn try_login(&self, arguments: &[String], password: &str) -> Finished {
        let mut all = vec!["login"];
        all.extend(arguments.iter().map(String::as_str));
        run(self.command(&all), &format!("{password}\n")).await
    }

    /// Runs a command that must succeed; answers its JSON.
    pub async fn call(&self, arguments: &[&str]) -> Value {
        self.run(arguments).await.expect_success().json()
    }

    /// Runs a command whatever its end.
    pub async fn run(&self, arguments: &[&str]) -> Finished {
        run(self.command(arguments), "").await
    }

    /// Starts a command and does not wait, so that the test can kill it.
    #[must_use]
    pub fn spawn(&self, arguments: &[&str]) -> Process {
        Process::spawn(self.command(arguments))
    }

    /// Pushes what is pending, then pulls to completion.
    pub async fn sync(&self) -> Value {
        self.call(&["sync"]).await
    }

    /// Does a command of the trade locally (`appointment.start`, `order.weigh`, …).
    pub async fn exec(&self, name: &str, arguments: &Value) -> Value {
        self.call(&["exec", name, &arguments.to_string()]).await
    }

    /// All entities of a kind, with the device's own pending changes applied.
    pub async fn list(&self, kind: &str) -> Value {
        self.call(&["list", kind]).await
    }

    /// One entity.
    pub async fn show(&self, kind: &str, id: &str) -> Value {
        self.call(&["show", kind, id]).await
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&bin("huishou-device"));
        command
            .arg("--data")
            .arg(self.folder())
            .arg("--server")
            .arg(&self.server)
            .args(arguments);
        command.env("HUISHOU_STORE_KEY", &self.key);
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }
}
