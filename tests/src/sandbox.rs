//! `huishou-sandbox serve` as a process: plays the outside services (WeChat first) on loopback.

use serde_json::{Value, json};

use crate::http::Api;
use crate::paths::bin;
use crate::proc::{Process, command};

/// A running sandbox on a free port.
pub struct Sandbox {
    process: Process,
    url: String,
}

impl Sandbox {
    /// Starts it and waits until it listens.
    pub async fn start() -> Self {
        let mut command = command(&bin("huishou-sandbox"));
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let mut process = Process::spawn(command);
        let url = process.wait_for_address().await;
        Self { process, url }
    }

    /// Its address, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls on it.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(&self.url)
    }

    /// Sets a fault: `{"service", "fault", "value"?, "times"?}`.
    pub async fn control(&self, fault: &Value) {
        let answer = self.api().post("/__control", fault).await;
        assert!(
            answer.status < 300,
            "the sandbox refused {fault}: {}",
            answer.text
        );
    }

    /// Clears all faults.
    pub async fn heal(&self) {
        self.control(&json!({"service": "*", "fault": "none"}))
            .await;
    }

    /// What the outside services received so far.
    pub async fn log(&self) -> Value {
        self.api().get("/__log").await.expect(200).clone()
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
