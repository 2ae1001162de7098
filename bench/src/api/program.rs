//! A program under measurement: its output goes to files, as it would in service, so that reading it costs the benchmark
//! nothing; what it used is read from /proc.

use anyhow::{Context, Result, bail, ensure};
use std::{
    fs::File,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running program; killed when dropped.
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it; both its outputs go to the file `log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let out = File::create(log).with_context(|| log.display().to_string())?;
        command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let name = command.get_program().to_string_lossy().into_owned();
        Ok(Self {
            child: command
                .spawn()
                .with_context(|| format!("cannot start {name}"))?,
            log: log.to_owned(),
        })
    }

    /// Waits until something listens on the port.
    ///
    /// # Errors
    /// It ended, or took longer than a minute.
    pub fn listens(&mut self, port: u16) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("ended with {status}: {}", self.said());
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "does not listen: {}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What it has printed: the first few thousand letters.
    #[must_use]
    pub fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.chars().take(3_000).collect()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor seconds that a process has used, threads that have ended included.
#[must_use]
pub fn cpu_seconds(pid: u32) -> f64 {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return 0.0;
    };
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: f64 = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    // USER_HZ is 100 on every Linux.
    ticks / 100.0
}

/// Waits until these processes have nothing left to do, half a minute at most: what one load left behind is not the next
/// one's.
pub fn settle(pids: &[u32]) {
    let used = || pids.iter().map(|pid| cpu_seconds(*pid)).sum::<f64>();
    let began = Instant::now();
    let mut before = used();
    while began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(500));
        let now = used();
        if now - before < 0.05 {
            return;
        }
        before = now;
    }
}

/// Lets the highest resident size begin anew.
pub fn forget_peak(pid: u32) {
    // Without the right to do so the peak is that of the whole life: no less true.
    let _ = std::fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// Highest resident size since [`forget_peak`], MiB.
#[must_use]
pub fn peak_mib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
