//! Signing in, refreshing, signing out, a new password.

use super::{password, register::too_many, revoke, session::StaffSession, signature};
use crate::{
    app::State,
    auth::{Audience, Claims},
    once,
    once::Reply,
    problem::Problem,
    refresh::By,
    store::{
        devices::{self, Device},
        idempotency::Keyed,
        refresh_tokens::{self, Issued, Rotation, Subject},
        staff::{self, Person},
        stations,
    },
    sync::grants,
    write_tx,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    staff::Role,
    sync::scope::Scope,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// Who wants to sign in, where.
#[derive(Clone)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// The registered device.
    pub device: DeviceId,
    /// The device's signature over [`signature::session_text`], base64.
    pub signature: String,
    /// The device's time as it stands in the request.
    pub client_time: String,
}

/// Answer to signing in and refreshing.
#[derive(Debug, Clone, Serialize)]
pub struct Session {
    /// Bearer token of the other calls.
    pub access_token: String,
    /// For the next refresh.
    pub refresh_token: String,
    /// Seconds that the access token is good for.
    pub expires_in: i64,
    /// Who.
    pub staff: SignedIn,
    /// Where.
    pub device: NamedDevice,
    /// What the device holds while this person is signed in.
    pub scopes: BTreeSet<Scope>,
    /// The server's signing key, for devices that have not pinned one yet; Ed25519, base64.
    pub server_key: String,
    /// The key that the device's store key is sealed for; X25519, base64.
    pub recovery_key: String,
    /// For the device to measure its clock by.
    #[serde(with = "huishou_domain::time::millis")]
    pub server_time: DateTime<Utc>,
}

/// The person signed in.
#[derive(Debug, Clone, Serialize)]
pub struct SignedIn {
    /// Identity.
    pub id: StaffId,
    /// User name.
    pub username: String,
    /// Name shown.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Home station.
    pub station_id: Option<StationId>,
    /// Its name.
    pub station_name: Option<String>,
}

/// The device as its own session shows it.
#[derive(Debug, Clone, Serialize)]
pub struct NamedDevice {
    /// Identity.
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
}

/// Signs in. Unknown people and wrong passwords get the same answer in the same time.
///
/// # Errors
/// `device_unknown`, `device_revoked`, `bad_signature`, `bad_credentials`, `too_many_attempts`.
pub async fn sign_in(app: &State, credentials: Credentials) -> Result<Session, Problem> {
    let text = signature::session_text(
        credentials.device,
        &credentials.username,
        &credentials.client_time,
    );
    let device = proven_device(app, credentials.device, &text, &credentials.signature).await?;
    let attempt = format!("{} {}", credentials.device, credentials.username);
    let counted = app.desk.passwords.attempt(&attempt).await;
    counted.map_err(|wait| too_many(wait.as_secs()))?;
    let person = match who(app, &credentials.username, credentials.password).await {
        Ok(Some(person)) => person,
        Ok(None) => return Err(Problem::unauthorized("bad_credentials")),
        Err(problem) => {
            app.desk.passwords.forgive(&attempt).await;
            return Err(problem);
        }
    };
    app.desk.passwords.succeeded(&attempt).await;
    let (id, now) = (person.staff.id, app.now());
    let issued: Result<Issued, Problem> = write_tx!(&app.db, |tx| {
        devices::note_session(tx.conn(), credentials.device, id, now).await?;
        Ok(refresh_tokens::issue(tx, Subject::Staff(id, credentials.device), now).await?)
    });
    session(app, &person, &device, issued?).await
}

/// Whose name and password these are, of people at work. The work is the same whether the name is known or not.
async fn who(app: &State, username: &str, password: String) -> Result<Option<Person>, Problem> {
    let person = staff::find_by_username(&mut *app.db.read().await?, username).await?;
    let person = person.filter(|p| p.staff.active);
    let hash = person.as_ref().map(|p| p.password_hash.clone());
    let fits = password::verify(password, hash).await?;
    Ok(person.filter(|_| fits))
}

/// Replaces a refresh token. The token's own device must have signed.
///
/// # Errors
/// `refresh_invalid`, `refresh_reused`, `device_unknown`, `device_revoked`, `bad_signature`.
pub async fn refresh(
    app: &State,
    token: &str,
    device: DeviceId,
    signed: &str,
) -> Result<Session, Problem> {
    let text = signature::refresh_text(device, token);
    let device = match proven_device(app, device, &text, signed).await {
        Ok(device) => device,
        Err(problem) if problem.status == 401 => return Err(stolen(app, token, problem).await?),
        Err(problem) => return Err(problem),
    };
    let (by, now) = (By::Device(DeviceId(device.id)), app.now());
    let rotation: Result<Rotation, Problem> = write_tx!(&app.db, |tx| {
        let rotation = refresh_tokens::rotate(tx, &app.desk.refresh_key, token, by, now).await?;
        devices::seen(tx.conn(), DeviceId(device.id), now).await?;
        Ok(rotation)
    });
    let issued = match rotation? {
        Rotation::Issued(issued) => issued,
        Rotation::Invalid => return Err(Problem::unauthorized("refresh_invalid")),
        Rotation::Reused => {
            tracing::warn!(device = %device.id, "a used refresh token came again; its session is ended");
            return Err(Problem::unauthorized("refresh_reused"));
        }
    };
    let person = match issued.subject {
        Subject::Staff(id, _) => staff::find(&mut *app.db.read().await?, id).await?,
        Subject::Customer(_) => None,
    };
    let person = person.filter(|p| p.staff.active);
    let person = person.ok_or_else(|| Problem::unauthorized("session_ended"))?;
    session(app, &person, &device, issued).await
}

/// What to answer to who is not the token's owner: a used one has been stolen, and its session ends here and now.
async fn stolen(app: &State, token: &str, otherwise: Problem) -> Result<Problem, Problem> {
    let now = app.now();
    let key = &app.desk.refresh_key;
    let rotation: Result<Rotation, Problem> = write_tx!(&app.db, |tx| Ok(refresh_tokens::rotate(
        tx,
        key,
        token,
        By::Nobody,
        now
    )
    .await?));
    if rotation? != Rotation::Reused {
        return Ok(otherwise);
    }
    tracing::warn!("a used refresh token came from elsewhere; its session is ended");
    Ok(Problem::unauthorized("refresh_reused"))
}

/// Ends the session.
///
/// # Errors
/// Of the database.
pub async fn sign_out(app: &State, session: &StaffSession) -> Result<(), Problem> {
    let now = app.now();
    write_tx!(&app.db, |tx| Ok(refresh_tokens::revoke(
        tx,
        session.chain,
        "signed_out",
        now
    )
    .await?))
}

/// Sets a new password and ends the person's other sessions.
///
/// # Errors
/// `bad_credentials` if the old one is wrong, `too_many_attempts`, those of the idempotency key.
pub async fn change_password(
    app: &State,
    session: &StaffSession,
    old: String,
    new: String,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    let attempt = format!("{} {}", session.device.id, session.person.staff.username);
    let counted = app.desk.passwords.attempt(&attempt).await;
    counted.map_err(|wait| too_many(wait.as_secs()))?;
    let answer = match once::replay(app, keyed).await {
        Ok(None) => owns(session, old).await,
        Ok(Some(reply)) => Ok(Some(reply)),
        Err(problem) => Err(problem),
    };
    // Other passwords under a known key are a guess like any other.
    let guessed =
        |p: &Problem| matches!(p.code.as_str(), "idempotency_mismatch" | "bad_credentials");
    if !answer.as_ref().is_err_and(guessed) {
        app.desk.passwords.forgive(&attempt).await;
    }
    if let Some(reply) = answer? {
        return Ok(reply);
    }
    let hash = password::hash(new).await?;
    let (id, now) = (session.person.staff.id, app.now());
    once!(app, keyed, tx => {
        staff::set_password(tx, id, &hash, now).await?;
        refresh_tokens::revoke_others(tx, id, session.chain, "new_password", now).await?;
        Ok(Reply::done())
    })
}

/// Whether the old password is right; no answer yet.
async fn owns(session: &StaffSession, old: String) -> Result<Option<Reply>, Problem> {
    match password::verify(old, Some(session.person.password_hash.clone())).await? {
        true => Ok(None),
        false => Err(Problem::new(403, "bad_credentials")),
    }
}

/// The device, if it may talk to the server and signed the text.
async fn proven_device(
    app: &State,
    id: DeviceId,
    text: &str,
    signed: &str,
) -> Result<Device, Problem> {
    let device = devices::find(&mut *app.db.read().await?, id).await?;
    let device = device.ok_or_else(|| Problem::unauthorized("device_unknown"))?;
    if !signature::verify(&device.public_key, text, signed) {
        return Err(Problem::unauthorized("bad_signature"));
    }
    revoke::turn_away(app, &device).await?;
    Ok(device)
}

async fn session(
    app: &State,
    person: &Person,
    device: &Device,
    issued: Issued,
) -> Result<Session, Problem> {
    let stations = stations::all(&mut *app.db.read().await?).await?;
    let (person, now) = (&person.staff, app.now());
    let claims = Claims {
        sub: person.id.0,
        aud: Audience::Staff,
        dev: Some(DeviceId(device.id)),
        role: Some(person.role),
        st: person.station_id,
        jti: issued.chain,
        iat: 0,
        exp: 0,
    };
    let access_token = app
        .tokens
        .sign(&claims, now)
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Session {
        access_token,
        refresh_token: issued.token,
        expires_in: app.tokens.life_seconds(),
        staff: SignedIn {
            id: person.id,
            username: person.username.clone(),
            name: person.name.clone(),
            role: person.role,
            station_id: person.station_id,
            station_name: stations
                .iter()
                .find(|s| Some(s.id) == person.station_id)
                .map(|s| s.name.clone()),
        },
        device: NamedDevice {
            id: DeviceId(device.id),
            name: device.name.clone(),
        },
        scopes: grants::scopes_of(person, &stations),
        server_key: app.identity.server_key(),
        recovery_key: app.identity.recovery_key(),
        server_time: now,
    })
}
