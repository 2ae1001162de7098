//! Months of visits outside the database: written to a file, taken out, brought back.
//!
//! A month is everything that lies in one `orders_YYYYMM` with all that belongs to it — appointments, quotes, money,
//! reviews, stars — so that nothing of a visit is left behind without the rest. The file is NDJSON: a header, a row a line,
//! and an end that says how many and their checksum. Columns are kept as text (binary ones as hex), by name, so that a file
//! outlives the schema it was written with.
//!
//! Taking a month out: its content must have the checksum of the archive, and the file must be there and whole; then its
//! table is renamed, which waits for whoever writes in it and lets nobody in after, and looked at again. Rows go with their marks in the outbox, so that devices hear of it as of
//! any other change and their checks stay right.

mod dropping;
mod file;
mod rows;

pub use dropping::{How, drop_month};
pub use file::{Archive, Broken};

use super::{Db, Snapshot, StoreError, months};
use chrono::{DateTime, Utc};
use rows::{Line, Named};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, Row};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The law wants papers of a trade kept at hand for two years.
pub const KEPT_MONTHS: i32 = 24;
/// Orders handled at once.
const PAGE: u32 = 200;

/// Why a month is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The database.
    #[error("the database refused: {0}")]
    Store(#[from] StoreError),
    /// The file.
    #[error("the file: {0}")]
    File(#[from] Broken),
    /// The archive is not where it was, or not what it was.
    #[error("the archive {}: {}; if it was moved, name it with --file", .0.display(), .1)]
    Archive(PathBuf, Broken),
    /// There is no such month.
    #[error("there is no table of that month")]
    NoSuchMonth,
    /// There is no archive of it.
    #[error("the month has not been archived; archive it first")]
    NotArchived,
    /// It has been written since.
    #[error("the month has changed since it was archived; archive it again")]
    Changed,
    /// Visits that are not over.
    #[error("{0} visits of the month are not settled")]
    Unsettled(i64),
    /// Younger than two years.
    #[error("the month is not two years old; --force with a reason drops it all the same")]
    TooYoung,
    /// Bookings may still come into it.
    #[error("the month is not over")]
    NotOver,
    /// Between here and there.
    #[error("the month is being taken out or brought back; finish that first")]
    Halfway,
    /// Its rows are going.
    #[error("the month is being taken out; finish the drop first")]
    Dropping,
    /// It is there.
    #[error("the month is in the database")]
    Present,
    /// The restored rows are not those of the file.
    #[error(
        "what was restored is not what the file holds: rows with the same ids were there already"
    )]
    Differs,
}

/// A month as the list tells it.
#[derive(Debug, Clone)]
pub struct Month {
    /// `202611`.
    pub month: i32,
    /// `open`, `archived`, `dropping`, `dropped`.
    pub state: &'static str,
    /// Orders in the database.
    pub orders: i64,
    /// Where its archive was written to.
    pub file: Option<String>,
}

/// Whether the month has been taken out of the database, or is being so.
pub(super) async fn is_out(db: &Db, month: i32) -> Result<bool, StoreError> {
    let mut conn = db.read().await?;
    let out: Option<i32> = sqlx::query_scalar(
        "SELECT month FROM archived_months WHERE month = ? AND dropping_at IS NOT NULL",
    )
    .bind(month)
    .fetch_optional(&mut *conn)
    .await?;
    db.rest(conn);
    Ok(out.is_some())
}

/// All months, oldest first.
///
/// # Errors
/// The database refused.
pub async fn list(db: &Db) -> Result<Vec<Month>, StoreError> {
    let mut conn = db.read().await?;
    let rows = conn
        .fetch_all(
            "SELECT m.month, a.file, a.dropping_at IS NOT NULL AS dropping, a.dropped_at IS NOT NULL AS dropped \
             FROM (SELECT month FROM order_months UNION SELECT month FROM archived_months) m \
             LEFT JOIN archived_months a ON a.month = m.month ORDER BY m.month",
        )
        .await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let month: i32 = row.try_get("month")?;
        let file: Option<String> = row.try_get("file")?;
        let is = |column: &str| row.try_get_unchecked::<i64, _>(column).map(|n| n != 0);
        let state = match (is("dropped")?, is("dropping")?, &file) {
            (true, ..) => "dropped",
            (_, true, _) => "dropping",
            (.., Some(_)) => "archived",
            _ => "open",
        };
        let orders = if matches!(state, "open" | "archived") {
            count(&mut conn, &months::table(month)).await?
        } else {
            0
        };
        all.push(Month {
            month,
            state,
            orders,
            file,
        });
    }
    db.rest(conn);
    Ok(all)
}

async fn count(conn: &mut MySqlConnection, table: &str) -> Result<i64, StoreError> {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    Ok(sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(conn)
        .await?)
}

/// Writes a month to a file and notes that. Answers how many rows.
///
/// # Errors
/// There is no such month, or it is halfway out; the file cannot be written, or is there already; the database refused.
pub async fn write(db: &Db, month: i32, to: &Path, now: DateTime<Utc>) -> Result<u64, Refused> {
    if known(db, month).await?.is_some_and(|known| known.is_out) {
        return Err(Refused::Halfway);
    }
    let mut snapshot = db.snapshot().await?;
    if !has_table(snapshot.conn()?, &months::table(month)).await? {
        return Err(Refused::NoSuchMonth);
    }
    let mut archive = Archive::create(to, month, now)?;
    each(&mut snapshot, &months::table(month), None, |line| {
        archive.add(line)
    })
    .await?;
    snapshot.finish().await?;
    let end = archive.finish()?;
    // As whoever restores it will.
    let read = Archive::check(to)?;
    if read.content != end.content {
        return Err(Broken::Checksum.into());
    }
    let path = std::fs::canonicalize(to).map_err(Broken::from)?;
    sqlx::query(
        "INSERT INTO archived_months (month, content, held, file, archived_at) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE content = VALUES(content), held = VALUES(held), file = VALUES(file), archived_at = VALUES(archived_at)",
    )
    .bind(month)
    .bind(&end.content)
    .bind(i64::try_from(end.rows).unwrap_or(i64::MAX))
    .bind(path.display().to_string())
    .bind(now)
    .execute(&mut *db.read().await?)
    .await
    .map_err(StoreError::from)?;
    Ok(end.rows)
}

/// Calls `with` with each row of the month whose orders are in `table`, always in the same order; with all columns, or
/// with those named.
async fn each(
    snapshot: &mut Snapshot,
    table: &str,
    named: Option<&Named>,
    mut with: impl FnMut(&Line) -> Result<(), Broken>,
) -> Result<(), Refused> {
    let mut parts = rows::parts(snapshot.conn()?, table).await?;
    if let Some(named) = named {
        parts.iter_mut().for_each(|part| part.keep(named));
    }
    let mut after = Uuid::nil();
    loop {
        let page = rows::page(snapshot.conn()?, table, after, PAGE).await?;
        for part in &parts {
            for line in part.read(snapshot.conn()?, &page).await? {
                with(&line)?;
            }
        }
        match page.last() {
            Some(last) => after = last.order,
            None => return Ok(()),
        }
    }
}

/// The checksum of what a month holds, of all columns or of those named.
async fn content(db: &Db, table: &str, named: Option<&Named>) -> Result<String, Refused> {
    let mut snapshot = db.snapshot().await?;
    let mut sum = file::Sum::default();
    each(&mut snapshot, table, named, |line| {
        sum.add(line);
        Ok(())
    })
    .await?;
    snapshot.finish().await?;
    Ok(sum.hex())
}

async fn has_table(conn: &mut MySqlConnection, table: &str) -> Result<bool, StoreError> {
    let there: Option<String> = sqlx::query_scalar(
        "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?",
    )
    .bind(table)
    .fetch_optional(conn)
    .await?;
    Ok(there.is_some())
}

/// Where a month lies that is being taken out.
fn aside(month: i32) -> String {
    format!("dropping_{}", months::table(month))
}

/// What the database knows of a month's archive.
#[derive(Debug)]
struct Known {
    content: String,
    file: String,
    /// It is being taken out or brought in, or is out.
    is_out: bool,
    /// What was set aside is what the archive holds: its rows are going.
    is_checked: bool,
    is_dropped: bool,
}

async fn known(db: &Db, month: i32) -> Result<Option<Known>, StoreError> {
    let row = sqlx::query(
        "SELECT content, file, dropping_at IS NOT NULL AS is_out, checked_at IS NOT NULL AS is_checked, \
         dropped_at IS NOT NULL AS is_dropped FROM archived_months WHERE month = ?",
    )
    .bind(month)
    .fetch_optional(&mut *db.read().await?)
    .await?;
    row.map(|row| {
        let is = |column: &str| row.try_get_unchecked::<i64, _>(column).map(|n| n != 0);
        Ok(Known {
            content: row.try_get("content")?,
            file: row.try_get("file")?,
            is_out: is("is_out")?,
            is_checked: is("is_checked")?,
            is_dropped: is("is_dropped")?,
        })
    })
    .transpose()
}

/// The month is in the database again.
async fn bring_in(conn: &mut MySqlConnection, month: i32) -> Result<(), StoreError> {
    sqlx::query("UPDATE archived_months SET dropping_at = NULL, checked_at = NULL, dropped_at = NULL, reason = NULL WHERE month = ?")
        .bind(month)
        .execute(conn)
        .await?;
    Ok(())
}

/// Brings a month back from its file. May be run again after it was interrupted. Answers month and rows.
///
/// # Errors
/// The file is not whole; the month is in the database, or halfway out; the database refused.
pub async fn restore(db: &Db, from: &Path, now: DateTime<Utc>) -> Result<(i32, u64), Refused> {
    let end = Archive::check(from)?;
    let month = end.month;
    let mut conn = db.read().await?;
    let table = months::table(month);
    if has_table(&mut conn, &aside(month)).await? {
        return Err(Refused::Dropping);
    }
    if !known(db, month)
        .await?
        .is_some_and(|known| known.is_dropped)
    {
        if has_table(&mut conn, &table).await? {
            return Err(Refused::Present);
        }
        // Of another database, or out but for the note: from here on it is one that is being brought in.
        let file = std::fs::canonicalize(from).map_err(Broken::from)?;
        sqlx::query("INSERT INTO archived_months (month, content, held, file, archived_at, dropping_at, dropped_at) VALUES (?, ?, ?, ?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE dropping_at = VALUES(dropping_at), checked_at = NULL, dropped_at = VALUES(dropped_at)")
            .bind(month)
            .bind(&end.content)
            .bind(i64::try_from(end.rows).unwrap_or(i64::MAX))
            .bind(file.display().to_string())
            .bind(now)
            .bind(now)
            .bind(now)
            .execute(&mut *conn)
            .await
            .map_err(StoreError::from)?;
    }
    // Before the rows: who hears of a row finds it.
    months::make(&mut conn, month).await?;
    let parts = rows::parts(&mut conn, &table).await?;
    let mut named = Named::default();
    for page in Archive::pages(from, 500)? {
        let page = page?;
        page.iter().for_each(|line| named.learn(line));
        rows::insert(db, &parts, &page).await?;
    }
    // Columns that came later have what the database gives them.
    if content(db, &table, Some(&named)).await? != end.content {
        return Err(Refused::Differs);
    }
    bring_in(&mut conn, month).await?;
    Ok((month, end.rows))
}
