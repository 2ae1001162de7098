//! Stores of older versions: what such a version would have left of a device's store, in the place of it.

use super::{Device, KEY, Registered, STORE};
use crate::chance::Chance;
use huishou_client::{
    error::Result,
    store::{Db, Store, StoreKey, blobs, meta, older},
    sync::incarnation,
};
use std::sync::atomic::Ordering;

/// Where a store of an older version is made.
const OLDER: &str = "older.db";

impl Device {
    /// The store becomes one of an older version, with all that such a version would hold of it; that version is
    /// replaced by this one as the app is started. Nothing happens to a store that no older version could have.
    ///
    /// # Errors
    /// Of the store.
    pub fn age(&self, chance: &Chance, forgetful: bool) -> Result<bool> {
        let (now, old, key) = (self.path(STORE), self.path(OLDER), StoreKey::new(KEY));
        self.disk.forget_store(OLDER);
        let store = Store::open(&now, &key)?;
        let (whole, plain) = (is_whole(store.db())?, is_plain(store.db())?);
        drop(store);
        if !whole {
            return Ok(false);
        }
        let last = if plain && !forgetful {
            older::FIRST
        } else {
            older::LAST - 1
        };
        let steps = last + chance.index(older::LAST - last);
        older::write(steps, &now, &old, &key)?;
        self.disk.rename_store(OLDER, STORE);
        if steps < older::LAST - 1 {
            self.unaware.store(true, Ordering::Relaxed);
        }
        self.trace.note(
            self.node,
            format!("its version was the one of {steps} steps"),
        );
        Ok(true)
    }
}

/// Nothing is under way in the store that an older version would not know of.
fn is_whole(db: &Db) -> Result<bool> {
    let staged: Option<String> = meta::get(db, meta::Key::StagedCursor)?;
    let device: Option<Registered> = meta::get(db, meta::Key::Device)?;
    let leaving: Option<serde_json::Value> = meta::get(db, meta::Key::Leaving)?;
    Ok(staged.is_none() && device.is_some() && leaving.is_none())
}

/// Nothing is in the store that the first versions had no place for: pictures, or numbers of another life.
fn is_plain(db: &Db) -> Result<bool> {
    let incarnation: Option<u32> = meta::get(db, meta::Key::Incarnation)?;
    let again: Option<serde_json::Value> = meta::get(db, meta::Key::Again)?;
    let in_doubt = incarnation::is_in_doubt(db)?;
    let pictures = blobs::all(db)?;
    Ok(incarnation.is_none_or(|life| life == 1)
        && again.is_none()
        && !in_doubt
        && pictures.is_empty())
}
