//! `blobs`: pictures, each by the SHA-256 of its bytes, with how much of it the server has.

use super::Db;
use crate::error::Result;
use rusqlite::{OptionalExtension, params};

/// A picture that is not up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub name: String,
    /// Its size, in bytes.
    pub size: usize,
    /// Bytes that the server has confirmed, from the first on.
    pub sent: usize,
    /// Since when it is here, unix milliseconds.
    pub made_at: i64,
}

/// A picture as support sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its size, in bytes.
    pub size: usize,
    /// Since when it is here, unix milliseconds.
    pub made_at: i64,
    /// Bytes that the server has confirmed.
    pub sent: usize,
    /// Unix milliseconds since which it is up.
    pub uploaded_at: Option<i64>,
    /// Why the server will never take it.
    pub refused: Option<String>,
}

/// Keeps a picture to be brought up. One that is here stays as it is.
///
/// # Errors
/// Of the store.
pub fn put(db: &Db, name: &str, kind: &str, bytes: &[u8], at: i64) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO blobs (sha256, type, size, made_at, bytes) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sha256) DO NOTHING",
    )?
    .execute(params![name, kind, number(bytes.len()), at, bytes])?;
    Ok(())
}

/// Keeps a picture that came from the server.
///
/// # Errors
/// Of the store.
pub fn keep(db: &Db, name: &str, kind: &str, bytes: &[u8], at: i64) -> Result<()> {
    put(db, name, kind, bytes, at)?;
    uploaded(db, name, at)
}

/// The bytes of a picture that is here.
///
/// # Errors
/// Of the store.
pub fn get(db: &Db, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(db
        .prepare_cached("SELECT bytes FROM blobs WHERE sha256 = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// What has to be brought up, oldest first.
///
/// # Errors
/// Of the store.
pub fn waiting(db: &Db) -> Result<Vec<Waiting>> {
    let mut statement = db.prepare_cached(
        "SELECT sha256, size, sent, made_at FROM blobs WHERE uploaded_at IS NULL AND refused IS NULL ORDER BY made_at, sha256",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Waiting {
            name: row.get(0)?,
            size: size(row, 1)?,
            sent: size(row, 2)?,
            made_at: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What is known of a picture beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the table.
    pub place: i64,
    /// Its name.
    pub name: String,
    /// Since when it is here, unix milliseconds.
    pub made_at: i64,
    /// Whether the server has it.
    pub is_up: bool,
    /// Why the server will never take it.
    pub refused: Option<String>,
}

/// So many pictures behind a place of the table, in order; their bytes are not read.
///
/// # Errors
/// Of the store.
pub fn above(db: &Db, place: i64, most: u32) -> Result<Vec<Row>> {
    list(
        db,
        "WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
        params![place, most],
    )
}

/// So many before a place and behind another, the last first; their bytes are not read.
///
/// # Errors
/// Of the store.
pub fn below(db: &Db, place: i64, above: i64, most: u32) -> Result<Vec<Row>> {
    list(
        db,
        "WHERE rowid < ?1 AND rowid > ?2 ORDER BY rowid DESC LIMIT ?3",
        params![place, above, most],
    )
}

fn list(db: &Db, rest: &str, params: impl rusqlite::Params) -> Result<Vec<Row>> {
    let columns = "rowid, sha256, made_at, uploaded_at IS NOT NULL, refused";
    let mut statement = db.prepare_cached(&format!("SELECT {columns} FROM blobs {rest}"))?;
    let rows = statement.query_map(params, |row| {
        Ok(Row {
            place: row.get(0)?,
            name: row.get(1)?,
            made_at: row.get(2)?,
            is_up: row.get(3)?,
            refused: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What is to become of a picture that is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has to be brought up.
    Waits,
    /// It is up, or the server will never take it.
    Settled,
}

/// How a picture stands; none of one that is not here.
///
/// # Errors
/// Of the store.
pub fn standing(db: &Db, name: &str) -> Result<Option<Standing>> {
    let waits: Option<bool> = db
        .prepare_cached(
            "SELECT uploaded_at IS NULL AND refused IS NULL FROM blobs WHERE sha256 = ?1",
        )?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(waits.map(|waits| match waits {
        true => Standing::Waits,
        false => Standing::Settled,
    }))
}

/// How many have to be brought up.
///
/// # Errors
/// Of the store.
pub fn count_waiting(db: &Db) -> Result<u32> {
    Ok(db
        .prepare_cached("SELECT count(*) FROM blobs WHERE uploaded_at IS NULL AND refused IS NULL")?
        .query_row([], |row| row.get(0))?)
}

/// At most `most` bytes of a picture from `start` on; none if it is not here any more.
///
/// # Errors
/// Of the store.
pub fn piece(db: &Db, name: &str, start: usize, most: usize) -> Result<Option<Vec<u8>>> {
    Ok(db
        .prepare_cached("SELECT substr(bytes, ?2 + 1, ?3) FROM blobs WHERE sha256 = ?1")?
        .query_row(params![name, number(start), number(most)], |row| row.get(0))
        .optional()?)
}

/// The server has it up to here.
///
/// # Errors
/// Of the store.
pub fn sent(db: &Db, name: &str, upto: usize) -> Result<()> {
    db.prepare_cached("UPDATE blobs SET sent = ?2 WHERE sha256 = ?1")?
        .execute(params![name, number(upto)])?;
    Ok(())
}

/// It is up.
///
/// # Errors
/// Of the store.
pub fn uploaded(db: &Db, name: &str, at: i64) -> Result<()> {
    db.prepare_cached(
        "UPDATE blobs SET sent = size, uploaded_at = coalesce(uploaded_at, ?2), refused = NULL WHERE sha256 = ?1",
    )?
    .execute(params![name, at])?;
    Ok(())
}

/// The server was set back: whatever is still here of what was up is brought again. One that it still has costs a piece.
///
/// # Errors
/// Of the store.
pub fn bring_again(db: &Db) -> Result<usize> {
    Ok(db.execute(
        "UPDATE blobs SET sent = 0, uploaded_at = NULL WHERE uploaded_at IS NOT NULL",
        [],
    )?)
}

/// What is still here of what is up, by name.
///
/// # Errors
/// Of the store.
pub fn up(db: &Db) -> Result<Vec<String>> {
    let mut statement = db
        .prepare_cached("SELECT sha256 FROM blobs WHERE uploaded_at IS NOT NULL ORDER BY sha256")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The server has forgotten this one: it is brought again.
///
/// # Errors
/// Of the store.
pub fn bring_one_again(db: &Db, name: &str) -> Result<()> {
    db.prepare_cached(
        "UPDATE blobs SET sent = 0, uploaded_at = NULL WHERE sha256 = ?1 AND uploaded_at IS NOT NULL",
    )?
    .execute([name])?;
    Ok(())
}

/// The server will never take it.
///
/// # Errors
/// Of the store.
pub fn refuse(db: &Db, name: &str, code: &str) -> Result<()> {
    db.prepare_cached("UPDATE blobs SET refused = ?2 WHERE sha256 = ?1")?
        .execute([name, code])?;
    Ok(())
}

/// Forgets a picture that no command names and that is not up.
///
/// # Errors
/// Of the store.
pub fn discard(db: &Db, name: &str) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM blobs WHERE sha256 = ?1 AND uploaded_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM mutations WHERE instr(bytes, ?1) > 0)",
    )?
    .execute([name])?;
    Ok(())
}

/// Forgets pictures that have been up since before this moment (unix milliseconds); returns how many.
///
/// # Errors
/// Of the store.
pub fn prune(db: &Db, before: i64) -> Result<usize> {
    Ok(db
        .prepare_cached("DELETE FROM blobs WHERE uploaded_at < ?1")?
        .execute([before])?)
}

/// All, oldest first, without their bytes.
///
/// # Errors
/// Of the store.
pub fn all(db: &Db) -> Result<Vec<Listed>> {
    let mut statement = db.prepare_cached(
        "SELECT sha256, type, size, made_at, sent, uploaded_at, refused FROM blobs ORDER BY made_at, sha256",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Listed {
            name: row.get(0)?,
            kind: row.get(1)?,
            size: size(row, 2)?,
            made_at: row.get(3)?,
            sent: size(row, 4)?,
            uploaded_at: row.get(5)?,
            refused: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn number(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn size(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<usize> {
    row.get::<_, i64>(at)
        .map(|size| usize::try_from(size).unwrap_or_default())
}
