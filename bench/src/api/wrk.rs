//! The closed loop: wrk, 64 connections on two threads, with a script of our own.

use anyhow::{Context, Result, ensure};
use std::{
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
};

use super::scene::Side;

/// Connections that a run keeps busy.
pub const CONNECTIONS: u32 = 64;

/// What one run of wrk saw. Times in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    /// Requests answered.
    pub requests: f64,
    /// Seconds.
    pub seconds: f64,
    /// Median latency.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The slowest.
    pub max: f64,
    /// Answers of 400 and above.
    pub refused: f64,
    /// Connections that broke or were too slow.
    pub broken: f64,
    /// Bytes of the answers.
    pub bytes: f64,
}

impl Seen {
    /// Requests a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.requests / self.seconds
    }
}

/// Runs wrk against a side for so many seconds.
///
/// # Errors
/// wrk is not installed or printed no result.
pub fn run(side: Side, url: &str, tokens: &str, mode: &str, seconds: u64) -> Result<Seen> {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let fresh = format!(
        "{}-{}-{}",
        std::process::id(),
        chrono::Utc::now().timestamp_millis(),
        RUNS.fetch_add(1, Ordering::Relaxed)
    );
    let done = Command::new("wrk")
        .args([
            "-t2",
            &format!("-c{CONNECTIONS}"),
            &format!("-d{seconds}s"),
            "--timeout",
            "10s",
            "-s",
        ])
        .arg(script())
        .arg(url)
        .envs([
            ("SIDE", side.as_str()),
            ("MODE", mode),
            ("TOKENS", tokens),
            ("RUN", &fresh),
        ])
        .output()
        .context("wrk is not installed: scripts/setup bench")?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let line = said.lines().find_map(|line| line.strip_prefix("RESULT "));
    let line = line.with_context(|| {
        format!(
            "wrk gave no result: {said}{}",
            String::from_utf8_lossy(&done.stderr)
        )
    })?;
    let seen = read(line);
    ensure!(seen.requests > 0.0, "nothing was answered: {said}");
    Ok(seen)
}

fn script() -> PathBuf {
    blackbox::paths::root().join("bench/load/load.lua")
}

fn read(line: &str) -> Seen {
    let number = |name: &str| {
        let fields = line
            .split_whitespace()
            .filter_map(|field| field.split_once('='));
        let found = fields.into_iter().find(|(key, _)| *key == name);
        found
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or_default()
    };
    Seen {
        requests: number("requests"),
        seconds: number("seconds"),
        p50: number("p50"),
        p99: number("p99"),
        max: number("max"),
        refused: number("refused"),
        broken: number("broken"),
        bytes: number("bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read_by_its_names() {
        let seen = read(
            "requests=1000 seconds=2.000000 p50=1.500 p99=3.250 max=9.000 refused=2 broken=1 bytes=77",
        );
        assert!((seen.rate() - 500.0).abs() < 1e-9);
        assert!((seen.p99 - 3.25).abs() < 1e-9);
        assert!((seen.refused - 2.0).abs() < 1e-9);
        assert!((seen.bytes - 77.0).abs() < 1e-9);
    }
}
