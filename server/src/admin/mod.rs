//! What administrators do: let devices in and shut them out, add staff, publish prices, look at what is wrong.

pub mod depots;
pub mod people;
pub mod prices;

use crate::{
    app::State,
    once,
    once::Reply,
    problem::Problem,
    staff::{AdminSession, pairing, revoke},
    store::{
        idempotency::Keyed,
        pairing as codes, review_list, stations,
        worklist::{self, List},
    },
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{DeviceId, StationId},
    sync::revocation::Mode,
};
use serde::{Deserialize, Serialize};
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

/// A pairing code as it is kept under its request's key: what the code is made from, with a secret of the server.
#[derive(Debug, Serialize, Deserialize)]
struct Seeded {
    seed: Uuid,
    #[serde(with = "huishou_domain::time::millis")]
    expires_at: DateTime<Utc>,
    station_id: Option<StationId>,
}

/// Makes a pairing code. The same request again gets the same code, which is stored nowhere.
///
/// # Errors
/// An unknown station, those of the idempotency key, or the database's.
pub async fn new_pairing_code(
    app: &State,
    admin: &AdminSession,
    station: Option<StationId>,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    if let Some(kept) = once::replay(app, keyed).await? {
        return shown(app, kept);
    }
    if let Some(station) = station {
        let found = stations::load(&mut *app.db.read().await?, station).await?;
        found.ok_or_else(|| Problem::field("station_id", "unknown_station"))?;
    }
    let now = app.now();
    let new = Seeded {
        seed: Uuid::from_bytes(rand::random()),
        expires_at: now + pairing::LIFETIME,
        station_id: station,
    };
    let code = pairing::of_seed(&app.desk.seed_key, new.seed);
    let hash = pairing::hash(&app.desk.pairing_key, &code);
    let kept = once!(app, keyed, tx => {
        let term = (now, new.expires_at);
        codes::insert(tx.conn(), hash, station, Some(admin.id()), term).await?;
        Reply::of(201, &new)
    })?;
    shown(app, kept)
}

/// The answer with the code itself.
fn shown(app: &State, kept: Reply) -> Result<Reply, Problem> {
    let new: Seeded =
        serde_json::from_value(kept.body).map_err(|e| Problem::internal(e.to_string()))?;
    let code = NewCode {
        code: pairing::of_seed(&app.desk.seed_key, new.seed),
        expires_at: new.expires_at,
        station_id: new.station_id,
    };
    Reply::of(kept.status, &code)
}

/// Shuts a leaver's device out: its sessions end, and every later call of it is refused.
///
/// # Errors
/// `not_found`, or the database's.
pub async fn revoke_device(app: &State, admin: &AdminSession, id: DeviceId) -> Result<(), Problem> {
    revoke::revoke(app, admin.id(), id, Mode::Leave).await
}

/// Closes a review.
///
/// # Errors
/// `not_found` if there is none that is open, those of the idempotency key, or the database's.
pub async fn close_review(
    app: &State,
    admin: &AdminSession,
    id: i64,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    let now = app.now();
    once!(app, keyed, tx => {
        let closed = review_list::close(tx, id, admin.id(), now).await?;
        closed.then(Reply::done).ok_or_else(Problem::not_found)
    })
}

/// Closes a disputed record with a word on what it was.
///
/// # Errors
/// `not_found` if there is none that is open, those of the idempotency key, or the database's.
pub async fn close_dispute(
    app: &State,
    admin: &AdminSession,
    id: Uuid,
    resolution: &str,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    let now = app.now();
    once!(app, keyed, tx => {
        let words = (admin.id(), resolution);
        let closed = worklist::resolve(tx.conn(), List::Disputed, id, words, now).await?;
        closed.then(Reply::done).ok_or_else(Problem::not_found)
    })
}
