//! The feed's ports over MySQL: what the sequencer and a pull ask for. See [`super::ports`].

use super::{
    Snapshot, StoreError, Tx, contacts, devices, devices::Progress, mutations, replica,
    replica::Held, staff, staff::Person, stations, sync_head, sync_head::Head, sync_log,
};
use crate::sync::{
    plan::{Key, Slice},
    ports::{Look, Place, Pulling, Sequencing},
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
    async fn number(&mut self, most: u32, tag: [u8; 16]) -> Result<usize, StoreError> {
        sync_log::number(self.conn(), most, tag).await
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

    async fn part(
        &mut self,
        scope: &Scope,
        kind: Kind,
        after: Option<Uuid>,
        most: usize,
    ) -> Result<(Vec<Key>, HashMap<Key, Held>), StoreError> {
        replica::part(self, scope, kind, after, most).await
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

    async fn look(
        &mut self,
        device: DeviceId,
        staff: StaffId,
        place: &Place,
    ) -> Result<Look, StoreError> {
        let look = contacts::look(self.conn()?, device, staff, place).await?;
        self.bodies().of(look.head.epoch);
        Ok(look)
    }

    async fn finish(self) -> Result<(), StoreError> {
        Self::finish(self).await
    }
}
