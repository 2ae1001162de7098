//! What the sequencer asks for.

use super::{
    Sabotage, SimTx,
    rows::{Key, Logged, Pending, Row},
};
use crate::server::true_time;
use huishou_domain::sync::scope::Kind;
use huishou_server::{
    store::{StoreError, sync_head::Head},
    sync::ports::Sequencing,
};
use std::sync::Arc;

impl Sequencing for SimTx {
    /// Each part may be the last one of a server that dies.
    async fn number(&mut self, most: u32, tag: [u8; 16]) -> Result<usize, StoreError> {
        let head = self.lock_head().await?.seq;
        let rows = self.pending(most).await?;
        let count = i64::try_from(rows.len()).unwrap_or(0);
        if count == 0 {
            return Ok(0);
        }
        self.append(head, &rows).await?;
        let removed = self.remove_sequenced(head, head + count).await?;
        if removed != rows.len() {
            return Err(StoreError::Unreadable(format!(
                "{removed} of {count} rows were there to remove"
            )));
        }
        self.close_batch(head + count, tag).await?;
        Ok(removed)
    }
}

impl SimTx {
    /// The head, its row locked.
    pub(super) async fn lock_head(&mut self) -> Result<Head, StoreError> {
        self.call().await?;
        self.lock(&Key::Head).await?;
        match self.get(&Key::Head) {
            Some(Row::Head(head)) => Ok(head),
            _ => Err(StoreError::Unreadable("no head".into())),
        }
    }

    async fn pending(&mut self, most: u32) -> Result<Vec<Pending>, StoreError> {
        self.call().await?;
        let rows = self.range(Key::Outbox(i64::MIN)..=Key::Outbox(i64::MAX));
        let mut pending: Vec<Pending> = rows
            .into_iter()
            .filter_map(|(_, row)| match row {
                Row::Outbox(pending) => Some(Pending::clone(&pending)),
                _ => None,
            })
            .take(usize::try_from(most).unwrap_or(usize::MAX))
            .collect();
        if self.ledger.sabotage == Sabotage::ByInsertNumber {
            // As a cursor over the numbers of inserts would: what commits late under a small number is passed over.
            let mut inner = self.ledger.inner();
            let through = inner.highest_moved;
            inner.highest_moved = pending
                .iter()
                .map(|p| p.id)
                .max()
                .unwrap_or(through)
                .max(through);
            pending.retain(|p| p.id > through);
        }
        Ok(pending)
    }

    async fn append(&mut self, head: i64, rows: &[Pending]) -> Result<(), StoreError> {
        self.call().await?;
        for (n, row) in (1_i64..).zip(rows) {
            let logged = Logged {
                outbox_id: row.id,
                scope: row.scope.clone(),
                kind: Kind::parse(&row.kind)
                    .ok_or_else(|| StoreError::Unreadable(row.kind.clone()))?,
                id: row.entity_id,
            };
            self.insert(Key::Log(head + n), Row::Log(Arc::new(logged)))
                .await?;
        }
        Ok(())
    }

    async fn remove_sequenced(&mut self, head: i64, through: i64) -> Result<usize, StoreError> {
        self.call().await?;
        let numbers: Vec<i64> = self
            .range(Key::Log(head + 1)..=Key::Log(through))
            .into_iter()
            .filter_map(|(_, row)| match row {
                Row::Log(logged) => Some(logged.outbox_id),
                _ => None,
            })
            .collect();
        let mut removed = 0;
        for number in numbers {
            if self.get(&Key::Outbox(number)).is_some() {
                self.delete(Key::Outbox(number));
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn close_batch(&mut self, seq: i64, tag: [u8; 16]) -> Result<(), StoreError> {
        self.call().await?;
        let at = true_time(&self.ledger.executor);
        self.insert(Key::Batch(seq), Row::Batch(tag, at)).await?;
        if let Some(Row::Head(head)) = self.get(&Key::Head) {
            self.put(Key::Head, Row::Head(Head { seq, ..head }));
        }
        Ok(())
    }
}
