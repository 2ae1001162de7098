//! A leaver's outbox: handed in by a device that is shut out, signed with its key, kept for review. Nothing in it takes
//! effect by itself.
//!
//! Its pictures follow behind the commands, part by part and resumable like every picture (sync.md 19), not sealed into
//! the quarantine's body: ten photos would burst it, and a body that breaks off begins anew. The device's sessions have
//! ended, so that each part is signed with its key. A picture for a visit whose command went up before is seen with that
//! visit; one that only a quarantined command names is seen by administrators.

use super::{revoke, signature};
use crate::{
    app::State,
    blobs::{self, Done, Part},
    once,
    once::Reply,
    problem::Problem,
    store::{
        Tx,
        blobs::Hash,
        devices::{self, Device},
        idempotency::Keyed,
        quarantine,
        quarantine::{Entry, NewEntry},
        quarantined_pictures as pictures, revocations,
        worklist::{self, List, Wanted},
    },
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    blob::{hash_of, hex, names_in},
    ids::{DeviceId, StaffId},
    sync::{
        message::MAX_MUTATIONS,
        revocation::{picture_text, quarantine_text},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Most mutations of one device: far above what a person can do offline, and a bound to what a hostile device can
/// leave behind.
const MOST: i64 = 20_000;
/// Most pictures of one device: weeks offline with three photos a visit…
const MOST_PICTURES: i64 = 5_000;
/// …and the most bytes that they may have together.
const MOST_PICTURE_BYTES: u64 = 2 * 1024 * 1024 * 1024;

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
    let device = known(app, handed.device).await?;
    let raws = handed.mutations.iter().map(|raw| raw.get());
    let text = quarantine_text(handed.device, raws);
    leaves(app, &device, &text, &handed.signature).await?;
    let now = app.now();
    let kept = write_tx!(&app.db, |tx| keep_all(tx, handed, now).await)?;
    tracing::info!(device = %handed.device, kept = kept.kept, total = kept.total, "a leaver's outbox is in quarantine");
    Ok(kept)
}

async fn known(app: &State, id: DeviceId) -> Result<Device, Problem> {
    let device = devices::find(&mut *app.db.read().await?, id).await?;
    device.ok_or_else(|| Problem::unauthorized("device_unknown"))
}

/// That this text is the device's, and that it is shut out and may hand in what it holds.
async fn leaves(app: &State, device: &Device, text: &str, signature: &str) -> Result<(), Problem> {
    if !signature::verify(&device.public_key, text, signature) {
        return Err(Problem::unauthorized("bad_signature"));
    }
    revoke::may_hand_in(revoke::statement(app, device).await?.as_ref())
}

/// Adds a part to a picture that a leaver's device hands in.
///
/// # Errors
/// As for [`hand_in`], and of [`blobs::put`]; `quarantine_full` for what exceeds the bounds.
pub async fn hand_picture_in(
    app: &State,
    device: DeviceId,
    hash: &Hash,
    part: Part<'_>,
    signature: &str,
) -> Result<Done, Problem> {
    let text = picture_text(device, &hex(hash), part.start, part.total, part.bytes);
    leaves(app, &known(app, device).await?, &text, signature).await?;
    blobs::check(part)?;
    let now = app.now();
    write_tx!(&app.db, |tx| admit(tx, device, hash, part.total, now).await)?;
    blobs::put(app, device, hash, part).await
}

async fn admit(
    tx: &mut Tx,
    device: DeviceId,
    hash: &Hash,
    total: u32,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    revocations::lock_device(tx.conn(), device).await?;
    if pictures::is_begun(tx.conn(), device, hash).await? {
        return Ok(());
    }
    let sum = pictures::sum(tx.conn(), device).await?;
    if sum.pictures >= MOST_PICTURES || sum.bytes + u64::from(total) > MOST_PICTURE_BYTES {
        tracing::warn!(%device, pictures = sum.pictures, bytes = sum.bytes, "a leaver's pictures exceed the bounds");
        return Err(Problem::new(413, "quarantine_full"));
    }
    Ok(pictures::begin(tx.conn(), device, hash, total, now).await?)
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

/// A quarantined mutation, with the pictures that it names.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The mutation.
    #[serde(flatten)]
    pub entry: Entry,
    /// The pictures that it names.
    pub pictures: Vec<Named>,
    /// How many of them are not here: they were lost with the device, or exceeded the bounds.
    pub pictures_missing: usize,
}

/// A picture that a mutation names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its name, for `GET /sync/v1/blobs/{sha256}`.
    pub sha256: String,
    /// Whether it is here.
    pub here: bool,
}

/// What is in quarantine, newest first.
///
/// # Errors
/// Of the database.
pub async fn list(app: &State, wanted: Wanted<Uuid>) -> Result<Vec<Listed>, Problem> {
    let mut conn = app.db.read().await?;
    let entries = quarantine::list(&mut conn, wanted).await?;
    let named: Vec<Vec<String>> = entries.iter().map(|entry| named(entry.raw.get())).collect();
    let hashes: Vec<Hash> = named
        .iter()
        .flatten()
        .filter_map(|name| hash_of(name))
        .collect();
    let here = pictures::here(&mut conn, &hashes).await?;
    let is_here = |name: &str| hash_of(name).is_some_and(|hash| here.contains(&hash[..]));
    let listed = entries.into_iter().zip(named).map(|(entry, names)| {
        let pictures: Vec<Named> = names
            .into_iter()
            .map(|sha256| Named {
                here: is_here(&sha256),
                sha256,
            })
            .collect();
        Listed {
            entry,
            pictures_missing: pictures.iter().filter(|picture| !picture.here).count(),
            pictures,
        }
    });
    Ok(listed.collect())
}

/// The pictures that a mutation of whatever form names.
fn named(raw: &str) -> Vec<String> {
    let mutation: serde_json::Value = serde_json::from_str(raw).unwrap_or_default();
    mutation.get("args").map(names_in).unwrap_or_default()
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
        let closed = worklist::resolve(tx.conn(), List::Quarantine, id, (by, resolution), now).await?;
        closed.then(Reply::done).ok_or_else(Problem::not_found)
    })
}
