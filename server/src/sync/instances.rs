//! Several servers on one database (sync.md 4): one sequences at a time, by the lock of the head's row. One that dies
//! loses the lock with its connection; one that merely stops (SIGSTOP, a host without network) would keep it for hours.
//! So each gives a sign of life, and whoever waits for the head disconnects a holder that has gone silent.

use crate::store::{Db, StoreError, instances};
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// How often an instance gives a sign of life.
const BEAT: Duration = Duration::from_millis(250);
/// A holder of the head that has been silent for so long is disconnected by who waits for the head.
const SILENT: Duration = Duration::from_secs(1);
/// An instance that has been silent for so long loses all its connections: rows that it has locked are waited for too.
const GONE: Duration = Duration::from_secs(5);

/// How it stands with the head, as the sequencer of this instance sees it.
#[derive(Debug, Default)]
pub struct Turns {
    waiting: AtomicBool,
    silent_since: Mutex<Option<Instant>>,
}

impl Turns {
    /// Whether the sequencer has been kept waiting.
    pub fn wait(&self, waiting: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// The sequencer had its turn: tells how long sequencing stood still if another one had to be disconnected.
    pub fn taken(&self) {
        let since = self
            .silent_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(since) = since {
            let still = since.elapsed();
            metrics::histogram!("sync_sequencer_takeover_seconds").record(still.as_secs_f64());
            tracing::warn!(
                ms = u64::try_from(still.as_millis()).unwrap_or(u64::MAX),
                "sequencing was taken over"
            );
        }
    }

    fn disconnected(&self, silent: Duration) {
        metrics::counter!("sync_sequencer_takeovers_total").increment(1);
        let mut since = self
            .silent_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *since = Instant::now().checked_sub(silent);
    }
}

/// Gives signs of life and looks after the other instances, until `stop`.
pub async fn run(db: &Db, turns: &Turns, stop: &CancellationToken) {
    if let Ok(mut conn) = db.read().await {
        drop(instances::tidy(&mut conn).await);
    }
    let mut steady = Instant::now();
    let mut last = Instant::now();
    loop {
        // A database or machine that was slow made everybody silent: nobody is suspected for that.
        if last.elapsed() > SILENT {
            steady = Instant::now();
        }
        last = Instant::now();
        let sound = steady.elapsed() > SILENT + BEAT;
        if let Err(error) = round(db, turns, sound).await {
            tracing::debug!(%error, "no sign of life could be given");
            steady = Instant::now();
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(BEAT) => {}
        }
    }
    if let Ok(mut conn) = db.read().await {
        drop(instances::forget(&mut conn, db.instance()).await);
    }
}

async fn round(db: &Db, turns: &Turns, sound: bool) -> Result<(), StoreError> {
    let mut conn = db.read().await?;
    instances::beat(&mut conn, db.instance()).await?;
    if !sound {
        return Ok(());
    }
    for silent in instances::silent(&mut conn, db.instance(), SILENT).await? {
        let gone = silent.since > GONE;
        if !gone && !turns.waiting.load(Ordering::Relaxed) {
            continue;
        }
        let ended = instances::disconnect(&mut conn, silent.instance, !gone).await?;
        if ended > 0 {
            turns.disconnected(silent.since);
            tracing::warn!(instance = %silent.instance, silent_ms = silent.since.as_millis(), connections = ended,
                "an instance has gone silent; it was disconnected");
        }
        if gone {
            instances::forget(&mut conn, silent.instance).await?;
        }
    }
    Ok(())
}
