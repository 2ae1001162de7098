//! Consistent snapshots: what a page of a pull is read in.

use super::{Bodies, Db, Months, StoreError};
use crate::store::resting::{Lent, Resting};
use sqlx::{Executor, MySqlConnection};
use std::sync::Arc;

/// In one message: the statements are of no use without each other.
const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// The same where it may have to wait for what other nodes committed; nothing else on this connection waits so.
const SNAPSHOT_OF_NOW: &str = "SET SESSION wsrep_sync_wait = 1; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY; SET SESSION wsrep_sync_wait = DEFAULT";

impl Db {
    /// A [`Db::snapshot`] that waits, in a Galera cluster, until this node has applied every commit of the others.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn snapshot_of_now(&self) -> Result<Snapshot, StoreError> {
        let mut connection = self.read().await?;
        let clustered = "SHOW VARIABLES WHERE Variable_name = 'wsrep_on' AND Value = 'ON'";
        let begin = match connection.fetch_optional(clustered).await? {
            Some(_) => SNAPSHOT_OF_NOW,
            None => SNAPSHOT,
        };
        self.snapshot_on(connection, begin).await
    }

    /// One REPEATABLE READ, read-only consistent snapshot.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.snapshot_on(self.read().await?, SNAPSHOT).await
    }

    async fn snapshot_on(
        &self,
        mut connection: Lent,
        begin: &'static str,
    ) -> Result<Snapshot, StoreError> {
        connection.open();
        connection.execute(begin).await?;
        Ok(Snapshot {
            connection: Some(connection),
            home: Arc::clone(&self.resting),
            months: Arc::clone(&self.months),
            bodies: Arc::clone(&self.bodies),
        })
    }
}

/// A read-only snapshot. One that was not finished (an error, a cancelled request) takes its connection along.
#[derive(Debug)]
pub struct Snapshot {
    connection: Option<Lent>,
    home: Arc<Resting>,
    months: Arc<Months>,
    bodies: Arc<Bodies>,
}

impl Snapshot {
    /// The connection to query on.
    ///
    /// # Errors
    /// Never before the end.
    pub fn conn(&mut self) -> Result<&mut MySqlConnection, StoreError> {
        self.connection
            .as_deref_mut()
            .ok_or_else(|| StoreError::Unreadable("a finished snapshot".into()))
    }

    /// Months that have an orders table.
    #[must_use]
    pub fn months(&self) -> Arc<Months> {
        Arc::clone(&self.months)
    }

    /// Bodies of visits as this process read them lately.
    pub(in crate::store) fn bodies(&self) -> Arc<Bodies> {
        Arc::clone(&self.bodies)
    }

    /// Ends it and gives the connection back.
    ///
    /// # Errors
    /// The database went away.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        if let Some(mut connection) = self.connection.take() {
            connection.execute("COMMIT").await?;
            self.home.rest(connection);
        }
        Ok(())
    }
}
