//! The sequencer (sync.md 4): gives committed writes their dense numbers. Any number of instances may run; the lock
//! of the head row makes them take turns.

use super::{
    instances::{self, Turns},
    ports::{Ledger, Sequencing},
};
use crate::{
    crash::crash_point,
    store::{Db, StoreError, db::Tries, instances as connections},
};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Rows of one batch.
const BATCH: u32 = 2_000;
/// How long to sleep when nothing rings: writes of other instances are not heard.
const POLL: Duration = Duration::from_millis(20);
/// The same when there was something just now: where one instance writes, more follows.
const SOON: Duration = Duration::from_millis(10);
/// How long commits gather after a batch, whoever rings: a batch costs the database as much as a small write, however
/// few rows it has, and each writer waits for it. The first commit after a rest is numbered at once.
const GATHER: Duration = Duration::from_millis(8);
/// How long to leave a failing database alone, at first; doubling up to sixteen times as much. A connection that
/// somebody ended is a failure too.
const AFTER_ERROR: Duration = Duration::from_millis(30);

/// After so long the head must be in somebody else's hands.
const WAITING: Duration = Duration::from_millis(200);

/// No batch takes so long, the locks of others included: the line to the database is dead, perhaps with the head's lock at
/// its other end. Doubled up to eight times while it happens again: a database may be as slow as that.
const LOST: Duration = Duration::from_secs(10);
/// How long to try to have the own connection ended.
const HANG_UP: Duration = Duration::from_secs(5);

/// Runs until `stop`, beside the other instances.
pub async fn run(db: Db, stop: CancellationToken) {
    let turns = Turns::default();
    tokio::join!(
        number(&db, &turns, &stop),
        instances::run(&db, &turns, &stop)
    );
}

async fn number(db: &Db, turns: &Turns, stop: &CancellationToken) {
    let wake = db.wake();
    let mut behind_since: Option<Instant> = None;
    let (mut rung, mut failures, mut lost) = (true, 0, 0);
    loop {
        let ran = match tokio::time::timeout(LOST * (1 << lost), in_turn(db, turns, rung)).await {
            Ok(ran) => {
                lost = 0;
                ran
            }
            Err(_) => {
                lost = (lost + 1).min(3);
                turns.wait(false);
                hang_up(db).await;
                Err(StoreError::unavailable("no answer to the sequencer"))
            }
        };
        let behind = !matches!(&ran, Ok(moved) if *moved < BATCH as usize);
        behind_since = behind.then(|| behind_since.unwrap_or_else(Instant::now));
        metrics::gauge!("sync_sequencer_lag_seconds")
            .set(behind_since.map_or(0.0, |since| since.elapsed().as_secs_f64()));
        let moved = *ran.as_ref().unwrap_or(&0);
        let pause = match ran {
            Ok(_) if behind && !stop.is_cancelled() => continue,
            Ok(_) => {
                failures = 0;
                if moved > 0 { SOON - GATHER } else { POLL }
            }
            Err(error) => {
                tracing::warn!(%error, "the sequencer could not work; it tries again");
                failures = (failures + 1).min(5);
                AFTER_ERROR * (1 << (failures - 1))
            }
        };
        if moved > 0 {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(GATHER) => {}
            }
        }
        rung = tokio::select! {
            () = stop.cancelled() => return,
            () = wake.notified(), if failures == 0 => true,
            () = tokio::time::sleep(pause) => false,
        };
    }
}

/// Has the database end the connections that this instance sequenced with: over a dead line it would not hear of their
/// end for long, and keep the head's lock for them though this instance lives.
async fn hang_up(db: &Db) {
    let ended = async {
        let mut conn = db.pulse().await?;
        connections::disconnect(&mut conn, db.instance(), true).await
    };
    match tokio::time::timeout(HANG_UP, ended).await {
        Ok(Ok(ended)) => tracing::warn!(
            ended,
            "the line to the database was dead; the sequencer takes another"
        ),
        Ok(Err(error)) => tracing::warn!(%error, "the sequencer's dead line could not be ended"),
        Err(_) => tracing::warn!("the sequencer's dead line could not be ended in time"),
    }
}

/// One look at the outbox; says so while it has to wait for its turn.
async fn in_turn(db: &Db, turns: &Turns, rung: bool) -> Result<usize, StoreError> {
    let work = round(db, rung);
    tokio::pin!(work);
    let ran = tokio::select! {
        ran = &mut work => ran,
        () = tokio::time::sleep(WAITING) => {
            turns.wait(true);
            work.await
        }
    };
    turns.wait(false);
    if matches!(ran, Ok(moved) if moved > 0) {
        turns.taken();
    }
    ran
}

/// One look at the outbox: a cheap one first where nobody has rung, as it is mostly empty.
async fn round<L: Ledger>(db: &L, rung: bool) -> Result<usize, StoreError> {
    if !rung && !db.anything_pending().await? {
        return Ok(0);
    }
    sequence(db).await
}

/// Numbers one batch; returns how many rows it moved.
///
/// # Errors
/// Of the database; then nothing has moved.
pub async fn sequence<L: Ledger>(db: &L) -> Result<usize, StoreError> {
    let started = Instant::now();
    let moved = in_one_transaction(db).await?;
    crash_point("sequencer.after_commit");
    if moved > 0 {
        metrics::histogram!("sync_sequencer_batch_seconds").record(started.elapsed().as_secs_f64());
        metrics::counter!("sync_sequenced_total").increment(moved as u64);
    }
    Ok(moved)
}

/// [`write_tx!`](crate::write_tx) on the sequencer's own connection.
async fn in_one_transaction<L: Ledger>(db: &L) -> Result<usize, StoreError> {
    let mut tries = Tries::default();
    loop {
        let mut tx = db.begin_sequencing().await?;
        let moved = tx.number(BATCH, db.tag()).await;
        if matches!(moved, Ok(moved) if moved > 0) {
            crash_point("sequencer.before_commit");
        }
        if let Some(settled) = db.settle(tx, moved, &mut tries).await {
            return settled;
        }
    }
}
