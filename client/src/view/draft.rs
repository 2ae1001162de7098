//! Drafts: what was being typed when the app was closed or killed.

use serde::{Deserialize, Serialize};

/// A stored draft, without its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DraftEntry {
    /// The screen's own name for it, as `weigh:<order id>`.
    pub key: String,
    /// Last stored at, RFC 3339 UTC.
    pub updated_at: String,
}
