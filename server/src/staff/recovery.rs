//! A device whose keyring was reset gets its store's key back: an administrator's pairing code permits it once. The
//! device comes with a new key of its own, which replaces the old one; its sessions end.

use super::{identity, pairing, register::too_many, revoke, signature};
use crate::{
    app::State,
    problem::Problem,
    store::{Tx, devices, pairing as codes, refresh_tokens, revocations, revocations::Recovered},
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::DeviceId,
    sync::revocation::{recovery_text, sealed_text},
};
use zeroize::Zeroizing;

/// What the device asks; texts are checked for length by the route.
#[derive(Debug, Clone)]
pub struct Asked {
    /// As typed.
    pub pairing_code: String,
    /// The device's new Ed25519 key, base64.
    pub public_key: String,
    /// The store's key, sealed for the server's recovery key when the device was registered; base64.
    pub wrapped: String,
    /// X25519 key that the answer is to be sealed for, base64.
    pub reply_to: String,
    /// The new key's signature over [`recovery_text`], base64.
    pub signature: String,
}

/// The store's key, sealed for `reply_to`. The same code with the same new key again gets it again: the answer may have
/// been lost.
///
/// # Errors
/// `bad_pairing_code`, `pairing_code_used`, `pairing_code_expired`, `too_many_attempts`, `device_unknown`,
/// `device_revoked` with the statement, `bad_signature`, `not_this_devices_key`.
pub async fn recover(
    app: &State,
    id: DeviceId,
    asked: &Asked,
    from: &str,
) -> Result<String, Problem> {
    let key = signature::public_key(&asked.public_key)
        .ok_or_else(|| Problem::field("public_key", "type"))?;
    let text = recovery_text(id, &asked.wrapped, &asked.reply_to);
    if !signature::verify(&key, &text, &asked.signature) {
        return Err(Problem::unauthorized("bad_signature"));
    }
    let attempt = app.desk.codes.attempt(from).await;
    attempt.map_err(|wait| too_many(wait.as_secs()))?;
    let store_key = opened(app, id, &asked.wrapped);
    let now = app.now();
    let hash = pairing::normalise(&asked.pairing_code)
        .map(|code| pairing::hash(&app.desk.pairing_key, &code));
    let done: Result<(), Problem> = match (hash, &store_key) {
        (Some(hash), Ok(_)) => {
            write_tx!(&app.db, |tx| exchange(
                app,
                tx,
                (id, key),
                (hash, from),
                now
            )
            .await)
        }
        (None, _) => Err(bad_code()),
        (_, Err(problem)) => Err(problem.clone()),
    };
    let guessed =
        |p: &Problem| matches!(p.code.as_str(), "bad_pairing_code" | "not_this_devices_key");
    if !done.as_ref().is_err_and(guessed) {
        app.desk.codes.forgive(from).await;
    }
    done?;
    let sealed = identity::seal_for(&asked.reply_to, &store_key?);
    sealed.ok_or_else(|| Problem::field("reply_to", "type"))
}

/// The key in the sealed text, if it is this device's.
fn opened(app: &State, id: DeviceId, wrapped: &str) -> Result<Zeroizing<String>, Problem> {
    let opened = app.identity.unseal(wrapped);
    let prefix = sealed_text(id, "");
    opened
        .as_ref()
        .and_then(|text| text.strip_prefix(&prefix))
        .filter(|key| key.len() == 64)
        .map(|key| Zeroizing::new(key.to_owned()))
        .ok_or_else(|| Problem::new(422, "not_this_devices_key"))
}

async fn exchange(
    app: &State,
    tx: &mut Tx,
    (id, key): (DeviceId, [u8; 32]),
    (hash, from): ([u8; 32], &str),
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let code = codes::lock(tx.conn(), hash).await?.ok_or_else(bad_code)?;
    revocations::lock_device(tx.conn(), id).await?;
    let device = devices::find(tx.conn(), id)
        .await?
        .ok_or_else(|| Problem::unauthorized("device_unknown"))?;
    revoke::turn_away(app, &device).await?;
    if let Some(by) = code.used_by {
        return if by == id.0 && device.public_key == key {
            Ok(())
        } else {
            Err(Problem::new(409, "pairing_code_used"))
        };
    }
    if code.expires_at <= now {
        return Err(Problem::new(410, "pairing_code_expired"));
    }
    if let Some(known) = devices::find_by_key(tx.conn(), &key).await?
        && known.id != id.0
    {
        return Err(Problem::new(409, "device_known"));
    }
    let recovered = Recovered {
        device: id,
        code: hash,
        permitted_by: codes::made_by(tx.conn(), hash).await?,
        old_key: &device.public_key,
        new_key: &key,
        from,
        at: now,
    };
    revocations::replace_key(tx.conn(), recovered).await?;
    codes::mark_used(tx.conn(), hash, id, now).await?;
    refresh_tokens::revoke_device(tx, id, "recovered", now).await?;
    tracing::warn!(device = %id, "a device gets its store's key back and has a new key of its own");
    Ok(())
}

fn bad_code() -> Problem {
    Problem::new(422, "bad_pairing_code")
}
