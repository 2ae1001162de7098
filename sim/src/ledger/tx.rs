//! A READ COMMITTED transaction: its own writes over what is committed at each call.

use super::{
    SimLedger, locks,
    rows::{Key, Pending, Row},
};
use huishou_domain::sync::scope::{Kind, Scope};
use huishou_server::store::StoreError;
use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};
use uuid::Uuid;

type Writes = BTreeMap<Key, Option<Row>>;

/// A transaction. Dropped, it is rolled back.
pub struct SimTx {
    pub(super) ledger: SimLedger,
    pub(super) id: u64,
    pub(super) reign: u64,
    writes: Writes,
    saved: Vec<(&'static str, Writes)>,
    /// An error was answered: whoever goes on in spite of it gets only errors.
    spent: bool,
    open: bool,
}

impl SimTx {
    pub(super) fn new(ledger: SimLedger) -> Self {
        let (id, reign) = {
            let mut inner = ledger.inner();
            inner.next_tx += 1;
            (inner.next_tx, inner.reign)
        };
        Self {
            ledger,
            id,
            reign,
            writes: Writes::new(),
            saved: Vec::new(),
            spent: false,
            open: true,
        }
    }

    /// One statement: others come between, and it may fail.
    pub(super) async fn call(&mut self) -> Result<(), StoreError> {
        if self.spent {
            return Err(StoreError::Unreadable(
                "a transaction went on after an error".into(),
            ));
        }
        let called = self.ledger.call(self.reign).await;
        self.spent = called.is_err();
        called
    }

    /// Waits for a row's lock, whether or not the row is there.
    pub(super) async fn lock(&mut self, key: &Key) -> Result<(), StoreError> {
        let locked = locks::acquire(&self.ledger, self.id, self.reign, key).await;
        self.spent = locked.is_err();
        locked
    }

    /// The row as this transaction sees it now.
    pub(super) fn get(&self, key: &Key) -> Option<Row> {
        match self.writes.get(key) {
            Some(written) => written.clone(),
            None => self.ledger.row(key),
        }
    }

    /// The rows of a range, in order.
    pub(super) fn range(&self, range: RangeInclusive<Key>) -> Vec<(Key, Row)> {
        let mut found: BTreeMap<Key, Row> = self
            .ledger
            .tables()
            .range(range.clone())
            .map(|(key, row)| (key.clone(), row.clone()))
            .collect();
        for (key, written) in self.writes.range(range) {
            match written {
                Some(row) => found.insert(key.clone(), row.clone()),
                None => found.remove(key),
            };
        }
        found.into_iter().collect()
    }

    /// Writes a row whose lock is held.
    pub(super) fn put(&mut self, key: Key, row: Row) {
        self.writes.insert(key, Some(row));
    }

    /// Deletes a row.
    pub(super) fn delete(&mut self, key: Key) {
        self.writes.insert(key, None);
    }

    /// Inserts a row under a unique key.
    pub(super) async fn insert(&mut self, key: Key, row: Row) -> Result<(), StoreError> {
        self.lock(&key).await?;
        if self.get(&key).is_some() {
            return Err(StoreError::duplicate("duplicate entry"));
        }
        self.put(key, row);
        Ok(())
    }

    /// Marks an aggregate dirty in these scopes. The numbers are given now, whenever this commits.
    pub(super) fn mark_dirty(&mut self, kind: Kind, id: Uuid, scopes: &[Scope]) {
        for scope in scopes {
            let number = {
                let mut inner = self.ledger.inner();
                inner.next_outbox += 1;
                inner.next_outbox - 1
            };
            let pending = Pending {
                id: number,
                scope: scope.to_string(),
                kind: kind.as_str().to_owned(),
                entity_id: id,
            };
            self.put(Key::Outbox(number), Row::Outbox(Arc::new(pending)));
        }
    }

    pub(super) fn save_point(&mut self, name: &'static str) {
        self.saved.retain(|(n, _)| *n != name);
        self.saved.push((name, self.writes.clone()));
    }

    pub(super) fn back_to(&mut self, name: &'static str) -> Result<(), StoreError> {
        let at = self.saved.iter().rposition(|(n, _)| *n == name);
        let Some(at) = at else {
            self.spent = true;
            return Err(StoreError::Unreadable(format!("no savepoint {name}")));
        };
        self.saved.truncate(at + 1);
        self.writes = self.saved[at].1.clone();
        Ok(())
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.call().await?;
        let writes = std::mem::take(&mut self.writes);
        let by = self.ledger.executor.here();
        let lost = {
            let mut inner = self.ledger.inner();
            inner.commit(by, writes);
            inner.locks.release(self.id);
            self.open = false;
            let lost = self.ledger.chance.permille(inner.faults.lost_after_commit);
            inner.counts.lost_after_commit += u64::from(lost);
            lost
        };
        if lost {
            return Err(StoreError::unavailable("connection lost at COMMIT"));
        }
        tokio::task::yield_now().await;
        Ok(())
    }
}

impl Drop for SimTx {
    fn drop(&mut self) {
        if self.open {
            let mut inner = self.ledger.inner();
            inner.locks.release(self.id);
            inner.counts.rollbacks += 1;
        }
    }
}
