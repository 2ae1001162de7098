//! The messages of push and pull. Mutations travel as the exact bytes made at creation.

use super::{
    body::Body,
    check::Check,
    scope::{Kind, Scope},
};
use crate::{ids::StaffId, review::ReviewCode};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The schema of bodies and commands that this build speaks.
pub const SCHEMA: u32 = 1;
/// Most mutations in one push.
pub const MAX_MUTATIONS: usize = 200;
/// Most bytes of mutations in one push, and of aggregates in one page before compression.
pub const MAX_BYTES: usize = 1 << 20;
/// Most aggregates in one page.
pub const MAX_AGGREGATES: usize = 1_000;

/// One command on its way to the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mutation {
    /// Dense per device and incarnation, from 1.
    pub id: i64,
    /// UUIDv7, unique for ever.
    pub uid: Uuid,
    /// Command with version, `order.pay@1`.
    pub name: String,
    /// The member of staff who acted.
    pub actor: StaffId,
    /// Arguments.
    pub args: Value,
    /// The subject's version the actor saw: intents conflict on it, facts are reviewed by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_version: Option<i64>,
    /// The history that `expect_version` was read in; a version of another history always conflicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Uuid>,
    /// The device's idea of the time; advisory.
    #[serde(with = "crate::time::millis")]
    pub client_time: DateTime<Utc>,
    /// Mutations this one depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Uuid>,
}

/// `POST /sync/v1/push`.
#[derive(Debug, Serialize, Deserialize)]
pub struct PushRequest {
    /// `SCHEMA`.
    pub schema: u32,
    /// Which life of the device's store this is, from 1.
    pub incarnation: u32,
    /// Highest verdict stored durably.
    pub confirmed: i64,
    /// Each a [`Mutation`], byte for byte as made.
    pub mutations: Vec<Box<RawValue>>,
    /// The device that pushes; checked against the token where it is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<crate::ids::DeviceId>,
}

/// What became of a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Outcome {
    /// Took effect.
    Applied,
    /// Refused, with a code.
    Rejected,
    /// Someone else wrote first.
    Conflict,
}

/// The server's answer to one mutation; stored, and the same for ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The mutation's id.
    pub id: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// The subject's version afterwards, when applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// First review raised, when applied with one.
    #[serde(default)]
    pub review: Option<ReviewCode>,
    /// All reviews raised, when more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<ReviewCode>,
    /// Why it was refused (`too_large`, `undecodable`, `actor_unknown`, `internal`, or a rule's code).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The argument at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The subject as it now is, for showing only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Value>,
}

/// The device skipped an id; it pushes again from `expected`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The next id the server takes.
    pub expected: i64,
}

/// Answer to a push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushAnswer {
    /// Highest mutation processed.
    pub last_mutation: i64,
    /// One verdict for each mutation of the request that was processed, in order.
    pub verdicts: Vec<Verdict>,
    /// Set when an id was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
    /// The device's newest incarnation that the server knows: `last_mutation` counts in it.
    #[serde(default = "first_incarnation")]
    pub incarnation: u32,
    /// The server's history, as in [`PullAnswer::epoch`].
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    pub epoch: Uuid,
    /// Orders everything.
    #[serde(with = "crate::time::millis")]
    pub server_time: DateTime<Utc>,
}

/// `POST /sync/v1/pull`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PullRequest {
    /// As the last answer gave it; none at first.
    #[serde(default)]
    pub cursor: Option<String>,
    /// `SCHEMA`.
    pub schema: u32,
    /// Most aggregates in the page; at most [`MAX_AGGREGATES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Highest verdict stored durably.
    #[serde(default)]
    pub confirmed: i64,
    /// Ask for `checks` with the complete page.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub check: bool,
    /// Scopes whose copy here has turned out to differ: their rows are asked for anew, with the first page of a pull.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Scope>,
}

/// An aggregate's current state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Put {
    /// Kind.
    pub kind: Kind,
    /// Identity.
    pub id: Uuid,
    /// Version of that state.
    pub version: i64,
    /// Those of its scopes that the device holds.
    pub scopes: Vec<Scope>,
    /// The state.
    pub body: Body,
}

/// Why an aggregate is gone from the device's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum DropReason {
    /// It left the device's scopes.
    Left,
    /// It is no more.
    Deleted,
}

/// An aggregate the device no longer sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Kind.
    pub kind: Kind,
    /// Identity.
    pub id: Uuid,
    /// Why.
    pub reason: DropReason,
}

/// Answer to a pull.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullAnswer {
    /// Aggregates to store.
    pub puts: Vec<Put>,
    /// Aggregates to forget.
    pub drops: Vec<Dropped>,
    /// The device's highest processed mutation, of the same snapshot.
    pub last_mutation: i64,
    /// Verdicts above `confirmed`, of the same snapshot.
    pub verdicts: Vec<Verdict>,
    /// Per scope, on complete pages now and then and on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<BTreeMap<Scope, Check>>,
    /// Scopes the device now holds; on complete pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// For the next pull.
    pub cursor: String,
    /// The staged pages may be applied.
    pub complete: bool,
    /// Scopes whose history the server cannot continue: their rows come anew as a snapshot and replace the old ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reset: Vec<Scope>,
    /// The device's newest incarnation that the server knows: `last_mutation` and `verdicts` count in it.
    #[serde(default = "first_incarnation")]
    pub incarnation: u32,
    /// The history the page was read in: another one than before means that the server was set back. Nil in answers of
    /// older servers.
    #[serde(default, skip_serializing_if = "Uuid::is_nil")]
    pub epoch: Uuid,
    /// Orders everything.
    #[serde(with = "crate::time::millis")]
    pub server_time: DateTime<Utc>,
}

const fn first_incarnation() -> u32 {
    1
}
