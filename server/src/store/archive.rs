//! Months of visits outside the database: written to a file, taken out, brought back.
//!
//! A month is everything that lies in one `orders_YYYYMM` with all that belongs to it — appointments, quotes, money,
//! reviews, stars — so that nothing of a visit is left behind without the rest. The file is NDJSON: a header, a row a line,
//! and an end that says how many and their checksum. Columns are kept as text (binary ones as hex), by name, so that a file
//! outlives the schema it was written with.
//!
//! Taking a month out: its table is renamed first, which waits for whoever writes in it and lets nobody in after; then its
//! content must have the checksum of the archive. Rows go with their marks in the outbox, so that devices hear of it as of
//! any other change and their checks stay right.

mod file;
mod rows;

pub use file::{Archive, Broken};

use super::{
    Db, Snapshot, StoreError,
    months::{self, month_number, months_between},
};
use chrono::{DateTime, Utc};
use rows::Line;
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, Row};
use std::path::Path;
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
/// There is no such month; the file cannot be written; the database refused.
pub async fn write(db: &Db, month: i32, to: &Path, now: DateTime<Utc>) -> Result<u64, Refused> {
    let mut snapshot = db.snapshot().await?;
    if !has_table(snapshot.conn()?, &months::table(month)).await? {
        return Err(Refused::NoSuchMonth);
    }
    let mut archive = Archive::create(to, month, now)?;
    each(&mut snapshot, &months::table(month), |line| {
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
    sqlx::query(
        "INSERT INTO archived_months (month, content, held, file, archived_at) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE content = VALUES(content), held = VALUES(held), file = VALUES(file), archived_at = VALUES(archived_at)",
    )
    .bind(month)
    .bind(&end.content)
    .bind(i64::try_from(end.rows).unwrap_or(i64::MAX))
    .bind(to.display().to_string())
    .bind(now)
    .execute(&mut *db.read().await?)
    .await
    .map_err(StoreError::from)?;
    Ok(end.rows)
}

/// Calls `with` with each row of the month whose orders are in `table`, always in the same order.
async fn each(
    snapshot: &mut Snapshot,
    table: &str,
    mut with: impl FnMut(&Line) -> Result<(), Broken>,
) -> Result<(), Refused> {
    let parts = rows::parts(snapshot.conn()?, table).await?;
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

/// The checksum of what a month holds.
async fn content(db: &Db, table: &str) -> Result<String, Refused> {
    let mut snapshot = db.snapshot().await?;
    let mut sum = file::Sum::default();
    each(&mut snapshot, table, |line| {
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

/// Takes an archived month out of the database; with a reason also one that is younger than two years. May be run again
/// after it was interrupted. Answers how many orders went.
///
/// # Errors
/// Why it is left as it is.
pub async fn drop_month(
    db: &Db,
    month: i32,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<u64, Refused> {
    // Ids of its last day are plausible for as long, so a late ticket of it never finds it gone.
    if reason.is_none() && months_between(month, month_number(now)) <= KEPT_MONTHS {
        return Err(Refused::TooYoung);
    }
    let (known, interrupted) = archived(db, month).await?.ok_or(Refused::NotArchived)?;
    set_aside(db, month, reason, now).await?;
    // Once rows have gone the checksum cannot be right any more; it was when the first of them went.
    let begun = interrupted && content(db, &aside(month)).await? != known;
    if !begun && let Err(refused) = check(db, month, &known).await {
        put_back(db, month).await?;
        return Err(refused);
    }
    let gone = rows::remove_all(db, &aside(month), PAGE).await?;
    let mut conn = db.read().await?;
    let sql = format!("DROP TABLE IF EXISTS {}", aside(month));
    conn.execute(AssertSqlSafe(sql))
        .await
        .map_err(StoreError::from)?;
    sqlx::query("UPDATE archived_months SET dropped_at = ? WHERE month = ?")
        .bind(now)
        .bind(month)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::from)?;
    Ok(gone)
}

/// The checksum of a month's archive, and whether it is being taken out.
async fn archived(db: &Db, month: i32) -> Result<Option<(String, bool)>, StoreError> {
    let row = sqlx::query("SELECT content, dropping_at IS NOT NULL AS dropping, dropped_at IS NOT NULL AS dropped FROM archived_months WHERE month = ?")
        .bind(month)
        .fetch_optional(&mut *db.read().await?)
        .await?;
    row.map(|row| {
        let dropping: i64 = row.try_get_unchecked("dropping")?;
        Ok((row.try_get("content")?, dropping != 0))
    })
    .transpose()
}

async fn set_aside(
    db: &Db,
    month: i32,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Refused> {
    let mut conn = db.read().await?;
    let (table, aside) = (months::table(month), aside(month));
    let there = has_table(&mut conn, &table).await?;
    if !there && !has_table(&mut conn, &aside).await? {
        return Err(Refused::NoSuchMonth);
    }
    sqlx::query("UPDATE archived_months SET dropping_at = ?, reason = ? WHERE month = ?")
        .bind(now)
        .bind(reason)
        .bind(month)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::from)?;
    forget_month(&mut conn, month).await?;
    if there {
        let sql = format!("RENAME TABLE {table} TO {aside}");
        conn.execute(AssertSqlSafe(sql))
            .await
            .map_err(StoreError::from)?;
    }
    Ok(())
}

async fn forget_month(conn: &mut MySqlConnection, month: i32) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM order_months WHERE month = ?")
        .bind(month)
        .execute(conn)
        .await?;
    Ok(())
}

async fn put_back(db: &Db, month: i32) -> Result<(), StoreError> {
    let mut conn = db.read().await?;
    let sql = format!("RENAME TABLE {} TO {}", aside(month), months::table(month));
    conn.execute(AssertSqlSafe(sql)).await?;
    months::make(&mut conn, month).await?;
    bring_in(&mut conn, month).await
}

/// The month is in the database again.
async fn bring_in(conn: &mut MySqlConnection, month: i32) -> Result<(), StoreError> {
    sqlx::query("UPDATE archived_months SET dropping_at = NULL, dropped_at = NULL, reason = NULL WHERE month = ?")
        .bind(month)
        .execute(conn)
        .await?;
    Ok(())
}

async fn check(db: &Db, month: i32, known: &str) -> Result<(), Refused> {
    let open = rows::unsettled(&mut *db.read().await?, &aside(month)).await?;
    if open > 0 {
        return Err(Refused::Unsettled(open));
    }
    if content(db, &aside(month)).await? != known {
        return Err(Refused::Changed);
    }
    Ok(())
}

/// Brings a month back from its file. May be run again after it was interrupted. Answers month and rows.
///
/// # Errors
/// The file is not whole; the month is in the database; the database refused.
pub async fn restore(db: &Db, from: &Path, now: DateTime<Utc>) -> Result<(i32, u64), Refused> {
    let end = Archive::check(from)?;
    let month = end.month;
    let mut conn = db.read().await?;
    let table = months::table(month);
    if archived(db, month).await?.is_none_or(|(_, out)| !out) {
        if has_table(&mut conn, &table).await? {
            return Err(Refused::Present);
        }
        // Of another database: from here on it is one that is being brought in.
        sqlx::query("INSERT INTO archived_months (month, content, held, file, archived_at, dropping_at) VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE dropping_at = VALUES(dropping_at)")
            .bind(month)
            .bind(&end.content)
            .bind(i64::try_from(end.rows).unwrap_or(i64::MAX))
            .bind(from.display().to_string())
            .bind(now)
            .bind(now)
            .execute(&mut *conn)
            .await
            .map_err(StoreError::from)?;
    }
    // Before the rows: who hears of a row finds it.
    months::make(&mut conn, month).await?;
    let parts = rows::parts(&mut conn, &table).await?;
    for page in Archive::pages(from, 500)? {
        rows::insert(db, &parts, &page?).await?;
    }
    if content(db, &table).await? != end.content {
        return Err(Refused::Differs);
    }
    bring_in(&mut conn, month).await?;
    Ok((month, end.rows))
}
