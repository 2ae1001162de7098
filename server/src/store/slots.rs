//! Pick-up slots. A day's rows are made from the station's templates when the day is first looked at; a place is taken
//! by a conditional UPDATE, so that two bookings cannot both take the last one (and, on Galera, the row is written).

use super::{StoreError, Tx};
use chrono::{Datelike, NaiveDate};
use huishou_domain::{appointment::Slot, ids::StationId};
use sqlx::{FromRow, MySqlConnection};

/// A slot of a day with its places.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DaySlot {
    /// Local begin, `10:00`.
    pub start: String,
    /// Local end, `12:00`.
    pub end: String,
    /// Places.
    pub capacity: u32,
    /// Places taken.
    pub taken: u32,
}

impl DaySlot {
    /// Places left.
    #[must_use]
    pub const fn free(&self) -> u32 {
        self.capacity.saturating_sub(self.taken)
    }
}

/// The slots of a station's day, by begin. Makes the day's rows where they are missing: never inside a transaction,
/// where the new rows' locks would last and an older snapshot would not show them; there, [`made_of_day`].
///
/// # Errors
/// The database refused.
pub async fn of_day(
    conn: &mut MySqlConnection,
    station: StationId,
    date: NaiveDate,
) -> Result<Vec<DaySlot>, StoreError> {
    let found = select(conn, station, date).await?;
    if !found.is_empty() {
        return Ok(found);
    }
    let weekday = date.weekday().num_days_from_monday();
    sqlx::query(
        "INSERT IGNORE INTO slots (station_id, date, start, end, capacity, taken) \
         SELECT station_id, ?, start, end, capacity, 0 FROM slot_templates WHERE station_id = ? AND weekday = ?",
    )
    .bind(date)
    .bind(station.0)
    .bind(weekday)
    .execute(&mut *conn)
    .await?;
    select(conn, station, date).await
}

/// The slots of a station's day whose rows have been made, by begin.
///
/// # Errors
/// The database refused.
pub async fn made_of_day(
    conn: &mut MySqlConnection,
    station: StationId,
    date: NaiveDate,
) -> Result<Vec<DaySlot>, StoreError> {
    select(conn, station, date).await
}

async fn select(
    conn: &mut MySqlConnection,
    station: StationId,
    date: NaiveDate,
) -> Result<Vec<DaySlot>, StoreError> {
    let sql = "SELECT start, end, capacity, taken FROM slots WHERE station_id = ? AND date = ? ORDER BY start";
    Ok(sqlx::query_as(sql)
        .bind(station.0)
        .bind(date)
        .fetch_all(conn)
        .await?)
}

/// Takes a place; `false` where none is left.
///
/// # Errors
/// The database refused.
pub async fn take(tx: &mut Tx, station: StationId, slot: &Slot) -> Result<bool, StoreError> {
    let sql = "UPDATE slots SET taken = taken + 1 WHERE station_id = ? AND date = ? AND start = ? AND taken < capacity";
    let done = sqlx::query(sql)
        .bind(station.0)
        .bind(day(slot)?)
        .bind(&slot.start)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a place whether or not one is left: for visits that have happened.
///
/// # Errors
/// The database refused.
pub async fn occupy(tx: &mut Tx, station: StationId, slot: &Slot) -> Result<(), StoreError> {
    let sql = "UPDATE slots SET taken = taken + 1 WHERE station_id = ? AND date = ? AND start = ?";
    sqlx::query(sql)
        .bind(station.0)
        .bind(day(slot)?)
        .bind(&slot.start)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Gives a place back.
///
/// # Errors
/// The database refused.
pub async fn release(tx: &mut Tx, station: StationId, slot: &Slot) -> Result<(), StoreError> {
    let sql = "UPDATE slots SET taken = taken - 1 WHERE station_id = ? AND date = ? AND start = ? AND taken > 0";
    sqlx::query(sql)
        .bind(station.0)
        .bind(day(slot)?)
        .bind(&slot.start)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Sets one slot of a station's week; capacity 0 closes it.
///
/// # Errors
/// The database refused.
pub async fn set_template(
    tx: &mut Tx,
    station: StationId,
    weekday: u8,
    start: &str,
    end: &str,
    capacity: u32,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO slot_templates (station_id, weekday, start, end, capacity) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE end = VALUES(end), capacity = VALUES(capacity)",
    )
    .bind(station.0)
    .bind(weekday)
    .bind(start)
    .bind(end)
    .bind(capacity)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Sets the places of one slot of one day; those taken stay taken.
///
/// # Errors
/// The database refused.
pub async fn set_day(
    tx: &mut Tx,
    station: StationId,
    slot: &Slot,
    capacity: u32,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO slots (station_id, date, start, end, capacity, taken) VALUES (?, ?, ?, ?, ?, 0) \
         ON DUPLICATE KEY UPDATE end = VALUES(end), capacity = VALUES(capacity)",
    )
    .bind(station.0)
    .bind(day(slot)?)
    .bind(&slot.start)
    .bind(&slot.end)
    .bind(capacity)
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(super) fn day(slot: &Slot) -> Result<NaiveDate, StoreError> {
    slot.date
        .parse()
        .map_err(|_| StoreError::OutOfRange("slot.date".into()))
}
