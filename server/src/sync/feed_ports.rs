//! What the two ends of the change feed ask of a database: the sequencer, and a pull. See [`super::ports`].

use super::{
    grants::{self, Depot},
    plan::{Key, Slice},
};
use crate::store::{StoreError, devices::Progress, replica::Held, staff::Person, sync_head::Head};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    staff::Station,
    sync::{
        check::Check,
        message::Verdict,
        scope::{Kind, Scope},
    },
};
use std::{collections::HashMap, future::Future};
use uuid::Uuid;

/// What the sequencer needs inside its transaction.
pub trait Sequencing: Send {
    /// Locks the head: whoever holds it is the sequencer. Then gives at most `most` of the outbox's committed rows the
    /// numbers after the head, takes them out, ends the batch with its tag and raises the head; returns how many rows
    /// that were.
    fn number(
        &mut self,
        most: u32,
        tag: [u8; 16],
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;
}

/// Where a device stands that has everything up to there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// The number up to which it has read each of them.
    pub seq: i64,
}

/// What one look shows to a device that asks what is new.
#[derive(Debug, Clone)]
pub struct Look {
    /// How far the log reaches.
    pub head: Head,
    /// The tag of the batch that the device's number lies in; empty if there is none.
    pub tag: String,
    /// How far its mutations have come.
    pub progress: Progress,
    /// Who asks.
    pub person: Option<Person>,
    /// The depots that decide what they may hold: their own, or all for those who plan everywhere.
    pub depots: Vec<Depot>,
    /// Something was written in the scopes since, with a number or without one yet.
    pub news: bool,
}

/// What a pull reads, all of one moment.
pub trait Pulling: Send {
    /// How far the log reaches.
    fn head(&mut self) -> impl Future<Output = Result<Head, StoreError>> + Send;
    /// The tag of the batch that a number lies in, as hex; none if the log does not reach so far.
    fn tag_of(
        &mut self,
        seq: i64,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;
    /// A scope's entries in (after, through], at most `most`.
    fn slice(
        &mut self,
        scope: &Scope,
        after: i64,
        through: i64,
        most: usize,
    ) -> impl Future<Output = Result<Slice, StoreError>> + Send;
    /// Aggregates of these scopes that were written but have no number yet, each once, at most `most`.
    fn unsequenced(
        &mut self,
        scopes: &[Scope],
        most: usize,
    ) -> impl Future<Output = Result<Vec<Key>, StoreError>> + Send;
    /// Ids of a kind in a scope after `after`, ascending, at most `most`.
    fn ids(
        &mut self,
        scope: &Scope,
        kind: Kind,
        after: Option<Uuid>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Uuid>, StoreError>> + Send;
    /// The same ids with the aggregates behind them.
    fn part(
        &mut self,
        scope: &Scope,
        kind: Kind,
        after: Option<Uuid>,
        most: usize,
    ) -> impl Future<Output = Result<(Vec<Key>, HashMap<Key, Held>), StoreError>> + Send {
        async move {
            let ids = self.ids(scope, kind, after, most).await?;
            let keys: Vec<Key> = ids.into_iter().map(|id| (kind, id)).collect();
            let loaded = self.load(&keys).await?;
            Ok((keys, loaded))
        }
    }
    /// The aggregates behind these keys; those that are no more are left out.
    fn load(
        &mut self,
        keys: &[Key],
    ) -> impl Future<Output = Result<HashMap<Key, Held>, StoreError>> + Send;
    /// Count and hash sum of everything in a scope.
    fn check(&mut self, scope: &Scope) -> impl Future<Output = Result<Check, StoreError>> + Send;
    /// How far a device's mutations have come.
    fn progress(
        &mut self,
        device: DeviceId,
    ) -> impl Future<Output = Result<Progress, StoreError>> + Send;
    /// A device's verdicts above `after`, in order.
    fn verdicts_after(
        &mut self,
        device: DeviceId,
        incarnation: i64,
        after: i64,
    ) -> impl Future<Output = Result<Vec<Verdict>, StoreError>> + Send;
    /// A member of staff.
    fn person(
        &mut self,
        id: StaffId,
    ) -> impl Future<Output = Result<Option<Person>, StoreError>> + Send;
    /// Every depot.
    fn stations(&mut self) -> impl Future<Output = Result<Vec<Station>, StoreError>> + Send;
    /// A member of staff, with the depots that decide what they may hold.
    fn holder(
        &mut self,
        id: StaffId,
    ) -> impl Future<Output = Result<Option<(Person, Vec<Depot>)>, StoreError>> + Send {
        async move {
            let Some(person) = self.person(id).await? else {
                return Ok(None);
            };
            let depots = grants::depots(&self.stations().await?);
            Ok(Some((person, depots)))
        }
    }
    /// Everything that one look shows.
    fn look(
        &mut self,
        device: DeviceId,
        staff: StaffId,
        place: &Place,
    ) -> impl Future<Output = Result<Look, StoreError>> + Send {
        async move {
            let head = self.head().await?;
            let (person, depots) = self.holder(staff).await?.unzip();
            let tag = match place.seq {
                0 => None,
                seq => self.tag_of(seq).await?,
            };
            let mut news = !self.unsequenced(&place.scopes, 1).await?.is_empty();
            for scope in &place.scopes {
                let slice = self.slice(scope, place.seq, head.seq, 1).await?;
                news |= !slice.entries.is_empty();
            }
            Ok(Look {
                head,
                tag: tag.unwrap_or_default(),
                progress: self.progress(device).await?,
                person,
                depots: depots.unwrap_or_default(),
                news,
            })
        }
    }
    /// Ends it.
    fn finish(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
