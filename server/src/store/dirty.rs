//! The outbox of dirty keys: every write to a synced aggregate marks it here, once a scope it was or is in, in the
//! same transaction (sync.md 2). A row means "not sequenced yet".

use super::{StoreError, Tx, bulk::CHUNK, shapes::pieces};
use huishou_domain::sync::scope::{Kind, Scope};
use sqlx::{MySql, QueryBuilder};
use uuid::Uuid;

/// Marks an aggregate dirty in these scopes.
///
/// # Errors
/// The database refused.
pub async fn mark(tx: &mut Tx, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<(), StoreError> {
    let rows = scopes.iter().map(|scope| (kind, id, scope.clone()));
    mark_all(tx, &rows.collect::<Vec<_>>()).await
}

/// Marks aggregates dirty, each in a scope.
///
/// # Errors
/// The database refused.
pub async fn mark_all(tx: &mut Tx, rows: &[(Kind, Uuid, Scope)]) -> Result<(), StoreError> {
    for chunk in pieces(rows, CHUNK) {
        let mut insert =
            QueryBuilder::<MySql>::new("INSERT INTO sync_outbox (scope, kind, entity_id) ");
        insert.push_values(chunk, |mut row, (kind, id, scope)| {
            row.push_bind(scope.to_string())
                .push_bind(kind.as_str())
                .push_bind(*id);
        });
        insert.build().execute(tx.conn()).await?;
        tx.note_marked();
    }
    Ok(())
}
