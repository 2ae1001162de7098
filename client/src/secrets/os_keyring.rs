//! The OS keyring (Secret Service, Keychain, Credential Manager).

use super::Secrets;
use crate::{
    error::{Error, Result},
    folder,
};
use keyring::Entry;
use std::path::Path;

const SERVICE: &str = "huishou";

/// Secrets of one data folder in the OS keyring.
pub struct OsKeyring {
    folder_id: String,
}

impl OsKeyring {
    /// The keyring's entries of a data folder.
    ///
    /// # Errors
    /// `no_keyring` without a keyring service, or when the folder cannot be written.
    pub fn of(folder: &Path) -> Result<Self> {
        if Entry::store_status().is_err() {
            return Err(Error::code("no_keyring"));
        }
        let path = folder.join(folder::NAME);
        let folder_id = match std::fs::read_to_string(&path) {
            Ok(id) => id.trim().to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let id = uuid::Uuid::new_v4().to_string();
                folder::replace(&path, id.as_bytes())?;
                id
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { folder_id })
    }

    fn entry(&self, name: &str) -> Result<Entry> {
        Ok(Entry::new(SERVICE, &format!("{}:{name}", self.folder_id))?)
    }
}

impl Secrets for OsKeyring {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(secret)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, name: &str, value: &[u8]) -> Result<()> {
        Ok(self.entry(name)?.set_secret(value)?)
    }

    fn remove(&self, name: &str) -> Result<()> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
