//! Adding staff; also from the command line.

use crate::{
    app::State,
    problem::Problem,
    staff::password,
    store::{Db, StoreError, staff, stations},
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{StaffId, StationId},
    staff::{Role, Staff},
};
use uuid::Uuid;

/// Somebody new; texts are checked for length by the caller.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Sign-in name.
    pub username: String,
    /// Name shown.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Home station; required of collectors and station staff.
    pub station: Option<StationId>,
}

/// Adds a person with their first password.
///
/// # Errors
/// `unknown_station`, `required` (station), `taken` (username), or the database's.
pub async fn add(app: &State, new: &NewPerson, password: String) -> Result<Staff, Problem> {
    let hash = password::hash(password).await?;
    insert(&app.db, new, &hash, app.now()).await
}

/// The same with a password already hashed.
///
/// # Errors
/// As [`add`].
pub async fn insert(
    db: &Db,
    new: &NewPerson,
    hash: &str,
    at: DateTime<Utc>,
) -> Result<Staff, Problem> {
    match new.station {
        Some(station) => {
            let found = stations::load(&mut *db.read().await?, station).await?;
            found.ok_or_else(|| Problem::field("station_id", "unknown_station"))?;
        }
        None if !new.role.plans_everywhere() => {
            return Err(Problem::field("station_id", "required"));
        }
        None => {}
    }
    let person = Staff {
        id: StaffId(Uuid::now_v7()),
        version: 1,
        username: new.username.clone(),
        name: new.name.clone(),
        role: new.role,
        station_id: new.station,
        active: true,
    };
    let done: Result<(), StoreError> =
        write_tx!(db, |tx| staff::insert(tx, &person, hash, at).await);
    match done {
        Ok(()) => Ok(person),
        Err(error) if error.is_duplicate() => Err(Problem::field("username", "taken")),
        Err(error) => Err(error.into()),
    }
}
