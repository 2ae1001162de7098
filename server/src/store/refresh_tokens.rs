//! Sessions of customers and of staff on their devices, and their refresh tokens, as rows. What becomes of them is
//! decided by [`crate::refresh`].

use super::{StoreError, Tx};
use crate::refresh::{self, By, Chain, Chains, Hash, Token};
pub use crate::refresh::{Issued, Rotation, Subject};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId, UserId};
use rand::RngCore;
use sqlx::MySqlConnection;
use uuid::Uuid;

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

#[derive(sqlx::FromRow)]
struct TokenRow {
    chain_id: Uuid,
    successor_hash: Option<Vec<u8>>,
    expires_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct ChainRow {
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
    refresh::begin(tx, subject, Uuid::now_v7(), random, at).await
}

/// Replaces a token by its successor.
///
/// # Errors
/// Of the database.
pub async fn rotate(
    tx: &mut Tx,
    key: &[u8; 32],
    token: &str,
    by: By,
    at: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    refresh::rotate(tx, key, token, by, at).await
}

impl Chains for Tx {
    async fn token(&mut self, hash: &[u8]) -> Result<Option<Token>, StoreError> {
        let sql =
            "SELECT chain_id, successor_hash, expires_at FROM refresh_tokens WHERE token_hash = ?";
        let row: Option<TokenRow> = sqlx::query_as(sql)
            .bind(hash)
            .fetch_optional(self.conn())
            .await?;
        Ok(row.map(|row| Token {
            chain: row.chain_id,
            successor: row.successor_hash,
            expires_at: row.expires_at,
        }))
    }

    async fn lock_chain(&mut self, id: Uuid) -> Result<Chain, StoreError> {
        let sql = "SELECT subject_kind, subject_id, device_id, revoked_at, revoked_for FROM refresh_chains WHERE id = ? FOR UPDATE";
        let row: ChainRow = sqlx::query_as(sql).bind(id).fetch_one(self.conn()).await?;
        Ok(Chain {
            subject: Subject::read(&row.subject_kind, row.subject_id, row.device_id)?,
            revoked_at: row.revoked_at,
            revoked_for: row.revoked_for,
        })
    }

    async fn newest(&mut self, device: DeviceId) -> Result<Vec<(Hash, Uuid)>, StoreError> {
        let rows: Vec<(Vec<u8>, Uuid)> = sqlx::query_as(NEWEST)
            .bind(device.0)
            .fetch_all(self.conn())
            .await?;
        let read = rows.into_iter().map(|(hash, chain)| {
            let hash = Hash::try_from(hash.as_slice());
            hash.map(|hash| (hash, chain))
                .map_err(|_| StoreError::Unreadable("refresh_tokens.token_hash".into()))
        });
        read.collect()
    }

    async fn add_chain(
        &mut self,
        id: Uuid,
        subject: Subject,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (kind, of, device) = subject.parts();
        let sql = "INSERT INTO refresh_chains (id, subject_kind, subject_id, device_id, created_at) VALUES (?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(id)
            .bind(kind)
            .bind(of)
            .bind(device)
            .bind(at)
            .execute(self.conn())
            .await?;
        Ok(())
    }

    async fn add_token(
        &mut self,
        hash: &Hash,
        chain: Uuid,
        at: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO refresh_tokens (token_hash, chain_id, created_at, expires_at) VALUES (?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(&hash[..])
            .bind(chain)
            .bind(at)
            .bind(until)
            .execute(self.conn())
            .await?;
        Ok(())
    }

    async fn replace(&mut self, hash: &Hash, successor: &Hash) -> Result<(), StoreError> {
        let sql = "UPDATE refresh_tokens SET successor_hash = ? WHERE token_hash = ?";
        sqlx::query(sql)
            .bind(&successor[..])
            .bind(&hash[..])
            .execute(self.conn())
            .await?;
        Ok(())
    }

    async fn end_chain(
        &mut self,
        id: Uuid,
        why: &'static str,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        revoke(self, id, why, at).await
    }
}

/// The newest tokens of the last sessions on a device that have not ended: by the sessions of the device, few rows each.
pub const NEWEST: &str = "SELECT t.token_hash, t.chain_id FROM refresh_chains c \
     JOIN refresh_tokens t ON t.chain_id = c.id \
     WHERE c.device_id = ? AND c.revoked_at IS NULL AND t.successor_hash IS NULL \
     ORDER BY t.created_at DESC LIMIT 5";

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
