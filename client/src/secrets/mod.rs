//! Keys and tokens. The store's key, the device's private key and the refresh token lie in the OS keyring; where a
//! given key or a passphrase stands in for it, the latter two lie inside the encrypted store. Nothing ever falls back
//! to plain text.

mod device_key;
mod os_keyring;
mod recovery;
mod stored;
mod wrapped;

pub use device_key::{DeviceKey, is_signed};
pub use os_keyring::OsKeyring;
pub use recovery::{Recovery, ReplyKey, seal_store_key};
pub use stored::InStore;

use crate::{
    error::{Error, Result},
    folder,
    store::StoreKey,
};
use rand::RngCore;
use std::path::Path;
use zeroize::Zeroizing;

/// Name of the device's private key.
pub const DEVICE_KEY: &str = "device-key";
/// Name of the refresh token.
pub const REFRESH_TOKEN: &str = "refresh-token";
/// Name of the store's key.
pub const STORE_KEY: &str = "store-key";
/// Name of the practice store's key: practice outlives the store and its key.
pub const PRACTICE_KEY: &str = "practice-key";

/// Somewhere safe for small secrets.
pub trait Secrets: Send + Sync {
    /// A secret, if it is there.
    ///
    /// # Errors
    /// Of the keyring or the store.
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>>;
    /// Stores a secret.
    ///
    /// # Errors
    /// Of the keyring or the store.
    fn set(&self, name: &str, value: &[u8]) -> Result<()>;
    /// Forgets a secret.
    ///
    /// # Errors
    /// Of the keyring or the store.
    fn remove(&self, name: &str) -> Result<()>;
}

/// Where the store's key comes from.
#[derive(Clone)]
pub enum KeySource {
    /// The OS keyring; made there at the first start.
    Keyring,
    /// `HUISHOU_STORE_KEY`: 64 hex digits are the key itself, anything else is a passphrase.
    Given(String),
    /// Typed by a person where there is no keyring service.
    Passphrase(String),
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Keyring => "Keyring",
            Self::Given(_) => "Given(…)",
            Self::Passphrase(_) => "Passphrase(…)",
        })
    }
}

impl KeySource {
    /// What the environment says: `HUISHOU_STORE_KEY`, or the keyring.
    #[must_use]
    pub fn from_env() -> Self {
        match std::env::var("HUISHOU_STORE_KEY") {
            Ok(key) if !key.is_empty() => Self::Given(key),
            _ => Self::Keyring,
        }
    }

    /// The store's key, made at the first start.
    ///
    /// # Errors
    /// `no_keyring` without a keyring service, `store_key_missing` when a store is there but its key is not,
    /// `passphrase_needed`, `passphrase_wrong`.
    pub fn store_key(&self, folder: &Path, store_exists: bool) -> Result<StoreKey> {
        match self {
            Self::Keyring if wrapped::exists(folder) => Err(Error::code("passphrase_needed")),
            Self::Keyring => keyring_key(folder, STORE_KEY, store_exists),
            Self::Given(text) => match StoreKey::from_hex(text) {
                Some(key) => Ok(key),
                None => wrapped::open_or_make(folder, folder::KEY, text, store_exists),
            },
            Self::Passphrase(text) => {
                wrapped::open_or_make(folder, folder::KEY, text, store_exists)
            }
        }
    }

    /// The practice store's key, made when it is not there: what is practised is invented and worth no recovery.
    ///
    /// # Errors
    /// `no_keyring`, `passphrase_wrong`, or of the folder.
    pub fn practice_key(&self, folder: &Path) -> Result<StoreKey> {
        match self {
            Self::Keyring => keyring_key(folder, PRACTICE_KEY, false),
            Self::Given(text) => match StoreKey::from_hex(text) {
                Some(key) => Ok(key),
                None => wrapped::open_or_make(folder, folder::PRACTICE_KEY, text, false),
            },
            Self::Passphrase(text) => {
                wrapped::open_or_make(folder, folder::PRACTICE_KEY, text, false)
            }
        }
    }

    /// Puts a store's key where it is to be found at the next start: one that the server gave back.
    ///
    /// # Errors
    /// `no_keyring`, `key_given` where the environment gives the key itself, or of the folder.
    pub fn keep(&self, folder: &Path, key: &StoreKey) -> Result<()> {
        match self {
            Self::Keyring => OsKeyring::of(folder)?.set(STORE_KEY, key.bytes()),
            Self::Given(text) if StoreKey::from_hex(text).is_some() => {
                Err(Error::code("key_given"))
            }
            Self::Given(text) | Self::Passphrase(text) => {
                wrapped::write(folder, folder::KEY, text, key)
            }
        }
    }

    /// Destroys the store's key and what else the keyring holds of this device; practice keeps its own.
    ///
    /// # Errors
    /// `no_keyring`, or of the folder. Doing it again is no error.
    pub fn destroy(&self, folder: &Path) -> Result<()> {
        if self.is_keyring() {
            let keyring = OsKeyring::of(folder)?;
            for name in [STORE_KEY, DEVICE_KEY, REFRESH_TOKEN] {
                keyring.remove(name)?;
            }
        }
        folder::remove(&folder.join(folder::KEY))
    }

    /// Whether the OS keyring is used.
    #[must_use]
    pub const fn is_keyring(&self) -> bool {
        matches!(self, Self::Keyring)
    }
}

fn keyring_key(folder: &Path, name: &str, store_exists: bool) -> Result<StoreKey> {
    let keyring = OsKeyring::of(folder)?;
    if let Some(bytes) = keyring.get(name)?.map(Zeroizing::new) {
        return <[u8; 32]>::try_from(bytes.as_slice())
            .map(StoreKey::new)
            .map_err(|_| Error::code("store_key_wrong"));
    }
    if store_exists {
        return Err(Error::code("store_key_missing"));
    }
    let key = random_bytes();
    keyring.set(name, &key)?;
    Ok(StoreKey::new(key))
}

/// Bytes nobody can guess.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn a_passphrase_opens_the_same_key_again_and_another_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let source = KeySource::Passphrase("一把好钥匙".into());
        let key = source.store_key(folder.path(), false).unwrap();
        let again = source.store_key(folder.path(), true).unwrap();
        assert_eq!(key.bytes(), again.bytes());
        let wrong = KeySource::Passphrase("another".into()).store_key(folder.path(), true);
        assert_eq!(
            wrong.expect_err("refused").stable_code(),
            "passphrase_wrong"
        );
        let without = KeySource::Keyring.store_key(folder.path(), true);
        assert_eq!(
            without.expect_err("refused").stable_code(),
            "passphrase_needed"
        );
    }

    #[test]
    fn a_store_whose_key_file_is_gone_is_not_given_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let refused = KeySource::Passphrase("x".into()).store_key(folder.path(), true);
        assert_eq!(
            refused.expect_err("refused").stable_code(),
            "store_key_missing"
        );
    }

    #[test]
    fn practice_has_a_key_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let source = KeySource::Passphrase("一把好钥匙".into());
        let (own, practice) = (
            source.store_key(folder.path(), false).unwrap(),
            source.practice_key(folder.path()).unwrap(),
        );
        assert_ne!(own.bytes(), practice.bytes());
        source.destroy(folder.path()).unwrap();
        source.destroy(folder.path()).unwrap();
        assert_eq!(
            source.practice_key(folder.path()).unwrap().bytes(),
            practice.bytes(),
            "practice outlives the store"
        );
        let anew = source.store_key(folder.path(), false).unwrap();
        assert_ne!(own.bytes(), anew.bytes());
    }

    #[test]
    fn a_key_given_back_is_kept_under_a_new_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let key = StoreKey::new([9; 32]);
        let source = KeySource::Passphrase("新的口令".into());
        source.keep(folder.path(), &key).unwrap();
        let found = source.store_key(folder.path(), true).unwrap();
        assert_eq!(found.bytes(), key.bytes());
        let given = KeySource::Given("0f".repeat(32)).keep(folder.path(), &key);
        assert_eq!(given.expect_err("refused").stable_code(), "key_given");
    }

    #[test]
    fn no_key_is_shown() {
        let shown = format!(
            "{:?} {:?}",
            StoreKey::new([9; 32]),
            KeySource::Given("0f".repeat(32))
        );
        assert!(!shown.contains("09") && !shown.contains("0f"), "{shown}");
    }

    #[test]
    fn sixty_four_hex_digits_are_the_key_itself() {
        let key = KeySource::Given("0f".repeat(32))
            .store_key(Path::new("/nonexistent"), true)
            .unwrap();
        assert_eq!(key.bytes(), &[0x0f; 32]);
    }
}
