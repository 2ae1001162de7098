//! `order_list`: the columns of tickets and orders, kept beside the bodies.

use super::{
    Db,
    appointment_list::{
        Cell, Conditions, NULL, blob, filter, json, list, sync_of, sync_text, text, wire_time,
    },
    edition::Edition,
};
use crate::{
    error::Result,
    view::visit::{OrderRow, RowSync},
};
use huishou_domain::{
    ids::{AppointmentId, OrderId},
    money::Fen,
    order::OrderStatus,
    review::ReviewCode,
};
use rusqlite::{CachedStatement, Row, params, params_from_iter};
use uuid::Uuid;

/// A row as it is stored; see [`OrderRow`].
pub struct Listed {
    /// Identity.
    pub id: OrderId,
    /// Its appointment; none for a ticket.
    pub appointment_id: Option<AppointmentId>,
    /// Number people read out.
    pub order_no: String,
    /// State.
    pub status: OrderStatus,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Customer or seller.
    pub name: Option<String>,
    /// Masked phone.
    pub phone_masked: Option<String>,
    /// Categories, in order.
    pub categories: Vec<String>,
    /// Net kilograms, summed over lines by weight.
    pub weight: String,
    /// Due.
    pub due: Fen,
    /// Paid minus refunded.
    pub paid: Fen,
    /// Reviews noted.
    pub reviews: Vec<ReviewCode>,
    /// How it stands with the server.
    pub sync: RowSync,
    /// Lower case: order number, seller or customer, phone, categories.
    pub search: String,
}

/// Stores the row of a visit that may be listed already; one that says the same stays as it is.
///
/// # Errors
/// Of the store.
pub fn put(db: &Db, row: &Listed) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO order_list (id, appointment_id, order_no, status, created_at, name, phone_masked, categories, weight, due, paid, reviews, sync, search)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (id) DO UPDATE SET appointment_id = ?2, order_no = ?3, status = ?4, created_at = ?5, name = ?6, phone_masked = ?7, categories = ?8,
         weight = ?9, due = ?10, paid = ?11, reviews = ?12, sync = ?13, search = ?14
         WHERE (appointment_id, order_no, status, created_at, name, phone_masked, categories, weight, due, paid, reviews, sync, search)
         IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params_from_iter(row.values()?))?;
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
            "INSERT OR REPLACE INTO {of}order_list (id, appointment_id, order_no, status, created_at, name, phone_masked, categories, weight, due,
             paid, reviews, sync, search) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
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
    fn values(&self) -> Result<[Cell<'_>; 14]> {
        Ok([
            blob(&self.id.0),
            self.appointment_id.as_ref().map_or(NULL, |id| blob(&id.0)),
            text(&self.order_no),
            Cell::Owned(i64::from(self.status.code()).into()),
            Cell::Owned(self.created_at.into()),
            self.name.as_deref().map_or(NULL, text),
            self.phone_masked.as_deref().map_or(NULL, text),
            list(&self.categories)?,
            text(&self.weight),
            Cell::Owned(self.due.fen().into()),
            Cell::Owned(self.paid.fen().into()),
            list(&self.reviews)?,
            text(sync_text(self.sync)),
            text(&self.search),
        ])
    }
}

/// The visit is not shown any more.
///
/// # Errors
/// Of the store.
pub fn remove_visit(db: &Db, edition: Edition, visit: Uuid) -> Result<()> {
    let of = edition.prefix();
    db.prepare_cached(&format!("DELETE FROM {of}order_list WHERE id = ?1"))?
        .execute([visit])?;
    Ok(())
}

/// How a visit stands with the server; a shadow stays one.
///
/// # Errors
/// Of the store.
pub fn restate(db: &Db, visit: Uuid, sync: RowSync) -> Result<()> {
    db.prepare_cached(
        "UPDATE order_list SET sync = ?2 WHERE id = ?1 AND sync NOT IN ('shadow', ?2)",
    )?
    .execute(params![visit, sync_text(sync)])?;
    Ok(())
}

/// Rows, newest first, in one query.
///
/// # Errors
/// Of the store.
pub fn find(db: &Db, conditions: &Conditions, tickets: Option<bool>) -> Result<Vec<OrderRow>> {
    let (mut filter, values) = filter("created_at", conditions);
    if let Some(tickets) = tickets {
        let word = if filter.is_empty() { "WHERE" } else { "AND" };
        let kind = if tickets { "IS NULL" } else { "IS NOT NULL" };
        filter.push_str(&format!(" {word} appointment_id {kind}"));
    }
    let mut statement = db.prepare_cached(&format!(
        "SELECT id, appointment_id, order_no, status, created_at, name, phone_masked, categories, weight, due, paid, reviews, sync
         FROM order_list {filter} ORDER BY created_at DESC, id DESC"
    ))?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All ids shown, to compare with what should be shown.
///
/// # Errors
/// Of the store.
pub fn ids(db: &Db) -> Result<Vec<Uuid>> {
    let mut statement = db.prepare_cached("SELECT id FROM order_list ORDER BY id")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What has been weighed: visits with the categories of their goods.
///
/// # Errors
/// Of the store.
pub fn weighed(db: &Db) -> Result<Vec<(Uuid, Vec<String>)>> {
    let mut statement =
        db.prepare_cached("SELECT id, categories FROM order_list WHERE weight <> '0'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, json(row, 1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a visit is called where no appointment names a person: order number and seller.
///
/// # Errors
/// Of the store.
pub fn names(db: &Db, id: Uuid) -> Result<Option<(String, Option<String>)>> {
    let mut statement = db.prepare_cached("SELECT order_no, name FROM order_list WHERE id = ?1")?;
    let mut rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.next().transpose()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        id: OrderId(row.get(0)?),
        appointment_id: row.get::<_, Option<Uuid>>(1)?.map(AppointmentId),
        order_no: row.get(2)?,
        status: OrderStatus::from_code(row.get(3)?).unwrap_or(OrderStatus::Unpaid),
        created_at: wire_time(row.get(4)?),
        name: row.get(5)?,
        phone_masked: row.get(6)?,
        categories: json(row, 7)?,
        weight: row.get(8)?,
        due: Fen::from_fen(row.get(9)?),
        paid: Fen::from_fen(row.get(10)?),
        reviews: json(row, 11)?,
        sync: sync_of(&row.get::<_, String>(12)?),
    })
}

/// Forgets all rows; they can be made anew.
///
/// # Errors
/// Of the store.
pub fn clear(db: &Db) -> Result<()> {
    db.execute("DELETE FROM order_list", [])?;
    Ok(())
}
