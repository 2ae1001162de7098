//! The pull cursor (sync.md 6): opaque to the device and authenticated. It says how far the device has read each of
//! its scopes, and in which history.

use super::plan::Key;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use huishou_domain::{
    ids::DeviceId,
    sync::scope::{Kind, Scope},
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Bytes of the authentication code; cut from 32, which is still far beyond guessing.
const MAC_BYTES: usize = 16;

/// How far a device has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Whose cursor it is.
    #[serde(rename = "d")]
    pub device: DeviceId,
    /// The history it was read in.
    #[serde(rename = "e")]
    pub epoch: Uuid,
    /// The log's head when the newest page was read: states in it may be as new as that, however far the log itself has
    /// been read.
    #[serde(rename = "h", default)]
    pub head: i64,
    /// Tag of the batch that [`Cursor::seq`] lies in; empty before the first batch.
    #[serde(rename = "t")]
    pub tag: String,
    /// Pages of the log and of what has no number, read since the last complete one.
    #[serde(rename = "p", default)]
    pub pages: u32,
    /// What was shown without a number: no tag vouches for that, so a server that was set back since may have forgotten
    /// it. It is shown once more, as it then is, before the next page that is complete.
    #[serde(rename = "u", default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<Key>,
    /// Position in each scope.
    #[serde(rename = "s")]
    pub scopes: BTreeMap<Scope, Position>,
}

/// Position in one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Of the person's grants when the scope was given.
    #[serde(rename = "g")]
    pub generation: i32,
    /// Log read up to and including this.
    #[serde(rename = "q")]
    pub seq: i64,
    /// Set while the scope's first rows are still being read.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotPosition>,
}

/// Where in the snapshot of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPosition {
    /// The log's head when it began: from there the log continues.
    #[serde(rename = "b")]
    pub base_seq: i64,
    /// The kind being read.
    #[serde(rename = "k")]
    pub kind: Kind,
    /// The last id read of that kind.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub after_id: Option<Uuid>,
}

impl Position {
    /// At the beginning of a scope's snapshot.
    #[must_use]
    pub const fn fresh(generation: i32, head: i64) -> Self {
        let snapshot = SnapshotPosition {
            base_seq: head,
            kind: Kind::ALL[0],
            after_id: None,
        };
        Self {
            generation,
            seq: head,
            snapshot: Some(snapshot),
        }
    }
}

/// The text is not a cursor of this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this server")]
pub struct BadCursor;

impl Cursor {
    /// Up to where the history has to be the one that was read: the greatest position in any scope, or where the log
    /// ended when a page was read.
    #[must_use]
    pub fn seq(&self) -> i64 {
        let positions = self.scopes.values().map(|p| p.seq);
        positions.max().unwrap_or(0).max(self.head)
    }

    /// As text, authenticated with `key`.
    #[must_use]
    pub fn seal(&self, key: &[u8; 32]) -> String {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = mac(key, &body).to_vec();
        bytes.extend_from_slice(&body);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::seal`] wrote.
    ///
    /// # Errors
    /// Anything else, or another key's.
    pub fn open(text: &str, key: &[u8; 32]) -> Result<Self, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let (code, body) = bytes.split_at_checked(MAC_BYTES).ok_or(BadCursor)?;
        let equal: bool = subtle::ConstantTimeEq::ct_eq(code, &mac(key, body)[..]).into();
        if !equal {
            return Err(BadCursor);
        }
        serde_json::from_slice(body).map_err(|_| BadCursor)
    }
}

fn mac(key: &[u8; 32], body: &[u8]) -> [u8; MAC_BYTES] {
    let mut code = [0; MAC_BYTES];
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        mac.update(body);
        code.copy_from_slice(&mac.finalize().into_bytes()[..MAC_BYTES]);
    }
    code
}

#[cfg(test)]
#[path = "cursor_fuzz.rs"]
mod fuzz;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cursor() -> Cursor {
        let at = |snapshot| Position {
            generation: 1,
            seq: 41,
            snapshot,
        };
        let snapshot = SnapshotPosition {
            base_seq: 41,
            kind: Kind::Order,
            after_id: Some(Uuid::from_u128(9)),
        };
        Cursor {
            device: DeviceId(Uuid::from_u128(1)),
            epoch: Uuid::from_u128(2),
            head: 9,
            tag: "00ff00ff00ff00ff".to_owned(),
            pages: 0,
            tail: vec![(Kind::Order, Uuid::from_u128(4))],
            scopes: [
                (Scope::Admin, at(None)),
                (Scope::Catalog("330100".to_owned()), at(Some(snapshot))),
            ]
            .into(),
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_sealed() {
        assert_eq!(
            Cursor::open(&cursor().seal(&[7; 32]), &[7; 32]),
            Ok(cursor())
        );
    }

    #[test]
    fn a_cursor_of_another_key_or_with_any_letter_changed_is_refused() {
        let text = cursor().seal(&[7; 32]);
        assert_eq!(Cursor::open(&text, &[8; 32]), Err(BadCursor));
        for at in 0..text.len() - 1 {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                Cursor::open(&String::from_utf8(forged).unwrap(), &[7; 32]),
                Err(BadCursor),
                "letter {at}"
            );
        }
        for odd in ["", "A", "not base64 !", "AAAA"] {
            assert_eq!(Cursor::open(odd, &[7; 32]), Err(BadCursor));
        }
    }
}
