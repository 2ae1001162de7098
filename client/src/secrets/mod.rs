//! Keys and tokens. The store's key, the device's private key and the refresh token lie in the OS keyring; where a
//! given key or a passphrase stands in for it, the latter two lie inside the encrypted store. Nothing ever falls back
//! to plain text.

mod device_key;
mod os_keyring;
mod stored;
mod wrapped;

pub use device_key::DeviceKey;
pub use os_keyring::OsKeyring;
pub use stored::InStore;

use crate::{
    error::{Error, Result},
    store::StoreKey,
};
use rand::RngCore;
use std::path::Path;

/// Name of the device's private key.
pub const DEVICE_KEY: &str = "device-key";
/// Name of the refresh token.
pub const REFRESH_TOKEN: &str = "refresh-token";
/// Name of the store's key.
const STORE_KEY: &str = "store-key";

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
            Self::Keyring => keyring_key(folder, store_exists),
            Self::Given(text) => match hex_key(text) {
                Some(key) => Ok(key),
                None => wrapped::open_or_make(folder, text, store_exists),
            },
            Self::Passphrase(text) => wrapped::open_or_make(folder, text, store_exists),
        }
    }

    /// Whether the OS keyring is used.
    #[must_use]
    pub const fn is_keyring(&self) -> bool {
        matches!(self, Self::Keyring)
    }
}

fn keyring_key(folder: &Path, store_exists: bool) -> Result<StoreKey> {
    let keyring = OsKeyring::of(folder)?;
    if let Some(bytes) = keyring.get(STORE_KEY)? {
        return <[u8; 32]>::try_from(bytes)
            .map(StoreKey::new)
            .map_err(|_| Error::code("store_key_wrong"));
    }
    if store_exists {
        return Err(Error::code("store_key_missing"));
    }
    let key = random_bytes();
    keyring.set(STORE_KEY, &key)?;
    Ok(StoreKey::new(key))
}

fn hex_key(text: &str) -> Option<StoreKey> {
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; 32];
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(StoreKey::new(key))
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
            wrong.err().expect("refused").stable_code(),
            "passphrase_wrong"
        );
        let without = KeySource::Keyring.store_key(folder.path(), true);
        assert_eq!(
            without.err().expect("refused").stable_code(),
            "passphrase_needed"
        );
    }

    #[test]
    fn a_store_whose_key_file_is_gone_is_not_given_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let refused = KeySource::Passphrase("x".into()).store_key(folder.path(), true);
        assert_eq!(
            refused.err().expect("refused").stable_code(),
            "store_key_missing"
        );
    }

    #[test]
    fn sixty_four_hex_digits_are_the_key_itself() {
        let key = KeySource::Given("0f".repeat(32))
            .store_key(Path::new("/nonexistent"), true)
            .unwrap();
        assert_eq!(key.bytes(), &[0x0f; 32]);
    }
}
