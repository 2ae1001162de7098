//! The table of both sides: medians over the runs.

use super::wrk::Seen;
use crate::figures::{median, millis};
use std::fmt::Write;

/// One run with what it cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Run {
    /// What the generator saw.
    pub seen: Seen,
    /// The server's processor seconds.
    pub server_cpu: f64,
    /// The database's.
    pub database_cpu: f64,
    /// Highest resident size, MiB.
    pub memory: f64,
}

/// A mode's runs of both sides.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// What was asked, and over how many rows.
    pub name: String,
    /// Here.
    pub ours: Vec<Run>,
    /// There.
    pub peer: Vec<Run>,
}

impl Compared {
    /// How many times the peer's requests a second are ours; 0 without a peer.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        if self.peer.is_empty() {
            0.0
        } else {
            rate(&self.ours) / rate(&self.peer)
        }
    }
}

/// Requests a second, the median of the runs.
#[must_use]
pub fn rate(runs: &[Run]) -> f64 {
    of(runs, |run| run.seen.rate())
}

fn of(runs: &[Run], what: impl Fn(&Run) -> f64) -> f64 {
    median(&runs.iter().map(what).collect::<Vec<_>>())
}

/// A row a side.
#[must_use]
pub fn table(all: &[Compared]) -> String {
    let mut text = "| call | side | requests/s | p50 ms | p99 ms | server CPU s / 1,000 | database CPU s / 1,000 | memory MiB | answer bytes | refused | broken | ours ÷ peer |\n\
                    | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n".to_owned();
    for compared in all {
        for (side, runs) in [("ours", &compared.ours), ("peer", &compared.peer)] {
            if runs.is_empty() {
                continue;
            }
            let ratio = match side {
                "ours" if !compared.peer.is_empty() => format!("**{:.2}×**", compared.ratio()),
                _ => String::new(),
            };
            let thousand =
                |cpu: fn(&Run) -> f64| of(runs, |run| cpu(run) * 1_000.0 / run.seen.requests);
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "| {} | {side} | {:.0} | {} | {} | {:.4} | {:.4} | {:.0} | {:.0} | {:.0} | {:.0} | {ratio} |",
                compared.name,
                rate(runs),
                millis(of(runs, |run| run.seen.p50)),
                millis(of(runs, |run| run.seen.p99)),
                thousand(|run| run.server_cpu),
                thousand(|run| run.database_cpu),
                of(runs, |run| run.memory),
                of(runs, |run| run.seen.bytes / run.seen.requests),
                runs.iter().map(|run| run.seen.refused).sum::<f64>(),
                runs.iter().map(|run| run.seen.broken).sum::<f64>(),
            );
        }
    }
    text
}
