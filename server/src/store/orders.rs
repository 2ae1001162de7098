//! Rows of orders, in their monthly tables ([`super::months`]). Written through [`super::visits`] only; goods and money
//! are in [`super::order_children`].

pub use super::months::{Months, Route, table};
pub(super) use super::shapes::push_ids;

use super::{
    StoreError, Tx, bulk,
    decode::{decimal, fen, json, text, unreadable},
    order_children, reviews,
    scopes::VisitScopes,
    stored::{Query, Stored, bind_kept, read_mark, swap, update_sql},
};
use huishou_domain::{
    ids::{self, OrderId},
    order::{Order, OrderStatus, Seller},
    sync::scope::Kind,
};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder, Row, mysql::MySqlRow};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// An order's row and the month it lies in, locked.
///
/// # Errors
/// The database refused, or the row cannot be read.
pub(super) async fn lock(
    tx: &mut Tx,
    id: OrderId,
) -> Result<Option<(i32, Stored<Order>)>, StoreError> {
    let months = tx.months();
    for month in candidates(tx.conn(), &months, id.0).await? {
        let sql = format!(
            "SELECT {COLUMNS} FROM {} WHERE id = ? FOR UPDATE",
            table(month)
        );
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(id.0)
            .fetch_optional(tx.conn())
            .await;
        if let Some(row) = months.unless_gone(month, row)?.flatten() {
            let mut found = vec![read(&row)?];
            complete(tx.conn(), found.iter_mut()).await?;
            return Ok(found.pop().map(|stored| (month, stored)));
        }
    }
    Ok(None)
}

/// The tables in which an order may lie: its own month's, then the one it was sent to.
async fn candidates(
    conn: &mut MySqlConnection,
    months: &Months,
    id: Uuid,
) -> Result<Vec<i32>, StoreError> {
    let mut list = Vec::new();
    if let Some(month) = ids::month_of(id)
        && months.exists(conn, month).await?
    {
        list.push(month);
    }
    let sent: Option<i32> = sqlx::query_scalar("SELECT month FROM order_routes WHERE id = ?")
        .bind(id)
        .fetch_optional(&mut *conn)
        .await?;
    list.extend(sent.filter(|month| !list.contains(month)));
    Ok(list)
}

/// These orders, in no particular order; unknown ids are left out. A query a month that the ids lie in, one for
/// detours where any was missed, and one for each kind of child.
///
/// # Errors
/// The database refused, or a row cannot be read.
pub async fn load_many(
    conn: &mut MySqlConnection,
    months: &Months,
    ids: &[Uuid],
) -> Result<Vec<Stored<Order>>, StoreError> {
    let mut found = select_many(conn, months, ids, "").await?;
    complete(conn, found.iter_mut().map(|(_, stored)| stored)).await?;
    Ok(found.into_iter().map(|(_, stored)| stored).collect())
}

/// The rows of these orders with the months they lie in, locked in the order of months and ids, without goods, money and
/// reviews; unknown ids are left out.
pub(super) async fn lock_many(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<Vec<(i32, Stored<Order>)>, StoreError> {
    let months = tx.months();
    select_many(tx.conn(), &months, ids, " ORDER BY id FOR UPDATE").await
}

async fn select_many(
    conn: &mut MySqlConnection,
    months: &Months,
    ids: &[Uuid],
    how: &str,
) -> Result<Vec<(i32, Stored<Order>)>, StoreError> {
    let mut by_month: BTreeMap<i32, Vec<Uuid>> = BTreeMap::new();
    for id in ids {
        if let Some(month) = ids::month_of(*id) {
            by_month.entry(month).or_default().push(*id);
        }
    }
    let mut found = Vec::new();
    for (month, ids) in &by_month {
        if months.exists(conn, *month).await? {
            found.extend(of_month(conn, months, *month, ids, how).await?);
        }
    }
    let known: HashSet<Uuid> = found.iter().map(|(_, stored)| stored.body.id.0).collect();
    let missed: Vec<Uuid> = ids
        .iter()
        .copied()
        .filter(|id| !known.contains(id))
        .collect();
    for (month, ids) in routes(conn, &missed).await? {
        found.extend(of_month(conn, months, month, &ids, how).await?);
    }
    Ok(found)
}

async fn of_month(
    conn: &mut MySqlConnection,
    months: &Months,
    month: i32,
    ids: &[Uuid],
    how: &str,
) -> Result<Vec<(i32, Stored<Order>)>, StoreError> {
    let mut select = QueryBuilder::<MySql>::new(format!(
        "SELECT {COLUMNS} FROM {} WHERE id IN (",
        table(month)
    ));
    push_ids(&mut select, ids);
    select.push(how);
    let rows = months.unless_gone(month, select.build().fetch_all(conn).await)?;
    let rows = rows.unwrap_or_default();
    rows.iter().map(|row| Ok((month, read(row)?))).collect()
}

pub(super) async fn routes(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<i32, Vec<Uuid>>, StoreError> {
    let mut by_month: BTreeMap<i32, Vec<Uuid>> = BTreeMap::new();
    if !ids.is_empty() {
        let mut select =
            QueryBuilder::<MySql>::new("SELECT id, month FROM order_routes WHERE id IN (");
        push_ids(&mut select, ids);
        for row in select.build().fetch_all(conn).await? {
            by_month
                .entry(row.try_get("month")?)
                .or_default()
                .push(row.try_get("id")?);
        }
    }
    Ok(by_month)
}

/// Adds goods, money and reviews.
async fn complete(
    conn: &mut MySqlConnection,
    found: impl Iterator<Item = &mut Stored<Order>>,
) -> Result<(), StoreError> {
    let found: Vec<&mut Stored<Order>> = found.collect();
    let ids: Vec<Uuid> = found.iter().map(|stored| stored.body.id.0).collect();
    let mut parts = order_children::of(conn, &ids).await?;
    let mut reviews = reviews::of(conn, Kind::Order, &ids).await?;
    for stored in found {
        let order = &mut stored.body;
        let own = parts.remove(&order.id.0).unwrap_or_default();
        (order.quotes, order.payments, order.refunds) = (own.quotes, own.payments, own.refunds);
        order.reviews = reviews.remove(&order.id.0).unwrap_or_default();
    }
    Ok(())
}

const COLUMNS: &str = "id, appointment_id, order_no, version, status, user_id, station_id, collector, seller_name, seller_phone, current_quote, \
     due, acceptances, weighed_at, received_at, void_reason, channel, channel_order_id, mark_version, mark_writer, mark_foreign, \
     scope_station, scope_collector, scope_fact, created_at, updated_at";

fn read(row: &MySqlRow) -> Result<Stored<Order>, StoreError> {
    Ok(Stored {
        body: read_body(row)?,
        mark: read_mark(row)?,
        scopes: VisitScopes::read(row)?,
    })
}

fn read_body(row: &MySqlRow) -> Result<Order, StoreError> {
    let status: u8 = row.try_get("status")?;
    let id = |column: &str| -> Result<Option<Uuid>, sqlx::Error> { row.try_get(column) };
    Ok(Order {
        id: row.try_get::<Uuid, _>("id")?.into(),
        appointment_id: id("appointment_id")?.map(Into::into),
        order_no: row.try_get("order_no")?,
        version: row.try_get("version")?,
        status: OrderStatus::from_code(status)
            .ok_or_else(|| unreadable("orders.status", "no such state"))?,
        user_id: id("user_id")?.map(Into::into),
        station_id: row.try_get::<Uuid, _>("station_id")?.into(),
        collector: id("collector")?.map(Into::into),
        seller: read_seller(row)?,
        quotes: Vec::new(),
        current_quote: id("current_quote")?.map(Into::into),
        due: fen(row, "due")?,
        payments: Vec::new(),
        refunds: Vec::new(),
        acceptances: json(row, "acceptances")?,
        weighed_at: row.try_get("weighed_at")?,
        received_at: row.try_get("received_at")?,
        void_reason: row.try_get("void_reason")?,
        reviews: Vec::new(),
        channel: row.try_get("channel")?,
        channel_order_id: row.try_get("channel_order_id")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn read_seller(row: &MySqlRow) -> Result<Option<Seller>, StoreError> {
    let name: Option<String> = row.try_get("seller_name")?;
    let phone: Option<String> = row.try_get("seller_phone")?;
    Ok(name.map(|name| Seller {
        name,
        phone: phone.unwrap_or_default(),
    }))
}

/// The columns that a write may change, in the order of [`bind_changeable`].
const CHANGEABLE: &[&str] = &[
    "mark_version",
    "mark_writer",
    "mark_foreign",
    "scope_station",
    "scope_collector",
    "scope_fact",
    "version",
    "status",
    "station_id",
    "collector",
    "seller_name",
    "seller_phone",
    "current_quote",
    "due",
    "acceptances",
    "weighed_at",
    "received_at",
    "void_reason",
    "channel",
    "channel_order_id",
    "updated_at",
];

fn bind_changeable<'q>(query: Query<'q>, stored: &Stored<Order>) -> Result<Query<'q>, StoreError> {
    let o = &stored.body;
    Ok(bind_kept(query, stored)
        .bind(o.version)
        .bind(o.status.code())
        .bind(o.station_id.0)
        .bind(o.collector.map(|id| id.0))
        .bind(o.seller.as_ref().map(|s| s.name.clone()))
        .bind(o.seller.as_ref().map(|s| s.phone.clone()))
        .bind(o.current_quote.map(|id| id.0))
        .bind(decimal(o.due)?)
        .bind(text(&o.acceptances)?)
        .bind(o.weighed_at)
        .bind(o.received_at)
        .bind(o.void_reason.clone())
        .bind(o.channel.clone())
        .bind(o.channel_order_id.clone())
        .bind(o.updated_at))
}

/// Columns that never change, after [`CHANGEABLE`] in a new row.
const FIXED: &[&str] = &["id", "appointment_id", "order_no", "user_id", "created_at"];

/// A row's columns, in the order of [`bind_row`].
pub(super) fn row_columns() -> impl Iterator<Item = &'static str> + Clone {
    CHANGEABLE.iter().chain(FIXED).copied()
}

pub(super) fn bind_row<'q>(
    query: Query<'q>,
    stored: &Stored<Order>,
) -> Result<Query<'q>, StoreError> {
    let o = &stored.body;
    Ok(bind_changeable(query, stored)?
        .bind(o.id.0)
        .bind(o.appointment_id.map(|id| id.0))
        .bind(o.order_no.clone())
        .bind(o.user_id.map(|id| id.0))
        .bind(o.created_at))
}

/// Notes where an order lies whose id's time is implausible.
pub(super) async fn insert_detour(
    tx: &mut Tx,
    route: Route,
    id: OrderId,
) -> Result<(), StoreError> {
    if route.detour {
        sqlx::query("INSERT INTO order_routes (id, month) VALUES (?, ?)")
            .bind(id.0)
            .bind(route.month)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

pub(super) async fn insert(
    tx: &mut Tx,
    route: Route,
    stored: &Stored<Order>,
) -> Result<(), StoreError> {
    let o = &stored.body;
    insert_detour(tx, route, o.id).await?;
    let sql = bulk::insert_sql(&table(route.month), row_columns(), 1);
    bind_row(sqlx::query(AssertSqlSafe(sql)), stored)?
        .execute(tx.conn())
        .await?;
    order_children::append(tx, None, o).await?;
    reviews::append(tx, Kind::Order, o.id.0, o.station_id, &o.reviews, 0).await
}

/// Compare-and-swap on the version that was locked.
pub(super) async fn update(
    tx: &mut Tx,
    month: i32,
    before: &Order,
    stored: &Stored<Order>,
) -> Result<(), StoreError> {
    let sql = update_sql(&table(month), CHANGEABLE);
    let o = &stored.body;
    let query = bind_changeable(sqlx::query(AssertSqlSafe(sql)), stored)?;
    swap(tx, query, o.id.0, before.version).await?;
    order_children::append(tx, Some(before), o).await?;
    reviews::append(
        tx,
        Kind::Order,
        o.id.0,
        o.station_id,
        &o.reviews,
        before.reviews.len(),
    )
    .await
}
