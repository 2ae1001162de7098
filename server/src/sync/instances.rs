//! Several servers on one database (sync.md 4): one sequences at a time, by the lock of the head's row. One that dies
//! loses the lock with its connection; one that merely stops (SIGSTOP, a host without network) would keep it for hours.
//! So each gives a sign of life, and whoever waits for the head disconnects a holder that has gone silent.

use crate::store::{
    Db, StoreError,
    instances::{self, Sign},
};
use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often an instance gives a sign of life.
const BEAT: Duration = Duration::from_millis(250);
/// A holder of the head that has missed so many, a second's worth, is disconnected by who waits for the head.
const SILENT: u32 = 4;
/// Who still waits for the head then disconnects all of it: another of its connections has come to hold what is waited
/// for.
const STUBBORN: u32 = 6;
/// An instance that has missed so many, five seconds' worth, loses all its connections: rows that it has locked are
/// waited for too.
const GONE: u32 = 20;

/// How often connections that are no more are forgotten.
const TIDY: Duration = Duration::from_secs(600);

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
    let (mut watch, mut tidied) = (Watch::default(), None::<Instant>);
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = beats.tick() => {}
        }
        if let Err(error) = round(db, turns, &mut watch).await {
            tracing::debug!(%error, "no sign of life could be given");
        }
        if tidied.is_none_or(|at| at.elapsed() > TIDY)
            && let Ok(mut conn) = db.pulse().await
        {
            drop(instances::tidy(&mut conn).await);
            tidied = Some(Instant::now());
        }
    }
    if let Ok(mut conn) = db.pulse().await {
        drop(instances::forget(&mut conn, db.instance()).await);
    }
}

async fn round(db: &Db, turns: &Turns, watch: &mut Watch) -> Result<(), StoreError> {
    let began = Instant::now();
    let mut conn = db.pulse().await?;
    let others = instances::beat(&mut conn, db.instance()).await?;
    if began.elapsed() > BEAT {
        tracing::debug!(ms = began.elapsed().as_millis(), "a sign of life took long");
    }
    for (sign, missed) in watch.look(&others) {
        let gone = missed >= GONE;
        if missed < SILENT || !(gone || turns.waiting.load(Ordering::Relaxed)) {
            continue;
        }
        let sequencer_only = missed < STUBBORN;
        tracing::debug!(instance = %sign.instance, missed, silent_ms = sign.since.as_millis(), sequencer_only, "silent");
        let ended = instances::disconnect(&mut conn, sign.instance, sequencer_only).await?;
        if ended > 0 {
            turns.disconnected(sign.since);
            tracing::warn!(instance = %sign.instance, silent_ms = sign.since.as_millis(), connections = ended,
                "an instance has gone silent; it was disconnected");
        }
        if gone {
            instances::forget(&mut conn, sign.instance).await?;
        }
    }
    Ok(())
}

/// How many signs of life each of the others has missed, counted in one's own: a database or a machine that was slow
/// made everybody silent, and nobody is suspected for that.
#[derive(Debug, Default)]
struct Watch(HashMap<Uuid, (i64, u32)>);

impl Watch {
    fn look(&mut self, others: &[Sign]) -> Vec<(Sign, u32)> {
        self.0
            .retain(|id, _| others.iter().any(|sign| sign.instance == *id));
        let mut count = |sign: &Sign| {
            let (at, missed) = self.0.entry(sign.instance).or_insert((sign.at, 0));
            *missed = if *at == sign.at { *missed + 1 } else { 1 };
            *at = sign.at;
            (*sign, *missed - 1)
        };
        others.iter().map(&mut count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_gives_no_sign_while_we_do_is_silent() {
        let sign = |id: u128, at| Sign {
            instance: Uuid::from_u128(id),
            at,
            since: Duration::ZERO,
        };
        let mut watch = Watch::default();
        let mut missed = |signs: &[Sign]| -> Vec<u32> {
            watch.look(signs).into_iter().map(|(_, n)| n).collect()
        };
        assert_eq!(missed(&[sign(1, 10), sign(2, 10)]), [0, 0], "first seen");
        assert_eq!(missed(&[sign(1, 20), sign(2, 10)]), [0, 1]);
        assert_eq!(missed(&[sign(1, 20), sign(2, 10)]), [1, 2]);
        assert_eq!(missed(&[sign(1, 30), sign(2, 11)]), [0, 0], "back again");
        assert_eq!(missed(&[sign(1, 30)]), [1]);
        assert_eq!(
            missed(&[sign(1, 30), sign(2, 11)]),
            [2, 0],
            "forgotten and new"
        );
    }
}
