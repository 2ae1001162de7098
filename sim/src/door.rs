//! What stands before the core on a server: who may come in with which token, sessions, and what a device hears that is
//! shut out. As the routes and `server/src/staff` do it, over the simulated database.

use crate::{
    ledger::{
        Sabotage, SimLedger,
        pictures::Piece,
        rows::{self, Key, Row, Tables},
        sessions,
    },
    server::SimHost,
};
use huishou_client::{
    error::Result as Read,
    secrets::{DEVICE_KEY, DeviceKey, Secrets},
};
use huishou_domain::{
    blob::{Asked, Missing},
    ids::{DeviceId, StaffId},
    sync::revocation::{Statement, picture_text, quarantine_text},
};
use huishou_server::{
    auth::{Audience, Claims, Tokens},
    problem::Problem,
    refresh::{self, By, Issued, Rotation, Subject},
    staff::{
        identity::Identity,
        quarantine::{HandedIn, Kept},
        revoke::{may_hand_in, shut_out},
        session::admitted,
        sign_in::{NamedDevice, Session, SignedIn},
        signature,
    },
    store::staff::Person,
    sync::{
        grants,
        ports::{Effecting, Host},
        pull::Caller,
    },
    write_tx,
};
use serde::Deserialize;
use std::sync::OnceLock;

const SECRET: &str = "a secret that all instances of the server share";
/// Derives refresh tokens.
const REFRESH_KEY: [u8; 32] = [0x7f; 32];
/// Seconds that an access token is good for.
const LIFE: i64 = 900;

/// The server's keys.
#[must_use]
pub fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::new(SECRET))
}

fn tokens() -> &'static Tokens {
    static TOKENS: OnceLock<Tokens> = OnceLock::new();
    TOKENS.get_or_init(|| Tokens::new(SECRET, None, LIFE))
}

/// The private half of a device's key.
#[must_use]
pub fn device_key(device: DeviceId) -> [u8; 32] {
    let mut key = [0x42; 32];
    key[..16].copy_from_slice(device.0.as_bytes());
    key
}

struct Kept32([u8; 32]);

impl Secrets for Kept32 {
    fn get(&self, name: &str) -> Read<Option<Vec<u8>>> {
        Ok((name == DEVICE_KEY).then(|| self.0.to_vec()))
    }

    fn set(&self, _: &str, _: &[u8]) -> Read<()> {
        Ok(())
    }

    fn remove(&self, _: &str) -> Read<()> {
        Ok(())
    }
}

/// Whether the device's key made this signature.
fn is_signed(device: DeviceId, text: &str, signed: &str) -> bool {
    let key = DeviceKey::of(&Kept32(device_key(device))).ok();
    let key = key.and_then(|key| signature::public_key(&key.public()));
    key.is_some_and(|key| signature::verify(&key, text, signed))
}

/// What is said of a device that is shut out.
fn said(tables: &Tables, device: DeviceId) -> Option<Statement> {
    let (mode, at) = rows::shut(tables, device.0)?;
    Some(identity().statement(device, mode, at))
}

fn turn_away(tables: &Tables, device: DeviceId) -> Result<(), Problem> {
    said(tables, device).map_or(Ok(()), |said| Err(shut_out(&said)))
}

/// Who comes in with an access token.
///
/// # Errors
/// As the server's.
pub async fn admit(host: &SimHost, token: Option<&str>) -> Result<Caller, Problem> {
    let token = token.ok_or_else(|| Problem::unauthorized("missing_token"))?;
    let claims = tokens().verify(token, Audience::Staff, host.now());
    let claims = claims.map_err(|fault| Problem::unauthorized(fault.as_str()))?;
    let device = claims
        .dev
        .ok_or_else(|| Problem::unauthorized("invalid_token"))?;
    let tables = host.ledger.read().await?;
    if !tables.contains_key(&Key::Device(device.0)) {
        return Err(Problem::unauthorized("device_unknown"));
    }
    if host.ledger.sabotage() != Sabotage::ServesShutOut {
        turn_away(&tables, device)?;
    }
    let is_live = host.ledger.sabotage() == Sabotage::ServesShutOut
        || matches!(tables.get(&Key::Chain(claims.jti)), Some(Row::Chain(c)) if c.revoked_at.is_none());
    let staff = StaffId(claims.sub);
    admitted(person(&tables, staff), is_live)?;
    Ok(Caller { device, staff })
}

fn person(tables: &Tables, id: StaffId) -> Option<Person> {
    match tables.get(&Key::Staff(id.0)) {
        Some(Row::Staff(person)) => Some(Person::clone(person)),
        _ => None,
    }
}

/// `POST /staff/v1/sessions/refresh`.
#[derive(Deserialize)]
pub struct Refresh {
    refresh_token: String,
    device: DeviceId,
    signature: String,
}

impl Refresh {
    /// Whether the token has been used, and what replaced it too.
    #[must_use]
    pub fn is_worn(&self, tables: &Tables) -> bool {
        sessions::is_worn(tables, &self.refresh_token)
    }
}

/// Replaces a refresh token.
///
/// # Errors
/// As the server's.
pub async fn refresh(host: &SimHost, asked: &Refresh) -> Result<Session, Problem> {
    let text = signature::refresh_text(asked.device, &asked.refresh_token);
    if !is_signed(asked.device, &text, &asked.signature) {
        return Err(Problem::unauthorized("bad_signature"));
    }
    turn_away(&*host.ledger.read().await?, asked.device)?;
    let (by, now) = (By::Device(asked.device), host.now());
    let token = &asked.refresh_token;
    let rotation: Result<Rotation, Problem> = write_tx!(&host.ledger, |tx| Ok(refresh::rotate(
        tx,
        &REFRESH_KEY,
        token,
        by,
        now
    )
    .await?));
    match rotation? {
        Rotation::Issued(issued) => session(host, asked.device, issued).await,
        Rotation::Invalid => Err(Problem::unauthorized("refresh_invalid")),
        Rotation::Reused => Err(Problem::unauthorized("refresh_reused")),
    }
}

/// `POST /staff/v1/sessions`.
#[derive(Deserialize)]
pub struct SignIn {
    username: String,
    device: DeviceId,
    client_time: String,
    signature: String,
}

/// Signs in; everybody knows their password.
///
/// # Errors
/// As the server's.
pub async fn sign_in(host: &SimHost, asked: &SignIn) -> Result<Session, Problem> {
    let text = signature::session_text(asked.device, &asked.username, &asked.client_time);
    if !is_signed(asked.device, &text, &asked.signature) {
        return Err(Problem::unauthorized("bad_signature"));
    }
    let tables = host.ledger.read().await?;
    turn_away(&tables, asked.device)?;
    let found = rows::people(&tables).find(|p| p.staff.username == asked.username);
    let id = found.map(|p| p.staff.id);
    let id = id.ok_or_else(|| Problem::unauthorized("bad_credentials"))?;
    let (subject, now) = (Subject::Staff(id, asked.device), host.now());
    let issued: Result<Issued, Problem> = write_tx!(&host.ledger, |tx| {
        tx.note_session(asked.device, id).await?;
        let (chain, random) = (tx.new_id(), host.ledger.secret());
        Ok(refresh::begin(tx, subject, chain, random, now).await?)
    });
    session(host, asked.device, issued?).await
}

async fn session(host: &SimHost, device: DeviceId, issued: Issued) -> Result<Session, Problem> {
    let tables = host.ledger.read().await?;
    let found = match issued.subject {
        Subject::Staff(id, _) => person(&tables, id),
        Subject::Customer(_) => None,
    };
    let (staff, now) = (admitted(found, true)?.staff, host.now());
    let stations: Vec<_> = rows::stations(&tables)
        .map(|s| huishou_domain::staff::Station::clone(s))
        .collect();
    let claims = Claims {
        sub: staff.id.0,
        aud: Audience::Staff,
        dev: Some(device),
        role: Some(staff.role),
        st: staff.station_id,
        jti: issued.chain,
        iat: 0,
        exp: 0,
    };
    let access_token = tokens()
        .sign(&claims, now)
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok(Session {
        access_token,
        refresh_token: issued.token,
        expires_in: LIFE,
        scopes: grants::scopes_of(&staff, &stations),
        staff: SignedIn {
            id: staff.id,
            username: staff.username,
            name: staff.name,
            role: staff.role,
            station_id: staff.station_id,
            station_name: None,
        },
        device: NamedDevice {
            id: device,
            name: "simulated".to_owned(),
        },
        server_key: identity().server_key(),
        recovery_key: identity().recovery_key(),
        server_time: now,
    })
}

/// Keeps what a leaving device hands in.
///
/// # Errors
/// As the server's.
pub async fn hand_in(host: &SimHost, handed: &HandedIn) -> Result<Kept, Problem> {
    let raws: Vec<&str> = handed.mutations.iter().map(|raw| raw.get()).collect();
    let text = quarantine_text(handed.device, raws.iter().copied());
    leaves(&host.ledger, handed.device, &text, &handed.signature).await?;
    let total: Result<usize, Problem> = write_tx!(&host.ledger, |tx| Ok(tx
        .keep_handed_in(handed.device, &raws)
        .await?));
    let total = i64::try_from(total?).unwrap_or(i64::MAX);
    Ok(Kept {
        kept: raws.len(),
        total,
    })
}

/// That a leaving device may hand in this piece of a picture.
///
/// # Errors
/// As the server's.
pub async fn may_hand_piece_in(
    host: &SimHost,
    device: DeviceId,
    piece: &Piece,
    signed: &str,
) -> Result<(), Problem> {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (start, total) = (number(piece.start), number(piece.total));
    let text = picture_text(device, &piece.name, start, total, &piece.bytes);
    leaves(&host.ledger, device, &text, signed).await
}

async fn leaves(
    ledger: &SimLedger,
    device: DeviceId,
    text: &str,
    signed: &str,
) -> Result<(), Problem> {
    if !is_signed(device, text, signed) {
        return Err(Problem::unauthorized("bad_signature"));
    }
    may_hand_in(said(&*ledger.read().await?, device).as_ref())
}

/// Which pictures are not there.
///
/// # Errors
/// Of the database.
pub async fn missing(host: &SimHost, asked: &Asked) -> Result<Missing, Problem> {
    let tables = host.ledger.read().await?;
    let is_here = |name: &String| tables.contains_key(&Key::Picture(name.clone()));
    let missing = match host.ledger.sabotage() {
        Sabotage::ForgottenPictureUntold => Vec::new(),
        _ => {
            let missing = asked.sha256.iter().filter(|name| !is_here(name));
            missing.cloned().collect()
        }
    };
    Ok(Missing { missing })
}
