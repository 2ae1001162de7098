//! Members of staff. Their rows are synced (kind `staff`), so every write here raises the version and marks them dirty.

use super::{StoreError, Tx, dirty, shapes::push_ids, stations};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{StaffId, StationId},
    staff::{Actor, Role, Staff},
    sync::scope::{Kind, Scope},
};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder};
use uuid::Uuid;

/// A member of staff with what only the server knows of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As devices see them.
    pub staff: Staff,
    /// Raised whenever role or station change.
    pub grants: i32,
    /// Argon2id, PHC string.
    pub password_hash: String,
}

impl Person {
    /// As the rules see them.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        Actor {
            id: self.staff.id,
            role: self.staff.role,
            station: self.staff.station_id,
        }
    }
}

/// A row as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub id: Uuid,
    pub version: i64,
    pub username: String,
    pub name: String,
    pub role: String,
    pub station_id: Option<Uuid>,
    pub active: bool,
    pub grants: i32,
    pub password_hash: String,
}

const COLUMNS: &str = "SELECT id, version, username, name, role, station_id, active, grants, password_hash FROM staff";

pub(super) fn person(row: Row) -> Result<Person, StoreError> {
    let role = Role::parse(&row.role)
        .ok_or_else(|| StoreError::Unreadable(format!("staff.role {}", row.role)))?;
    let staff = Staff {
        id: StaffId(row.id),
        version: row.version,
        username: row.username,
        name: row.name,
        role,
        station_id: row.station_id.map(StationId),
        active: row.active,
    };
    Ok(Person {
        staff,
        grants: row.grants,
        password_hash: row.password_hash,
    })
}

/// The scopes a row of kind `staff` is in: its station's, a collector's own, and the administrators' where the person
/// has no station to be seen at.
#[must_use]
pub fn scopes_of(staff: &Staff) -> Vec<Scope> {
    let mut scopes: Vec<Scope> = staff.station_id.map(Scope::Station).into_iter().collect();
    match staff.role {
        Role::Collector => scopes.push(Scope::Collector(staff.id)),
        Role::Dispatcher | Role::Admin => scopes.push(Scope::Admin),
        Role::Station => {}
    }
    scopes
}

/// A person by id.
///
/// # Errors
/// Of the database.
pub async fn find(conn: &mut MySqlConnection, id: StaffId) -> Result<Option<Person>, StoreError> {
    let sql = format!("{COLUMNS} WHERE id = ?");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(id.0)
        .fetch_optional(conn)
        .await?
        .map(person)
        .transpose()
}

/// A person by user name.
///
/// # Errors
/// Of the database.
pub async fn find_by_username(
    conn: &mut MySqlConnection,
    username: &str,
) -> Result<Option<Person>, StoreError> {
    let sql = format!("{COLUMNS} WHERE username = ?");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(username)
        .fetch_optional(conn)
        .await?
        .map(person)
        .transpose()
}

/// Everybody, by user name.
///
/// # Errors
/// Of the database.
pub async fn list(conn: &mut MySqlConnection) -> Result<Vec<Staff>, StoreError> {
    let sql = format!("{COLUMNS} ORDER BY username LIMIT 10000");
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(conn).await?;
    rows.into_iter().map(|row| Ok(person(row)?.staff)).collect()
}

/// People by id, for a page of sync.
///
/// # Errors
/// Of the database.
pub async fn load_many(conn: &mut MySqlConnection, ids: &[Uuid]) -> Result<Vec<Staff>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = QueryBuilder::<MySql>::new(format!("{COLUMNS} WHERE id IN ("));
    push_ids(&mut select, ids);
    let rows: Vec<Row> = select.build_query_as().fetch_all(conn).await?;
    rows.into_iter().map(|row| Ok(person(row)?.staff)).collect()
}

/// The collectors at home at these stations, with their station.
///
/// # Errors
/// Of the database.
pub async fn collectors_of(
    conn: &mut MySqlConnection,
    stations: &[Uuid],
) -> Result<Vec<(StationId, StaffId)>, StoreError> {
    if stations.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = QueryBuilder::<MySql>::new(
        "SELECT station_id, id FROM staff WHERE role = 'collector' AND station_id IN (",
    );
    push_ids(&mut select, stations);
    select.push(" ORDER BY id");
    let rows: Vec<(Uuid, Uuid)> = select.build_query_as().fetch_all(conn).await?;
    Ok(rows
        .into_iter()
        .map(|(station, id)| (StationId(station), StaffId(id)))
        .collect())
}

/// Adds a person. Their station becomes visible to them, so it is marked too.
///
/// # Errors
/// [`StoreError::Duplicate`] if the user name is taken.
pub async fn insert(
    tx: &mut Tx,
    staff: &Staff,
    password_hash: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO staff (id, version, username, name, role, station_id, active, password_hash, created_at, updated_at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(staff.id.0)
        .bind(staff.version)
        .bind(&staff.username)
        .bind(&staff.name)
        .bind(staff.role.as_str())
        .bind(staff.station_id.map(|s| s.0))
        .bind(staff.active)
        .bind(password_hash)
        .bind(at)
        .bind(at)
        .execute(tx.conn())
        .await?;
    dirty::mark(tx, Kind::Staff, staff.id.0, &scopes_of(staff))?;
    if let (Role::Collector, Some(station)) = (staff.role, staff.station_id) {
        stations::lock(tx, station).await?;
        dirty::mark(tx, Kind::Station, station.0, &[Scope::Collector(staff.id)])?;
    }
    Ok(())
}

/// A person by id, locked until the transaction ends.
///
/// # Errors
/// Of the database.
pub async fn lock(conn: &mut MySqlConnection, id: StaffId) -> Result<Option<Person>, StoreError> {
    let sql = format!("{COLUMNS} WHERE id = ? FOR UPDATE");
    sqlx::query_as(AssertSqlSafe(sql))
        .bind(id.0)
        .fetch_optional(conn)
        .await?
        .map(person)
        .transpose()
}

/// Writes a person whose version has been raised, and marks them wherever they were or are seen; a change of role,
/// station or of being with us raises their grants, so that their devices get other scopes.
///
/// # Errors
/// Of the database.
pub async fn update(
    tx: &mut Tx,
    before: &Staff,
    after: &Staff,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let granted = |s: &Staff| (s.role, s.station_id, s.active);
    let raise = granted(before) != granted(after);
    let sql = "UPDATE staff SET version = ?, name = ?, role = ?, station_id = ?, active = ?, grants = grants + ?, updated_at = ? WHERE id = ?";
    sqlx::query(sql)
        .bind(after.version)
        .bind(&after.name)
        .bind(after.role.as_str())
        .bind(after.station_id.map(|s| s.0))
        .bind(after.active)
        .bind(i32::from(raise))
        .bind(at)
        .bind(after.id.0)
        .execute(tx.conn())
        .await?;
    let mut scopes = scopes_of(before);
    let new: Vec<Scope> = scopes_of(after)
        .into_iter()
        .filter(|scope| !scopes.contains(scope))
        .collect();
    scopes.extend(new);
    dirty::mark(tx, Kind::Staff, after.id.0, &scopes)?;
    let mut homes: Vec<StationId> = [before, after]
        .iter()
        .filter(|s| s.role == Role::Collector)
        .filter_map(|s| s.station_id)
        .collect();
    // In one order, whoever goes where.
    homes.sort_unstable();
    homes.dedup();
    for station in homes {
        stations::lock(tx, station).await?;
        dirty::mark(tx, Kind::Station, station.0, &[Scope::Collector(after.id)])?;
    }
    Ok(())
}

/// Sets a new password.
///
/// # Errors
/// Of the database.
pub async fn set_password(
    tx: &mut Tx,
    staff: StaffId,
    password_hash: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE staff SET password_hash = ?, updated_at = ? WHERE id = ?";
    sqlx::query(sql)
        .bind(password_hash)
        .bind(at)
        .bind(staff.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}
