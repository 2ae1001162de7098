//! What rows of appointments and of orders have in common: who last wrote them, the scopes they are in, and writing by
//! compare-and-swap on the version that was locked.

use super::{StoreError, Tx, decode::unreadable, scopes::VisitScopes};
use huishou_domain::conflict::WriteMark;
use sqlx::{MySql, Row, mysql::MySqlRow};
use uuid::Uuid;

/// An aggregate with what only the server keeps of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// The aggregate.
    pub body: T,
    /// Who last wrote it significantly.
    pub mark: WriteMark,
    /// The scopes it is in.
    pub scopes: VisitScopes,
}

pub(super) type Query<'q> = sqlx::query::Query<'q, MySql, sqlx::mysql::MySqlArguments>;

pub(super) fn read_mark(row: &MySqlRow) -> Result<WriteMark, StoreError> {
    Ok(WriteMark {
        version: row.try_get("mark_version")?,
        writer: row.try_get("mark_writer")?,
        foreign_version: row.try_get("mark_foreign")?,
    })
}

/// Binds `mark_version, mark_writer, mark_foreign, scope_station, scope_collector, scope_fact`, with which the columns
/// begin that a write may change.
pub(super) fn bind_kept<'q, T>(query: Query<'q>, stored: &Stored<T>) -> Query<'q> {
    let (mark, scopes) = (&stored.mark, &stored.scopes);
    query
        .bind(mark.version)
        .bind(mark.writer)
        .bind(mark.foreign_version)
        .bind(scopes.station.0)
        .bind(scopes.collector.map(|id| id.0))
        .bind(scopes.fact.map(|id| id.0))
}

/// The statement of a compare-and-swap: the row's id and the version that was locked are bound last, by [`swap`].
pub(super) fn update_sql(table: &str, changeable: &[&str]) -> String {
    format!(
        "UPDATE {table} SET {} = ? WHERE id = ? AND version = ?",
        changeable.join(" = ?, ")
    )
}

pub(super) async fn swap(
    tx: &mut Tx,
    query: Query<'_>,
    id: Uuid,
    version: i64,
) -> Result<(), StoreError> {
    let done = query.bind(id).bind(version).execute(tx.conn()).await?;
    if done.rows_affected() != 1 {
        return Err(unreadable("version", "changed under its lock"));
    }
    Ok(())
}
