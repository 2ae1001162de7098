//! Many rows in one statement: what a push of many mutations locks, writes and remembers together. A statement a table
//! instead of one a row is what makes a day's work offline arrive in a moment.

use super::{
    StoreError, Tx, alike,
    appointments::{self, Stored},
    decode::unreadable,
    order_children, orders, reviews,
    shapes::pieces,
    stored::Query,
};
use huishou_domain::{appointment::Appointment, order::Order, sync::scope::Kind};
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;

/// Most rows of one statement, a power of two: far below the protocol's 65,535 values.
pub(super) const CHUNK: usize = 256;

/// `INSERT INTO table (columns) VALUES (?, …), …`
pub(super) fn insert_sql(
    table: &str,
    columns: impl Iterator<Item = &'static str>,
    rows: usize,
) -> String {
    let columns: Vec<&str> = columns.collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let values = vec![format!("({marks})"); rows].join(", ");
    format!(
        "INSERT INTO {table} ({}) VALUES {values}",
        columns.join(", ")
    )
}

/// As [`insert_sql`], over rows that exist and are locked.
fn rewrite_sql(
    table: &str,
    columns: impl Iterator<Item = &'static str> + Clone,
    rows: usize,
) -> String {
    let set: Vec<String> = columns
        .clone()
        .map(|column| format!("{column} = VALUES({column})"))
        .collect();
    format!(
        "{} ON DUPLICATE KEY UPDATE {}",
        insert_sql(table, columns, rows),
        set.join(", ")
    )
}

/// Writes new rows, in pieces.
pub(super) async fn insert<'r, R: 'r>(
    tx: &mut Tx,
    table: &str,
    columns: impl Iterator<Item = &'static str> + Clone,
    rows: &'r [R],
    bind: impl Fn(Query<'static>, &'r R) -> Result<Query<'static>, StoreError>,
) -> Result<(), StoreError> {
    for piece in pieces(rows, CHUNK) {
        let sql = insert_sql(table, columns.clone(), piece.len());
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in piece {
            query = bind(query, row)?;
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

/// Rewrites locked rows. Each counts twice in the answer; one that was not there would be new and count once.
async fn rewrite<'r, R: 'r>(
    tx: &mut Tx,
    table: &str,
    columns: impl Iterator<Item = &'static str> + Clone,
    rows: &[&'r R],
    bind: impl Fn(Query<'static>, &'r R) -> Result<Query<'static>, StoreError>,
) -> Result<(), StoreError> {
    for chunk in pieces(rows, CHUNK) {
        let sql = rewrite_sql(table, columns.clone(), chunk.len());
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in chunk {
            query = bind(query, row)?;
        }
        let done = query.execute(tx.conn()).await?;
        if done.rows_affected() != 2 * chunk.len() as u64 {
            return Err(unreadable("version", "changed under its lock"));
        }
    }
    Ok(())
}

/// Writes appointments that are locked.
pub(super) async fn update_appointments(
    tx: &mut Tx,
    rows: &[(Appointment, Stored<Appointment>)],
) -> Result<(), StoreError> {
    let others = alike::update(tx, rows).await?;
    if let [(before, after)] = others[..] {
        return appointments::update(tx, before, after).await;
    }
    let after: Vec<&Stored<Appointment>> = others.iter().map(|(_, after)| after).collect();
    let columns = appointments::row_columns();
    rewrite(tx, "appointments", columns, &after, appointments::bind_row).await?;
    for (before, after) in others {
        let a = &after.body;
        let known = before.reviews.len();
        reviews::append(
            tx,
            Kind::Appointment,
            a.id.0,
            a.station_id,
            &a.reviews,
            known,
        )
        .await?;
    }
    Ok(())
}

/// Writes orders that are locked, their children by difference.
pub(super) async fn update_orders(
    tx: &mut Tx,
    rows: &[(Order, (i32, Stored<Order>))],
) -> Result<(), StoreError> {
    if let [(before, (month, after))] = rows {
        return orders::update(tx, *month, before, after).await;
    }
    let mut months: BTreeMap<i32, Vec<&Stored<Order>>> = BTreeMap::new();
    for (_, (month, after)) in rows {
        months.entry(*month).or_default().push(after);
    }
    for (month, after) in months {
        let columns = orders::row_columns();
        rewrite(tx, &orders::table(month), columns, &after, orders::bind_row).await?;
    }
    for (before, (_, after)) in rows {
        let o = &after.body;
        order_children::append(tx, Some(before), o).await?;
        let known = before.reviews.len();
        reviews::append(tx, Kind::Order, o.id.0, o.station_id, &o.reviews, known).await?;
    }
    Ok(())
}
