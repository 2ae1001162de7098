//! Refresh tokens of customers and of staff on their devices. A sign-in starts a chain; each refresh replaces the
//! token by its successor. A token that comes again although its successor has been used is a stolen one: the whole
//! chain ends.
//!
//! The successor is derived from the token with the server's key. So a device whose answer was lost in a stairwell
//! gets the same successor once more, and no usable token is ever stored.

use super::{StoreError, Tx};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use huishou_domain::ids::{DeviceId, StaffId, UserId};
use rand::RngCore;
use sha2::{Digest, Sha256};
use sqlx::MySqlConnection;
use uuid::Uuid;

/// A token unused for so long is no good any more.
const LIFETIME: TimeDelta = TimeDelta::days(60);
/// Why a chain ended, where a used token came again.
const REUSED: &str = "reused";

/// Whose session a chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A customer's, in the mini-program.
    Customer(UserId),
    /// A member of staff's, on a device.
    Staff(StaffId, DeviceId),
}

impl Subject {
    const fn parts(&self) -> (&'static str, Uuid, Option<Uuid>) {
        match self {
            Self::Customer(user) => ("customer", user.0, None),
            Self::Staff(staff, device) => ("staff", staff.0, Some(device.0)),
        }
    }

    fn read(kind: &str, subject: Uuid, device: Option<Uuid>) -> Result<Self, StoreError> {
        match (kind, device) {
            ("customer", None) => Ok(Self::Customer(UserId(subject))),
            ("staff", Some(device)) => Ok(Self::Staff(StaffId(subject), DeviceId(device))),
            _ => Err(StoreError::Unreadable(format!(
                "refresh_chains.subject_kind {kind}"
            ))),
        }
    }
}

/// A token to hand out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token itself; only its hash is stored.
    pub token: String,
    /// The session it belongs to.
    pub chain: Uuid,
    /// Whose.
    pub subject: Subject,
}

/// What became of a rotation. A re-use must be committed, not rolled back: the chain has been revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The successor.
    Issued(Issued),
    /// Nobody's token, or too old, or of a session that has ended.
    Invalid,
    /// A used token came again; the chain is revoked with this transaction.
    Reused,
}

#[derive(sqlx::FromRow)]
struct Token {
    chain_id: Uuid,
    successor_hash: Option<Vec<u8>>,
    expires_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Chain {
    subject_kind: String,
    subject_id: Uuid,
    device_id: Option<Uuid>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_for: Option<String>,
}

/// Starts a chain.
///
/// # Errors
/// Of the database.
pub async fn issue(tx: &mut Tx, subject: Subject, at: DateTime<Utc>) -> Result<Issued, StoreError> {
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    let (token, chain) = (URL_SAFE_NO_PAD.encode(random), Uuid::now_v7());
    let (kind, id, device) = subject.parts();
    let sql = "INSERT INTO refresh_chains (id, subject_kind, subject_id, device_id, created_at) VALUES (?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(chain)
        .bind(kind)
        .bind(id)
        .bind(device)
        .bind(at)
        .execute(tx.conn())
        .await?;
    insert(tx, &token, chain, at).await?;
    Ok(Issued {
        token,
        chain,
        subject,
    })
}

/// Replaces a token by its successor. `again`: whether a token whose successor has not been used yet may have the
/// same successor once more (a device that proved its key), or counts as re-used (a customer).
///
/// # Errors
/// Of the database.
pub async fn rotate(
    tx: &mut Tx,
    key: &[u8; 32],
    token: &str,
    again: bool,
    at: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    let Some(found) = find(tx.conn(), &hash(token)).await? else {
        return Ok(Rotation::Invalid);
    };
    let chain = lock_chain(tx.conn(), found.chain_id).await?;
    // Read again under the chain's lock: a twin may have rotated it meanwhile.
    let Some(found) = find(tx.conn(), &hash(token)).await? else {
        return Ok(Rotation::Invalid);
    };
    if chain.revoked_for.as_deref() == Some(REUSED) {
        return Ok(Rotation::Reused);
    }
    if chain.revoked_at.is_some() || found.expires_at <= at {
        return Ok(Rotation::Invalid);
    }
    let subject = Subject::read(&chain.subject_kind, chain.subject_id, chain.device_id)?;
    let successor = successor(key, token);
    let issued = Issued {
        token: successor,
        chain: found.chain_id,
        subject,
    };
    match found.successor_hash {
        None => {
            let sql = "UPDATE refresh_tokens SET successor_hash = ? WHERE token_hash = ?";
            sqlx::query(sql)
                .bind(&hash(&issued.token)[..])
                .bind(&hash(token)[..])
                .execute(tx.conn())
                .await?;
            insert(tx, &issued.token, issued.chain, at).await?;
            Ok(Rotation::Issued(issued))
        }
        Some(next) if again && is_unused(tx.conn(), &next).await? => Ok(Rotation::Issued(issued)),
        Some(_) => {
            revoke(tx, found.chain_id, REUSED, at).await?;
            Ok(Rotation::Reused)
        }
    }
}

/// Whose token it is, if it is one; says nothing about whether it is still good.
///
/// # Errors
/// Of the database.
pub async fn owner(conn: &mut MySqlConnection, token: &str) -> Result<Option<Subject>, StoreError> {
    let sql = "SELECT c.subject_kind, c.subject_id, c.device_id, c.revoked_at, c.revoked_for \
               FROM refresh_tokens t JOIN refresh_chains c ON c.id = t.chain_id WHERE t.token_hash = ?";
    let chain: Option<Chain> = sqlx::query_as(sql)
        .bind(&hash(token)[..])
        .fetch_optional(conn)
        .await?;
    chain
        .map(|c| Subject::read(&c.subject_kind, c.subject_id, c.device_id))
        .transpose()
}

/// Whether a session still goes on.
///
/// # Errors
/// Of the database.
pub async fn is_live(conn: &mut MySqlConnection, chain: Uuid) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM refresh_chains WHERE id = ? AND revoked_at IS NULL";
    let found: Option<i64> = sqlx::query_scalar(sql)
        .bind(chain)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Ends a session.
///
/// # Errors
/// Of the database.
pub async fn revoke(
    tx: &mut Tx,
    chain: Uuid,
    why: &'static str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE refresh_chains SET revoked_at = ?, revoked_for = ? WHERE id = ? AND revoked_at IS NULL";
    sqlx::query(sql)
        .bind(at)
        .bind(why)
        .bind(chain)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends all sessions of a person but one.
///
/// # Errors
/// Of the database.
pub async fn revoke_others(
    tx: &mut Tx,
    staff: StaffId,
    keep: Uuid,
    why: &'static str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE refresh_chains SET revoked_at = ?, revoked_for = ? \
               WHERE subject_kind = 'staff' AND subject_id = ? AND id <> ? AND revoked_at IS NULL";
    sqlx::query(sql)
        .bind(at)
        .bind(why)
        .bind(staff.0)
        .bind(keep)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends all sessions of a member of staff.
///
/// # Errors
/// Of the database.
pub async fn revoke_staff(
    tx: &mut Tx,
    staff: StaffId,
    why: &'static str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE refresh_chains SET revoked_at = ?, revoked_for = ? \
               WHERE subject_kind = 'staff' AND subject_id = ? AND revoked_at IS NULL";
    sqlx::query(sql)
        .bind(at)
        .bind(why)
        .bind(staff.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A token presented by who cannot be its owner: if it has been used, it is a stolen one, and its chain ends. Whether
/// it was.
///
/// # Errors
/// Of the database.
pub async fn revoke_if_used(
    tx: &mut Tx,
    token: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let Some(found) = find(tx.conn(), &hash(token)).await? else {
        return Ok(false);
    };
    let chain = lock_chain(tx.conn(), found.chain_id).await?;
    if found.successor_hash.is_none()
        || (chain.revoked_at.is_some() && chain.revoked_for.as_deref() != Some(REUSED))
    {
        return Ok(false);
    }
    revoke(tx, found.chain_id, REUSED, at).await?;
    Ok(true)
}

/// Ends all sessions of a customer.
///
/// # Errors
/// Of the database.
pub async fn revoke_customer(
    tx: &mut Tx,
    user: UserId,
    why: &'static str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE refresh_chains SET revoked_at = ?, revoked_for = ? \
               WHERE subject_kind = 'customer' AND subject_id = ? AND revoked_at IS NULL";
    sqlx::query(sql)
        .bind(at)
        .bind(why)
        .bind(user.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends all sessions on a device.
///
/// # Errors
/// Of the database.
pub async fn revoke_device(
    tx: &mut Tx,
    device: DeviceId,
    why: &'static str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE refresh_chains SET revoked_at = ?, revoked_for = ? WHERE device_id = ? AND revoked_at IS NULL";
    sqlx::query(sql)
        .bind(at)
        .bind(why)
        .bind(device.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    token: &str,
    chain: Uuid,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO refresh_tokens (token_hash, chain_id, created_at, expires_at) VALUES (?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(&hash(token)[..])
        .bind(chain)
        .bind(at)
        .bind(at + LIFETIME)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn find(conn: &mut MySqlConnection, hash: &[u8]) -> Result<Option<Token>, StoreError> {
    let sql =
        "SELECT chain_id, successor_hash, expires_at FROM refresh_tokens WHERE token_hash = ?";
    Ok(sqlx::query_as(sql).bind(hash).fetch_optional(conn).await?)
}

async fn lock_chain(conn: &mut MySqlConnection, id: Uuid) -> Result<Chain, StoreError> {
    let sql = "SELECT subject_kind, subject_id, device_id, revoked_at, revoked_for FROM refresh_chains WHERE id = ? FOR UPDATE";
    Ok(sqlx::query_as(sql).bind(id).fetch_one(conn).await?)
}

async fn is_unused(conn: &mut MySqlConnection, hash: &[u8]) -> Result<bool, StoreError> {
    Ok(find(conn, hash)
        .await?
        .is_some_and(|token| token.successor_hash.is_none()))
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn successor(key: &[u8; 32], token: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(token.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}
