//! Which kept values are current. One look at the database tells everybody who waits for one; whoever comes while a look
//! is under way waits for the next, so that each knows of every change confirmed before it asked.

use crate::store::{
    Db, StoreError,
    changes::{self, SHARDS},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Between two looks of our own accord.
const EVERY: Duration = Duration::from_millis(250);
/// A look so long ago is none.
const FRESH: Duration = Duration::from_secs(1);
/// How many changes of a shard are told apart at most.
const BACK: i64 = 2_048;
/// Most things remembered to have changed.
const MOST: usize = 32_768;

/// At which count of which history something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    epoch: Uuid,
    at: i64,
}

/// What is known of changes.
#[derive(Debug, Default)]
struct Known {
    epoch: Uuid,
    /// Of all shards together.
    sum: Option<i64>,
    clocks: [i64; SHARDS],
    /// Up to here changes are not told apart.
    floors: [i64; SHARDS],
    /// The last change of what changed since.
    changed: HashMap<(usize, Uuid), i64>,
    looked: Option<Instant>,
}

#[derive(Debug, Default)]
struct Waiting {
    looking: bool,
    next: Vec<oneshot::Sender<bool>>,
}

/// Knows of changes.
#[derive(Debug, Default)]
pub struct Clock {
    known: RwLock<Known>,
    waiting: Mutex<Waiting>,
}

/// The database does not answer, so nothing kept may be taken for current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database does not say what has changed")]
pub struct Unknown;

impl From<Unknown> for StoreError {
    fn from(unknown: Unknown) -> Self {
        Self::unavailable(&unknown.to_string())
    }
}

impl Clock {
    /// Learns of every change that was confirmed before this call.
    ///
    /// # Errors
    /// [`Unknown`].
    pub async fn catch_up(self: &Arc<Self>, db: &Db) -> Result<(), Unknown> {
        let (tell, told) = oneshot::channel();
        let begins = {
            let mut waiting = self.waiting();
            waiting.next.push(tell);
            !std::mem::replace(&mut waiting.looking, true)
        };
        if begins {
            tokio::spawn(Self::look_for_all(Arc::clone(self), db.clone()));
        }
        match told.await {
            Ok(true) => Ok(()),
            _ => Err(Unknown),
        }
    }

    /// As [`Self::catch_up`], but a look of less than a second ago will do.
    ///
    /// # Errors
    /// [`Unknown`].
    pub async fn keep_up(self: &Arc<Self>, db: &Db) -> Result<(), Unknown> {
        let looked = self.known().looked;
        if looked.is_some_and(|at| at.elapsed() < FRESH) {
            return Ok(());
        }
        self.catch_up(db).await
    }

    /// The last look counts no longer: something has just been changed here.
    pub fn outdate(&self) {
        self.known_mut().looked = None;
    }

    /// The stamp for what is going to be read of this shard now.
    #[must_use]
    pub fn stamp(&self, shard: usize) -> Stamp {
        let known = self.known();
        Stamp {
            epoch: known.epoch,
            at: known.clocks.get(shard).copied().unwrap_or_default(),
        }
    }

    /// Whether something read at `stamp` has not changed since, as far as is known.
    #[must_use]
    pub fn is_current(&self, shard: usize, id: Uuid, stamp: Stamp) -> bool {
        let known = self.known();
        let since = match known.changed.get(&(shard, id)) {
            Some(changed) => *changed,
            None => known.floors.get(shard).copied().unwrap_or(i64::MAX),
        };
        let now = known.clocks.get(shard).copied().unwrap_or_default();
        known.epoch == stamp.epoch && (since..=now).contains(&stamp.at)
    }

    /// Looks a few times a second until `stop`, so that nobody who may do with that has to wait.
    pub async fn follow(self: Arc<Self>, db: Db, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => drop(self.catch_up(&db).await),
            }
        }
    }

    async fn look_for_all(self: Arc<Self>, db: Db) {
        loop {
            let those = {
                let mut waiting = self.waiting();
                if waiting.next.is_empty() {
                    waiting.looking = false;
                    return;
                }
                std::mem::take(&mut waiting.next)
            };
            let done = self.look(&db).await;
            if let Err(error) = &done {
                tracing::warn!(%error, "what has changed could not be read");
            }
            for one in those {
                // Who does not wait any more is told nothing.
                one.send(done.is_ok()).ok();
            }
        }
    }

    async fn look(&self, db: &Db) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut conn = db.read().await?;
        let (sum, epoch) = changes::look(&mut conn).await?;
        let same = {
            let known = self.known();
            known.sum == Some(sum) && known.epoch == epoch
        };
        if !same {
            self.learn(&mut conn, sum, epoch).await?;
        }
        self.known_mut().looked = Some(began);
        db.rest(conn);
        Ok(())
    }

    /// Reads what has changed since the last time. A history that was set back, or another one, begins anew.
    async fn learn(
        &self,
        conn: &mut sqlx::MySqlConnection,
        sum: i64,
        epoch: Uuid,
    ) -> Result<(), StoreError> {
        let clocks = changes::clocks(conn).await?;
        let (before, goes_on) = {
            let known = self.known();
            let on = known.epoch == epoch && known.sum.is_some_and(|before| before < sum);
            (known.clocks, on)
        };
        let mut found = Vec::new();
        for (shard, upto) in clocks.into_iter().enumerate() {
            let back = (upto - BACK).max(0);
            let after = if goes_on {
                before[shard].max(back)
            } else {
                back
            };
            if upto > after {
                let changes = changes::between(conn, shard, after, upto).await?;
                let whole = i64::try_from(changes.len()).is_ok_and(|count| count == upto - after);
                found.push((
                    shard,
                    whole && (!goes_on || after == before[shard]),
                    after,
                    changes,
                ));
            }
        }
        self.known_mut().apply(epoch, clocks, goes_on, found);
        Ok(())
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A shard, whether its changes are whole, after which they come, and they.
type Found = (usize, bool, i64, Vec<(i64, Uuid)>);

impl Known {
    fn apply(&mut self, epoch: Uuid, clocks: [i64; SHARDS], goes_on: bool, found: Vec<Found>) {
        if !goes_on {
            self.changed.clear();
            self.floors = [0; SHARDS];
        }
        for (shard, whole, after, changes) in found {
            if !whole {
                self.floors[shard] = clocks[shard];
                self.changed.retain(|(of, _), _| *of != shard);
                continue;
            }
            self.floors[shard] = if goes_on { self.floors[shard] } else { after };
            for (at, id) in changes {
                let last = self.changed.entry((shard, id)).or_default();
                *last = at.max(*last);
            }
        }
        if self.changed.len() > MOST {
            self.changed.clear();
            self.floors = clocks;
        }
        (self.sum, self.epoch, self.clocks) = (Some(clocks.iter().sum()), epoch, clocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: usize = 3;

    fn clocks(at: i64) -> [i64; SHARDS] {
        std::array::from_fn(|shard| if shard == SHARD { at } else { 0 })
    }

    fn learn(clock: &Clock, epoch: u128, at: i64, goes_on: bool, found: Vec<Found>) {
        let epoch = Uuid::from_u128(epoch);
        clock.known_mut().apply(epoch, clocks(at), goes_on, found);
    }

    #[test]
    fn what_has_changed_since_it_was_read_is_not_current_and_nothing_else_is_touched() {
        let clock = Clock::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        learn(&clock, 7, 10, false, vec![]);
        let read = clock.stamp(SHARD);
        assert!(clock.is_current(SHARD, one, read));
        learn(
            &clock,
            7,
            11,
            true,
            vec![(SHARD, true, 10, vec![(11, one)])],
        );
        assert!(!clock.is_current(SHARD, one, read), "changed since");
        assert!(clock.is_current(SHARD, other, read));
        assert!(
            clock.is_current(SHARD, one, clock.stamp(SHARD)),
            "read anew"
        );
    }

    #[test]
    fn who_cannot_tell_changes_apart_takes_the_whole_shard_for_changed() {
        let clock = Clock::default();
        let one = Uuid::from_u128(1);
        learn(&clock, 7, 10, false, vec![]);
        let read = clock.stamp(SHARD);
        learn(&clock, 7, 5_000, true, vec![(SHARD, false, 2_952, vec![])]);
        assert!(!clock.is_current(SHARD, one, read));
        assert!(clock.is_current(SHARD + 1, one, clock.stamp(SHARD + 1)));
    }

    #[test]
    fn nothing_read_in_another_history_or_in_a_future_that_was_undone_is_current() {
        let clock = Clock::default();
        let one = Uuid::from_u128(1);
        learn(&clock, 7, 10, false, vec![]);
        let read = clock.stamp(SHARD);
        learn(&clock, 7, 9, false, vec![(SHARD, true, 0, vec![])]);
        assert!(
            !clock.is_current(SHARD, one, read),
            "the count was set back"
        );
        learn(&clock, 8, 10, false, vec![]);
        assert!(!clock.is_current(SHARD, one, read), "another history");
    }
}
