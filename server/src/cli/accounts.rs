//! Members of staff from the command line.

use crate::{
    admin::people,
    app::App,
    problem::Problem,
    staff::password,
    store::{StoreError, staff, stations},
    write_tx,
};
use anyhow::{Context, bail};
use huishou_domain::{
    ids::{StaffId, StationId},
    staff::{Role, Staff},
};
use uuid::Uuid;

/// Shortest password.
const SHORTEST: usize = 8;

/// Adds a member of staff.
///
/// # Errors
/// A role, station, name or password that cannot be, or a name that is taken.
pub async fn add(
    app: &App,
    username: &str,
    name: &str,
    role: &str,
    station: Option<&str>,
    password: String,
) -> anyhow::Result<StaffId> {
    let role =
        Role::parse(role).context("the role must be collector, station, dispatcher or admin")?;
    if !people::is_username(username) {
        bail!("the user name must be 2 to 32 of a-z, 0-9, dot, hyphen and underscore");
    }
    if name.trim().is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        bail!("names have 1 to 64 characters, none of them control characters");
    }
    if password.chars().count() < SHORTEST {
        bail!("the password must have at least {SHORTEST} characters");
    }
    let station = home(app, role, station).await?;
    let hash = password::hash(password)
        .await
        .map_err(|_| anyhow::anyhow!("the password cannot be hashed"))?;
    let staff = Staff {
        id: StaffId(Uuid::now_v7()),
        version: 1,
        username: username.to_owned(),
        name: name.to_owned(),
        role,
        station_id: station,
        active: true,
    };
    let now = app.now();
    let done: Result<(), Problem> = write_tx!(&app.db, |tx| Ok(staff::insert(
        tx, &staff, &hash, now
    )
    .await?));
    match done {
        Ok(()) => Ok(staff.id),
        Err(problem)
            if problem
                .cause
                .as_ref()
                .is_some_and(|cause| matches!(**cause, StoreError::Duplicate(_))) =>
        {
            bail!("{username} exists already")
        }
        Err(problem) => bail!(
            "cannot add {username}: {}",
            problem
                .cause
                .map_or(problem.code, |cause| cause.to_string())
        ),
    }
}

async fn home(app: &App, role: Role, code: Option<&str>) -> anyhow::Result<Option<StationId>> {
    match code {
        Some(code) => {
            let station = stations::by_code(&mut *app.db.read().await?, code).await?;
            Ok(Some(
                station
                    .with_context(|| format!("there is no station {code}"))?
                    .id,
            ))
        }
        None if role.plans_everywhere() => Ok(None),
        None => bail!("a {} needs a --station", role.as_str()),
    }
}
