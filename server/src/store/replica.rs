//! What a device's copy holds: the rows of a scope in the order snapshots are paged, the aggregates behind keys with
//! the scopes they are in now, and the `checks` of a scope. All of one snapshot.

use super::{
    Snapshot, StoreError, appointments,
    bodies::Stamp,
    orders, price_books,
    sketches::{self, Sketch},
    staff, stations,
};
use crate::sync::plan::Key;
use chrono::{DateTime, Utc};
use huishou_domain::sync::{
    body::Body,
    check::Check,
    scope::{Kind, Scope},
};
use serde::Serialize;
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
    let known = snapshot.bodies().know(keys);
    for kind in Kind::ALL {
        let of_kind = |known_or_not: bool| -> Vec<Uuid> {
            let all = keys.iter().zip(&known);
            let wanted = all.filter(|((k, _), known)| k == kind && **known == known_or_not);
            wanted.map(|((_, id), _)| *id).collect()
        };
        let mut unread = of_kind(false);
        let (sketched, unrouted) = sketches::of_ids(snapshot, *kind, &of_kind(true)).await?;
        unread.extend(unrouted);
        with_bodies(snapshot, *kind, sketched, &mut found).await?;
        load_kind(snapshot, *kind, &unread, &mut found).await?;
    }
    Ok(found)
}

/// The next aggregates of a kind in a scope after `after`, ascending, at most `most`.
///
/// # Errors
/// Of the database.
pub async fn part(
    snapshot: &mut Snapshot,
    scope: &Scope,
    kind: Kind,
    after: Option<Uuid>,
    most: usize,
) -> Result<(Vec<Key>, HashMap<Key, Held>), StoreError> {
    let mut found = HashMap::new();
    let keys: Vec<Key>;
    match kind {
        Kind::Appointment | Kind::Order => {
            let sketched = sketches::of_scope(snapshot, scope, kind, after, most).await?;
            keys = sketched.iter().map(|sketch| (kind, sketch.id)).collect();
            with_bodies(snapshot, kind, sketched, &mut found).await?;
        }
        Kind::PriceBook | Kind::Staff | Kind::Station => {
            let rows = few(snapshot, scope, kind, after, most).await?;
            let ids: Vec<Uuid> = rows.into_iter().map(|(id, _)| id).collect();
            keys = ids.iter().map(|id| (kind, *id)).collect();
            load_kind(snapshot, kind, &ids, &mut found).await?;
        }
    }
    Ok((keys, found))
}

/// Visits of which everything but the body is known: the bodies are taken as they were read before, if nobody has
/// written them since.
async fn with_bodies(
    snapshot: &mut Snapshot,
    kind: Kind,
    sketched: Vec<Sketch>,
    found: &mut HashMap<Key, Held>,
) -> Result<(), StoreError> {
    let wanted: Vec<(Key, Stamp)> = sketched.iter().map(|s| ((kind, s.id), s.stamp)).collect();
    let missing = snapshot.bodies().take(&wanted, |place, body| {
        if let Some(sketch) = sketched.get(place) {
            let held = Held {
                version: sketch.stamp.version,
                scopes: sketch.scopes.list(),
                body,
            };
            found.insert((kind, sketch.id), held);
        }
    });
    let ids: Vec<Uuid> = missing.into_iter().map(|(_, id)| id).collect();
    load_kind(snapshot, kind, &ids, found).await
}

/// Reads aggregates of a kind; those of visits are kept for whoever asks next.
async fn load_kind(
    snapshot: &mut Snapshot,
    kind: Kind,
    ids: &[Uuid],
    found: &mut HashMap<Key, Held>,
) -> Result<(), StoreError> {
    for chunk in ids.chunks(CHUNK) {
        load_chunk(snapshot, kind, chunk, found).await?;
    }
    Ok(())
}

async fn load_chunk(
    snapshot: &mut Snapshot,
    kind: Kind,
    ids: &[Uuid],
    found: &mut HashMap<Key, Held>,
) -> Result<(), StoreError> {
    let months = snapshot.months();
    let conn = snapshot.conn()?;
    match kind {
        Kind::Appointment => {
            let mut read = Vec::with_capacity(ids.len());
            for row in appointments::load_many(conn, ids).await? {
                let held = held(row.body.version, row.scopes.list(), &row.body)?;
                read.push(((kind, row.body.id.0), row.body.updated_at, held));
            }
            keep(snapshot, read, found);
        }
        Kind::Order => {
            let mut read = Vec::with_capacity(ids.len());
            for row in orders::load_many(conn, &months, ids).await? {
                let held = held(row.body.version, row.scopes.list(), &row.body)?;
                read.push(((kind, row.body.id.0), row.body.updated_at, held));
            }
            keep(snapshot, read, found);
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

fn keep(
    snapshot: &Snapshot,
    read: Vec<(Key, DateTime<Utc>, Held)>,
    found: &mut HashMap<Key, Held>,
) {
    let kept = read.iter().map(|(key, at, held)| {
        let stamp = Stamp {
            version: held.version,
            at: *at,
        };
        (*key, stamp, held.body.clone())
    });
    snapshot.bodies().keep(kept);
    found.extend(read.into_iter().map(|(key, _, held)| (key, held)));
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
        Kind::Appointment | Kind::Order => {
            sketches::versions(snapshot, scope, kind, after, most).await
        }
        Kind::PriceBook | Kind::Staff | Kind::Station => {
            few(snapshot, scope, kind, after, most).await
        }
    }
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
