//! A month is taken out of the database: looked at, set aside, looked at again, removed; and put back where it may not go.

use super::{
    Archive, Broken, Db, KEPT_MONTHS, Known, PAGE, Refused, StoreError, aside, bring_in, content,
    has_table, known, rows,
};
use crate::store::months::{self, month_number, months_between};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Executor};
use std::path::{Path, PathBuf};

/// How a month is to go.
#[derive(Debug, Default)]
pub struct How<'a> {
    /// Why although it is younger than two years.
    pub reason: Option<&'a str>,
    /// Where its archive lies now, if it was moved.
    pub file: Option<&'a Path>,
}

/// Takes an archived month out of the database; with a reason also one that is younger than two years. May be run again
/// after it was interrupted. Answers how many orders went.
///
/// # Errors
/// Why it is left as it is.
pub async fn drop_month(
    db: &Db,
    month: i32,
    how: How<'_>,
    now: DateTime<Utc>,
) -> Result<u64, Refused> {
    let age = months_between(month, month_number(now));
    if age <= 0 {
        return Err(Refused::NotOver);
    }
    // Ids of its last day are plausible for as long, so a late ticket of it never finds it gone.
    if how.reason.is_none() && age <= KEPT_MONTHS {
        return Err(Refused::TooYoung);
    }
    let known = known(db, month).await?.ok_or(Refused::NotArchived)?;
    let file = how
        .file
        .map_or_else(|| PathBuf::from(&known.file), Path::to_owned);
    if known.is_checked {
        holds(&file, month, &known)?;
    } else {
        take_aside(db, month, &known, &file, how.reason, now).await?;
    }
    let mut conn = db.read().await?;
    let aside = aside(month);
    let mut gone = 0;
    // Without it only the note was missing.
    if has_table(&mut conn, &aside).await? {
        gone = rows::remove_all(db, &aside, PAGE).await?;
        let sql = format!("DROP TABLE IF EXISTS {aside}");
        conn.execute(AssertSqlSafe(sql))
            .await
            .map_err(StoreError::from)?;
    }
    sqlx::query("UPDATE archived_months SET dropped_at = ?, checked_at = NULL WHERE month = ?")
        .bind(now)
        .bind(month)
        .execute(&mut *conn)
        .await
        .map_err(StoreError::from)?;
    Ok(gone)
}

/// The file is whole, and the archive the database knows of.
fn holds(file: &Path, month: i32, known: &Known) -> Result<(), Refused> {
    let told = |error| Refused::Archive(file.to_owned(), error);
    let whole = Archive::check(file).map_err(told)?;
    if whole.month != month || whole.content != known.content {
        return Err(told(Broken::Other));
    }
    Ok(())
}

/// Sets a month aside that may go, and notes that it may; otherwise it is, or is again, as it was.
async fn take_aside(
    db: &Db,
    month: i32,
    known: &Known,
    file: &Path,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Refused> {
    let (table, aside) = (months::table(month), aside(month));
    let is_there = has_table(&mut *db.read().await?, &table).await?;
    if !is_there && !has_table(&mut *db.read().await?, &aside).await? {
        return Err(Refused::NoSuchMonth);
    }
    let lies = if is_there { &table } else { &aside };
    let mut looked = holds(file, month, known);
    if looked.is_ok() {
        looked = check(db, lies, &known.content).await;
    }
    if let Err(refused) = looked {
        // Left so by one that was interrupted; what is half brought in is left to its file.
        if known.is_out && !known.is_dropped {
            put_back(db, month).await?;
        }
        return Err(refused);
    }
    // Whoever wrote in it meanwhile is heard in the second look; nobody gets in any more.
    let file = std::fs::canonicalize(file).map_err(Broken::from)?;
    set_aside(db, month, &file, reason, now).await?;
    if let Err(refused) = check(db, &aside, &known.content).await {
        put_back(db, month).await?;
        return Err(refused);
    }
    sqlx::query("UPDATE archived_months SET checked_at = ? WHERE month = ?")
        .bind(now)
        .bind(month)
        .execute(&mut *db.read().await?)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

async fn set_aside(
    db: &Db,
    month: i32,
    file: &Path,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut conn = db.read().await?;
    let (table, aside) = (months::table(month), aside(month));
    sqlx::query(
        "UPDATE archived_months SET dropping_at = ?, dropped_at = NULL, reason = ?, file = ? WHERE month = ?",
    )
    .bind(now)
    .bind(reason)
    .bind(file.display().to_string())
    .bind(month)
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM order_months WHERE month = ?")
        .bind(month)
        .execute(&mut *conn)
        .await?;
    if has_table(&mut conn, &table).await? {
        let sql = format!("RENAME TABLE {table} TO {aside}");
        conn.execute(AssertSqlSafe(sql)).await?;
    }
    Ok(())
}

async fn put_back(db: &Db, month: i32) -> Result<(), StoreError> {
    let mut conn = db.read().await?;
    let aside = aside(month);
    if has_table(&mut conn, &aside).await? {
        let sql = format!("RENAME TABLE {aside} TO {}", months::table(month));
        conn.execute(AssertSqlSafe(sql)).await?;
    }
    months::make(&mut conn, month).await?;
    bring_in(&mut conn, month).await
}

async fn check(db: &Db, table: &str, known: &str) -> Result<(), Refused> {
    let open = rows::unsettled(&mut *db.read().await?, table).await?;
    if open > 0 {
        return Err(Refused::Unsettled(open));
    }
    if content(db, table, None).await? != known {
        return Err(Refused::Changed);
    }
    Ok(())
}
