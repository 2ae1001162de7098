//! What lies in a data folder, and how files are put there so that a power cut leaves the old one or the new one.

use crate::error::Result;
use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Folders that are not the machine's: a simulation's disks forget what was not synced. Each call answers `None` for a
/// path that is none of them.
pub trait Disks: Send + Sync {
    /// A file's bytes; none of a file that is not there.
    fn read(&self, path: &Path) -> Option<std::io::Result<Option<Vec<u8>>>>;
    /// Puts a file in the place of another, for good.
    fn replace(&self, path: &Path, bytes: &[u8]) -> Option<std::io::Result<()>>;
    /// Removes a file that may be gone already; for good once the folder was synced.
    fn remove(&self, path: &Path) -> Option<std::io::Result<()>>;
    /// Makes what was removed gone for good.
    fn sync(&self, folder: &Path) -> Option<std::io::Result<()>>;
}

static DISKS: OnceLock<Box<dyn Disks>> = OnceLock::new();

/// Brings disks of its own into this process; those that were brought first stay.
pub fn bring(disks: Box<dyn Disks>) {
    let _first = DISKS.set(disks);
}

/// What such a disk says, if the path is on one.
fn elsewhere<T>(
    ask: impl FnOnce(&dyn Disks) -> Option<std::io::Result<T>>,
) -> Option<std::io::Result<T>> {
    ask(DISKS.get()?.as_ref())
}

/// A file's bytes; none of a file that is not there.
///
/// # Errors
/// Of the folder.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    if let Some(read) = elsewhere(|disks| disks.read(path)) {
        return Ok(read?);
    }
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        read => Ok(Some(read?)),
    }
}

/// The store; encrypted, with its write-ahead log beside it.
pub const STORE: &str = "huishou.db";
/// A store made anew from a corrupt one, complete, about to take its place.
pub const SALVAGED: &str = "huishou.salvaged";
/// Begin of the names of corrupt stores that were replaced.
pub const BROKEN: &str = "huishou.broken-";
/// The practice store; never synced.
pub const PRACTICE: &str = "practice.db";
/// The store's key wrapped by a passphrase.
pub const KEY: &str = "store.key";
/// The practice store's key wrapped by a passphrase.
pub const PRACTICE_KEY: &str = "practice.key";
/// Names this folder's entries in the keyring; holds no secret.
pub const NAME: &str = "store.id";
/// The store's key sealed for the server.
pub const RECOVERY: &str = "recovery.key";
/// Held by the process that renews the session.
pub const SESSION_LOCK: &str = "session.lock";
/// Begin of the names of folders in which stores lie that were set aside.
pub const ASIDE: &str = "set-aside-";
/// There while a store is being set aside or brought back.
pub const MOVING: &str = "aside.json";
/// There while a wipe is not done.
pub const WIPE: &str = "wipe.json";
/// Begin of the names of copies of the outbox.
pub const COPY: &str = "outbox-";
/// Begin of the names of copies of pictures that are not up yet.
pub const PICTURE: &str = "picture-";
/// Begin of the names of support bundles.
pub const DIAGNOSTICS: &str = "diagnostics-";

/// What SQLite puts beside a database.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A database's files, whether or not they are there; what lies beside it first, so that none of it is ever taken for
/// another database's.
#[must_use]
pub fn database(folder: &Path, name: &str) -> Vec<PathBuf> {
    let files = BESIDE.iter().rev();
    files
        .map(|end| folder.join(format!("{name}{end}")))
        .collect()
}

/// Files of the folder whose names begin so, in the order of their names.
///
/// # Errors
/// Of the folder.
pub fn beginning(folder: &Path, begin: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(begin) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// A folder that only this user reads; it may be there already.
///
/// # Errors
/// Of the folder above it.
pub fn make(path: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(path)?)
}

/// Writes a file whole: beside it first, synced, then renamed over it.
///
/// # Errors
/// Of the folder; then the old file is there as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(replaced) = elsewhere(|disks| disks.replace(path, bytes)) {
        return Ok(replaced?);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let written = private(&new).and_then(|mut file| {
        file.write_all(bytes)?;
        Ok(file.sync_all()?)
    });
    if let Err(error) = written {
        // Half a file is of no use; that it may be left behind harms nothing.
        let _ = std::fs::remove_file(&new);
        return Err(error);
    }
    std::fs::rename(&new, path)?;
    sync(path.parent().unwrap_or(Path::new(".")))
}

/// A new empty file that only this user reads.
///
/// # Errors
/// Of the folder.
pub fn private(path: &Path) -> Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
}

/// Makes renames and removals in the folder last; where folders cannot be synced they do so by themselves.
///
/// # Errors
/// Of the folder.
pub fn sync(folder: &Path) -> Result<()> {
    if let Some(synced) = elsewhere(|disks| disks.sync(folder)) {
        return Ok(synced?);
    }
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Removes a file that may be gone already.
///
/// # Errors
/// Of the folder.
pub fn remove(path: &Path) -> Result<()> {
    if let Some(removed) = elsewhere(|disks| disks.remove(path)) {
        return Ok(removed?);
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
