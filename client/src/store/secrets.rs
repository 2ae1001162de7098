//! `secrets`: tokens and the device key, only where a given key stands in for the OS keyring. The file as a whole is
//! encrypted.

use super::Db;
use crate::error::Result;
use rusqlite::{OptionalExtension, params};

/// A secret, if it is there.
///
/// # Errors
/// Of the store.
pub fn get(db: &Db, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(db
        .prepare_cached("SELECT value FROM secrets WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Stores a secret.
///
/// # Errors
/// Of the store.
pub fn set(db: &Db, name: &str, value: &[u8]) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO secrets (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

/// Forgets a secret.
///
/// # Errors
/// Of the store.
pub fn remove(db: &Db, name: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM secrets WHERE name = ?1")?
        .execute([name])?;
    Ok(())
}
