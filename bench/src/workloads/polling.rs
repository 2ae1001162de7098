//! Many devices that poll as often as an idle device does at most: what that costs the server and its database.

use crate::{
    figures::{median, millis, percentile},
    ours::Ours,
};
use anyhow::{Context, Result, ensure};
use blackbox::{Api, Desk};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often an idle device polls at most.
const EVERY: Duration = Duration::from_secs(30);
/// Devices that sign in at once.
const AT_ONCE: usize = 4;

/// A device of which only the cursor is kept.
pub struct Poller {
    api: Api,
    cursor: Value,
}

/// What a pull brought.
#[derive(Debug, Clone, Copy)]
pub struct Pulled {
    /// Aggregates.
    pub puts: usize,
    /// Nothing more waits.
    pub complete: bool,
    /// It compared whole scopes.
    pub checked: bool,
}

impl Poller {
    /// A new device of a member of staff, nothing pulled yet.
    ///
    /// # Errors
    /// It is not let in.
    pub async fn sign_in(ours: &Ours, username: &str) -> Result<Self> {
        let code = ours.pairing_code().await?;
        let desk = Desk::open(
            &Api::new(ours.server_url()),
            &code,
            username,
            ours.password(),
        )
        .await;
        Ok(Self {
            api: desk.api().clone(),
            cursor: Value::Null,
        })
    }
}

/// Pulls one page.
///
/// # Errors
/// The server's.
pub async fn pull(poller: &mut Poller) -> Result<Pulled> {
    let request = json!({"schema": 1, "cursor": poller.cursor, "confirmed": 0});
    let answer = poller.api.post("/sync/v1/pull", &request).await;
    ensure!(answer.status == 200, "{}", answer.text);
    let body = answer.body;
    let pulled = Pulled {
        puts: body["puts"].as_array().context("puts")?.len(),
        complete: body["complete"] == true,
        checked: !body["checks"].is_null(),
    };
    poller.cursor = body["cursor"].clone();
    Ok(pulled)
}

/// So many devices poll for `window`; answers a line of a table.
///
/// # Errors
/// Of the server.
pub async fn idle(ours: &mut Ours, devices: usize, window: Duration) -> Result<String> {
    // A collector's usual day: 50 visits.
    let collectors = u32::try_from(devices.div_ceil(10))
        .unwrap_or(u32::MAX)
        .max(1);
    let station = ours.station("poll", collectors * 50, collectors).await?;
    let mut pollers = Vec::new();
    let numbers: Vec<usize> = (0..devices).collect();
    for some in numbers.chunks(AT_ONCE) {
        let names: Vec<String> = some
            .iter()
            .map(|n| station.collector(u32::try_from(n % 10).unwrap_or(0) % collectors + 1))
            .collect();
        for name in names {
            let mut poller = Poller::sign_in(ours, &name).await?;
            while !pull(&mut poller).await?.complete {}
            pollers.push(poller);
        }
    }
    let processes = ours.processes().await?;
    let before = cpu_seconds(&processes);
    let began = Instant::now();
    let gap = EVERY / u32::try_from(devices)?;
    let mut tasks = Vec::new();
    for (number, mut poller) in (0_u32..).zip(pollers) {
        tasks.push(tokio::spawn(async move {
            let mut took = Vec::new();
            let mut next = began + gap * number;
            while next < began + window {
                tokio::time::sleep_until(next.into()).await;
                let asked = Instant::now();
                pull(&mut poller).await?;
                took.push(asked.elapsed().as_secs_f64() * 1_000.0);
                next += EVERY;
            }
            anyhow::Ok(took)
        }));
    }
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await.context("a device")??);
    }
    let cores = (cpu_seconds(&processes) - before) / began.elapsed().as_secs_f64();
    Ok(format!(
        "| {devices} devices polling every {} s: cores of server and database, {} polls in {:.0} s | {cores:.3}; a poll takes {} ms, p99 {} |\n",
        EVERY.as_secs(),
        took.len(),
        began.elapsed().as_secs_f64(),
        millis(median(&took)),
        millis(percentile(&took, 99)),
    ))
}

/// Processor time of processes so far, threads that have ended included.
fn cpu_seconds(processes: &[u32]) -> f64 {
    let ticks = |process: &u32| -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(')')?;
        // utime and stime are fields 14 and 15 of the whole, in hundredths of a second.
        let own = fields.split_whitespace().skip(11).take(2);
        Some(own.filter_map(|field| field.parse::<f64>().ok()).sum())
    };
    processes.iter().filter_map(ticks).sum::<f64>() / 100.0
}
