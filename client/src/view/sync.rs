//! Sync made visible: the chip in the title bar and the sync centre.

use huishou_domain::sync::message::Outcome;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the chip shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum ChipState {
    /// ● everything confirmed.
    Synced,
    /// ◐ changes wait to be confirmed.
    Pending,
    /// ○ no contact.
    Offline,
    /// ⚠ a change was refused or the session must be renewed.
    Attention,
    /// Practice: never synced.
    Practice,
}

/// State of sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SyncStatus {
    /// What the chip shows.
    pub chip: ChipState,
    /// A sync is running now.
    pub running: bool,
    /// Mutations without a verdict: what would be lost if this device died now.
    pub pending: u32,
    /// Pictures (photos, signatures) that are not up yet: these would be lost, too.
    pub pictures: u32,
    /// Refused mutations nobody has dealt with.
    pub refused: u32,
    /// Last successful contact, RFC 3339 UTC.
    pub last_contact: Option<String>,
    /// Offline since, RFC 3339 UTC.
    pub offline_since: Option<String>,
    /// Code of the last failure (`offline`, `server_error`, `sign_in_required`, `device_revoked`, …).
    pub last_error: Option<String>,
    /// Where the newer version can be fetched, after `upgrade_required`: an `https:` address, if the server names one.
    pub download: Option<String>,
    /// The offline switch for training is on.
    pub offline_switch: bool,
    /// Server time minus device time, milliseconds.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub clock_offset_ms: Option<i64>,
    /// Aggregates held.
    pub rows: u32,
    /// Scopes that were fetched again because a check did not match.
    pub repaired_scopes: u32,
    /// Last check that matched, RFC 3339 UTC.
    pub last_check: Option<String>,
    /// Until when the device works without meeting the server, RFC 3339 UTC; none before the first contact.
    pub lease_ends: Option<String>,
}

/// One mutation in the sync centre: waiting, answered, or refused and open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MutationEntry {
    /// Number on this device.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: i64,
    /// Identity.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub uid: Uuid,
    /// Command, `order.pay@1`.
    pub name: String,
    /// Made at, RFC 3339 UTC.
    pub at: String,
    /// Who did it, in words.
    pub actor: String,
    /// What it is about, in words (customer's name or order number).
    pub subject: String,
    /// Appointment to open, if any.
    pub appointment_id: Option<String>,
    /// Order to open, if any.
    pub order_id: Option<String>,
    /// Verdict; none while it waits.
    pub outcome: Option<Outcome>,
    /// Code of the refusal or of the first review.
    pub code: Option<String>,
    /// Argument at fault.
    pub field: Option<String>,
    /// Refused and not yet dealt with.
    pub open: bool,
    /// The arguments, for "edit and resend".
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub args: serde_json::Value,
    /// The subject as the server had it at a conflict.
    #[cfg_attr(feature = "ts", ts(type = "unknown"))]
    pub current: Option<serde_json::Value>,
}

/// Payload of `data-changed`: lists of these kinds should be read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DataChanged {
    /// `appointment`, `order`, `price_book`, `staff`, `station`, `mutation`, `draft`.
    pub kinds: Vec<String>,
}
