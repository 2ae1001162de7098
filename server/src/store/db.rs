//! The pool, and transactions that are tried again when the database asks for it.

use super::{
    StoreError, bodies::Bodies, freshness::Freshness, instances, orders::Months, shapes,
};
use crate::crash::crash_point;
use sqlx::{
    Connection, Executor, MySql, MySqlConnection, MySqlPool, Transaction,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
    pool::PoolConnection,
};
use std::{str::FromStr, sync::Arc, time::Duration};
use tokio::sync::Notify;
use uuid::Uuid;

/// Most tries of one write.
pub const ATTEMPTS: u32 = 8;
/// Seconds a statement waits for a row lock; an idempotency twin waits as long (api.md).
const LOCK_WAIT_SECONDS: u32 = 5;
/// A connection that was of use so lately is there still; one that rested longer is asked first, which is a round trip.
const SURELY_THERE: Duration = Duration::from_secs(1);

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: MySqlPool,
    /// One connection for the sequencer alone, known to the other instances.
    sequencing: MySqlPool,
    /// One connection for signs of life: they must not wait for those who wait for locks.
    pulse: MySqlPool,
    instance: Uuid,
    months: Arc<Months>,
    bodies: Arc<Bodies>,
    wake: Arc<Notify>,
    freshness: Arc<Freshness>,
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct Connect {
    /// `mysql://user:password@host:port/database`.
    pub url: String,
    /// Most connections.
    pub max_connections: u32,
    /// How long to wait for one.
    pub acquire_timeout: Duration,
}

/// How often a write has been tried.
#[derive(Debug, Default)]
pub struct Tries(u32);

impl Tries {
    /// Counts one more; returns how many that makes.
    pub(crate) const fn one_more(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

/// Runs a write to its commit: `write_tx!(&db, |tx| work)`. The work sees `tx: &mut` the transaction
/// of any [`Ledger`](crate::sync::ports::Ledger), may use `.await` and `?`, and ends
/// in a `Result` whose error is a [`WriteError`](crate::store::WriteError). Any error rolls everything back; a busy
/// database (also at COMMIT) is asked again, with jitter. The work may therefore run several times and must keep its side
/// effects inside the transaction.
///
/// A macro and not a function, because the compiler cannot see yet that the future of a function taking an async closure
/// may move between threads.
#[macro_export]
macro_rules! write_tx {
    ($db:expr, |$tx:ident| $work:expr) => {{
        #[allow(unused_imports)]
        use $crate::sync::ports::Ledger as _;
        let db = $db;
        let mut tries = $crate::store::db::Tries::default();
        loop {
            let mut inner = match db.begin().await {
                Ok(inner) => inner,
                Err(error) => break Err(::core::convert::From::from(error)),
            };
            let done = {
                let $tx = &mut inner;
                async { $work }.await
            };
            if let Some(settled) = db.settle(inner, done, &mut tries).await {
                break settled;
            }
        }
    }};
}

/// An error out of a write: says whether the transaction is to be tried again.
pub trait WriteError: From<StoreError> {
    /// Deadlock, lock wait time-out or certification conflict.
    fn is_busy(&self) -> bool;
}

impl WriteError for StoreError {
    fn is_busy(&self) -> bool {
        Self::is_busy(self)
    }
}

impl Db {
    /// A pool for this database. Connects when first used, so that the server starts before its database does.
    ///
    /// # Errors
    /// A malformed address.
    pub fn connect(connect: &Connect) -> Result<Self, StoreError> {
        // PIPES_AS_CONCAT would only be noise; the session's time zone is UTC by sqlx's default.
        let options = MySqlConnectOptions::from_str(&connect.url)?
            .charset("utf8mb4")
            .pipes_as_concat(false)
            .statement_cache_capacity(shapes::KEPT);
        let freshness = Arc::new(Freshness::default());
        let instance = Uuid::now_v7();
        let pool = |most: u32, sequencer: bool| {
            let fresh = Arc::clone(&freshness);
            MySqlPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(connect.acquire_timeout)
                .test_before_acquire(false)
                .after_connect(move |connection, _| {
                    Box::pin(set_session(connection, instance, sequencer))
                })
                .before_acquire(move |connection, about| {
                    let allowed = fresh.allows(&about);
                    Box::pin(async move {
                        if allowed && about.idle_for > SURELY_THERE {
                            connection.ping().await?;
                        }
                        Ok(allowed)
                    })
                })
                .connect_lazy_with(options.clone())
        };
        Ok(Self {
            pool: pool(connect.max_connections, false),
            sequencing: pool(1, true),
            pulse: pool(1, false),
            instance,
            months: Arc::default(),
            bodies: Arc::default(),
            wake: Arc::new(Notify::new()),
            freshness,
        })
    }

    /// The bare pool: for reads outside transactions and for tests.
    #[must_use]
    pub const fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// Which of the database's servers this is.
    #[must_use]
    pub const fn instance(&self) -> Uuid {
        self.instance
    }

    /// Months that have an orders table.
    #[must_use]
    pub fn months(&self) -> &Months {
        &self.months
    }

    /// Rung after each commit that wrote to the outbox; the sequencer sleeps on it.
    #[must_use]
    pub fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Which connections may still be used.
    #[must_use]
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// A connection for reads that need no snapshot.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn read(&self) -> Result<PoolConnection<MySql>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// The connection for signs of life.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn pulse(&self) -> Result<PoolConnection<MySql>, StoreError> {
        Ok(self.pulse.acquire().await?)
    }

    /// The sequencer's connection, for a look: it never waits for those who wait for locks.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn sequencing(&self) -> Result<PoolConnection<MySql>, StoreError> {
        Ok(self.sequencing.acquire().await?)
    }

    /// A READ COMMITTED transaction. Dropped without commit it is rolled back.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_on(&self.pool).await
    }

    /// The same on the sequencer's connection.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn begin_sequencing(&self) -> Result<Tx, StoreError> {
        self.begin_on(&self.sequencing).await
    }

    async fn begin_on(&self, pool: &MySqlPool) -> Result<Tx, StoreError> {
        let inner = pool.begin().await?;
        Ok(Tx {
            inner,
            months: Arc::clone(&self.months),
            marked: false,
        })
    }

    /// Commits and wakes the sequencer if the outbox was written.
    ///
    /// # Errors
    /// The commit failed; nothing is written.
    pub async fn commit(&self, tx: Tx) -> Result<(), StoreError> {
        let marked = tx.marked;
        if marked {
            crash_point("write.before_commit");
        }
        tx.inner.commit().await?;
        if marked {
            crash_point("write.after_commit");
            self.wake.notify_one();
        }
        Ok(())
    }

    /// A [`Db::snapshot`] that waits, in a Galera cluster, until this node has applied every commit of the others.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn snapshot_of_now(&self) -> Result<Snapshot, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let clustered = "SHOW VARIABLES WHERE Variable_name = 'wsrep_on' AND Value = 'ON'";
        if connection.fetch_optional(clustered).await?.is_some() {
            // For this connection from now on: reading once too late costs less than reading too early.
            connection
                .execute("SET SESSION wsrep_sync_wait = 1")
                .await?;
        }
        self.snapshot_on(connection).await
    }

    /// One REPEATABLE READ, read-only consistent snapshot.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.snapshot_on(self.pool.acquire().await?).await
    }

    async fn snapshot_on(
        &self,
        mut connection: PoolConnection<MySql>,
    ) -> Result<Snapshot, StoreError> {
        // In one message: both are of no use without the other.
        connection
            .execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            .await?;
        Ok(Snapshot {
            connection: Some(connection),
            months: Arc::clone(&self.months),
            bodies: Arc::clone(&self.bodies),
        })
    }
}

async fn set_session(
    connection: &mut MySqlConnection,
    instance: Uuid,
    sequencer: bool,
) -> Result<(), sqlx::Error> {
    connection
        .execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        .await?;
    let wait = format!("SET SESSION innodb_lock_wait_timeout = {LOCK_WAIT_SECONDS}");
    connection.execute(sqlx::AssertSqlSafe(wait)).await?;
    // A schema or a binlog that is not fit yet is told elsewhere.
    if let Err(error) = instances::register(connection, instance, sequencer).await {
        tracing::debug!(%error, "a connection could not be registered");
    }
    Ok(())
}

/// A READ COMMITTED transaction.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, MySql>,
    months: Arc<Months>,
    marked: bool,
}

impl Tx {
    /// The connection to query on.
    pub fn conn(&mut self) -> &mut MySqlConnection {
        &mut self.inner
    }

    /// Months that have an orders table.
    #[must_use]
    pub fn months(&self) -> Arc<Months> {
        Arc::clone(&self.months)
    }

    /// Notes that the outbox was written, so that the commit wakes the sequencer.
    pub(super) fn note_marked(&mut self) {
        self.marked = true;
    }

    /// Sets a savepoint; `name` is a constant of the code.
    ///
    /// # Errors
    /// The database refused.
    pub async fn savepoint(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.conn()
            .execute(sqlx::AssertSqlSafe(format!("SAVEPOINT {name}")))
            .await?;
        Ok(())
    }

    /// Undoes everything since the savepoint.
    ///
    /// # Errors
    /// The database refused.
    pub async fn rollback_to(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.conn()
            .execute(sqlx::AssertSqlSafe(format!("ROLLBACK TO SAVEPOINT {name}")))
            .await?;
        Ok(())
    }

    /// Gives everything up. A failure closes the connection, which comes to the same.
    pub async fn rollback(self) {
        if let Err(error) = self.inner.rollback().await {
            tracing::debug!(%error, "rollback failed; the connection is given up");
        }
    }
}

/// A read-only snapshot; ends when dropped.
#[derive(Debug)]
pub struct Snapshot {
    connection: Option<PoolConnection<MySql>>,
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
    pub(super) fn bodies(&self) -> Arc<Bodies> {
        Arc::clone(&self.bodies)
    }

    /// Ends it and gives the connection back.
    ///
    /// # Errors
    /// The database went away.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        if let Some(mut connection) = self.connection.take() {
            connection.execute("COMMIT").await?;
        }
        Ok(())
    }
}

impl Drop for Snapshot {
    /// One that was not finished (an error, a cancelled request) takes its connection along: its transaction is open.
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}
