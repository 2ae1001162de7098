//! Shutting devices out, and what such a device hears: the server's signed statement (sync.md 25).

use crate::{
    app::State,
    problem::Problem,
    store::{
        devices::{self, Device},
        refresh_tokens, revocations,
    },
    write_tx,
};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::revocation::{Mode, Statement},
};

/// Shuts a device out: its sessions end, and every later call of it is answered with the statement. Once stolen it
/// stays stolen.
///
/// # Errors
/// `not_found`, or the database's.
pub async fn revoke(app: &State, by: StaffId, id: DeviceId, mode: Mode) -> Result<(), Problem> {
    let now = app.now();
    let done: Result<(), Problem> = write_tx!(&app.db, |tx| {
        if !revocations::lock_device(tx.conn(), id).await? {
            return Err(Problem::not_found());
        }
        devices::revoke(tx.conn(), id, by, now).await?;
        let earlier = revocations::find(tx.conn(), id).await?;
        if mode.overrides(earlier.map(|(mode, _)| mode)) {
            revocations::note(tx.conn(), id, mode, by, now).await?;
        }
        refresh_tokens::revoke_device(tx, id, "device_revoked", now).await?;
        Ok(())
    });
    done?;
    tracing::warn!(device = %id, by = %by, mode = mode.as_str(), "a device is shut out");
    Ok(())
}

/// Whether a device that is shut out so may hand in what it holds, for review.
///
/// # Errors
/// `not_revoked` for one that is not; `device_revoked` with the statement for a stolen one.
pub fn may_hand_in(said: Option<&Statement>) -> Result<(), Problem> {
    match said {
        None => Err(Problem::new(409, "not_revoked")),
        Some(said) if said.mode == Mode::Stolen => Err(shut_out(said)),
        Some(_) => Ok(()),
    }
}

/// 403 with the statement.
#[must_use]
pub fn shut_out(said: &Statement) -> Problem {
    Problem::new(403, "device_revoked").with("statement", said)
}

/// What is said of a device that is shut out; none of one that is not.
///
/// # Errors
/// Of the database.
pub async fn statement(app: &State, device: &Device) -> Result<Option<Statement>, Problem> {
    let Some(since) = device.revoked_at else {
        return Ok(None);
    };
    let id = DeviceId(device.id);
    let noted = revocations::find(&mut *app.db.read().await?, id).await?;
    let (mode, at) = noted.unwrap_or((Mode::Leave, since));
    Ok(Some(app.identity.statement(id, mode, at)))
}

/// 403 with the statement for a device that is shut out.
///
/// # Errors
/// `device_revoked`, or the database's.
pub async fn turn_away(app: &State, device: &Device) -> Result<(), Problem> {
    match statement(app, device).await? {
        None => Ok(()),
        Some(said) => Err(shut_out(&said)),
    }
}
