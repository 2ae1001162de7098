//! A store whose keyring was reset: its key comes back from the server, sealed, by an administrator's pairing code.

use super::Config;
use crate::{
    aside,
    error::{Error, Result},
    folder,
    secrets::{DeviceKey, KeySource, OsKeyring, Recovery, ReplyKey, Secrets},
    store::{Commit, Store, StoreKey, secrets},
    sync::http::{Http, RecoveryAnswer, RecoveryRequest},
    view::session::WaysBack,
};
use huishou_domain::sync::revocation::recovery_text;
use std::sync::Mutex;

/// What there is to open a store with whose key is not at hand. Reads names of files and where the server is, no more.
#[must_use]
pub fn ways_back(config: &Config) -> WaysBack {
    let recovery = Recovery::of(&config.data).ok();
    WaysBack {
        server: recovery.map(|found| config.server.clone().unwrap_or(found.server)),
        store: config.data.join(folder::STORE).exists(),
        passphrase: config.data.join(folder::KEY).exists(),
        keyring: config.key.is_keyring() && OsKeyring::of(&config.data).is_ok(),
        aside: aside::all(&config.data).unwrap_or_default(),
    }
}

/// Gets the store's key back and puts it where `config.key` finds it. The device has a new key of its own afterwards;
/// whoever uses it signs in again. Nothing of the store is changed or lost.
///
/// # Errors
/// `no_recovery` without a recovery file, `bad_pairing_code`, `pairing_code_used`, `pairing_code_expired`,
/// `device_revoked`, `not_this_devices_key`, `offline`; `store_key_wrong` when what came does not open the store.
pub async fn recover(config: &Config, pairing_code: &str) -> Result<()> {
    let recovery = Recovery::of(&config.data)?;
    let server = config.server.as_deref().unwrap_or(&recovery.server);
    let http = Http::new(server)?;
    let (new_key, reply) = (NewKey::of(config)?, ReplyKey::default());
    let key = DeviceKey::of(&new_key)?;
    let text = recovery_text(recovery.device, &recovery.wrapped, &reply.public());
    let request = RecoveryRequest {
        pairing_code: pairing_code.trim().to_owned(),
        public_key: key.public(),
        wrapped: recovery.wrapped.clone(),
        reply_to: reply.public(),
        signature: key.sign(&text),
    };
    let path = format!("/staff/v1/devices/{}/recovery", recovery.device);
    let answer: RecoveryAnswer = http.post(&path, None, &request).await?;
    let back = reply
        .open(&answer.wrapped)
        .ok_or_else(|| Error::Undecodable("the store's key".into()))?;
    put_to_use(config, &new_key, &back)
}

/// Opens the store first: a key that does not fit replaces none.
fn put_to_use(config: &Config, new_key: &NewKey, back: &StoreKey) -> Result<()> {
    let path = config.data.join(folder::STORE);
    if path.exists() {
        let mut store = Store::open(&path, back)?;
        if let NewKey::Waiting(bytes) = new_key {
            let bytes = bytes.lock().map_err(|_| Error::code("store_failed"))?;
            if let Some(bytes) = bytes.as_deref() {
                store.write(Commit::Other, |db| {
                    secrets::set(db, crate::secrets::DEVICE_KEY, bytes)
                })?;
            }
        }
    }
    config.key.keep(&config.data, back)
}

/// Where the device's new key lies until the store can be opened: in the keyring, where it stays; without one in this
/// process's memory, until it goes into the store.
enum NewKey {
    Keyring(OsKeyring),
    Waiting(Mutex<Option<Vec<u8>>>),
}

impl NewKey {
    fn of(config: &Config) -> Result<Self> {
        match &config.key {
            KeySource::Keyring => Ok(Self::Keyring(OsKeyring::of(&config.data)?)),
            KeySource::Given(text) if StoreKey::from_hex(text).is_some() => {
                Err(Error::code("key_given"))
            }
            KeySource::Given(_) | KeySource::Passphrase(_) => Ok(Self::Waiting(Mutex::default())),
        }
    }
}

impl Secrets for NewKey {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Keyring(keyring) => keyring.get(name),
            Self::Waiting(bytes) => Ok(bytes.lock().ok().and_then(|bytes| bytes.clone())),
        }
    }

    fn set(&self, name: &str, value: &[u8]) -> Result<()> {
        match self {
            Self::Keyring(keyring) => keyring.set(name, value),
            Self::Waiting(bytes) => {
                *bytes.lock().map_err(|_| Error::code("store_failed"))? = Some(value.to_vec());
                Ok(())
            }
        }
    }

    fn remove(&self, name: &str) -> Result<()> {
        match self {
            Self::Keyring(keyring) => keyring.remove(name),
            Self::Waiting(bytes) => {
                *bytes.lock().map_err(|_| Error::code("store_failed"))? = None;
                Ok(())
            }
        }
    }
}
