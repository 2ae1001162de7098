//! Devices that are shut out, and what leavers hand in (sync.md 25).

use super::{
    Sabotage, SimTx,
    rows::{self, Key, Row},
};
use chrono::{DateTime, Utc};
use huishou_domain::{blob::name_of, ids::DeviceId, sync::revocation::Mode};
use huishou_server::{
    refresh::{Chains, Subject},
    store::StoreError,
};
use std::sync::Arc;
use uuid::Uuid;

impl SimTx {
    /// Shuts a device out, as the server does: its sessions end with it.
    ///
    /// # Errors
    /// Of the database.
    pub async fn shut_out(
        &mut self,
        device: DeviceId,
        mode: Mode,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.call().await?;
        self.lock(&Key::Device(device.0)).await?;
        self.call().await?;
        let earlier = match self.get(&Key::Shut(device.0)) {
            Some(Row::Shut(mode, _)) => Some(mode),
            _ => None,
        };
        if mode.overrides(earlier) {
            self.put(Key::Shut(device.0), Row::Shut(mode, at));
        }
        let sessions: Vec<Uuid> = self
            .range(Key::Chain(Uuid::nil())..=Key::Chain(Uuid::max()))
            .into_iter()
            .filter_map(|(key, row)| match (key, row) {
                (Key::Chain(id), Row::Chain(chain)) => {
                    matches!(chain.subject, Subject::Staff(_, of) if of == device).then_some(id)
                }
                _ => None,
            })
            .collect();
        for id in sessions {
            self.lock_chain(id).await?;
            self.end_chain(id, "device_revoked", at).await?;
        }
        Ok(())
    }

    /// Keeps what a leaving device hands in; answers how much that is in all.
    ///
    /// # Errors
    /// Of the database.
    pub async fn keep_handed_in(
        &mut self,
        device: DeviceId,
        raws: &[&str],
    ) -> Result<usize, StoreError> {
        self.call().await?;
        self.lock(&Key::Device(device.0)).await?;
        for raw in raws {
            self.call().await?;
            if self.ledger.sabotage == Sabotage::QuarantineNotKept {
                continue;
            }
            let key = Key::Quarantined(device.0, name_of(raw.as_bytes()));
            if self.get(&key).is_none() {
                self.put(key, Row::Quarantined(Arc::new((*raw).to_owned())));
            }
        }
        Ok(rows::quarantined(&self.ledger.tables(), device.0).count())
    }
}
