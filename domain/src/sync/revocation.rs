//! Shutting a device out (sync.md 25): the server's signed statement, and the texts that are signed when a device leaves
//! or asks for its store's key back. What is signed is fixed here; how is the affair of both ends.

use crate::ids::DeviceId;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// How a device is shut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Its person leaves: what is pending goes up once, for review; then the device is wiped.
    Leave,
    /// It was stolen: wiped at once.
    Stolen,
}

impl Mode {
    /// As it is stored, signed and asked for.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Stolen => "stolen",
        }
    }

    /// Whether a device that is shut out as `earlier` is shut out so from now on: once stolen it stays stolen, and a
    /// leaver's device may still be found to be stolen.
    #[must_use]
    pub fn overrides(self, earlier: Option<Self>) -> bool {
        match earlier {
            None => true,
            Some(earlier) => earlier == Self::Leave && self == Self::Stolen,
        }
    }

    /// Reads [`Mode::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Leave, Self::Stolen]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

/// The server's word that a device is shut out. Only with a signature of the server key that the device pinned does it
/// lead to a wipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Which device.
    pub device: DeviceId,
    /// How.
    pub mode: Mode,
    /// Since when.
    #[serde(with = "crate::time::millis")]
    pub at: DateTime<Utc>,
    /// Ed25519 over [`Statement::text`], base64.
    pub signature: String,
}

impl Statement {
    /// What is signed.
    #[must_use]
    pub fn text(&self) -> String {
        statement_text(self.device, self.mode, self.at)
    }

    /// Whether it can be about this device: its own id, and no older than the id itself, which tells when the device
    /// was registered (with `slack` for clocks that differ between the server's instances).
    #[must_use]
    pub fn concerns(&self, device: DeviceId, slack: TimeDelta) -> bool {
        self.device == device && born(device).is_none_or(|born| self.at + slack >= born)
    }
}

/// The time in a UUIDv7.
fn born(device: DeviceId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = device.0.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

/// What the server signs to shut a device out.
#[must_use]
pub fn statement_text(device: DeviceId, mode: Mode, at: DateTime<Utc>) -> String {
    let (mode, at) = (mode.as_str(), crate::time::wire(at));
    format!("huishou-revocation\n{device}\n{mode}\n{at}")
}

/// What a leaving device signs over the commands that it hands in: their exact bytes, in order.
#[must_use]
pub fn quarantine_text<'a>(
    device: DeviceId,
    mutations: impl IntoIterator<Item = &'a str>,
) -> String {
    let (mut hash, mut count) = (Sha256::new(), 0_usize);
    for raw in mutations {
        hash.update(raw.as_bytes());
        hash.update(b"\n");
        count += 1;
    }
    let mut digest = String::new();
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    format!("huishou-quarantine\n{device}\n{count}\n{digest}")
}

/// Header in which a leaving device says who it is where it hands in a picture.
pub const PICTURE_DEVICE: &str = "x-device";
/// Header with its signature over [`picture_text`], base64.
pub const PICTURE_SIGNATURE: &str = "x-signature";

/// What a leaving device signs over a part of a picture that it hands in (sync.md 19, 25): which picture, where the part
/// begins, how large the whole is, and the part's own hash, so that nobody else's bytes can stand in for it.
#[must_use]
pub fn picture_text(device: DeviceId, name: &str, start: u32, total: u32, part: &[u8]) -> String {
    let part = crate::blob::name_of(part);
    format!("huishou-quarantine-picture\n{device}\n{name}\n{start}\n{total}\n{part}")
}

/// What a device's new key signs to ask for its store's key.
#[must_use]
pub fn recovery_text(device: DeviceId, wrapped: &str, reply_to: &str) -> String {
    format!("huishou-recovery\n{device}\n{wrapped}\n{reply_to}")
}

/// What is sealed for the server's recovery key: the store's key together with the device it belongs to, so that nobody
/// has another device's key opened in the name of their own.
#[must_use]
pub fn sealed_text(device: DeviceId, store_key_hex: &str) -> String {
    format!("huishou-store-key\n{device}\n{store_key_hex}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    const DEVICE: &str = "019b7523-3400-7000-8000-00000000000a";

    fn statement(device: &str, at: &str) -> Statement {
        serde_json::from_value(
            json!({"device": device, "mode": "leave", "at": at, "signature": "c2ln"}),
        )
        .unwrap()
    }

    #[test]
    fn what_is_signed_is_fixed() {
        let text = statement(DEVICE, "2026-11-23T10:00:00+08:00").text();
        assert_eq!(
            text,
            format!("huishou-revocation\n{DEVICE}\nleave\n2026-11-23T02:00:00.000Z")
        );
        let device = DeviceId(DEVICE.parse().unwrap());
        assert_eq!(
            quarantine_text(device, ["{}", "{\"id\":1}"]),
            format!(
                "huishou-quarantine\n{DEVICE}\n2\n061738c3a8820bd354fb19de8a15e8e58264d39984daf487b356dbec5edf52b2"
            )
        );
        assert_eq!(
            picture_text(device, "0a", 256, 300, b"abc"),
            format!(
                "huishou-quarantine-picture\n{DEVICE}\n0a\n256\n300\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            )
        );
        assert_eq!(
            recovery_text(device, "d3JhcHBlZA==", "cmVwbHk="),
            format!("huishou-recovery\n{DEVICE}\nd3JhcHBlZA==\ncmVwbHk=")
        );
        assert_eq!(
            sealed_text(device, "00ff"),
            format!("huishou-store-key\n{DEVICE}\n00ff")
        );
    }

    #[test]
    fn a_statement_is_about_one_device_since_its_registration() {
        let device = DeviceId(DEVICE.parse().unwrap());
        let slack = TimeDelta::minutes(10);
        let fits = |at: &str| statement(DEVICE, at).concerns(device, slack);
        assert!(fits("2026-11-23T02:00:00Z"));
        assert!(!fits("2020-01-01T00:00:00Z"), "older than the device");
        let other = statement(&Uuid::max().to_string(), "2026-11-23T02:00:00Z");
        assert!(!other.concerns(device, slack), "another device's");
    }

    #[test]
    fn a_mode_nobody_knows_is_no_statement() {
        let odd = json!({"device": DEVICE, "mode": "erase", "at": "2026-11-23T02:00:00Z", "signature": ""});
        assert!(serde_json::from_value::<Statement>(odd).is_err());
        for mode in [Mode::Leave, Mode::Stolen] {
            assert_eq!(Mode::parse(mode.as_str()), Some(mode));
        }
        assert_eq!(Mode::parse("LEAVE"), None);
        assert!(Mode::Leave.overrides(None) && Mode::Stolen.overrides(Some(Mode::Leave)));
        assert!(!Mode::Leave.overrides(Some(Mode::Stolen)));
        assert!(
            !Mode::Leave.overrides(Some(Mode::Leave)),
            "since when stays"
        );
    }
}
