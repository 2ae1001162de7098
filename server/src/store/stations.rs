//! Rows of `stations` and `station_divisions`: depots, and whose pick-ups they serve.

use super::{StoreError, Tx, dirty, orders::push_ids, staff};
use crate::sync::grants::Depot;
use chrono::{DateTime, Utc};
use huishou_domain::{
    division,
    ids::StationId,
    staff::Station,
    sync::scope::{Kind, Scope},
};
use sqlx::{FromRow, MySql, MySqlConnection, QueryBuilder, Row};
use std::collections::HashMap;
use uuid::Uuid;

#[derive(FromRow)]
struct StationRow {
    id: Uuid,
    version: i64,
    code: String,
    name: String,
    city: String,
    address: String,
}

const SELECT: &str = "SELECT id, version, code, name, city, address FROM stations";

/// The depot that serves a district: the longest covered prefix wins.
///
/// # Errors
/// The database refused.
pub async fn serving(
    conn: &mut MySqlConnection,
    division_code: &str,
) -> Result<Option<Station>, StoreError> {
    let mut select = QueryBuilder::<MySql>::new(
        "SELECT prefix, station_id FROM station_divisions WHERE prefix IN (",
    );
    let mut list = select.separated(", ");
    for prefix in prefixes(division_code) {
        list.push_bind(prefix);
    }
    select.push(")");
    let mut best: Option<(usize, Uuid)> = None;
    for row in select.build().fetch_all(&mut *conn).await? {
        let exactness = division::coverage(&row.try_get::<String, _>("prefix")?, division_code);
        if exactness > best.map_or(0, |(most, _)| most) {
            best = Some((exactness, row.try_get("station_id")?));
        }
    }
    match best {
        Some((_, id)) => Ok(load_many(conn, &[id]).await?.pop()),
        None => Ok(None),
    }
}

/// Every prefix that can cover a code, padded forms included.
fn prefixes(code: &str) -> Vec<String> {
    let mut list: Vec<String> = (2..=6)
        .filter_map(|length| code.get(..length))
        .map(str::to_owned)
        .collect();
    list.extend(code.get(..2).map(|province| format!("{province}0000")));
    list.extend(code.get(..4).map(|city| format!("{city}00")));
    list
}

/// These depots, in no particular order. Two queries, however many.
///
/// # Errors
/// The database refused.
pub async fn load_many(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
) -> Result<Vec<Station>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = QueryBuilder::<MySql>::new(format!("{SELECT} WHERE id IN ("));
    push_ids(&mut select, ids);
    let rows: Vec<StationRow> = select.build_query_as().fetch_all(&mut *conn).await?;
    with_divisions(conn, rows).await
}

/// A depot by id.
///
/// # Errors
/// The database refused.
pub async fn load(
    conn: &mut MySqlConnection,
    id: StationId,
) -> Result<Option<Station>, StoreError> {
    Ok(load_many(conn, &[id.0]).await?.pop())
}

/// A depot by its short code.
///
/// # Errors
/// The database refused.
pub async fn by_code(
    conn: &mut MySqlConnection,
    code: &str,
) -> Result<Option<Station>, StoreError> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT id FROM stations WHERE code = ?")
        .bind(code)
        .fetch_optional(&mut *conn)
        .await?;
    match id {
        Some(id) => load(conn, id.into()).await,
        None => Ok(None),
    }
}

/// Every depot; there are tens, not thousands.
///
/// # Errors
/// The database refused.
pub async fn all(conn: &mut MySqlConnection) -> Result<Vec<Station>, StoreError> {
    let rows: Vec<StationRow> =
        sqlx::query_as("SELECT id, version, code, name, city, address FROM stations ORDER BY id")
            .fetch_all(&mut *conn)
            .await?;
    with_divisions(conn, rows).await
}

/// Every depot, as far as it decides who holds what.
///
/// # Errors
/// The database refused.
pub async fn depots(conn: &mut MySqlConnection) -> Result<Vec<Depot>, StoreError> {
    let rows: Vec<(Uuid, String)> = sqlx::query_as("SELECT id, city FROM stations")
        .fetch_all(conn)
        .await?;
    let depot = |(id, city): (Uuid, String)| Depot {
        id: id.into(),
        city,
    };
    Ok(rows.into_iter().map(depot).collect())
}

async fn with_divisions(
    conn: &mut MySqlConnection,
    rows: Vec<StationRow>,
) -> Result<Vec<Station>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut divisions: HashMap<Uuid, Vec<String>> = HashMap::new();
    if !ids.is_empty() {
        let mut select = QueryBuilder::<MySql>::new(
            "SELECT station_id, prefix FROM station_divisions WHERE station_id IN (",
        );
        push_ids(&mut select, &ids);
        select.push(" ORDER BY station_id, prefix");
        for row in select.build().fetch_all(conn).await? {
            divisions
                .entry(row.try_get("station_id")?)
                .or_default()
                .push(row.try_get("prefix")?);
        }
    }
    let station = |row: StationRow| Station {
        divisions: divisions.remove(&row.id).unwrap_or_default(),
        id: row.id.into(),
        version: row.version,
        code: row.code,
        name: row.name,
        city: row.city,
        address: row.address,
    };
    Ok(rows.into_iter().map(station).collect())
}

/// Writes a new depot. `others` are scopes beside its own that hold it (its collectors).
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where the code or a prefix is another depot's.
pub async fn insert(
    tx: &mut Tx,
    station: &Station,
    others: &[Scope],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO stations (id, version, code, name, city, address, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(station.id.0)
        .bind(station.version)
        .bind(&station.code)
        .bind(&station.name)
        .bind(&station.city)
        .bind(&station.address)
        .bind(now)
        .bind(now)
        .execute(tx.conn())
        .await?;
    rewrite_divisions(tx, station).await?;
    mark(tx, station, others).await
}

/// Locks a depot until the transaction ends. Who comes to it or leaves it does so under this lock too, so that its
/// collectors are the same at the commit as when they were asked for: otherwise a change of the depot would pass by
/// the devices of one who comes meanwhile.
///
/// # Errors
/// The database refused.
pub async fn lock(tx: &mut Tx, id: StationId) -> Result<(), StoreError> {
    sqlx::query("SELECT id FROM stations WHERE id = ? FOR UPDATE")
        .bind(id.0)
        .fetch_optional(tx.conn())
        .await?;
    Ok(())
}

/// Writes a depot whose version has been raised, and marks it wherever it is held: in its own scope and in those of
/// its collectors.
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where the code or a prefix is another depot's.
pub async fn update(tx: &mut Tx, station: &Station, now: DateTime<Utc>) -> Result<(), StoreError> {
    lock(tx, station.id).await?;
    sqlx::query("UPDATE stations SET version = ?, code = ?, name = ?, city = ?, address = ?, updated_at = ? WHERE id = ?")
        .bind(station.version)
        .bind(&station.code)
        .bind(&station.name)
        .bind(&station.city)
        .bind(&station.address)
        .bind(now)
        .bind(station.id.0)
        .execute(tx.conn())
        .await?;
    rewrite_divisions(tx, station).await?;
    let collectors = staff::collectors_of(tx.conn(), &[station.id.0]).await?;
    let others = collectors.into_iter().map(|(_, id)| Scope::Collector(id));
    mark(tx, station, &others.collect::<Vec<_>>()).await
}

async fn rewrite_divisions(tx: &mut Tx, station: &Station) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM station_divisions WHERE station_id = ?")
        .bind(station.id.0)
        .execute(tx.conn())
        .await?;
    if station.divisions.is_empty() {
        return Ok(());
    }
    let mut insert =
        QueryBuilder::<MySql>::new("INSERT INTO station_divisions (prefix, station_id) ");
    insert.push_values(&station.divisions, |mut row, prefix| {
        row.push_bind(prefix).push_bind(station.id.0);
    });
    insert.build().execute(tx.conn()).await?;
    Ok(())
}

async fn mark(tx: &mut Tx, station: &Station, others: &[Scope]) -> Result<(), StoreError> {
    let mut scopes = vec![Scope::Station(station.id)];
    scopes.extend(others.iter().cloned());
    dirty::mark(tx, Kind::Station, station.id.0, &scopes)
}
