//! Pictures as a window takes and shows them.

use serde::{Deserialize, Serialize};

/// A picture that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Picture {
    /// `image/jpeg`, `image/png` or `image/webp`, by its first bytes.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its bytes, base64.
    pub data: String,
}
