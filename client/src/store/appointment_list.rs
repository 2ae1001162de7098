//! `appointment_list`: the columns of Today, kept beside the bodies.

use super::{Db, edition::Edition};
use crate::{
    error::Result,
    view::visit::{AppointmentRow, RowSync},
};
use chrono::DateTime;
use huishou_domain::{
    appointment::{AppointmentStatus, Slot},
    ids::{AppointmentId, OrderId, StaffId},
    money::Fen,
    order::OrderStatus,
    review::ReviewCode,
};
use rusqlite::{
    CachedStatement, Row, params, params_from_iter,
    types::{ToSqlOutput, Value as Sql, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A row as it is stored; see [`AppointmentRow`].
pub struct Listed {
    /// Identity.
    pub id: AppointmentId,
    /// Its order.
    pub visit: OrderId,
    /// State.
    pub status: AppointmentStatus,
    /// State of its order.
    pub order_status: OrderStatus,
    /// Unix milliseconds.
    pub time: i64,
    /// Slot.
    pub slot: Slot,
    /// Customer's name.
    pub name: String,
    /// Masked phone.
    pub phone_masked: String,
    /// District and street.
    pub address: String,
    /// Categories booked, in order.
    pub categories: Vec<String>,
    /// Estimate.
    pub estimate: Fen,
    /// What is due by the final quote, once weighed.
    pub due: Option<Fen>,
    /// Who goes.
    pub assignee: Option<StaffId>,
    /// Reviews noted.
    pub reviews: Vec<ReviewCode>,
    /// How it stands with the server.
    pub sync: RowSync,
    /// Lower case: name, phone, address, categories, order number.
    pub search: String,
}

/// Conditions, all of which must hold.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    /// First moment, unix milliseconds.
    pub from: Option<i64>,
    /// First moment after.
    pub until: Option<i64>,
    /// Any of these texts must occur; empty asks for nothing.
    pub any_text: Vec<String>,
    /// Status codes; empty asks for nothing.
    pub statuses: Vec<u8>,
    /// One collector's.
    pub assignee: Option<Uuid>,
}

/// Stores the row of a visit that may be listed already. What it is found by mostly stays: then its indexes do too.
///
/// # Errors
/// Of the store.
pub fn put(db: &Db, row: &Listed) -> Result<()> {
    let changed = db
        .prepare_cached(
            "UPDATE appointment_list SET status = ?3, order_status = ?4, slot = ?6, name = ?7, phone_masked = ?8, address = ?9, categories = ?10,
             estimate = ?11, due = ?12, assignee = ?13, reviews = ?14, sync = ?15, search = ?16 WHERE id = ?1 AND visit = ?2 AND time = ?5",
        )?
        .execute(params_from_iter(row.values()?))?;
    if changed == 0 {
        remove_visit(db, row.visit.uuid())?;
        Writing::into(db, Edition::Shown)?.put(row)?;
    }
    Ok(())
}

/// A statement that stores rows, for as many as come.
pub struct Writing<'db>(CachedStatement<'db>);

impl<'db> Writing<'db> {
    /// Into this edition.
    ///
    /// # Errors
    /// Of the store.
    pub fn into(db: &'db Db, edition: Edition) -> Result<Self> {
        let of = edition.prefix();
        Ok(Self(db.prepare_cached(&format!(
            "INSERT OR REPLACE INTO {of}appointment_list (id, visit, status, order_status, time, slot, name, phone_masked, address, categories,
             estimate, due, assignee, reviews, sync, search) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
        ))?))
    }

    /// Stores a row.
    ///
    /// # Errors
    /// Of the store.
    pub fn put(&mut self, row: &Listed) -> Result<()> {
        self.0.execute(params_from_iter(row.values()?))?;
        Ok(())
    }
}

impl Listed {
    /// In the order of the table's columns.
    fn values(&self) -> Result<[Cell<'_>; 16]> {
        Ok([
            blob(&self.id.0),
            blob(&self.visit.0),
            Cell::Owned(i64::from(self.status.code()).into()),
            Cell::Owned(i64::from(self.order_status.code()).into()),
            Cell::Owned(self.time.into()),
            Cell::Owned(serde_json::to_string(&self.slot)?.into()),
            text(&self.name),
            text(&self.phone_masked),
            text(&self.address),
            list(&self.categories)?,
            Cell::Owned(self.estimate.fen().into()),
            Cell::Owned(self.due.map(Fen::fen).into()),
            self.assignee.as_ref().map_or(NULL, |id| blob(&id.0)),
            list(&self.reviews)?,
            text(sync_text(self.sync)),
            text(&self.search),
        ])
    }
}

pub(super) type Cell<'a> = ToSqlOutput<'a>;

/// No value.
pub(super) const NULL: Cell<'static> = Cell::Owned(Sql::Null);

pub(super) fn blob(id: &Uuid) -> Cell<'_> {
    Cell::Borrowed(ValueRef::Blob(id.as_bytes()))
}

pub(super) fn text(text: &str) -> Cell<'_> {
    Cell::Borrowed(ValueRef::Text(text.as_bytes()))
}

/// A list as JSON; most are empty.
pub(super) fn list<T: Serialize>(items: &[T]) -> Result<Cell<'static>> {
    Ok(if items.is_empty() {
        text("[]")
    } else {
        Cell::Owned(serde_json::to_string(items)?.into())
    })
}

/// The visit is not shown any more.
///
/// # Errors
/// Of the store.
pub fn remove_visit(db: &Db, visit: Uuid) -> Result<()> {
    db.prepare_cached("DELETE FROM appointment_list WHERE visit = ?1")?
        .execute([visit])?;
    Ok(())
}

/// How a visit stands with the server; a shadow stays one.
///
/// # Errors
/// Of the store.
pub fn restate(db: &Db, visit: Uuid, sync: RowSync) -> Result<()> {
    db.prepare_cached(
        "UPDATE appointment_list SET sync = ?2 WHERE visit = ?1 AND sync NOT IN ('shadow', ?2)",
    )?
    .execute(params![visit, sync_text(sync)])?;
    Ok(())
}

/// Rows by time, in one query.
///
/// # Errors
/// Of the store.
pub fn find(db: &Db, conditions: &Conditions) -> Result<Vec<AppointmentRow>> {
    let (filter, values) = filter("time", conditions);
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, visit, status, order_status, time, slot, name, phone_masked, address, categories, estimate, due, assignee, reviews, sync
         FROM appointment_list {filter} ORDER BY time, id"
    ))?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The row of one visit.
///
/// # Errors
/// Of the store.
pub fn of_visit(db: &Db, visit: Uuid) -> Result<Option<AppointmentRow>> {
    let mut statement = db.prepare_cached(
        "SELECT id, visit, status, order_status, time, slot, name, phone_masked, address, categories, estimate, due, assignee, reviews, sync
         FROM appointment_list WHERE visit = ?1",
    )?;
    let mut rows = statement.query_map([visit], read)?;
    Ok(rows.next().transpose()?)
}

/// The WHERE clause of the conditions, with its values; `time` names the column of the days.
pub(super) fn filter(time: &str, conditions: &Conditions) -> (String, Vec<Sql>) {
    let mut clauses = Vec::new();
    let mut values = Vec::new();
    if let Some(from) = conditions.from {
        clauses.push(format!("{time} >= ?"));
        values.push(Sql::Integer(from));
    }
    if let Some(until) = conditions.until {
        clauses.push(format!("{time} < ?"));
        values.push(Sql::Integer(until));
    }
    if let Some(assignee) = conditions.assignee {
        clauses.push("assignee = ?".to_owned());
        values.push(Sql::Blob(assignee.as_bytes().to_vec()));
    }
    if !conditions.statuses.is_empty() {
        let codes: Vec<String> = conditions.statuses.iter().map(u8::to_string).collect();
        clauses.push(format!("status IN ({})", codes.join(", ")));
    }
    if !conditions.any_text.is_empty() {
        let any = vec!["instr(search, ?) > 0"; conditions.any_text.len()].join(" OR ");
        clauses.push(format!("({any})"));
        values.extend(conditions.any_text.iter().cloned().map(Sql::Text));
    }
    let filter = if clauses.is_empty() {
        String::new()
    } else {
        format!("WHERE {}", clauses.join(" AND "))
    };
    (filter, values)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AppointmentRow> {
    let time: i64 = row.get(4)?;
    Ok(AppointmentRow {
        id: AppointmentId(row.get(0)?),
        order_id: OrderId(row.get(1)?),
        status: AppointmentStatus::from_code(row.get(2)?).unwrap_or(AppointmentStatus::Pending),
        order_status: OrderStatus::from_code(row.get(3)?).unwrap_or(OrderStatus::Unpaid),
        time: wire_time(time),
        slot: json(row, 5)?,
        name: row.get(6)?,
        phone_masked: row.get(7)?,
        address: row.get(8)?,
        categories: json(row, 9)?,
        estimate: Fen::from_fen(row.get(10)?),
        due: row.get::<_, Option<i64>>(11)?.map(Fen::from_fen),
        assignee: row.get::<_, Option<Uuid>>(12)?.map(StaffId),
        assignee_name: None,
        reviews: json(row, 13)?,
        sync: sync_of(&row.get::<_, String>(14)?),
    })
}

pub(super) fn wire_time(millis: i64) -> String {
    huishou_domain::time::wire(DateTime::from_timestamp_millis(millis).unwrap_or_default())
}

pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e))
    })
}

pub(super) const fn sync_text(sync: RowSync) -> &'static str {
    match sync {
        RowSync::Synced => "synced",
        RowSync::Pending => "pending",
        RowSync::Refused => "refused",
        RowSync::Shadow => "shadow",
    }
}

pub(super) fn sync_of(text: &str) -> RowSync {
    [RowSync::Pending, RowSync::Refused, RowSync::Shadow]
        .into_iter()
        .find(|sync| sync_text(*sync) == text)
        .unwrap_or(RowSync::Synced)
}

/// Forgets all rows; they can be made anew.
///
/// # Errors
/// Of the store.
pub fn clear(db: &Db) -> Result<()> {
    db.execute("DELETE FROM appointment_list", [])?;
    Ok(())
}
