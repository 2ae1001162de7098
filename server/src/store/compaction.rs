//! Upkeep of the log, as statements: what is taken away, and when, is decided by [`crate::sync::compaction`].

use super::{StoreError, Tx};
use crate::sync::compaction::Compacting;
use chrono::{DateTime, Utc};

/// The newest batch that was closed by a moment.
pub const LAST_CLOSED: &str =
    "SELECT last_seq FROM sync_batch WHERE at <= ? ORDER BY at DESC, last_seq DESC LIMIT 1";
/// Entries up to the floor, a few at a time.
pub const EXPIRE_ENTRIES: &str = "DELETE FROM sync_log WHERE seq <= ? ORDER BY seq LIMIT ?";
/// Batches before the floor, a few at a time.
pub const EXPIRE_BATCHES: &str =
    "DELETE FROM sync_batch WHERE last_seq < ? ORDER BY last_seq LIMIT ?";
/// Takes every entry away that is older than one with a number in (a, b] of the same aggregate in the same scope. The
/// range drives the join, the other end is looked up: on stale statistics it might be planned the other way round.
pub const SUPERSEDE: &str = "DELETE older FROM sync_log newer FORCE INDEX (PRIMARY) \
     STRAIGHT_JOIN sync_log older FORCE INDEX (sync_log_entity) \
     ON older.entity_id = newer.entity_id AND older.scope = newer.scope AND older.kind = newer.kind AND older.seq < newer.seq \
     WHERE newer.seq > ? AND newer.seq <= ?";

impl Compacting for Tx {
    async fn last_closed(&mut self, at: DateTime<Utc>) -> Result<i64, StoreError> {
        let last: Option<i64> = sqlx::query_scalar(LAST_CLOSED)
            .bind(at)
            .fetch_optional(self.conn())
            .await?;
        Ok(last.unwrap_or(0))
    }

    async fn floor(&mut self) -> Result<i64, StoreError> {
        let sql = "SELECT floor FROM sync_head WHERE id = 1";
        Ok(sqlx::query_scalar(sql).fetch_one(self.conn()).await?)
    }

    async fn raise_floor(&mut self, to: i64) -> Result<(), StoreError> {
        let sql = "UPDATE sync_head SET floor = ? WHERE id = 1 AND floor < ?";
        let query = sqlx::query(sql).bind(to).bind(to);
        query.execute(self.conn()).await?;
        Ok(())
    }

    async fn expire_entries(&mut self, through: i64, most: i64) -> Result<u64, StoreError> {
        let query = sqlx::query(EXPIRE_ENTRIES).bind(through).bind(most);
        Ok(query.execute(self.conn()).await?.rows_affected())
    }

    async fn expire_batches(&mut self, before: i64, most: i64) -> Result<u64, StoreError> {
        let query = sqlx::query(EXPIRE_BATCHES).bind(before).bind(most);
        Ok(query.execute(self.conn()).await?.rows_affected())
    }

    async fn lock_through(&mut self) -> Result<i64, StoreError> {
        let sql = "SELECT through FROM sync_compaction WHERE id = 1 FOR UPDATE";
        Ok(sqlx::query_scalar(sql).fetch_one(self.conn()).await?)
    }

    async fn supersede(&mut self, after: i64, through: i64) -> Result<u64, StoreError> {
        let query = sqlx::query(SUPERSEDE).bind(after).bind(through);
        Ok(query.execute(self.conn()).await?.rows_affected())
    }

    async fn set_through(&mut self, through: i64) -> Result<(), StoreError> {
        let query = sqlx::query("UPDATE sync_compaction SET through = ? WHERE id = 1");
        query.bind(through).execute(self.conn()).await?;
        Ok(())
    }
}
