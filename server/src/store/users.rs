//! Rows of `users`: the customers.

use super::{
    StoreError, Tx,
    changes::{self, shard_of},
};
use chrono::{DateTime, Utc};
use huishou_domain::ids::UserId;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, MySqlConnection};
use uuid::Uuid;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, Serialize, Deserialize)]
pub struct User {
    /// Identity.
    pub id: Uuid,
    /// Chosen by themselves.
    pub nickname: String,
    /// Address of a picture.
    pub avatar: String,
    /// Mobile number, once given.
    pub phone: Option<String>,
    /// They asked to be forgotten.
    pub deletion_requested_at: Option<DateTime<Utc>>,
    /// First seen.
    pub created_at: DateTime<Utc>,
}

/// The customer with this openid, made if new.
///
/// # Errors
/// The database refused.
pub async fn meet(
    tx: &mut Tx,
    openid: &str,
    unionid: Option<&str>,
    now: DateTime<Utc>,
) -> Result<UserId, StoreError> {
    sqlx::query(
        "INSERT INTO users (id, openid, unionid, created_at, updated_at) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE unionid = COALESCE(VALUES(unionid), unionid)",
    )
    .bind(Uuid::now_v7())
    .bind(openid)
    .bind(unionid)
    .bind(now)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let id: Uuid = sqlx::query_scalar("SELECT id FROM users WHERE openid = ?")
        .bind(openid)
        .fetch_one(tx.conn())
        .await?;
    Ok(id.into())
}

/// A customer by id.
///
/// # Errors
/// The database refused.
pub async fn load(conn: &mut MySqlConnection, id: UserId) -> Result<Option<User>, StoreError> {
    let sql = "SELECT id, nickname, avatar, phone, deletion_requested_at, created_at FROM users WHERE id = ?";
    Ok(sqlx::query_as(sql).bind(id.0).fetch_optional(conn).await?)
}

/// The customer who has given this mobile number, the newest where several have; none who asked to be forgotten.
///
/// # Errors
/// The database refused.
pub async fn by_phone(
    conn: &mut MySqlConnection,
    phone: &str,
) -> Result<Option<UserId>, StoreError> {
    let sql = "SELECT id FROM users WHERE phone = ? AND COALESCE(country_code, '86') = '86' AND deletion_requested_at IS NULL \
         ORDER BY id DESC LIMIT 1";
    let id: Option<Uuid> = sqlx::query_scalar(sql)
        .bind(phone)
        .fetch_optional(conn)
        .await?;
    Ok(id.map(Into::into))
}

/// Changes the profile; what is `None` stays.
///
/// # Errors
/// The database refused.
pub async fn set_profile(
    tx: &mut Tx,
    id: UserId,
    nickname: Option<&str>,
    avatar: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET nickname = COALESCE(?, nickname), avatar = COALESCE(?, avatar), updated_at = ? WHERE id = ?")
        .bind(nickname)
        .bind(avatar)
        .bind(now)
        .bind(id.0)
        .execute(tx.conn())
        .await?;
    changes::note(tx, shard_of(id.0), id.0, now).await
}

/// Records the mobile number.
///
/// # Errors
/// The database refused.
pub async fn set_phone(
    tx: &mut Tx,
    id: UserId,
    country: &str,
    phone: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET phone = ?, country_code = ?, updated_at = ? WHERE id = ?")
        .bind(phone)
        .bind(country)
        .bind(now)
        .bind(id.0)
        .execute(tx.conn())
        .await?;
    changes::note(tx, shard_of(id.0), id.0, now).await
}

/// Records that the customer asked to be forgotten; the first time counts.
///
/// # Errors
/// The database refused.
pub async fn request_deletion(
    tx: &mut Tx,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET deletion_requested_at = COALESCE(deletion_requested_at, ?), updated_at = ? WHERE id = ?")
        .bind(now)
        .bind(now)
        .bind(id.0)
        .execute(tx.conn())
        .await?;
    changes::note(tx, shard_of(id.0), id.0, now).await
}
