//! What the two ends of the change feed ask of a database: the sequencer, and a pull. See [`super::ports`].

use super::plan::{Key, Slice};
use crate::store::{
    StoreError, devices::Progress, replica::Held, staff::Person, sync_head::Head, sync_log::Pending,
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
use std::{collections::HashMap, future::Future};
use uuid::Uuid;

/// What the sequencer needs inside its transaction.
pub trait Sequencing: Send {
    /// The head, its row locked: whoever holds it is the sequencer.
    fn lock_head(&mut self) -> impl Future<Output = Result<Head, StoreError>> + Send;
    /// The oldest rows of the outbox.
    fn pending(
        &mut self,
        most: u32,
    ) -> impl Future<Output = Result<Vec<Pending>, StoreError>> + Send;
    /// Gives the rows the numbers after `head`.
    fn append(
        &mut self,
        head: i64,
        rows: &[Pending],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Takes what has numbers after `head` up to `through` out of the outbox; returns how many rows that were.
    fn remove_sequenced(
        &mut self,
        head: i64,
        through: i64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Ends a batch with its tag and raises the head.
    fn close_batch(
        &mut self,
        seq: i64,
        tag: [u8; 16],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
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
    /// Ends it.
    fn finish(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
