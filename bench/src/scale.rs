//! How much is measured: `BENCH_SCALE=full` for the figures, `small` to try a change, `tiny` to try the bench itself.

use anyhow::{Result, bail};

/// Sizes of the workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Interleaved runs of each workload.
    pub runs: usize,
    /// Visits (two aggregates each) of the smaller first sync.
    pub visits: u32,
    /// Visits of the larger first sync; 1 % of them are one collector's.
    pub many_visits: u32,
    /// Offline edits of one push.
    pub edits: usize,
    /// Clients of the converging workload, and edits of each.
    pub clients: usize,
    /// Edits each of them makes.
    pub edits_each: usize,
    /// Visits reassigned behind a collector's back.
    pub reassigned: u32,
    /// Rounds and seconds of the change feed's windows.
    pub feed: (usize, u64),
    /// Visits of the station whose growth a pull is not to notice.
    pub grown: u32,
    /// Devices that poll, and seconds.
    pub polling: (usize, u64),
}

impl Scale {
    /// The sizes of that name.
    ///
    /// # Errors
    /// No such name.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "full" => Self {
                runs: 5,
                visits: 5_000,
                many_visits: 50_000,
                edits: 1_000,
                clients: 20,
                edits_each: 25,
                reassigned: 100,
                feed: (5, 6),
                grown: 1_000_000,
                polling: (1_000, 90),
            },
            "small" => Self {
                runs: 3,
                visits: 5_000,
                many_visits: 10_000,
                edits: 1_000,
                clients: 8,
                edits_each: 25,
                reassigned: 50,
                feed: (2, 4),
                grown: 100_000,
                polling: (200, 60),
            },
            "tiny" => Self {
                runs: 1,
                visits: 50,
                many_visits: 200,
                edits: 20,
                clients: 2,
                edits_each: 4,
                reassigned: 6,
                feed: (1, 1),
                grown: 500,
                polling: (20, 4),
            },
            other => bail!("BENCH_SCALE is full, small or tiny, not {other}"),
        })
    }

    /// The same with another number of runs.
    #[must_use]
    pub const fn runs(self, runs: usize) -> Self {
        Self { runs, ..self }
    }
}
