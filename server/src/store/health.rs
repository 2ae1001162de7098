//! Whether the database is there and set up as the product needs it.

use super::{Db, StoreError, migrations};
use sqlx::Row;

/// What is wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It does not answer.
    #[error("the database does not answer: {0}")]
    Away(#[from] StoreError),
    /// The binlog is on in statement form: READ COMMITTED writes would be refused, replicas would differ.
    #[error("binlog_format is {0}; set it to ROW or MIXED")]
    Binlog(String),
    /// Migrations are missing.
    #[error("{0} migration steps are missing; run `huishou-server migrate`")]
    Behind(usize),
}

/// Checks connection, binlog format and schema.
///
/// # Errors
/// What is wrong.
pub async fn check(db: &Db) -> Result<(), Unfit> {
    binlog(db).await?;
    match migrations::pending(db).await? {
        0 => Ok(()),
        steps => Err(Unfit::Behind(steps)),
    }
}

/// Checks the form of the binlog, where it is on. A session keeps the form it began with: once the form is right again,
/// connections made while it was wrong are given up.
///
/// # Errors
/// `Binlog`, or the database does not answer.
pub async fn binlog(db: &Db) -> Result<(), Unfit> {
    // Not one of the common connections: a server whose connections are all in use is alive.
    let mut pulse = db.pulse().await?;
    let row = sqlx::query(
        "SELECT CAST(@@global.log_bin AS SIGNED) AS log_bin, CAST(@@global.binlog_format AS CHAR) AS format, \
         CAST(@@session.binlog_format AS CHAR) AS here",
    )
    .fetch_one(&mut *pulse)
    .await
    .map_err(StoreError::from)?;
    let on: i64 = row.try_get("log_bin").map_err(StoreError::from)?;
    let format: String = row.try_get("format").map_err(StoreError::from)?;
    let here: String = row.try_get("here").map_err(StoreError::from)?;
    if on == 0 {
        return Ok(());
    }
    if !by_row(&format) {
        db.freshness().doubt();
        return Err(Unfit::Binlog(format));
    }
    if !by_row(&here) {
        db.freshness().doubt();
    }
    db.freshness().settle();
    Ok(())
}

fn by_row(format: &str) -> bool {
    matches!(format.to_ascii_uppercase().as_str(), "ROW" | "MIXED")
}
