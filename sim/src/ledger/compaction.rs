//! Upkeep of the log (sync.md 14), as the server's own core decides it.

use super::{
    Sabotage, SimLedger, SimTx,
    rows::{Key, Logged, Row, Tables},
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::sync::scope::Kind;
use huishou_server::{
    store::{StoreError, sync_head::Head},
    sync::compaction::{self, Compacting, KEPT, WHOLE},
};
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

impl SimLedger {
    /// Compacts as if a day had gone by since `age` ago; with `floor`, as if it had been 45 days: then cursors of
    /// before are reset.
    ///
    /// # Errors
    /// Of the database; what was done until then stays done.
    pub async fn compact(
        &self,
        now: DateTime<Utc>,
        age: TimeDelta,
        floor: bool,
    ) -> Result<compaction::Done, StoreError> {
        let ahead = if floor { KEPT } else { WHOLE };
        let done = compaction::compact(self, now + ahead - age).await?;
        self.inner().counts.compacted += done.superseded + done.expired;
        Ok(done)
    }
}

type Place<'a> = (&'a str, Kind, Uuid);

fn place(entry: &Logged) -> Place<'_> {
    (entry.scope.as_str(), entry.kind, entry.id)
}

fn log(tables: &Tables, through: i64) -> impl DoubleEndedIterator<Item = (i64, &Arc<Logged>)> {
    let range = tables.range(Key::Log(i64::MIN)..=Key::Log(through));
    range.filter_map(|(key, row)| match (key, row) {
        (Key::Log(seq), Row::Log(entry)) => Some((*seq, entry)),
        _ => None,
    })
}

impl SimTx {
    fn head(&self) -> Result<Head, StoreError> {
        match self.get(&Key::Head) {
            Some(Row::Head(head)) => Ok(head),
            _ => Err(StoreError::Unreadable("no head".into())),
        }
    }

    fn take(&mut self, keys: Vec<Key>) -> u64 {
        let gone = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        keys.into_iter().for_each(|key| self.delete(key));
        gone
    }
}

impl Compacting for SimTx {
    async fn last_closed(&mut self, at: DateTime<Utc>) -> Result<i64, StoreError> {
        self.call().await?;
        let tables = self.ledger.tables();
        let closed = tables
            .range(Key::Batch(i64::MIN)..=Key::Batch(i64::MAX))
            .filter_map(|(key, row)| match (key, row) {
                (Key::Batch(seq), Row::Batch(_, closed)) if *closed <= at => Some((*closed, *seq)),
                _ => None,
            });
        Ok(closed.max().map_or(0, |(_, seq)| seq))
    }

    async fn floor(&mut self) -> Result<i64, StoreError> {
        self.call().await?;
        Ok(self.head()?.floor)
    }

    async fn raise_floor(&mut self, to: i64) -> Result<(), StoreError> {
        let head = self.lock_head().await?;
        if head.floor < to {
            self.ledger.inner().counts.floors += 1;
            self.put(Key::Head, Row::Head(Head { floor: to, ..head }));
        }
        Ok(())
    }

    async fn expire_entries(&mut self, through: i64, most: i64) -> Result<u64, StoreError> {
        self.call().await?;
        let most = usize::try_from(most).unwrap_or(0);
        let tables = self.ledger.tables();
        let due = log(&tables, through).take(most);
        let due = due.map(|(seq, _)| Key::Log(seq)).collect();
        Ok(self.take(due))
    }

    async fn expire_batches(&mut self, before: i64, most: i64) -> Result<u64, StoreError> {
        self.call().await?;
        let most = usize::try_from(most).unwrap_or(0);
        let tables = self.ledger.tables();
        let due = tables
            .range(Key::Batch(i64::MIN)..Key::Batch(before))
            .take(most);
        let due = due.map(|(key, _)| key.clone()).collect();
        Ok(self.take(due))
    }

    async fn lock_through(&mut self) -> Result<i64, StoreError> {
        self.call().await?;
        self.lock(&Key::Compaction).await?;
        Ok(match self.get(&Key::Compaction) {
            Some(Row::Through(through)) => through,
            _ => 0,
        })
    }

    async fn supersede(&mut self, after: i64, through: i64) -> Result<u64, StoreError> {
        self.call().await?;
        let tables = self.ledger.tables();
        let mut newer: BTreeSet<Place<'_>> = BTreeSet::new();
        let mut due = Vec::new();
        if self.ledger.sabotage == Sabotage::OldestKept {
            for (seq, entry) in log(&tables, through) {
                if !newer.insert(place(entry)) {
                    due.push(Key::Log(seq));
                }
            }
        } else {
            for (seq, entry) in log(&tables, through).rev() {
                if newer.contains(&place(entry)) {
                    due.push(Key::Log(seq));
                } else if seq > after {
                    newer.insert(place(entry));
                }
            }
        }
        Ok(self.take(due))
    }

    async fn set_through(&mut self, through: i64) -> Result<(), StoreError> {
        self.call().await?;
        self.put(Key::Compaction, Row::Through(through));
        Ok(())
    }
}
