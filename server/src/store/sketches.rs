//! What a page has to know of appointments and orders afresh — the scopes they are in and which write made them — without
//! their bodies, which may have been read before ([`super::bodies`]).

use super::{
    Snapshot, StoreError, bodies::Stamp, months::Months, orders, scopes::VisitScopes,
    shapes::push_ids,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids,
    sync::scope::{Kind, Scope},
};
use sqlx::{AssertSqlSafe, FromRow, MySql, MySqlConnection, QueryBuilder, mysql::MySqlRow};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Ids of one `IN (…)`.
const CHUNK: usize = 1_000;
const COLUMNS: &str = "id, version, updated_at, scope_station, scope_collector, scope_fact";

/// An appointment or order without its body.
pub(super) struct Sketch {
    /// Its id.
    pub id: Uuid,
    /// The write that made it what it is.
    pub stamp: Stamp,
    /// The scopes it is in.
    pub scopes: VisitScopes,
}

type Row = (Uuid, i64, DateTime<Utc>, Uuid, Option<Uuid>, Option<Uuid>);

fn sketch((id, version, at, station, collector, fact): Row) -> Sketch {
    Sketch {
        id,
        stamp: Stamp { version, at },
        scopes: VisitScopes {
            station: station.into(),
            collector: collector.map(Into::into),
            fact: fact.map(Into::into),
        },
    }
}

/// Those of a scope after `after`, ascending, at most `most`.
pub(super) async fn of_scope(
    snapshot: &mut Snapshot,
    scope: &Scope,
    kind: Kind,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<Sketch>, StoreError> {
    let rows: Vec<Row> = rows(snapshot, COLUMNS, scope, kind, after, most).await?;
    let mut all: Vec<Sketch> = rows.into_iter().map(sketch).collect();
    // Detours lie in a later month than their id says, so the months are merged, not appended.
    all.sort_unstable_by_key(|sketch| sketch.id);
    all.truncate(most);
    Ok(all)
}

/// Ids and versions of those of a scope after `after`, ascending, at most `most`.
pub(super) async fn versions(
    snapshot: &mut Snapshot,
    scope: &Scope,
    kind: Kind,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<(Uuid, i64)>, StoreError> {
    let mut all = rows(snapshot, "id, version", scope, kind, after, most).await?;
    all.sort_unstable();
    all.truncate(most);
    Ok(all)
}

/// At most `most` of each table and each way into the scope.
async fn rows<R>(
    snapshot: &mut Snapshot,
    columns: &str,
    scope: &Scope,
    kind: Kind,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<R>, StoreError>
where
    R: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
{
    let tables = match kind {
        Kind::Appointment => vec!["appointments".to_owned()],
        Kind::Order => {
            let months = snapshot.months().all(snapshot.conn()?).await?;
            months.into_iter().map(orders::table).collect()
        }
        Kind::PriceBook | Kind::Staff | Kind::Station => Vec::new(),
    };
    let mut all = Vec::new();
    for table in tables {
        all.extend(of_table(snapshot.conn()?, columns, &table, scope, after, most).await?);
    }
    Ok(all)
}

/// Appointments or one month's orders, by their stored scope columns.
async fn of_table<R>(
    conn: &mut MySqlConnection,
    columns: &str,
    table: &str,
    scope: &Scope,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<R>, StoreError>
where
    R: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
{
    let part = |column: &str| {
        format!("SELECT {columns} FROM {table} WHERE {column} = ? AND id > ? ORDER BY id LIMIT ?")
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
    let mut query = sqlx::query_as::<_, R>(AssertSqlSafe(sql))
        .bind(id)
        .bind(after)
        .bind(limit);
    if union {
        query = query.bind(id).bind(after).bind(limit);
    }
    Ok(query.fetch_all(conn).await?)
}

/// Those with these ids, and the ids that were not found where they belong.
pub(super) async fn of_ids(
    snapshot: &mut Snapshot,
    kind: Kind,
    ids: &[Uuid],
) -> Result<(Vec<Sketch>, Vec<Uuid>), StoreError> {
    if !matches!(kind, Kind::Appointment | Kind::Order) {
        return Ok((Vec::new(), ids.to_vec()));
    }
    let months = snapshot.months();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        for (table, ids) in tables(snapshot.conn()?, &months, kind, chunk).await? {
            let mut select =
                QueryBuilder::<MySql>::new(format!("SELECT {COLUMNS} FROM {table} WHERE id IN ("));
            push_ids(&mut select, &ids);
            let rows: Vec<Row> = select.build_query_as().fetch_all(snapshot.conn()?).await?;
            found.extend(rows.into_iter().map(sketch));
        }
    }
    let there: HashSet<Uuid> = found.iter().map(|sketch| sketch.id).collect();
    let missed = ids.iter().filter(|id| !there.contains(id));
    let missed = missed.copied().collect();
    Ok((found, missed))
}

/// The tables that rows of a kind with these ids belong in.
async fn tables(
    conn: &mut MySqlConnection,
    months: &Months,
    kind: Kind,
    ids: &[Uuid],
) -> Result<Vec<(String, Vec<Uuid>)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if kind == Kind::Appointment {
        return Ok(vec![("appointments".to_owned(), ids.to_vec())]);
    }
    let mut by_month: BTreeMap<i32, Vec<Uuid>> = BTreeMap::new();
    for id in ids {
        if let Some(month) = ids::month_of(*id) {
            by_month.entry(month).or_default().push(*id);
        }
    }
    let mut tables = Vec::new();
    for (month, ids) in by_month {
        if months.exists(conn, month).await? {
            tables.push((orders::table(month), ids));
        }
    }
    Ok(tables)
}
