//! `staging`: pages of a pull that is not complete yet. They survive a restart and are applied in one transaction.

use super::Db;
use crate::error::Result;
use huishou_domain::sync::message::PullAnswer;

/// Adds a page.
///
/// # Errors
/// Of the store.
pub fn add(db: &Db, page: &PullAnswer) -> Result<()> {
    let page = serde_json::to_string(page)?;
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
    let page: Option<String> = rows.next()?.map(|row| row.get(0)).transpose()?;
    page.map(|page| Ok(serde_json::from_str(&page)?))
        .transpose()
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
        let page: String = row.get(0)?;
        work(serde_json::from_str(&page)?)?;
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
