//! A Redis server of a test's own: on a free port, in a temporary folder, killed, stopped for a while or started again at
//! the same address.

use std::{path::PathBuf, process::Command, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::paths::{free_port, root};
use crate::proc::{PATIENCE, Process, signal};

/// A running Redis.
pub struct Redis {
    folder: TempDir,
    port: u16,
    process: Process,
}

impl Redis {
    /// Starts one, empty, and waits until it answers.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let port = free_port();
        let process = spawn(&folder, port);
        let redis = Self {
            folder,
            port,
            process,
        };
        redis.wait().await;
        redis
    }

    /// Its address, `redis://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends it at once (SIGKILL); what it held is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again at the same address after [`Redis::kill`], empty.
    pub async fn restart(&mut self) {
        self.process.kill();
        self.process = spawn(&self.folder, self.port);
        self.wait().await;
    }

    /// Lets it hang: connections are taken and nothing is answered.
    pub fn hang(&self) {
        signal(self.process.pid(), "STOP");
    }

    /// Lets it go on after [`Redis::hang`].
    pub fn go_on(&self) {
        signal(self.process.pid(), "CONT");
    }

    /// One command, its words without white space, and the raw answer: `redis.ask("GET key")`.
    pub async fn ask(&self, command: &str) -> String {
        self.try_ask(command).await.expect("Redis answers")
    }

    async fn try_ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await?;
        let mut answer = vec![0; 1 << 16];
        let read = timeout(PATIENCE, stream.read(&mut answer)).await??;
        answer.truncate(read);
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    async fn wait(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !matches!(self.try_ask("PING").await.as_deref(), Ok("+PONG\r\n")) {
            assert!(
                Instant::now() < deadline,
                "Redis does not answer:\n{}",
                self.process.log()
            );
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn spawn(folder: &TempDir, port: u16) -> Process {
    let mut command = Command::new(program());
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(folder.path());
    Process::spawn(command)
}

/// The distribution's, or what `scripts/setup test` has put among the checkout's own tools.
fn program() -> PathBuf {
    let own = root().join(".data/tools/bin/redis-server");
    if own.exists() {
        own
    } else {
        PathBuf::from("redis-server")
    }
}
