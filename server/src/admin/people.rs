//! Adding staff, also from the command line, and changing them: another role or station, a new password, or that they
//! have left.

use crate::{
    app::State,
    once,
    once::Reply,
    problem::Problem,
    staff::{AdminSession, password},
    store::{Db, StoreError, idempotency::Keyed, refresh_tokens, staff, stations},
};
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

/// Whether people may sign in under this name: `^[a-z0-9._-]{2,32}$`, so that no two look alike.
#[must_use]
pub fn is_username(text: &str) -> bool {
    (2..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// What changes of a person; what is left out stays. Texts are checked for length by the caller.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// False: they have left, and are shut out.
    pub active: Option<bool>,
    /// Name shown.
    pub name: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// Home station; `Some(None)` for no station any more.
    pub station: Option<Option<StationId>>,
    /// A new password; all their sessions end.
    pub password: Option<String>,
}

/// Changes a person. Who is no longer with us has no session any more; another role or station gives their devices
/// other scopes.
///
/// # Errors
/// `not_found`, `own_account`, `unknown_station`, `required` (station), those of the idempotency key, or the database's.
pub async fn change(
    app: &State,
    admin: &AdminSession,
    id: StaffId,
    change: Change,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    if id == admin.id() {
        refuse_own(&change)?;
    }
    let hash = match change.password.clone() {
        Some(password) => Some(password::hash(password).await?),
        None => None,
    };
    let now = app.now();
    let known = staff::find(&mut *app.db.read().await?, id).await?;
    let known = changed(&known.ok_or_else(Problem::not_found)?.staff, &change);
    check_home(&app.db, known.role, known.station_id).await?;
    once!(app, keyed, tx => {
        let before = staff::lock(tx.conn(), id).await?;
        let before = before.ok_or_else(Problem::not_found)?.staff;
        let after = changed(&before, &change);
        if after.station_id.is_none() && !after.role.plans_everywhere() {
            return Err(Problem::field("station_id", "required"));
        }
        staff::update(tx, &before, &after, now).await?;
        if let Some(hash) = &hash {
            staff::set_password(tx, id, hash, now).await?;
        }
        if !after.active {
            refresh_tokens::revoke_staff(tx, id, "left", now).await?;
        } else if hash.is_some() {
            refresh_tokens::revoke_staff(tx, id, "new_password", now).await?;
        }
        Reply::of(200, &after)
    })
}

/// The last administrator must not be able to lock everybody out.
fn refuse_own(change: &Change) -> Result<(), Problem> {
    if change.active == Some(false) {
        return Err(Problem::field("active", "own_account"));
    }
    if change.role.is_some_and(|role| role != Role::Admin) {
        return Err(Problem::field("role", "own_account"));
    }
    Ok(())
}

fn changed(before: &Staff, change: &Change) -> Staff {
    Staff {
        version: before.version + 1,
        name: change.name.clone().unwrap_or_else(|| before.name.clone()),
        role: change.role.unwrap_or(before.role),
        station_id: change.station.unwrap_or(before.station_id),
        active: change.active.unwrap_or(before.active),
        ..before.clone()
    }
}

/// Collectors and station staff have a home station, and it exists.
async fn check_home(db: &Db, role: Role, station: Option<StationId>) -> Result<(), Problem> {
    match station {
        Some(station) => {
            let found = stations::load(&mut *db.read().await?, station).await?;
            found.ok_or_else(|| Problem::field("station_id", "unknown_station"))?;
        }
        None if !role.plans_everywhere() => return Err(Problem::field("station_id", "required")),
        None => {}
    }
    Ok(())
}

/// Adds a person with their first password.
///
/// # Errors
/// `unknown_station`, `required` (station), `taken` (username), those of the idempotency key, or the database's.
pub async fn add(
    app: &State,
    new: &NewPerson,
    password: String,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    let hash = password::hash(password).await?;
    check_home(&app.db, new.role, new.station).await?;
    let person = Staff {
        id: StaffId(Uuid::now_v7()),
        version: 1,
        username: new.username.clone(),
        name: new.name.clone(),
        role: new.role,
        station_id: new.station,
        active: true,
    };
    let now = app.now();
    once!(app, keyed, tx => {
        staff::insert(tx, &person, &hash, now).await.map_err(taken)?;
        Reply::of(201, &person)
    })
}

fn taken(error: StoreError) -> Problem {
    if error.is_duplicate() {
        Problem::field("username", "taken")
    } else {
        error.into()
    }
}
