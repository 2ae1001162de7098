//! Drafts: what was being typed survives a kill.

use super::{Engine, lock};
use crate::{
    error::{Error, Result},
    store::{Commit, drafts},
    view::draft::DraftEntry,
};
use chrono::DateTime;
use huishou_domain::time::wire;
use serde_json::Value;

/// Most bytes of a draft: a weighing of fifty kinds with room to spare.
const MOST_BYTES: usize = 256 * 1024;
/// Most bytes of a key.
const MOST_KEY: usize = 200;

impl Engine {
    /// A draft's contents.
    ///
    /// # Errors
    /// Of the store.
    pub fn draft_get(&self, key: &str) -> Result<Option<Value>> {
        self.read(|db| drafts::get(db, key))
    }

    /// Stores a draft.
    ///
    /// # Errors
    /// `too_large`, `invalid` for an empty or endless key.
    pub fn draft_put(&self, key: &str, value: &Value) -> Result<()> {
        if key.is_empty() || key.len() > MOST_KEY {
            return Err(Error::field("invalid", "key"));
        }
        if value.to_string().len() > MOST_BYTES {
            return Err(Error::field("too_large", "value"));
        }
        let shared = self.shared();
        let at = shared.clock.now().timestamp_millis();
        lock(&shared.store).write(Commit::Other, |db| drafts::put(db, key, value, at))
    }

    /// Forgets a draft.
    ///
    /// # Errors
    /// Of the store.
    pub fn draft_delete(&self, key: &str) -> Result<()> {
        let shared = self.shared();
        lock(&shared.store).write(Commit::Other, |db| drafts::remove(db, key))
    }

    /// Keys of all drafts, newest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn drafts(&self) -> Result<Vec<DraftEntry>> {
        let found = self.read(drafts::all)?;
        let entry = |(key, at): (String, i64)| DraftEntry {
            key,
            updated_at: wire(DateTime::from_timestamp_millis(at).unwrap_or_default()),
        };
        Ok(found.into_iter().map(entry).collect())
    }
}
