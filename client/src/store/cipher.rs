//! How a store's file is ciphered. Each page carries a code that proves it: new stores make it with SHA-256, which
//! processors have in hardware, over pages of 8 KiB; stores of earlier versions keep SHA-512 over 4 KiB. Nothing outside
//! the file tells which: the one that opens it is its own.

use super::{Db, StoreKey};
use crate::error::{Error, Result};
use rusqlite::{Connection, OpenFlags};
use std::{io::Read, path::Path};
use zeroize::Zeroizing;

/// What a plain SQLite file begins with; an encrypted one begins with a random salt.
const PLAIN_HEADER: &[u8; 16] = b"SQLite format 3\0";

/// How a file is ciphered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Format {
    /// As `SQLCipher` has it by itself, and the app's first versions had it.
    First,
    /// As new stores are made.
    #[default]
    Now,
}

impl Format {
    /// To be told between the key and the first reading.
    pub(super) fn tell(self, db: &Db) -> Result<()> {
        if self == Self::Now {
            db.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256")?;
            db.pragma_update(None, "cipher_page_size", 8192)?;
        }
        Ok(())
    }
}

/// An encrypted file, opened with its key and read once.
pub(super) fn connect(path: &Path, key: &StoreKey) -> Result<Connection> {
    connect_finding(path, key).map(|(db, _)| db)
}

/// The same, in whichever format it is; one that is not there, or empty, is made as new stores are. With a wrong key it
/// is of no format.
pub(super) fn connect_finding(path: &Path, key: &StoreKey) -> Result<(Connection, Format)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let open = |format| connect_as(format, path, key, flags).map(|db| (db, format));
    match open(Format::Now) {
        Err(now) if is_unreadable(&now) => open(Format::First).map_err(|first| {
            // The one whose seals fitted, if any did, tells what is wrong with the file.
            if now.stable_code() == "store_key_wrong" {
                first
            } else {
                now
            }
        }),
        found => found,
    }
}

fn is_unreadable(error: &Error) -> bool {
    matches!(
        error.stable_code().as_str(),
        "store_key_wrong" | "store_corrupt"
    )
}

/// An encrypted file of this format, opened with its key and read once.
///
/// # Errors
/// `store_key_wrong`, `store_not_encrypted`, those of the file.
pub(super) fn connect_as(
    format: Format,
    path: &Path,
    key: &StoreKey,
    flags: OpenFlags,
) -> Result<Connection> {
    refuse_plain(path)?;
    // A connection is never used by two threads at once, and need not lock itself at each step.
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(std::time::Duration::from_secs(10))?;
    db.set_prepared_statement_cache_capacity(128);
    let pragma = Zeroizing::new(format!("x'{}'", *key.hex()));
    db.pragma_update(None, "key", pragma.as_str())?;
    format.tell(&db)?;
    refuse_without_cipher(&db)?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(wrong_key)?;
    Ok(db)
}

fn refuse_plain(path: &Path) -> Result<()> {
    let mut header = [0_u8; 16];
    let is_plain = match std::fs::File::open(path) {
        Ok(mut file) => file.read_exact(&mut header).is_ok() && &header == PLAIN_HEADER,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    if is_plain {
        Err(Error::code("store_not_encrypted"))
    } else {
        Ok(())
    }
}

fn refuse_without_cipher(db: &Connection) -> Result<()> {
    let mut version = String::new();
    db.pragma_query(None, "cipher_version", |row| {
        version = row.get(0)?;
        Ok(())
    })?;
    if version.is_empty() {
        Err(Error::code("store_not_encrypted"))
    } else {
        Ok(())
    }
}

fn wrong_key(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => Error::code("store_key_wrong"),
        _ => error.into(),
    }
}
