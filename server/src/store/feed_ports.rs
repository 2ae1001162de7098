//! The feed's ports over MySQL: what the sequencer and a pull ask for. See [`super::ports`].

use super::{
    Snapshot, StoreError, Tx, devices, devices::Progress, mutations, replica, replica::Held, staff,
    staff::Person, stations, sync_head, sync_head::Head, sync_log, sync_log::Pending,
};
use crate::sync::{
    plan::{Key, Slice},
    ports::{Pulling, Sequencing},
};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    staff::Station,
    sync::{
        check::Check,
        message::Verdict,
        scope::{Kind, Scope},
    },
};
use std::collections::HashMap;
use uuid::Uuid;

impl Sequencing for Tx {
    async fn lock_head(&mut self) -> Result<Head, StoreError> {
        sync_head::lock(self.conn()).await
    }

    async fn pending(&mut self, most: u32) -> Result<Vec<Pending>, StoreError> {
        sync_log::pending(self.conn(), most).await
    }

    async fn append(&mut self, head: i64, rows: &[Pending]) -> Result<(), StoreError> {
        sync_log::append(self.conn(), head, rows).await
    }

    async fn remove_sequenced(&mut self, head: i64, through: i64) -> Result<u64, StoreError> {
        sync_log::remove_sequenced(self.conn(), head, through).await
    }

    async fn close_batch(&mut self, seq: i64, tag: [u8; 16]) -> Result<(), StoreError> {
        sync_head::close_batch(self.conn(), seq, tag).await
    }
}

impl Pulling for Snapshot {
    async fn head(&mut self) -> Result<Head, StoreError> {
        sync_head::read(self.conn()?).await
    }

    async fn tag_of(&mut self, seq: i64) -> Result<Option<String>, StoreError> {
        sync_head::tag_of(self.conn()?, seq).await
    }

    async fn slice(
        &mut self,
        scope: &Scope,
        after: i64,
        through: i64,
        most: usize,
    ) -> Result<Slice, StoreError> {
        sync_log::slice(self.conn()?, scope, after, through, most).await
    }

    async fn unsequenced(&mut self, scopes: &[Scope], most: usize) -> Result<Vec<Key>, StoreError> {
        sync_log::unsequenced(self.conn()?, scopes, most).await
    }

    async fn ids(
        &mut self,
        scope: &Scope,
        kind: Kind,
        after: Option<Uuid>,
        most: usize,
    ) -> Result<Vec<Uuid>, StoreError> {
        replica::ids(self, scope, kind, after, most).await
    }

    async fn load(&mut self, keys: &[Key]) -> Result<HashMap<Key, Held>, StoreError> {
        replica::load(self, keys).await
    }

    async fn check(&mut self, scope: &Scope) -> Result<Check, StoreError> {
        replica::check(self, scope).await
    }

    async fn progress(&mut self, device: DeviceId) -> Result<Progress, StoreError> {
        devices::progress(self.conn()?, device).await
    }

    async fn verdicts_after(
        &mut self,
        device: DeviceId,
        incarnation: i64,
        after: i64,
    ) -> Result<Vec<Verdict>, StoreError> {
        mutations::verdicts_after(self.conn()?, device, incarnation, after).await
    }

    async fn person(&mut self, id: StaffId) -> Result<Option<Person>, StoreError> {
        staff::find(self.conn()?, id).await
    }

    async fn stations(&mut self) -> Result<Vec<Station>, StoreError> {
        stations::all(self.conn()?).await
    }

    async fn finish(self) -> Result<(), StoreError> {
        Self::finish(self).await
    }
}
