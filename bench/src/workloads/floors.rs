//! What no sync can be faster than on this machine: its disk settling a file, one row written durably by the device's
//! store and by the database, a message to the database, and an empty request through the counting proxy.

use super::Both;
use crate::{
    client::cpu_ms,
    figures::{median, millis, percentile},
    store::floor,
};
use anyhow::Result;
use huishou_client::store::{Commit, Store, StoreKey, meta};
use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    time::{Duration, Instant},
};

/// Times each is done; the first ones warm up.
const TIMES: usize = 420;
const WARM_UP: usize = 20;
/// Between two: what comes by itself finds the processors asleep and their caches used by others, as in the workloads.
const PAUSE: Duration = Duration::from_millis(2);
/// What a small commit writes.
const PAGES: usize = 4 * 4096;

/// Measures them; answers lines of a table.
///
/// # Errors
/// Of the disk, the store, the database or the server.
pub async fn measure(both: &mut Both) -> Result<String> {
    let folder = tempfile::TempDir::with_prefix("bench-floors-")?;
    let mut rows = String::new();

    let mut file = File::create(folder.path().join("file"))?;
    let mut settled = Vec::new();
    for _ in 0..TIMES {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[7; PAGES])?;
        settled.push(timed(|| Ok(file.sync_data()?))?);
    }
    rows.push_str(&row("the disk settles 16 KiB of a file", &settled));

    let mut store = Store::open(&folder.path().join("store"), &StoreKey::new([0x5a; 32]))?;
    let mut kept = Vec::new();
    for n in 0..TIMES {
        kept.push(timed(|| {
            Ok(store.write(Commit::Other, |db| meta::set(db, meta::Key::Repaired, &n))?)
        })?);
    }
    rows.push_str(&row("one row in the device's store, durable", &kept));

    let mut conn = floor::open(both.ours.database()).await?;
    let (mut looked, mut written) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        std::thread::sleep(PAUSE);
        looked.push(floor::look(&mut conn).await?);
    }
    for _ in 0..TIMES {
        std::thread::sleep(PAUSE);
        written.push(floor::write(&mut conn).await?);
    }
    rows.push_str(&row(
        "a statement of the database that reads nothing",
        &looked,
    ));
    rows.push_str(&row("one row in the database, durable", &written));

    rows.push_str(&requests(both)?);
    Ok(rows)
}

/// Requests to the server that read nothing, as a device makes them.
fn requests(both: &mut Both) -> Result<String> {
    let url = format!("{}/healthz", both.ours.proxy_url());
    let server = both.ours.server_process();
    let asking = std::thread::spawn(move || -> Result<(Vec<f64>, f64, f64)> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let client = reqwest::Client::builder().build()?;
        let (mut took, own, theirs) = (Vec::new(), own_ms()?, cpu_ms(server));
        for _ in 0..TIMES {
            std::thread::sleep(PAUSE);
            let began = Instant::now();
            runtime.block_on(async {
                let answer = client.get(&url).send().await?.error_for_status()?;
                answer.bytes().await?;
                Ok::<_, reqwest::Error>(())
            })?;
            took.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok((took, own_ms()? - own, cpu_ms(server) - theirs))
    });
    let (took, own, theirs) = asking
        .join()
        .map_err(|_| anyhow::anyhow!("the one who asks panicked"))??;
    #[allow(clippy::cast_precision_loss)]
    let each = |sum: f64| sum / TIMES as f64;
    let mut rows = row("an empty request through the counting proxy", &took);
    rows.push_str(&format!(
        "| its processor time, who asks / server | {} / {} ms |\n",
        millis(each(own)),
        millis(each(theirs))
    ));
    Ok(rows)
}

/// Milliseconds that this thread has run.
fn own_ms() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let ran: f64 = stat.split_whitespace().next().unwrap_or("0").parse()?;
    Ok(ran / 1e6)
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    std::thread::sleep(PAUSE);
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64() * 1_000.0)
}

fn row(what: &str, took: &[f64]) -> String {
    let took = took.get(WARM_UP..).unwrap_or(took);
    format!(
        "| {what}, median / p95 | {} / {} ms |\n",
        millis(median(took)),
        millis(percentile(took, 95))
    )
}
