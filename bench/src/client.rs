//! A client process: told what to do by a line of JSON, it answers with a line of JSON and its own milliseconds.

use crate::proxy::{Moved, Proxy};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::process::Stdio;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Duration, timeout},
};

/// No command takes longer on any side; what does is stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// A client process. Dropped, it is killed.
pub struct Client {
    // Kills the process when dropped.
    _child: Child,
    pid: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    proxy: Proxy,
    servers: Vec<u32>,
}

/// What a command did, and what it cost.
#[derive(Debug, Clone)]
pub struct Done {
    /// Milliseconds by the client's clock.
    pub ms: f64,
    /// Bytes between it and the server; of everybody, where several work at once.
    pub moved: Moved,
    /// Milliseconds of processor time: of the client itself, then of each process that serves it.
    pub cpu: Vec<f64>,
    /// The whole answer.
    pub answer: Value,
}

impl Client {
    /// Starts `command`, whose server stands behind `proxy` and runs as these processes.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn start(mut command: Command, proxy: Proxy, servers: Vec<u32>) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let input = child.stdin.take().context("piped")?;
        let output = BufReader::new(child.stdout.take().context("piped")?).lines();
        let pid = child.id().context("a running process")?;
        Ok(Self {
            _child: child,
            pid,
            input,
            output,
            proxy,
            servers,
        })
    }

    /// Does one command.
    ///
    /// # Errors
    /// It failed, or the process ended.
    pub async fn call(&mut self, command: &Value) -> Result<Done> {
        let (before, cpu) = (self.proxy.moved(), self.cpu());
        self.input
            .write_all(format!("{command}\n").as_bytes())
            .await?;
        let line = timeout(PATIENCE, self.output.next_line())
            .await
            .context("the client is stuck")??;
        let line = line.with_context(|| format!("the client ended at {command}"))?;
        let answer: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        if let Some(error) = answer.get("error") {
            bail!("{error}");
        }
        Ok(Done {
            ms: answer["ms"].as_f64().context("milliseconds")?,
            moved: self.proxy.moved().since(before),
            cpu: self
                .cpu()
                .iter()
                .zip(cpu)
                .map(|(now, then)| now - then)
                .collect(),
            answer,
        })
    }

    fn cpu(&self) -> Vec<f64> {
        let processes = [self.pid].into_iter().chain(self.servers.iter().copied());
        processes.map(cpu_ms).collect()
    }
}

/// Milliseconds that a process's threads have run; 0 of one that is gone.
#[must_use]
pub fn cpu_ms(process: u32) -> f64 {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return 0.0;
    };
    let ran = |thread: std::io::Result<std::fs::DirEntry>| -> Option<f64> {
        let stat = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse().ok()
    };
    threads.filter_map(ran).sum::<f64>() / 1e6
}
