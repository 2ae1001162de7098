//! Appointments as a customer's list shows them in short: one query of the narrow columns, by the index that the list is in the
//! order of, and one for the amounts of those that may have been weighed. The texts are used where the row has them.

use super::{
    StoreError,
    decode::unreadable,
    months::{Months, table},
    orders::push_ids,
};
use chrono::{DateTime, NaiveDate, Utc};
use huishou_domain::{
    appointment::AppointmentStatus,
    ids::{self, UserId},
    money::Fen,
};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder, Row, mysql::MySqlRow};
use std::collections::HashMap;
use uuid::Uuid;

/// What [`Card`] reads, in the order of its fields.
const COLUMNS: &str = "id, order_id, version, status, station_id, assignee, city, items, division, address_detail, lng, lat, \
     contact_name, contact_phone, appointment_time, slot_date, slot_start, slot_end, estimate, channel, note, photos, \
     started_at, completed_at, cancelled_at, cancelled_by, cancel_reason, cancel_text, created_at, updated_at";

/// The SQL of a customer's list: newest first.
#[must_use]
pub fn list_sql(by_status: bool, after: bool) -> String {
    format!(
        "SELECT {COLUMNS} FROM appointments WHERE user_id = ?{}{} ORDER BY id DESC LIMIT ?",
        if by_status { " AND status = ?" } else { "" },
        if after { " AND id < ?" } else { "" },
    )
}

/// A line of the list.
#[derive(Debug)]
pub struct Line(MySqlRow);

/// An appointment of a list, its texts still in the row.
#[derive(Debug)]
pub struct Card<'r> {
    /// Identity.
    pub id: Uuid,
    /// Its order.
    pub order_id: Uuid,
    /// Raised by every write.
    pub version: i64,
    /// State.
    pub status: AppointmentStatus,
    /// The depot.
    pub station_id: Uuid,
    /// The collector who goes.
    pub assignee: Option<Uuid>,
    /// City.
    pub city: &'r str,
    /// Goods, JSON.
    pub items: &'r str,
    /// District.
    pub division: &'r str,
    /// Street, house, door.
    pub detail: &'r str,
    /// Longitude.
    pub lng: Option<&'r str>,
    /// Latitude.
    pub lat: Option<&'r str>,
    /// Whom to ask for.
    pub name: &'r str,
    /// Their number.
    pub phone: &'r str,
    /// When.
    pub appointment_time: DateTime<Utc>,
    /// Day of the slot.
    pub date: NaiveDate,
    /// Its begin.
    pub start: &'r str,
    /// Its end.
    pub end: &'r str,
    /// The estimate, JSON.
    pub estimate: &'r str,
    /// Channel.
    pub channel: Option<&'r str>,
    /// The customer's note.
    pub note: &'r str,
    /// Names of photos, JSON.
    pub photos: &'r str,
    /// Set by `start`.
    pub started_at: Option<DateTime<Utc>>,
    /// Set by `complete`.
    pub completed_at: Option<DateTime<Utc>>,
    /// Set by `cancel`.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// By whom.
    pub cancelled_by: Option<&'r str>,
    /// Why.
    pub cancel_reason: Option<&'r str>,
    /// In words.
    pub cancel_text: Option<&'r str>,
    /// Booked at.
    pub created_at: DateTime<Utc>,
    /// Last written at.
    pub updated_at: DateTime<Utc>,
}

impl Line {
    /// The appointment.
    ///
    /// # Errors
    /// A column that cannot be read.
    pub fn card(&self) -> Result<Card<'_>, StoreError> {
        let row = &self.0;
        let status: u8 = row.try_get(3)?;
        Ok(Card {
            id: row.try_get(0)?,
            order_id: row.try_get(1)?,
            version: row.try_get(2)?,
            status: AppointmentStatus::from_code(status)
                .ok_or_else(|| unreadable("appointments.status", "no such state"))?,
            station_id: row.try_get(4)?,
            assignee: row.try_get(5)?,
            city: row.try_get(6)?,
            items: row.try_get(7)?,
            division: row.try_get(8)?,
            detail: row.try_get(9)?,
            lng: row.try_get(10)?,
            lat: row.try_get(11)?,
            name: row.try_get(12)?,
            phone: row.try_get(13)?,
            appointment_time: row.try_get(14)?,
            date: row.try_get(15)?,
            start: row.try_get(16)?,
            end: row.try_get(17)?,
            estimate: row.try_get(18)?,
            channel: row.try_get(19)?,
            note: row.try_get(20)?,
            photos: row.try_get(21)?,
            started_at: row.try_get(22)?,
            completed_at: row.try_get(23)?,
            cancelled_at: row.try_get(24)?,
            cancelled_by: row.try_get(25)?,
            cancel_reason: row.try_get(26)?,
            cancel_text: row.try_get(27)?,
            created_at: row.try_get(28)?,
            updated_at: row.try_get(29)?,
        })
    }

    fn order_if_weighed(&self) -> Result<Option<Uuid>, StoreError> {
        let status: u8 = self.0.try_get(3)?;
        let before = [AppointmentStatus::Pending, AppointmentStatus::Confirmed];
        if before.iter().any(|early| early.code() == status) {
            return Ok(None);
        }
        Ok(Some(self.0.try_get(1)?))
    }
}

/// A page of a customer's appointments, newest first.
///
/// # Errors
/// The database refused.
pub async fn page(
    conn: &mut MySqlConnection,
    user: UserId,
    status: Option<AppointmentStatus>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Line>, StoreError> {
    let sql = list_sql(status.is_some(), after.is_some());
    let mut query = sqlx::query(AssertSqlSafe(sql)).bind(user.0);
    if let Some(status) = status {
        query = query.bind(status.code());
    }
    if let Some(after) = after {
        query = query.bind(after);
    }
    let rows = query.bind(limit).fetch_all(conn).await?;
    Ok(rows.into_iter().map(Line).collect())
}

/// What is due for those that have been weighed, by order. Nothing is weighed before its visit has begun, so a page of
/// appointments ahead asks nothing.
///
/// # Errors
/// The database refused.
pub async fn amounts(
    conn: &mut MySqlConnection,
    months: &Months,
    rows: &[Line],
) -> Result<HashMap<Uuid, Fen>, StoreError> {
    let mut wanted = Vec::new();
    for row in rows {
        wanted.extend(row.order_if_weighed()?);
    }
    let mut found = HashMap::with_capacity(wanted.len());
    wanted.sort_unstable();
    let mut missed = Vec::new();
    for some in wanted.chunk_by(|a, b| ids::month_of(*a) == ids::month_of(*b)) {
        let month = some.first().and_then(|id| ids::month_of(*id));
        match month {
            Some(month) if months.exists(conn, month).await? => {
                add_amounts(conn, month, some, &mut found, &mut missed).await?;
            }
            _ => missed.extend_from_slice(some),
        }
    }
    for (month, ids) in super::orders::routes(conn, &missed).await? {
        add_amounts(conn, month, &ids, &mut found, &mut Vec::new()).await?;
    }
    Ok(found)
}

async fn add_amounts(
    conn: &mut MySqlConnection,
    month: i32,
    wanted: &[Uuid],
    found: &mut HashMap<Uuid, Fen>,
    missed: &mut Vec<Uuid>,
) -> Result<(), StoreError> {
    let mut select = QueryBuilder::<MySql>::new(format!(
        "SELECT id, CAST(due * 100 AS SIGNED), current_quote IS NOT NULL FROM {} WHERE id IN (",
        table(month)
    ));
    push_ids(&mut select, wanted);
    let rows = select.build().fetch_all(conn).await?;
    let mut there = Vec::with_capacity(rows.len());
    for row in rows {
        let id: Uuid = row.try_get(0)?;
        there.push(id);
        if row.try_get::<i64, _>(2)? != 0 {
            found.insert(id, Fen::from_fen(row.try_get(1)?));
        }
    }
    missed.extend(wanted.iter().filter(|id| !there.contains(id)));
    Ok(())
}
