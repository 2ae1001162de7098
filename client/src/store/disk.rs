//! What is behind a failure that SQLite only calls an I/O error: a disk that is full, or that can only be read.

use crate::error::Error;
use std::path::Path;

/// With less than this free, a transaction may find no room for its index of the write-ahead log.
#[cfg(unix)]
const LITTLE: u64 = 160 * 1024;

/// The failure by its cause, where the disk under `path` tells; else as it is.
#[must_use]
pub fn judged(path: Option<&Path>, error: Error) -> Error {
    let Error::Sqlite(inner) = &error else {
        return error;
    };
    let is_vague = matches!(
        inner.sqlite_error_code(),
        Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::CannotOpen)
    );
    let cause = path.filter(|_| is_vague).and_then(cause);
    cause.map_or(error, |code| {
        tracing::warn!(code, "the store cannot be written");
        Error::code(code)
    })
}

#[cfg(unix)]
fn cause(path: &Path) -> Option<&'static str> {
    let disk = rustix::fs::statvfs(path.parent()?).ok()?;
    if disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        return Some("disk_read_only");
    }
    (disk.f_bavail.saturating_mul(disk.f_frsize) < LITTLE).then_some("disk_full")
}

#[cfg(not(unix))]
fn cause(_: &Path) -> Option<&'static str> {
    None
}
