//! Secrets inside the encrypted store, where a given key or passphrase stands in for the OS keyring.

use super::Secrets;
use crate::{
    error::Result,
    store::{Commit, Store, secrets},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Secrets in the encrypted store.
pub struct InStore(Arc<Mutex<Store>>);

impl InStore {
    /// In this store.
    #[must_use]
    pub const fn new(store: Arc<Mutex<Store>>) -> Self {
        Self(store)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Secrets for InStore {
    fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        secrets::get(self.store().db(), name)
    }

    fn set(&self, name: &str, value: &[u8]) -> Result<()> {
        self.store()
            .write(Commit::Other, |db| secrets::set(db, name, value))
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.store()
            .write(Commit::Other, |db| secrets::remove(db, name))
    }
}
