//! App keys as administrators keep them: made, rotated, revoked. A secret is shown once, in the answer to the request
//! that made it; the same request under the same idempotency key shows it again for a day.

use crate::{
    app::State,
    once,
    once::Reply,
    problem::Problem,
    staff::AdminSession,
    store::{
        app_keys::{self, AppKey},
        idempotency::Keyed,
    },
};
use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

/// How long the secret before a rotation stays good.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The partner's name.
    pub name: String,
    /// Calls a day.
    pub daily_quota: u32,
    /// Calls a second.
    pub rate: u32,
}

/// Makes a key.
///
/// # Errors
/// Those of the idempotency key, or the database's.
pub async fn create(
    app: &State,
    admin: &AdminSession,
    new: &NewKey,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    if let Some(kept) = once::replay(app, keyed).await? {
        return with_secret(app, kept);
    }
    let key = AppKey {
        id: Uuid::now_v7(),
        app_key: format!("hs{}", Uuid::new_v4().simple()),
        name: new.name.clone(),
        generation: 1,
        previous_until: None,
        daily_quota: new.daily_quota,
        rate: new.rate,
        created_at: app.now(),
        rotated_at: None,
        revoked_at: None,
    };
    let kept = once!(app, keyed, tx => {
        app_keys::insert(tx, &key, admin.id()).await?;
        Reply::of(201, &key)
    })?;
    with_secret(app, kept)
}

/// Gives a key its next secret; the one before stays good for a day.
///
/// # Errors
/// `not_found`, `app_key_revoked`, those of the idempotency key, or the database's.
pub async fn rotate(
    app: &State,
    admin: &AdminSession,
    id: Uuid,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    if let Some(kept) = once::replay(app, keyed).await? {
        return with_secret(app, kept);
    }
    let now = app.now();
    let kept = once!(app, keyed, tx => {
        let before = app_keys::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
        if before.revoked_at.is_some() {
            return Err(Problem::conflict("app_key_revoked", None));
        }
        let after = AppKey {
            generation: before.generation + 1,
            previous_until: Some(now + OVERLAP),
            rotated_at: Some(now),
            ..before
        };
        app_keys::rotate(tx, &after, admin.id()).await?;
        Reply::of(200, &after)
    })?;
    with_secret(app, kept)
}

/// Ends a key at once; one that has ended stays as it was.
///
/// # Errors
/// `not_found`, those of the idempotency key, or the database's.
pub async fn revoke(
    app: &State,
    admin: &AdminSession,
    id: Uuid,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    let now = app.now();
    once!(app, keyed, tx => {
        app_keys::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
        app_keys::revoke(tx, id, admin.id(), now).await?;
        Ok(Reply::done())
    })
}

/// The answer with the secret itself, which is made anew: it is not kept with the answer.
fn with_secret(app: &State, mut kept: Reply) -> Result<Reply, Problem> {
    let key: AppKey = serde_json::from_value(kept.body.clone())
        .map_err(|e| Problem::internal(format!("a kept app key: {e}")))?;
    kept.body["secret"] = Value::String(app.open.secret(key.id, key.generation));
    Ok(kept)
}
