//! A pull of a hundred changes, by a device whose station holds few rows and then very many: time and the rows the
//! database examined for it.

use super::polling::{Poller, pull};
use crate::{
    figures::{median, millis},
    ours::Ours,
    store::{feed, fill, look},
};
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// Changes of one pull.
const CHANGES: u32 = 100;

/// Measures at `few` and at `many` visits (two aggregates each); answers lines of a table.
///
/// # Errors
/// Of the server or the database.
pub async fn growth(ours: &Ours, few: u32, many: u32, repeats: u32) -> Result<String> {
    let station = ours.station("wide", few, 2).await?;
    let mut poller = Poller::sign_in(ours, station.clerk()).await?;
    // Each pull brings other visits: a station too small for that brings fewer at a time.
    let changes = CHANGES.min(few / repeats).max(1);
    let small = measure(ours, &station, &mut poller, repeats, changes).await?;
    fill::more_visits(ours.database(), &station, few + 1, many).await?;
    feed::fill_log(ours.database(), many).await?;
    ours.database()
        .execute("ANALYZE TABLE appointments, sync_log")
        .await;
    let large = measure(ours, &station, &mut poller, repeats, changes).await?;
    Ok(format!(
        "| pull of {changes} changes, {} / {} aggregates and log entries | {} / {} ms = {:.2}; {} / {} rows read by handlers |\n",
        few * 2,
        many * 2,
        millis(small.0),
        millis(large.0),
        large.0 / small.0,
        small.1,
        large.1,
    ))
}

/// Median milliseconds and median of rows examined.
async fn measure(
    ours: &Ours,
    station: &fill::Station,
    poller: &mut Poller,
    repeats: u32,
    changes: u32,
) -> Result<(f64, u64)> {
    let (mut times, mut reads) = (Vec::new(), Vec::new());
    // What is left from before, and caches.
    while !pull(poller).await?.complete {}
    for round in 0..repeats {
        feed::change(ours.database(), &station.id, round * changes, changes).await;
        while !feed::is_quiet(ours.database()).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let before = look::handler_reads(ours.database()).await;
        let began = Instant::now();
        let answer = pull(poller).await?;
        let ms = began.elapsed().as_secs_f64() * 1_000.0;
        let after = look::handler_reads(ours.database()).await;
        ensure!(
            u32::try_from(answer.puts) == Ok(changes) && answer.complete,
            "{answer:?}"
        );
        // Every tenth pull compares whole scopes; that is another figure.
        if !answer.checked {
            times.push(ms);
            let sum = |reads: &std::collections::BTreeMap<String, u64>| reads.values().sum::<u64>();
            reads.push(sum(&after) - sum(&before));
        }
    }
    reads.sort_unstable();
    Ok((
        median(&times),
        reads.get(reads.len() / 2).copied().unwrap_or(0),
    ))
}
