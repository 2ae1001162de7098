//! What administrators do: let devices in and shut them out, add staff, publish prices, look at what is wrong.

pub mod depots;
pub mod people;
pub mod prices;

use crate::{
    app::State,
    problem::Problem,
    staff::{AdminSession, pairing},
    store::{devices, disputed, pairing as codes, refresh_tokens, review_list, stations},
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StationId};
use serde::Serialize;
use uuid::Uuid;

/// A pairing code, shown this once.
#[derive(Debug, Serialize)]
pub struct NewCode {
    /// To be read out to whoever sets the device up.
    pub code: String,
    /// Not after this.
    #[serde(with = "huishou_domain::time::millis")]
    pub expires_at: DateTime<Utc>,
    /// The depot the device will belong to.
    pub station_id: Option<StationId>,
}

/// Makes a pairing code.
///
/// # Errors
/// An unknown station, or the database's.
pub async fn new_pairing_code(
    app: &State,
    admin: &AdminSession,
    station: Option<StationId>,
) -> Result<NewCode, Problem> {
    if let Some(station) = station {
        let found = stations::load(&mut *app.db.read().await?, station).await?;
        found.ok_or_else(|| Problem::field("station_id", "unknown_station"))?;
    }
    let (code, now) = (pairing::new_code(), app.now());
    let (hash, expires_at) = (
        pairing::hash(&app.desk.pairing_key, &code),
        now + pairing::LIFETIME,
    );
    write_tx!(&app.db, |tx| {
        codes::insert(
            tx.conn(),
            hash,
            station,
            Some(admin.id()),
            (now, expires_at),
        )
        .await?;
        Ok::<(), Problem>(())
    })?;
    Ok(NewCode {
        code,
        expires_at,
        station_id: station,
    })
}

/// Shuts a device out: its sessions end, and every later call of it is refused.
///
/// # Errors
/// `not_found`, or the database's.
pub async fn revoke_device(app: &State, admin: &AdminSession, id: DeviceId) -> Result<(), Problem> {
    let now = app.now();
    write_tx!(&app.db, |tx| {
        if !devices::revoke(tx.conn(), id, admin.id(), now).await? {
            return Err(Problem::not_found());
        }
        refresh_tokens::revoke_device(tx, id, "device_revoked", now).await?;
        Ok(())
    })
}

/// Closes a review.
///
/// # Errors
/// `not_found` if there is none that is open, or the database's.
pub async fn close_review(app: &State, admin: &AdminSession, id: i64) -> Result<(), Problem> {
    let now = app.now();
    let closed: Result<bool, Problem> = write_tx!(&app.db, |tx| Ok(review_list::close(
        tx,
        id,
        admin.id(),
        now
    )
    .await?));
    closed?.then_some(()).ok_or_else(Problem::not_found)
}

/// Closes a disputed record with a word on what it was.
///
/// # Errors
/// `not_found` if there is none that is open, or the database's.
pub async fn close_dispute(
    app: &State,
    admin: &AdminSession,
    id: Uuid,
    resolution: &str,
) -> Result<(), Problem> {
    let now = app.now();
    let closed: Result<bool, Problem> = write_tx!(&app.db, |tx| Ok(disputed::resolve(
        tx.conn(),
        id,
        admin.id(),
        resolution,
        now
    )
    .await?));
    closed?.then_some(()).ok_or_else(Problem::not_found)
}
