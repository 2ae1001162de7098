//! `staging`: pages of a pull that is not complete yet. They survive a restart and are applied in one transaction. Of a
//! first sync only what is no state is here: states go to the next edition at once.

use super::Db;
use crate::error::Result;
use huishou_domain::sync::message::PullAnswer;
use rusqlite::types::ValueRef;

/// The fastest: a page shrinks to an eighth all the same, and every byte less need not be ciphered and synced.
const LEVEL: i32 = 1;

/// Adds a page.
///
/// # Errors
/// Of the store.
pub fn add(db: &Db, page: &PullAnswer) -> Result<()> {
    let page = zstd::encode_all(serde_json::to_vec(page)?.as_slice(), LEVEL)?;
    db.prepare_cached("INSERT INTO staging (page) VALUES (?1)")?
        .execute([page])?;
    Ok(())
}

/// Whether no page waits.
///
/// # Errors
/// Of the store.
pub fn is_empty(db: &Db) -> Result<bool> {
    Ok(db
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM staging)")?
        .query_row([], |row| row.get(0))?)
}

/// The newest page.
///
/// # Errors
/// Of the store.
pub fn last(db: &Db) -> Result<Option<PullAnswer>> {
    let mut statement = db.prepare_cached("SELECT page FROM staging ORDER BY seq DESC LIMIT 1")?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| read(row.get_ref(0)?)).transpose()
}

/// A staged page; an older version of the app staged plain text.
fn read(page: ValueRef<'_>) -> Result<PullAnswer> {
    Ok(match page {
        ValueRef::Blob(bytes) => serde_json::from_slice(&zstd::decode_all(bytes)?)?,
        plain => serde_json::from_str(plain.as_str().map_err(rusqlite::Error::from)?)?,
    })
}

/// Hands each page to `work`, oldest first, one at a time; how many there were.
///
/// # Errors
/// Of the store, or of `work`.
pub fn each(db: &Db, mut work: impl FnMut(PullAnswer) -> Result<()>) -> Result<usize> {
    let mut statement = db.prepare_cached("SELECT page FROM staging ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        work(read(row.get_ref(0)?)?)?;
        count += 1;
    }
    Ok(count)
}

/// Forgets all pages.
///
/// # Errors
/// Of the store.
pub fn clear(db: &Db) -> Result<()> {
    db.execute("DELETE FROM staging", [])?;
    Ok(())
}
