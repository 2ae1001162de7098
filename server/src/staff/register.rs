//! Registering a device: a pairing code lets one key in.

use super::{pairing, signature};
use crate::{
    app::State,
    problem::Problem,
    store::{Tx, devices, devices::Device, pairing as codes},
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::ids::DeviceId;
use uuid::Uuid;

/// A device that wants in; texts are checked for length by the route.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// As typed.
    pub pairing_code: String,
    /// What people call it.
    pub name: String,
    /// Operating system.
    pub platform: String,
    /// Ed25519, 32 bytes in base64.
    pub public_key: String,
}

/// Registers a device, called from this address. The same code with the same key again gives the same device: the
/// answer may have been lost.
///
/// # Errors
/// `bad_pairing_code`, `pairing_code_used`, `pairing_code_expired`, `too_many_attempts`, or a bad key.
pub async fn register(app: &State, new: &NewDevice, from: &str) -> Result<Device, Problem> {
    let key = signature::public_key(&new.public_key)
        .ok_or_else(|| Problem::field("public_key", "type"))?;
    let attempt = app.desk.codes.attempt(from).await;
    attempt.map_err(|wait| too_many(wait.as_secs()))?;
    let hash = pairing::normalise(&new.pairing_code)
        .map(|code| pairing::hash(&app.desk.pairing_key, &code));
    let now = app.now();
    let done = match hash {
        Some(hash) => write_tx!(&app.db, |tx| admit(tx, hash, key, new, now).await),
        None => Err(bad_code()),
    };
    let bad = |problem: &Problem| problem.code == "bad_pairing_code";
    if !done.as_ref().is_err_and(bad) {
        app.desk.codes.forgive(from).await;
    }
    done
}

async fn admit(
    tx: &mut Tx,
    hash: [u8; 32],
    key: [u8; 32],
    new: &NewDevice,
    now: DateTime<Utc>,
) -> Result<Device, Problem> {
    let code = codes::lock(tx.conn(), hash).await?.ok_or_else(bad_code)?;
    let known = devices::find_by_key(tx.conn(), &key).await?;
    if let Some(by) = code.used_by {
        return known
            .filter(|d| d.id == by)
            .ok_or_else(|| Problem::new(409, "pairing_code_used"));
    }
    if code.expires_at <= now {
        return Err(Problem::new(410, "pairing_code_expired"));
    }
    if known.is_some() {
        return Err(Problem::new(409, "device_known"));
    }
    let device = Device {
        id: Uuid::now_v7(),
        name: new.name.clone(),
        platform: new.platform.clone(),
        public_key: key.to_vec(),
        station_id: code.station_id,
        registered_at: now,
        last_seen_at: now,
        revoked_at: None,
    };
    devices::insert(tx.conn(), &device).await?;
    codes::mark_used(tx.conn(), hash, DeviceId(device.id), now).await?;
    Ok(device)
}

fn bad_code() -> Problem {
    Problem::new(422, "bad_pairing_code")
}

pub(super) fn too_many(seconds: u64) -> Problem {
    Problem::too_many(
        "too_many_attempts",
        u32::try_from(seconds).unwrap_or(u32::MAX).max(1),
    )
}
