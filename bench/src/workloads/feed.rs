//! What the change feed costs its writers: the same transactions with and without their entry in the outbox, by 32
//! writers at once, in turns; and how long an entry waits for its number meanwhile.

use crate::{
    figures::{median, millis, percentile},
    ours::Ours,
    store::{feed, feed::Writer, look},
};
use anyhow::{Context, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Writers at once.
const WRITERS: usize = 32;
/// Visits that each writes in turn; no two writers touch the same.
const VISITS_EACH: usize = 100;
/// How often a probe looks.
const LOOK: Duration = Duration::from_millis(1);

/// Alternates `rounds` times between both kinds for `window` each; answers lines of a table.
///
/// # Errors
/// Of the database.
pub async fn cost(ours: &Ours, rounds: usize, window: Duration) -> Result<String> {
    let visits = u32::try_from(WRITERS * VISITS_EACH)?;
    let station = ours.station("feed", visits, 4).await?;
    let ids = look::appointments(ours.database(), &station.id, 0, WRITERS * VISITS_EACH).await;
    let ids: Vec<Uuid> = ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?;
    let (mut with, mut without, mut lags) = (Vec::new(), Vec::new(), Vec::new());
    // One round to warm up that counts for neither.
    for round in 0..=rounds {
        let (plain, _) = run(ours, &ids, window, false).await?;
        let (marked, lag) = run(ours, &ids, window, true).await?;
        while !feed::is_quiet(ours.database()).await {
            tokio::time::sleep(LOOK).await;
        }
        eprintln!("feed: {plain:.0} plain, {marked:.0} marked per second");
        if round > 0 {
            without.push(plain);
            with.push(marked);
            lags.extend(lag);
        }
    }
    let (with, without) = (median(&with), median(&without));
    Ok(format!(
        "| change feed, {WRITERS} writers: transactions per second with / without it | {with:.0} / {without:.0} = {:.2} |\n\
         | sequencing lag under those writers, median / p99 of {} probes | {} / {} ms |\n",
        with / without,
        lags.len(),
        millis(median(&lags)),
        millis(percentile(&lags, 99)),
    ))
}

/// One window: transactions per second, and the lags of probes in milliseconds.
async fn run(ours: &Ours, ids: &[Uuid], window: Duration, marked: bool) -> Result<(f64, Vec<f64>)> {
    let (stop, done) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut writers = Vec::new();
    for own in ids.chunks(VISITS_EACH) {
        let mut writer = Writer::connect(ours.database()).await?;
        let (own, stop, done) = (own.to_vec(), Arc::clone(&stop), Arc::clone(&done));
        writers.push(tokio::spawn(async move {
            for id in own.iter().cycle() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                writer.write(*id, marked).await?;
                done.fetch_add(1, Ordering::SeqCst);
            }
            anyhow::Ok(())
        }));
    }
    let began = Instant::now();
    let lags = if marked {
        probes(ours, began + window).await?
    } else {
        tokio::time::sleep(window).await;
        Vec::new()
    };
    #[allow(clippy::cast_precision_loss)]
    let rate = done.load(Ordering::SeqCst) as f64 / began.elapsed().as_secs_f64();
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.context("a writer")??;
    }
    Ok((rate, lags))
}

/// Entries in scopes of their own, one after the other, each watched until it has its number.
async fn probes(ours: &Ours, until: Instant) -> Result<Vec<f64>> {
    let mut writer = Writer::connect(ours.database()).await?;
    let mut lags = Vec::new();
    while Instant::now() < until {
        let scope = format!("probe:{}", Uuid::now_v7());
        writer.probe(&scope).await?;
        let committed = Instant::now();
        while !writer.is_sequenced(&scope).await? {
            tokio::time::sleep(LOOK).await;
        }
        lags.push(committed.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(lags)
}
