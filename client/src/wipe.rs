//! Wiping a device's data folder (sync.md 25): the store's key first, so that what is left of any file is unreadable,
//! then the files. A marker is laid down before and taken away after: a wipe that was cut off goes on at the next start.
//! Practice is no customer's affair and stays.

use crate::{crash::crash_point, error::Result, folder, secrets::KeySource};
use huishou_domain::sync::revocation::Statement;
use std::path::Path;

/// Begins a wipe: from here on it is done to its end, whatever comes between.
///
/// # Errors
/// Of the folder; then nothing has begun.
pub fn begin(folder: &Path, statement: &Statement) -> Result<()> {
    crash_point("wipe.before_mark");
    let text = serde_json::to_string(statement)?;
    folder::replace(&folder.join(folder::WIPE), text.as_bytes())?;
    crash_point("wipe.after_mark");
    Ok(())
}

/// Whether a wipe has begun and is not done.
#[must_use]
pub fn is_begun(folder: &Path) -> bool {
    folder.join(folder::WIPE).exists()
}

/// Does what is left of a wipe. No file of the store may be open in this process.
///
/// # Errors
/// Of the keyring or the folder; it goes on at the next start.
pub fn finish(folder: &Path, key: &KeySource) -> Result<()> {
    // A keyring that does not answer now is asked again at the next start; the files do not wait for it.
    let destroyed = key.destroy(folder);
    crash_point("wipe.after_key");
    for path in folder::database(folder, folder::STORE) {
        folder::remove(&path)?;
    }
    crash_point("wipe.after_store");
    for path in folder::database(folder, folder::SALVAGED) {
        folder::remove(&path)?;
    }
    for begin in [folder::COPY, folder::BROKEN, folder::DIAGNOSTICS] {
        for path in folder::beginning(folder, begin)? {
            folder::remove(&path)?;
        }
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
