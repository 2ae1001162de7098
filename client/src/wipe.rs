//! Wiping a device's data folder (sync.md 25): the store's key first, so that what is left of any file is unreadable,
//! then the files, those of stores that were set aside included. A marker is laid down before and taken away after: a
//! wipe that was cut off goes on at the next start. Practice is no customer's affair and stays.

use crate::{
    aside, crash::crash_point, error::Result, folder, secrets::KeySource, view::session::Wiped,
};
use std::path::Path;

/// Begins a wipe: from here on it is done to its end, whatever comes between. What is to be told of it afterwards is the
/// marker's text.
///
/// # Errors
/// Of the folder; then nothing has begun.
pub fn begin(folder: &Path, wiped: &Wiped) -> Result<()> {
    crash_point("wipe.before_mark");
    let text = serde_json::to_string(wiped)?;
    folder::replace(&folder.join(folder::WIPE), text.as_bytes())?;
    crash_point("wipe.after_mark");
    Ok(())
}

/// What is to be told of a wipe that has begun and is not done. A marker that cannot be read still means a wipe.
#[must_use]
pub fn begun(folder: &Path) -> Option<Wiped> {
    let path = folder.join(folder::WIPE);
    let bytes = match folder::read(&path) {
        Ok(bytes) => bytes?,
        Err(_) if path.exists() => Vec::new(),
        Err(_) => return None,
    };
    Some(serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Does what is left of a wipe. No file of the store may be open in this process.
///
/// # Errors
/// Of the keyring or the folder; it goes on at the next start.
pub fn finish(folder: &Path, key: &KeySource) -> Result<()> {
    // A keyring that does not answer now is asked again at the next start; the files do not wait for it.
    let mut destroyed = key.destroy(folder);
    let set_aside = aside::all(folder)?;
    for place in set_aside.iter().map(|one| Path::new(&one.place)) {
        destroyed = destroyed.and(key.destroy(place));
    }
    crash_point("wipe.after_key");
    for path in folder::database(folder, folder::STORE) {
        folder::remove(&path)?;
    }
    crash_point("wipe.after_store");
    for path in folder::database(folder, folder::SALVAGED) {
        folder::remove(&path)?;
    }
    let beside = [
        folder::COPY,
        folder::PICTURE,
        folder::BROKEN,
        folder::DIAGNOSTICS,
    ];
    for begin in beside {
        for path in folder::beginning(folder, begin)? {
            folder::remove(&path)?;
        }
    }
    for place in set_aside.iter().map(|one| Path::new(&one.place)) {
        std::fs::remove_dir_all(place)?;
    }
    for name in [folder::RECOVERY, folder::SESSION_LOCK] {
        folder::remove(&folder.join(name))?;
    }
    folder::sync(folder)?;
    destroyed?;
    crash_point("wipe.before_end");
    folder::remove(&folder.join(folder::WIPE))?;
    folder::sync(folder)
}
