//! Which visits name a picture. Written wherever a visit is, so that who may see a picture is asked of the visits as
//! they are now.

use super::{
    StoreError, Tx, appointments,
    orders::{self, Months},
};
use huishou_domain::{blob, ids::OrderId, order::Order, sync::scope::Scope};
use sqlx::{MySql, MySqlConnection, QueryBuilder};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// Visits looked at for one picture: it is of one, or of the few that were told with it.
const MOST_VISITS: u32 = 100;

/// Notes the pictures that an order names and did not before.
pub(super) async fn note(
    tx: &mut Tx,
    before: Option<&Order>,
    order: &Order,
) -> Result<(), StoreError> {
    let known: HashSet<&str> = before.into_iter().flat_map(Order::pictures).collect();
    let new = order.pictures().filter(|name| !known.contains(name));
    insert(tx, order.id, new).await
}

/// Notes that a visit names these; what is no picture's name is passed over.
pub(super) async fn insert(
    tx: &mut Tx,
    order: OrderId,
    names: impl Iterator<Item = &str>,
) -> Result<(), StoreError> {
    let hashes: BTreeSet<[u8; 32]> = names.filter_map(blob::hash_of).collect();
    if hashes.is_empty() {
        return Ok(());
    }
    let mut insert =
        QueryBuilder::<MySql>::new("INSERT IGNORE INTO blob_names (sha256, order_id) ");
    insert.push_values(hashes, |mut row, hash| {
        row.push_bind(hash.to_vec()).push_bind(order.0);
    });
    insert.build().persistent(false).execute(tx.conn()).await?;
    Ok(())
}

/// The scopes of every visit that names this picture.
///
/// # Errors
/// The database refused, or a row cannot be read.
pub async fn scopes(
    conn: &mut MySqlConnection,
    months: &Months,
    hash: &[u8; 32],
) -> Result<BTreeSet<Scope>, StoreError> {
    let visits: Vec<Uuid> =
        sqlx::query_scalar("SELECT order_id FROM blob_names WHERE sha256 = ? LIMIT ?")
            .bind(&hash[..])
            .bind(MOST_VISITS)
            .fetch_all(&mut *conn)
            .await?;
    let orders = orders::load_many(conn, months, &visits).await?;
    let of_orders = orders.iter().map(|stored| stored.scopes);
    let booked: Vec<Uuid> = orders
        .iter()
        .filter_map(|stored| Some(stored.body.appointment_id?.0))
        .collect();
    let booked = appointments::load_many(conn, &booked).await?;
    let of_booked = booked.iter().map(|stored| stored.scopes);
    let all = of_orders.chain(of_booked).flat_map(|scopes| scopes.list());
    Ok(all.collect())
}
