//! A leaver's outbox: handed in by a device that is shut out, signed with its key, kept for review. Nothing in it takes
//! effect by itself.

use super::{revoke, signature};
use crate::{
    app::State,
    once,
    once::Reply,
    problem::Problem,
    store::{
        Tx, devices,
        idempotency::Keyed,
        quarantine,
        quarantine::{Entry, NewEntry},
        revocations,
    },
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::{
        message::MAX_MUTATIONS,
        revocation::{Mode, quarantine_text},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Most mutations of one device: far above what a person can do offline, and a bound to what a hostile device can
/// leave behind.
const MOST: i64 = 20_000;

/// `POST /sync/v1/quarantine`.
#[derive(Debug, Deserialize)]
pub struct HandedIn {
    /// The device that is shut out.
    pub device: DeviceId,
    /// What was pending, byte for byte.
    pub mutations: Vec<Box<RawValue>>,
    /// Its key's signature over [`quarantine_text`], base64.
    pub signature: String,
}

/// Its answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Mutations of this request that were not kept yet.
    pub kept: usize,
    /// All that are kept of this device.
    pub total: i64,
}

/// What can be read of a mutation whatever its form.
#[derive(Deserialize, Default)]
struct Scraps {
    #[serde(default)]
    id: Option<i64>,
    #[serde(default)]
    uid: Option<Uuid>,
    #[serde(default)]
    actor: Option<Uuid>,
    #[serde(default)]
    name: String,
}

/// Keeps what is handed in. The same again adds nothing.
///
/// # Errors
/// `device_unknown`, `bad_signature`, `not_revoked`, `device_revoked` for a stolen device, `push_too_large`,
/// `quarantine_full`.
pub async fn hand_in(app: &State, handed: &HandedIn) -> Result<Kept, Problem> {
    if handed.mutations.len() > MAX_MUTATIONS {
        return Err(Problem::new(413, "push_too_large"));
    }
    let device = devices::find(&mut *app.db.read().await?, handed.device).await?;
    let device = device.ok_or_else(|| Problem::unauthorized("device_unknown"))?;
    let raws = handed.mutations.iter().map(|raw| raw.get());
    let text = quarantine_text(handed.device, raws);
    if !signature::verify(&device.public_key, &text, &handed.signature) {
        return Err(Problem::unauthorized("bad_signature"));
    }
    match revoke::statement(app, &device).await? {
        None => return Err(Problem::new(409, "not_revoked")),
        Some(said) if said.mode == Mode::Stolen => {
            return Err(Problem::new(403, "device_revoked").with("statement", &said));
        }
        Some(_) => {}
    }
    let now = app.now();
    let kept = write_tx!(&app.db, |tx| keep_all(tx, handed, now).await)?;
    tracing::info!(device = %handed.device, kept = kept.kept, total = kept.total, "a leaver's outbox is in quarantine");
    Ok(kept)
}

async fn keep_all(tx: &mut Tx, handed: &HandedIn, now: DateTime<Utc>) -> Result<Kept, Problem> {
    revocations::lock_device(tx.conn(), handed.device).await?;
    let mut kept = 0;
    for raw in &handed.mutations {
        let scraps: Scraps = serde_json::from_str(raw.get()).unwrap_or_default();
        let new = NewEntry {
            digest: Sha256::digest(raw.get().as_bytes()).into(),
            mutation: scraps.id,
            uid: scraps.uid,
            actor: scraps.actor,
            name: &scraps.name,
            raw: raw.get(),
        };
        if quarantine::keep(tx.conn(), handed.device, &new, now).await? {
            kept += 1;
        }
    }
    let total = quarantine::count(tx.conn(), handed.device).await?;
    if total > MOST {
        return Err(Problem::new(413, "quarantine_full"));
    }
    Ok(Kept { kept, total })
}

/// What is in quarantine before `before`, newest first: the open entries, or the closed.
///
/// # Errors
/// Of the database.
pub async fn list(
    app: &State,
    closed: bool,
    before: Option<Uuid>,
    most: u32,
) -> Result<Vec<Entry>, Problem> {
    Ok(quarantine::list(&mut *app.db.read().await?, closed, before, most).await?)
}

/// Closes a quarantined mutation with a word on what became of it.
///
/// # Errors
/// `not_found` if there is none that is open, those of the idempotency key, or the database's.
pub async fn close(
    app: &State,
    by: StaffId,
    id: Uuid,
    resolution: &str,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    let now = app.now();
    once!(app, keyed, tx => {
        let closed = quarantine::resolve(tx.conn(), id, by, resolution, now).await?;
        closed.then(Reply::done).ok_or_else(Problem::not_found)
    })
}
