//! What a device's copy holds: the rows of a scope in the order snapshots are paged, the aggregates behind keys with
//! the scopes they are in now, and the `checks` of a scope. All of one snapshot.

use super::{Snapshot, StoreError, appointments, orders, price_books, staff, stations};
use crate::sync::plan::Key;
use huishou_domain::sync::{
    body::Body,
    check::Check,
    scope::{Kind, Scope},
};
use serde::Serialize;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use uuid::Uuid;

/// Ids of one `IN (…)`.
const CHUNK: usize = 1_000;

/// An aggregate as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Raised by every write.
    pub version: i64,
    /// All scopes it is in.
    pub scopes: Vec<Scope>,
    /// Its form on the wire.
    pub body: Body,
}

/// The aggregates behind these keys; those that are no more are left out.
///
/// # Errors
/// Of the database.
pub async fn load(snapshot: &mut Snapshot, keys: &[Key]) -> Result<HashMap<Key, Held>, StoreError> {
    let mut found = HashMap::with_capacity(keys.len());
    for kind in Kind::ALL {
        let ids: Vec<Uuid> = keys
            .iter()
            .filter(|(k, _)| k == kind)
            .map(|(_, id)| *id)
            .collect();
        for chunk in ids.chunks(CHUNK) {
            load_kind(snapshot, *kind, chunk, &mut found).await?;
        }
    }
    Ok(found)
}

async fn load_kind(
    snapshot: &mut Snapshot,
    kind: Kind,
    ids: &[Uuid],
    found: &mut HashMap<Key, Held>,
) -> Result<(), StoreError> {
    let months = snapshot.months();
    let conn = snapshot.conn()?;
    match kind {
        Kind::Appointment => {
            for row in appointments::load_many(conn, ids).await? {
                found.insert(
                    (kind, row.body.id.0),
                    held(row.body.version, row.scopes.list(), &row.body)?,
                );
            }
        }
        Kind::Order => {
            for row in orders::load_many(conn, &months, ids).await? {
                found.insert(
                    (kind, row.body.id.0),
                    held(row.body.version, row.scopes.list(), &row.body)?,
                );
            }
        }
        Kind::PriceBook => {
            for book in price_books::load_many(conn, ids).await? {
                let scopes = vec![Scope::Catalog(book.city.clone())];
                found.insert(
                    (kind, book.id.0),
                    held(i64::from(book.version), scopes, &book)?,
                );
            }
        }
        Kind::Staff => {
            for person in staff::load_many(conn, ids).await? {
                found.insert(
                    (kind, person.id.0),
                    held(person.version, staff::scopes_of(&person), &person)?,
                );
            }
        }
        Kind::Station => {
            let collectors = staff::collectors_of(conn, ids).await?;
            for station in stations::load_many(conn, ids).await? {
                let own = collectors
                    .iter()
                    .filter(|(at, _)| *at == station.id)
                    .map(|(_, id)| Scope::Collector(*id));
                let scopes = [Scope::Station(station.id)]
                    .into_iter()
                    .chain(own)
                    .collect();
                found.insert(
                    (kind, station.id.0),
                    held(station.version, scopes, &station)?,
                );
            }
        }
    }
    Ok(())
}

fn held(version: i64, scopes: Vec<Scope>, body: &impl Serialize) -> Result<Held, StoreError> {
    let body = Body::of(body).map_err(|e| StoreError::Unreadable(e.to_string()))?;
    Ok(Held {
        version,
        scopes,
        body,
    })
}

/// Ids of a kind in a scope after `after`, ascending, at most `most`.
///
/// # Errors
/// Of the database.
pub async fn ids(
    snapshot: &mut Snapshot,
    scope: &Scope,
    kind: Kind,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<Uuid>, StoreError> {
    Ok(rows(snapshot, scope, kind, after, most)
        .await?
        .into_iter()
        .map(|(id, _)| id)
        .collect())
}

/// Count and hash sum of everything in a scope.
///
/// # Errors
/// Of the database.
pub async fn check(snapshot: &mut Snapshot, scope: &Scope) -> Result<Check, StoreError> {
    let mut check = Check::default();
    for kind in Kind::ALL {
        for (id, version) in rows(snapshot, scope, *kind, None, usize::MAX).await? {
            check.add(*kind, id, version);
        }
    }
    Ok(check)
}

/// Ids and versions of a kind in a scope after `after`, ascending.
async fn rows(
    snapshot: &mut Snapshot,
    scope: &Scope,
    kind: Kind,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    match kind {
        Kind::Appointment => visits(snapshot, "appointments", scope, after, most).await,
        Kind::Order => {
            let months = snapshot.months().all(snapshot.conn()?).await?;
            let mut all = Vec::new();
            for month in months {
                all.extend(visits(snapshot, &orders::table(month), scope, after, most).await?);
            }
            // Detours lie in a later month than their id says, so the months are merged, not appended.
            all.sort_unstable();
            all.truncate(most);
            Ok(all)
        }
        Kind::PriceBook | Kind::Staff | Kind::Station => {
            few(snapshot, scope, kind, after, most).await
        }
    }
}

/// Appointments or one month's orders, by their stored scope columns.
async fn visits(
    snapshot: &mut Snapshot,
    table: &str,
    scope: &Scope,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let part = |column: &str| {
        format!("SELECT id, version FROM {table} WHERE {column} = ? AND id > ? ORDER BY id LIMIT ?")
    };
    let (sql, id) = match scope {
        Scope::Station(id) => (part("scope_station"), id.0),
        Scope::Collector(id) => (
            format!(
                "({}) UNION ({})",
                part("scope_collector"),
                part("scope_fact")
            ),
            id.0,
        ),
        Scope::Catalog(_) | Scope::Admin => return Ok(Vec::new()),
    };
    let (after, limit) = (
        after.unwrap_or(Uuid::nil()),
        u32::try_from(most).unwrap_or(u32::MAX),
    );
    let union = matches!(scope, Scope::Collector(_));
    let mut query = sqlx::query_as::<_, (Uuid, i64)>(AssertSqlSafe(sql))
        .bind(id)
        .bind(after)
        .bind(limit);
    if union {
        query = query.bind(id).bind(after).bind(limit);
    }
    let mut found = query.fetch_all(snapshot.conn()?).await?;
    found.sort_unstable();
    found.truncate(most);
    Ok(found)
}

/// Price books, people and stations.
async fn few(
    snapshot: &mut Snapshot,
    scope: &Scope,
    kind: Kind,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let (sql, by) = match (kind, scope) {
        (Kind::PriceBook, Scope::Catalog(city)) => (
            "SELECT id, CAST(version AS SIGNED) FROM price_books WHERE city = ?",
            By::Text(city),
        ),
        (Kind::Staff, Scope::Station(id)) => (
            "SELECT id, version FROM staff WHERE station_id = ?",
            By::Id(id.0),
        ),
        (Kind::Staff, Scope::Collector(id)) => (
            "SELECT id, version FROM staff WHERE role = 'collector' AND id = ?",
            By::Id(id.0),
        ),
        (Kind::Staff, Scope::Admin) => (
            "SELECT id, version FROM staff WHERE role IN ('dispatcher', 'admin')",
            By::Nothing,
        ),
        (Kind::Station, Scope::Station(id)) => (
            "SELECT id, version FROM stations WHERE id = ?",
            By::Id(id.0),
        ),
        (Kind::Station, Scope::Collector(id)) => (
            "SELECT s.id, s.version FROM staff p JOIN stations s ON s.id = p.station_id WHERE p.role = 'collector' AND p.id = ?",
            By::Id(id.0),
        ),
        _ => return Ok(Vec::new()),
    };
    let query = sqlx::query_as::<_, (Uuid, i64)>(sql);
    let query = match by {
        By::Text(text) => query.bind(text),
        By::Id(id) => query.bind(id),
        By::Nothing => query,
    };
    let mut found = query.fetch_all(snapshot.conn()?).await?;
    found.retain(|(id, _)| after.is_none_or(|after| *id > after));
    found.sort_unstable();
    found.truncate(most);
    Ok(found)
}

enum By<'a> {
    Text(&'a str),
    Id(Uuid),
    Nothing,
}
