//! Old visits leave their collectors' devices: 30 days after a visit is over and settled it stays with its station only
//! (sync.md 13). A later write puts it back for another 30 days.

use super::{Db, StoreError, Tx, staff, visits};
use crate::write_tx;
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::AppointmentStatus,
    command::Subject,
    ids::{AppointmentId, OrderId, StaffId, uuid_v7},
    order::OrderStatus,
    visit::Visit,
};
use sqlx::{AssertSqlSafe, MySqlConnection};
use uuid::Uuid;

/// How long a collector keeps what is over.
pub const KEPT_DAYS: i64 = 30;
/// Rows read at once.
const PAGE: u32 = 200;
/// The columns by which a visit is in a collector's scope.
const COLUMNS: [&str; 2] = ["scope_collector", "scope_fact"];

/// Takes every visit that was over and settled 30 days before `now` out of its collectors' scopes; returns how many.
///
/// # Errors
/// The database refused; what was done until then stays done.
pub async fn retire(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let before = now - TimeDelta::days(KEPT_DAYS);
    let mut retired = 0;
    let everybody = staff::list(&mut *db.read().await?).await?;
    for person in &everybody {
        for column in COLUMNS {
            retired += of_collector(db, column, person.id, before).await?;
        }
    }
    Ok(retired)
}

async fn of_collector(
    db: &Db,
    column: &str,
    id: StaffId,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let mut retired = 0;
    for table in tables(db).await? {
        let mut after = Uuid::nil();
        loop {
            let page = page(&mut *db.read().await?, &table, column, id, after, before).await?;
            for id in &page {
                let subject = table.subject(*id);
                retired += u64::from(write_tx!(db, |tx| one(tx, subject, before).await)?);
            }
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = *last,
                _ => break,
            }
        }
    }
    Ok(retired)
}

/// Where visits lie: appointments, and the months' walk-in tickets.
enum Table {
    Appointments,
    Tickets(i32),
}

impl Table {
    fn subject(&self, id: Uuid) -> Subject {
        match self {
            Self::Appointments => Subject::Appointment(AppointmentId(id)),
            Self::Tickets(_) => Subject::Order(OrderId(id)),
        }
    }
}

async fn tables(db: &Db) -> Result<Vec<Table>, StoreError> {
    let months = db.months().all(&mut *db.read().await?).await?;
    let tickets = months.into_iter().map(Table::Tickets);
    Ok(std::iter::once(Table::Appointments)
        .chain(tickets)
        .collect())
}

/// A page of what is over in one table, by one of the columns that put it into a collector's scope.
#[must_use]
pub fn page_sql(table: &str, column: &str) -> String {
    let over = if table == "appointments" {
        "status IN (2, 3)"
    } else {
        "appointment_id IS NULL AND status IN (1, 2, 3)"
    };
    format!(
        "SELECT id FROM {table} WHERE {column} = ? AND id > ? AND id < ? AND {over} AND updated_at < ? ORDER BY id LIMIT ?"
    )
}

async fn page(
    conn: &mut MySqlConnection,
    table: &Table,
    column: &str,
    collector: StaffId,
    after: Uuid,
    before: DateTime<Utc>,
) -> Result<Vec<Uuid>, StoreError> {
    let sql = match table {
        Table::Appointments => page_sql("appointments", column),
        Table::Tickets(month) => page_sql(&super::months::table(*month), column),
    };
    Ok(sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(collector.0)
        .bind(after)
        .bind(uuid_v7(before, [0xff; 10]))
        .bind(before)
        .bind(PAGE)
        .fetch_all(conn)
        .await?)
}

async fn one(tx: &mut Tx, subject: Subject, before: DateTime<Utc>) -> Result<bool, StoreError> {
    let Some(locked) = visits::lock(tx, subject).await? else {
        return Ok(false);
    };
    if !is_over(&locked.visit, before) {
        return Ok(false);
    }
    visits::leave_to_station(tx, &locked).await?;
    Ok(true)
}

/// Nothing has happened to it since, and nothing is owed.
fn is_over(visit: &Visit, before: DateTime<Utc>) -> bool {
    let order = &visit.order;
    let settled = order.status != OrderStatus::Unpaid && order.updated_at < before;
    settled
        && visit.appointment.as_ref().is_none_or(|a| {
            let ended = matches!(
                a.status,
                AppointmentStatus::Completed | AppointmentStatus::Cancelled
            );
            ended && a.updated_at < before
        })
}
