//! Rows of `reviews`: what an administrator should look at, of appointments and orders.

use super::{StoreError, Tx, decode::unreadable, shapes::push_ids};
use huishou_domain::{
    ids::{StaffId, StationId},
    review::{Review, ReviewCode},
    sync::scope::Kind,
};
use sqlx::{MySql, MySqlConnection, QueryBuilder, Row};
use std::collections::HashMap;
use uuid::Uuid;

/// The reviews of these subjects, oldest first. One query, however many.
///
/// # Errors
/// The database refused, or a row cannot be read.
pub async fn of(
    conn: &mut MySqlConnection,
    kind: Kind,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Review>>, StoreError> {
    let mut found: HashMap<Uuid, Vec<Review>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut select = QueryBuilder::<MySql>::new(
        "SELECT subject_id, code, at, by_staff FROM reviews WHERE subject_kind = ",
    );
    select.push_bind(kind.as_str()).push(" AND subject_id IN (");
    push_ids(&mut select, ids);
    select.push(" ORDER BY subject_id, position");
    for row in select.build().fetch_all(conn).await? {
        let code: String = row.try_get("code")?;
        let code = ReviewCode::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == code)
            .ok_or_else(|| unreadable("reviews.code", &code))?;
        let by = row.try_get::<Option<Uuid>, _>("by_staff")?.map(StaffId);
        found
            .entry(row.try_get("subject_id")?)
            .or_default()
            .push(Review {
                code,
                at: row.try_get("at")?,
                by,
            });
    }
    Ok(found)
}

/// Adds the reviews from `known` on.
pub(super) async fn append(
    tx: &mut Tx,
    kind: Kind,
    id: Uuid,
    station: StationId,
    reviews: &[Review],
    known: usize,
) -> Result<(), StoreError> {
    for (position, review) in (0_u32..).zip(reviews).skip(known) {
        sqlx::query("INSERT INTO reviews (subject_kind, subject_id, position, code, at, by_staff, station_id) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(kind.as_str())
            .bind(id)
            .bind(position)
            .bind(review.code.as_str())
            .bind(review.at)
            .bind(review.by.map(|id| id.0))
            .bind(station.0)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}
