//! Verdicts are kept until their device has confirmed them, plus 45 days (sync.md 17). Then their text goes; number,
//! unique id and outcome stay for ever, so that a mutation told again is recognised and never takes effect twice.
//!
//! A device row says only how far it has confirmed, not since when: upkeep notes that in `verdict_marks`, once a day at
//! most, and empties what was marked long enough ago. What a device had not confirmed stays, as does the remainder of
//! a store that began anew.

use super::{Db, StoreError, Tx, devices};
use crate::write_tx;
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::ids::DeviceId;
use uuid::Uuid;

/// How long verdicts are kept once confirmed.
pub const KEPT_DAYS: i64 = 45;
/// Least time between two marks of a device.
const BETWEEN_MARKS: TimeDelta = TimeDelta::days(1);
/// Verdicts emptied in one transaction; numbers of a device's mutations are dense.
pub const AT_ONCE: i64 = 500;
/// Transactions of one round; what is left waits for the next, so that nobody waits for upkeep.
const ROUND: u32 = 40;

/// Notes that a device says it has stored its verdicts up to this one. After its last push only its pulls say so.
///
/// # Errors
/// Of the database; the device says it again at its next contact.
pub async fn confirmed(db: &Db, device: DeviceId, upto: i64) -> Result<(), StoreError> {
    let mut conn = db.read().await?;
    let known = devices::progress(&mut conn, device).await?;
    if upto.min(known.last_mutation) <= known.confirmed {
        return Ok(());
    }
    devices::confirm(&mut conn, device, known.incarnation, upto).await
}

/// Notes what devices have confirmed by `now`, and empties the verdicts confirmed 45 days before; returns how many
/// numbers were gone through.
///
/// # Errors
/// The database refused; what was done until then stays done.
pub async fn purge(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    write_tx!(db, |tx| mark(tx, now).await)?;
    let mut gone = 0;
    for _ in 0..ROUND {
        match write_tx!(db, |tx| sweep(tx, now).await)? {
            Some(swept) => gone += swept,
            None => break,
        }
    }
    Ok(gone)
}

/// A mark for each device that has confirmed more than its last one says.
async fn mark(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), StoreError> {
    let sql = "INSERT INTO verdict_marks (device_id, incarnation, upto, swept, marked_at) \
               SELECT d.id, d.incarnation, d.confirmed, COALESCE(MAX(m.upto), 0), ? FROM devices d \
               LEFT JOIN verdict_marks m ON m.device_id = d.id AND m.incarnation = d.incarnation \
               WHERE d.confirmed > 0 GROUP BY d.id, d.incarnation, d.confirmed \
               HAVING d.confirmed > COALESCE(MAX(m.upto), 0) AND (MAX(m.marked_at) IS NULL OR MAX(m.marked_at) <= ?) \
               ON DUPLICATE KEY UPDATE upto = VALUES(upto)";
    sqlx::query(sql)
        .bind(now)
        .bind(now - BETWEEN_MARKS)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a device confirmed, and how far it has been emptied.
#[derive(sqlx::FromRow)]
struct Mark {
    device_id: Uuid,
    incarnation: i64,
    upto: i64,
    swept: i64,
}

/// Empties the next few verdicts of the oldest mark that is due; `None` when none is. Done twice it changes nothing.
async fn sweep(tx: &mut Tx, now: DateTime<Utc>) -> Result<Option<u64>, StoreError> {
    let due = "SELECT device_id, CAST(incarnation AS SIGNED) AS incarnation, upto, swept FROM verdict_marks \
               WHERE marked_at <= ? AND swept < upto ORDER BY marked_at LIMIT 1";
    let mark: Option<Mark> = sqlx::query_as(due)
        .bind(now - TimeDelta::days(KEPT_DAYS))
        .fetch_optional(tx.conn())
        .await?;
    let Some(mark) = mark else {
        return Ok(None);
    };
    let through = mark.upto.min(mark.swept + AT_ONCE);
    sqlx::query(EMPTY)
        .bind(mark.device_id)
        .bind(mark.incarnation)
        .bind(mark.swept)
        .bind(through)
        .execute(tx.conn())
        .await?;
    advance(tx, &mark, through).await?;
    Ok(Some((through - mark.swept).unsigned_abs()))
}

/// Takes the text of a device's verdicts with numbers above the one and up to the other.
pub const EMPTY: &str = "UPDATE mutations SET verdict = '' WHERE device_id = ? AND incarnation = ? AND id > ? AND id <= ?";

/// Notes how far a mark has been swept; one that is done makes the done ones before it unnecessary.
async fn advance(tx: &mut Tx, mark: &Mark, through: i64) -> Result<(), StoreError> {
    let sql =
        "UPDATE verdict_marks SET swept = ? WHERE device_id = ? AND incarnation = ? AND upto = ?";
    sqlx::query(sql)
        .bind(through)
        .bind(mark.device_id)
        .bind(mark.incarnation)
        .bind(mark.upto)
        .execute(tx.conn())
        .await?;
    if through < mark.upto {
        return Ok(());
    }
    let sql = "DELETE FROM verdict_marks WHERE device_id = ? AND incarnation = ? AND upto < ? AND swept = upto";
    sqlx::query(sql)
        .bind(mark.device_id)
        .bind(mark.incarnation)
        .bind(mark.upto)
        .execute(tx.conn())
        .await?;
    Ok(())
}
