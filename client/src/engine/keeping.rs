//! Copies of the outbox: made while the engine runs, and compared with the store when it is opened.

use super::{Engine, lock};
use crate::{
    copies::{self, Copies, Kept},
    error::{Error, Result},
    folder,
    store::{Commit, Db, Store, StoreKey, blobs, meta, mutations},
};
use std::{path::Path, time::Duration};
use uuid::Uuid;

/// How often the copies are looked at.
const LOOK: Duration = Duration::from_secs(60);
/// Every so many looks a new generation is begun if anything has changed, drafts too.
const LOOKS: u32 = 10;

/// Opens the store and sets right what a power cut or a bad disk left between it and its copies.
///
/// # Errors
/// As for [`Store::open`]; `store_corrupt` when the key fits the copies but not the file, or the file is gone and the
/// copies are not.
pub fn open(data: &Path, key: &StoreKey, copies: &Copies, now: i64) -> Result<Store> {
    let path = data.join(folder::STORE);
    if !path.exists() && copies::fits(data, key) {
        return Err(Error::code("store_corrupt"));
    }
    let before_upgrade = |db: &Db| {
        if let Err(error) = copies.begin(db, now) {
            tracing::warn!(%error, "no copy of the outbox before the tables change");
        }
        Ok(())
    };
    let opened = Store::open_keeping(&path, key, before_upgrade);
    let mut store = opened.map_err(|error| {
        let is_wrong = error.stable_code() == "store_key_wrong";
        if is_wrong && copies::fits(data, key) {
            tracing::error!("the store's first page cannot be read though the key is right");
            return Error::code("store_corrupt");
        }
        error
    })?;
    settle(data, key, &mut store, copies, now)?;
    Ok(store)
}

fn settle(data: &Path, key: &StoreKey, store: &mut Store, copies: &Copies, now: i64) -> Result<()> {
    // The copies first: what another process adds meanwhile is then in the store at the latest.
    let tail = tail(data, key, copies).unwrap_or_else(|error| {
        tracing::warn!(%error, "the copies of the outbox cannot be read");
        None
    });
    if let Err(error) = pictures_back(data, key, store) {
        tracing::warn!(%error, "pictures that the store may have lost stay in their copies");
    }
    let (last, incarnation, is_used) = position(store.db())?;
    if tail.is_some_and(|(life, id)| life == incarnation && id > last) {
        let gathered = copies::gather(data, key)?;
        let back = store.write(Commit::Other, |db| copies::put_back(db, &gathered))?;
        tracing::error!(
            commands = back,
            "the store had lost its newest commands; they were put back from the copy"
        );
    }
    let behind = tail != Some((incarnation, last));
    if is_used && (behind || copies.is_due(store.db(), now)?) {
        begin(copies, store.db(), now);
    }
    Ok(())
}

fn pictures_back(data: &Path, key: &StoreKey, store: &mut Store) -> Result<()> {
    if copies::pictures(data)?.is_empty() {
        return Ok(());
    }
    let back = store.write(Commit::Other, |db| copies::put_pictures_back(db, data, key))?;
    if back > 0 {
        tracing::error!(
            pictures = back,
            "the store had lost pictures; they were put back from their copies"
        );
    }
    Ok(())
}

/// The newest command of the copies: by the newest generation, or by the older ones where that cannot be read.
fn tail(data: &Path, key: &StoreKey, copies: &Copies) -> Result<Option<(u32, i64)>> {
    if let Some(tail) = copies.tail()? {
        return Ok(Some(tail));
    }
    let gathered = copies::gather(data, key)?;
    Ok((!gathered.commands.is_empty()).then(|| gathered.last()))
}

/// Highest number, life of the store, and whether there is anything to keep a copy of.
fn position(db: &Db) -> Result<(i64, u32, bool)> {
    let last: i64 = meta::get(db, meta::Key::LastId)?.unwrap_or(0);
    let incarnation: u32 = meta::get(db, meta::Key::Incarnation)?.unwrap_or(1);
    let device: Option<serde_json::Value> = meta::get(db, meta::Key::Device)?;
    Ok((last, incarnation, last > 0 || device.is_some()))
}

/// A copy that cannot be made is no reason to refuse anybody's work: it is in the store.
fn begin(copies: &Copies, db: &Db, now: i64) {
    if let Err(error) = copies.begin(db, now) {
        tracing::warn!(%error, code = error.stable_code(), "no new copy of the outbox");
    }
}

impl Engine {
    /// Adds a command that has just been done to the copies. The command stands whatever becomes of this.
    pub(super) fn keep_copy(&self, uid: Uuid) {
        let Some(copies) = &self.inner.copies else {
            return;
        };
        let store = lock(&self.inner.main.store);
        let added = command(store.db(), uid).and_then(|kept| match kept {
            Some(kept) => copies.add(&kept),
            None => Ok(()),
        });
        if let Err(error) = added {
            tracing::info!(%error, "a new copy of the outbox is begun");
            begin(copies, store.db(), self.wall_millis());
        }
    }

    /// Keeps a copy of a picture that has just been taken. The picture stands whatever becomes of this: without a copy it
    /// gets one with the next generation.
    pub(super) fn keep_picture(&self, name: &str, made_at: i64, bytes: &[u8]) {
        let Some(copies) = &self.inner.copies else {
            return;
        };
        let _alone = lock(&self.inner.main.store);
        if let Err(error) = copies.add_picture(name, made_at, bytes) {
            tracing::warn!(%error, "a picture has no copy yet");
        }
    }

    /// Lets copies of pictures go that are not to be brought up any more, and makes those that are missing.
    pub(crate) fn tidy_pictures(&self) {
        let Some(copies) = &self.inner.copies else {
            return;
        };
        let store = lock(&self.inner.main.store);
        if let Err(error) = copies.keep_pictures(store.db()) {
            tracing::warn!(%error, "the copies of pictures could not be looked after");
        }
    }

    /// Lets the copy of a picture go that was taken away again.
    pub(super) fn forget_picture(&self, name: &str) -> Result<()> {
        let Some(copies) = &self.inner.copies else {
            return Ok(());
        };
        let store = lock(&self.inner.main.store);
        match blobs::standing(store.db(), name)? {
            None => copies.drop_picture(name),
            Some(_) => Ok(()),
        }
    }

    /// Begins a new generation of copies now, for what a copy holds beside commands: who and what the device is.
    pub(super) fn begin_copy(&self) {
        if let Some(copies) = &self.inner.copies {
            let store = lock(&self.inner.main.store);
            begin(copies, store.db(), self.wall_millis());
        }
    }

    /// Looks after the copies until the process ends.
    pub(super) async fn keep_copies(&self) {
        for look in 1_u32.. {
            tokio::time::sleep(LOOK).await;
            let engine = self.clone();
            let thorough = look.is_multiple_of(LOOKS);
            let looked = tokio::task::spawn_blocking(move || engine.look_after_copies(thorough));
            if let Ok(Err(error)) = looked.await {
                tracing::warn!(%error, "the copies of the outbox could not be looked after");
            }
        }
    }

    fn look_after_copies(&self, thorough: bool) -> Result<()> {
        let Some(copies) = &self.inner.copies else {
            return Ok(());
        };
        let (store, now) = (lock(&self.inner.main.store), self.wall_millis());
        let (_, _, is_used) = position(store.db())?;
        let due = copies.is_due(store.db(), now)?;
        if is_used && (due || (thorough && copies.is_behind(store.db(), now)?)) {
            copies.begin(store.db(), now)?;
        }
        Ok(())
    }

    pub(super) fn wall_millis(&self) -> i64 {
        self.inner.config.clock.wall().timestamp_millis()
    }
}

fn command(db: &Db, uid: Uuid) -> Result<Option<Kept>> {
    let incarnation = meta::get(db, meta::Key::Incarnation)?.unwrap_or(1);
    let stored = mutations::by_uid(db, uid)?;
    Ok(stored.map(|stored| Kept::of(stored, incarnation, None)))
}
