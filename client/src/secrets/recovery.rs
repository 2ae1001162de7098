//! The way back to a store whose keyring was reset: its key lies beside it, sealed for the server's recovery key. Only
//! the server opens it, and only with an administrator's permission; the answer is sealed for a key made on the spot.

use crate::{
    error::{Error, Result},
    folder,
    store::StoreKey,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use crypto_box::{PublicKey, SecretKey, aead::OsRng};
use huishou_domain::{ids::DeviceId, sync::revocation::sealed_text};
use serde::{Deserialize, Serialize};
use std::path::Path;
use zeroize::Zeroizing;

/// What lies in `recovery.key`; nothing of it is a secret without the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The device the store is of.
    pub device: DeviceId,
    /// Where its server is.
    pub server: String,
    /// The server key that was pinned.
    pub server_key: String,
    /// The store's key, sealed; base64.
    pub wrapped: String,
}

impl Recovery {
    /// What lies in the folder, if it can be read.
    ///
    /// # Errors
    /// `no_recovery` when there is nothing of use.
    pub fn of(folder: &Path) -> Result<Self> {
        let bytes = std::fs::read(folder.join(folder::RECOVERY));
        let found = bytes
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        found.ok_or_else(|| Error::code("no_recovery"))
    }

    /// Lays it into the folder.
    ///
    /// # Errors
    /// Of the folder.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        folder::replace(&folder.join(folder::RECOVERY), text.as_bytes())
    }
}

/// A store's key, sealed for the server's recovery key (X25519, base64) as this device's; none if that is no key.
#[must_use]
pub fn seal_store_key(recovery_key: &str, device: DeviceId, key: &StoreKey) -> Option<String> {
    let bytes: [u8; 32] = BASE64.decode(recovery_key).ok()?.try_into().ok()?;
    let text = Zeroizing::new(sealed_text(device, &key.hex()));
    let sealed = PublicKey::from(bytes)
        .seal(&mut OsRng, text.as_bytes())
        .ok()?;
    Some(BASE64.encode(sealed))
}

/// A key pair for one answer.
pub struct ReplyKey(SecretKey);

impl Default for ReplyKey {
    fn default() -> Self {
        Self(SecretKey::generate(&mut OsRng))
    }
}

impl ReplyKey {
    /// What the answer is to be sealed for, base64.
    #[must_use]
    pub fn public(&self) -> String {
        BASE64.encode(self.0.public_key().as_bytes())
    }

    /// The store's key in an answer; none if it was not sealed for this key.
    #[must_use]
    pub fn open(&self, sealed: &str) -> Option<StoreKey> {
        let text = Zeroizing::new(self.0.unseal(&BASE64.decode(sealed).ok()?).ok()?);
        StoreKey::from_hex(std::str::from_utf8(&text).ok()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_sealed_for_the_server_nobody_else_opens() {
        let (server, key) = (ReplyKey::default(), StoreKey::new([7; 32]));
        let device = DeviceId(uuid::Uuid::now_v7());
        let sealed = seal_store_key(&server.public(), device, &key).unwrap();
        assert!(!sealed.contains(&*key.hex()));
        let text = server.0.unseal(&BASE64.decode(&sealed).unwrap()).unwrap();
        assert_eq!(text, sealed_text(device, &key.hex()).into_bytes());
        let other = ReplyKey::default();
        assert!(other.0.unseal(&BASE64.decode(&sealed).unwrap()).is_err());
        assert_eq!(seal_store_key("AAAA", device, &key), None, "no key");
    }

    #[test]
    fn a_folder_without_a_readable_file_has_no_way_back() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |folder: &Path| Recovery::of(folder).err().unwrap().stable_code();
        assert_eq!(refused(folder.path()), "no_recovery");
        std::fs::write(folder.path().join(folder::RECOVERY), "{").unwrap();
        assert_eq!(refused(folder.path()), "no_recovery");
        let kept = Recovery {
            device: DeviceId(uuid::Uuid::now_v7()),
            server: "http://127.0.0.1:1".into(),
            server_key: "a".into(),
            wrapped: "b".into(),
        };
        kept.keep(folder.path()).unwrap();
        assert_eq!(Recovery::of(folder.path()).unwrap(), kept);
    }
}
