//! Rows of `subscriptions`: consents to WeChat's subscription messages. One consent is one message.

use super::{StoreError, Tx};
use chrono::{DateTime, Utc};
use huishou_domain::ids::UserId;

/// Notes an answer to the consent question; answers the credits now held for the template.
///
/// # Errors
/// The database refused.
pub async fn note(
    tx: &mut Tx,
    user: UserId,
    template: &str,
    accepted: bool,
    now: DateTime<Utc>,
) -> Result<u32, StoreError> {
    let (credits, refused) = if accepted { (1_u32, 0_u32) } else { (0, 1) };
    sqlx::query(
        "INSERT INTO subscriptions (user_id, template, credits, refused, updated_at) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE credits = credits + VALUES(credits), refused = refused + VALUES(refused), updated_at = VALUES(updated_at)",
    )
    .bind(user.0)
    .bind(template)
    .bind(credits)
    .bind(refused)
    .bind(now)
    .execute(tx.conn())
    .await?;
    let sql = "SELECT credits FROM subscriptions WHERE user_id = ? AND template = ?";
    Ok(sqlx::query_scalar(sql)
        .bind(user.0)
        .bind(template)
        .fetch_one(tx.conn())
        .await?)
}
