//! The rows that make up a month of visits, as text by column: read, written again, removed.

use crate::store::{Db, StoreError, dirty, scopes::VisitScopes, shapes::push_ids};
use huishou_domain::{ids, sync::scope::Kind};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder, Row, mysql::MySqlRow};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// An order of the month and the appointment it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub order: Uuid,
    pub appointment: Option<Uuid>,
}

/// A row of the archive.
#[derive(Debug, Serialize, Deserialize)]
pub struct Line {
    table: String,
    row: BTreeMap<String, Option<String>>,
}

impl Line {
    /// As it stands in the file.
    pub fn text(&self) -> String {
        // Texts by name: there is nothing that could not be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The columns of rows, by table.
#[derive(Debug, Default)]
pub(super) struct Named(BTreeMap<String, BTreeSet<String>>);

impl Named {
    /// Those of one row are those of its table: they were written with the same.
    pub(super) fn learn(&mut self, line: &Line) {
        if !self.0.contains_key(&line.table) {
            let names = line.row.keys().cloned().collect();
            self.0.insert(line.table.clone(), names);
        }
    }
}

/// By what a table's rows belong to a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Order,
    Appointment,
}

/// A table, its column that names the visit, what else its rows must be, and their order.
struct Belonging(&'static str, By, &'static str, &'static str, &'static str);

/// Orders first in the file; in the database they are found by the column `id` of the month's own table.
const BELONGING: &[Belonging] = &[
    Belonging("orders", By::Order, "id", "", "id"),
    Belonging("appointments", By::Appointment, "id", "", "id"),
    Belonging("quotes", By::Order, "order_id", "", "id"),
    Belonging("order_lines", By::Order, "order_id", "", "order_id, line"),
    Belonging("payments", By::Order, "order_id", "", "id"),
    Belonging("refunds", By::Order, "order_id", "", "id"),
    Belonging(
        "reviews",
        By::Order,
        "subject_id",
        " AND subject_kind = 'order'",
        "subject_id, position",
    ),
    Belonging(
        "reviews",
        By::Appointment,
        "subject_id",
        " AND subject_kind = 'appointment'",
        "subject_id, position",
    ),
    Belonging(
        "ratings",
        By::Appointment,
        "appointment_id",
        "",
        "appointment_id",
    ),
    Belonging("order_routes", By::Order, "id", "", "id"),
    Belonging("open_visits", By::Order, "order_id", "", "order_id"),
];

struct Column {
    name: String,
    is_binary: bool,
}

/// A table with its columns as the database has them.
pub(super) struct Part {
    name: &'static str,
    table: String,
    by: By,
    key: &'static str,
    and: &'static str,
    order: &'static str,
    columns: Vec<Column>,
}

/// All tables of a month whose orders lie in `orders`.
///
/// # Errors
/// The database refused.
pub(super) async fn parts(
    conn: &mut MySqlConnection,
    orders: &str,
) -> Result<Vec<Part>, StoreError> {
    let mut parts = Vec::with_capacity(BELONGING.len());
    for Belonging(name, by, key, and, order) in BELONGING {
        let table = if *name == "orders" { orders } else { name };
        parts.push(Part {
            name,
            table: table.to_owned(),
            by: *by,
            key,
            and,
            order,
            columns: columns(conn, table).await?,
        });
    }
    Ok(parts)
}

/// In a fixed order; a number that the database gives to rows is left out.
async fn columns(conn: &mut MySqlConnection, table: &str) -> Result<Vec<Column>, StoreError> {
    let rows = sqlx::query(
        "SELECT CAST(column_name AS CHAR) AS name, CAST(data_type AS CHAR) AS type FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = ? AND extra NOT LIKE '%auto_increment%' ORDER BY column_name",
    )
    .bind(table)
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let kind: String = row.try_get_unchecked("type")?;
            Ok(Column {
                name: row.try_get_unchecked("name")?,
                is_binary: kind.contains("binary") || kind.contains("blob"),
            })
        })
        .collect()
}

impl Part {
    /// Leaves only the columns named; a table that is not among them keeps all.
    pub(super) fn keep(&mut self, named: &Named) {
        if let Some(names) = named.0.get(self.name) {
            self.columns.retain(|column| names.contains(&column.name));
        }
    }

    fn ids(&self, visits: &[Visit]) -> Vec<Uuid> {
        let id = |visit: &Visit| match self.by {
            By::Order => Some(visit.order),
            By::Appointment => visit.appointment,
        };
        visits.iter().filter_map(id).collect()
    }

    /// The rows of these visits.
    pub(super) async fn read(
        &self,
        conn: &mut MySqlConnection,
        visits: &[Visit],
    ) -> Result<Vec<Line>, StoreError> {
        let ids = self.ids(visits);
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let columns: Vec<String> = self.columns.iter().map(Column::as_text).collect();
        let mut select = QueryBuilder::<MySql>::new(format!(
            "SELECT {} FROM {} WHERE {} IN (",
            columns.join(", "),
            self.table,
            self.key
        ));
        push_ids(&mut select, &ids);
        select.push(format!("{} ORDER BY {}", self.and, self.order));
        let rows = select.build().fetch_all(conn).await?;
        rows.iter().map(|row| self.line(row)).collect()
    }

    fn line(&self, row: &MySqlRow) -> Result<Line, StoreError> {
        let value = |(at, column): (usize, &Column)| {
            let text: Option<String> = row.try_get_unchecked(at)?;
            Ok((column.name.clone(), text))
        };
        let row: Result<_, StoreError> = self.columns.iter().enumerate().map(value).collect();
        Ok(Line {
            table: self.name.to_owned(),
            row: row?,
        })
    }

    fn insert_sql(&self, row: &BTreeMap<String, Option<String>>) -> Result<String, StoreError> {
        let mut values = Vec::with_capacity(row.len());
        for name in row.keys() {
            let known = self.columns.iter().find(|column| column.name == *name);
            let column = known.ok_or_else(|| {
                StoreError::Unreadable(format!("the archive's column {}.{name}", self.name))
            })?;
            values.push(if column.is_binary { "UNHEX(?)" } else { "?" });
        }
        let names: Vec<String> = row.keys().map(|name| format!("`{name}`")).collect();
        Ok(format!(
            "INSERT IGNORE INTO {} ({}) VALUES ({})",
            self.table,
            names.join(", "),
            values.join(", ")
        ))
    }
}

impl Column {
    fn as_text(&self) -> String {
        if self.is_binary {
            format!("LOWER(HEX(`{}`))", self.name)
        } else {
            format!("CAST(`{}` AS CHAR)", self.name)
        }
    }
}

/// The next visits of a month after an order.
pub(super) async fn page(
    conn: &mut MySqlConnection,
    table: &str,
    after: Uuid,
    most: u32,
) -> Result<Vec<Visit>, StoreError> {
    let sql = format!("SELECT id, appointment_id FROM {table} WHERE id > ? ORDER BY id LIMIT ?");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(after)
        .bind(most)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Visit {
                order: row.try_get("id")?,
                appointment: row.try_get("appointment_id")?,
            })
        })
        .collect()
}

/// How many visits of a month are not over, not paid, or wait for an administrator's word.
pub(super) async fn unsettled(conn: &mut MySqlConnection, table: &str) -> Result<i64, StoreError> {
    let sql = format!(
        "SELECT COUNT(DISTINCT o.id) FROM {table} o LEFT JOIN appointments a ON a.id = o.appointment_id \
         LEFT JOIN reviews r ON r.closed = 0 AND ((r.subject_kind = 'order' AND r.subject_id = o.id) OR (r.subject_kind = 'appointment' AND r.subject_id = a.id)) \
         WHERE (o.status = 0 AND (a.id IS NULL OR a.status <> 3)) OR a.status NOT IN (2, 3) OR r.id IS NOT NULL"
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(conn)
        .await?)
}

/// Removes every visit of a month, page by page, each with its marks; answers how many.
pub(super) async fn remove_all(db: &Db, table: &str, most: u32) -> Result<u64, StoreError> {
    let parts = parts(&mut *db.read().await?, table).await?;
    let mut gone = 0;
    loop {
        let page = page(&mut *db.read().await?, table, Uuid::nil(), most).await?;
        if page.is_empty() {
            return Ok(gone);
        }
        crate::write_tx!(db, |tx| {
            mark(tx, table, &page).await?;
            for part in parts.iter().rev() {
                let ids = part.ids(&page);
                if ids.is_empty() {
                    continue;
                }
                let sql = format!("DELETE FROM {} WHERE {} IN (", part.table, part.key);
                let mut delete = QueryBuilder::<MySql>::new(sql);
                push_ids(&mut delete, &ids);
                delete.push(part.and);
                delete.build().execute(tx.conn()).await?;
            }
            Ok::<_, StoreError>(())
        })?;
        gone += page.len() as u64;
    }
}

/// Marks orders and appointments in every scope they are in.
async fn mark(tx: &mut crate::store::Tx, orders: &str, page: &[Visit]) -> Result<(), StoreError> {
    let order_ids: Vec<Uuid> = page.iter().map(|visit| visit.order).collect();
    let appointment_ids: Vec<Uuid> = page.iter().filter_map(|visit| visit.appointment).collect();
    for (kind, table, ids) in [
        (Kind::Appointment, "appointments", appointment_ids),
        (Kind::Order, orders, order_ids),
    ] {
        if ids.is_empty() {
            continue;
        }
        let mut select = QueryBuilder::<MySql>::new(format!(
            "SELECT id, scope_station, scope_collector, scope_fact FROM {table} WHERE id IN ("
        ));
        push_ids(&mut select, &ids);
        select.push(" FOR UPDATE");
        for row in select.build().fetch_all(tx.conn()).await? {
            let scopes = VisitScopes::read(&row)?.list();
            dirty::mark(tx, kind, row.try_get("id")?, &scopes)?;
        }
    }
    Ok(())
}

/// Writes rows again, with the marks of the visits among them.
pub(super) async fn insert(db: &Db, parts: &[Part], lines: &[Line]) -> Result<(), StoreError> {
    crate::write_tx!(db, |tx| {
        for line in lines {
            let part = parts.iter().find(|part| part.name == line.table);
            let part = part.ok_or_else(|| {
                StoreError::Unreadable(format!("the archive's table {}", line.table))
            })?;
            let mut query = sqlx::query(AssertSqlSafe(part.insert_sql(&line.row)?));
            for value in line.row.values() {
                query = query.bind(value.as_deref());
            }
            query.execute(tx.conn()).await?;
            mark_line(tx, line)?;
        }
        Ok::<_, StoreError>(())
    })
}

fn mark_line(tx: &mut crate::store::Tx, line: &Line) -> Result<(), StoreError> {
    let kind = match line.table.as_str() {
        "orders" => Kind::Order,
        "appointments" => Kind::Appointment,
        _ => return Ok(()),
    };
    let id = |column: &str| -> Option<Uuid> { line.row.get(column)?.as_deref()?.parse().ok() };
    let (Some(own), Some(station)) = (id("id"), id("scope_station")) else {
        return Err(StoreError::Unreadable("the archive's scopes".to_owned()));
    };
    let scopes = VisitScopes {
        station: ids::StationId(station),
        collector: id("scope_collector").map(ids::StaffId),
        fact: id("scope_fact").map(ids::StaffId),
    };
    dirty::mark(tx, kind, own, &scopes.list())
}
