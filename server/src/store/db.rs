//! The pool, and transactions that are tried again when the database asks for it.

mod pools;
mod reading;
mod snapshot;

pub(super) use pools::lock_wait;
pub use pools::{Connect, keep};
pub use reading::ReadError;
pub use snapshot::Snapshot;

use super::{
    StoreError,
    bodies::Bodies,
    dirty::Marks,
    freshness::Freshness,
    orders::Months,
    replicas::Replicas,
    resting::{Lent, Resting, Use},
};
use crate::crash::crash_point;
use sqlx::{Executor, MySql, MySqlConnection, MySqlPool, pool::PoolConnection};
use std::sync::Arc;
use tokio::sync::Notify;
use uuid::Uuid;

/// Most tries of one write.
pub const ATTEMPTS: u32 = 8;

/// The database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: MySqlPool,
    /// Those of the pool's connections that were of use a moment ago.
    resting: Arc<Resting>,
    /// One connection for the sequencer alone, known to the other instances.
    sequencing: Arc<Resting>,
    /// One connection for signs of life: they must not wait for those who wait for locks.
    pulse: MySqlPool,
    instance: Uuid,
    months: Arc<Months>,
    bodies: Arc<Bodies>,
    wake: Arc<Notify>,
    freshness: Arc<Freshness>,
    replicas: Arc<Replicas>,
    /// Most connections that stay open unused.
    idle: usize,
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
        pools::connect(connect)
    }

    /// The same, keeping at most so many bytes of bodies of visits read lately.
    #[must_use]
    pub fn with_body_cache(self, bytes: usize) -> Self {
        let bodies = Arc::new(Bodies::new(bytes));
        Self { bodies, ..self }
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
    pub async fn read(&self) -> Result<Lent, StoreError> {
        self.resting.lend().await
    }

    /// How the connections are used at the moment.
    #[must_use]
    pub fn usage(&self) -> Use {
        self.resting.usage()
    }

    /// The copies of the database that answer reads.
    #[must_use]
    pub fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// Gives back a connection that all has been read from, for whoever comes next. One that is dropped goes back too,
    /// but is asked first whether it is still there.
    pub fn rest(&self, connection: Lent) {
        self.resting.rest(connection);
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
    pub async fn sequencing(&self) -> Result<Lent, StoreError> {
        self.sequencing.lend().await
    }

    /// A READ COMMITTED transaction. Dropped without commit it is rolled back.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_on(&self.resting).await
    }

    /// The sequencer's, on its own connection; it begins with the first message, which is the sequencer's whole work.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn begin_sequencing(&self) -> Result<Tx, StoreError> {
        let mut connection = self.sequencing.lend().await?;
        connection.open();
        Ok(self.tx(connection, &self.sequencing))
    }

    async fn begin_on(&self, home: &Arc<Resting>) -> Result<Tx, StoreError> {
        let mut connection = home.lend().await?;
        connection.open();
        if let Err(error) = connection.execute("BEGIN").await {
            // It may have gone while it rested; one that the pool gives is asked.
            tracing::debug!(%error, "a connection is given up");
            connection = home.instead_of(connection).await?;
            connection.open();
            connection.execute("BEGIN").await?;
        }
        Ok(self.tx(connection, home))
    }

    fn tx(&self, connection: Lent, home: &Arc<Resting>) -> Tx {
        Tx {
            connection,
            home: Arc::clone(home),
            months: Arc::clone(&self.months),
            marks: Marks::default(),
            last: Vec::new(),
        }
    }

    /// Commits and wakes the sequencer if the outbox was written.
    ///
    /// # Errors
    /// The commit failed; nothing is written.
    pub async fn commit(&self, tx: Tx) -> Result<(), StoreError> {
        let marked = !tx.marks.is_empty();
        if marked {
            crash_point("write.before_commit");
        }
        tx.commit().await?;
        if marked {
            crash_point("write.after_commit");
            self.wake.notify_one();
        }
        Ok(())
    }
}

/// A READ COMMITTED transaction. Dropped, it is undone, and its connection closed.
#[derive(Debug)]
pub struct Tx {
    connection: Lent,
    home: Arc<Resting>,
    months: Arc<Months>,
    marks: Marks,
    /// Statements that go with the commit.
    last: Vec<String>,
}

impl Tx {
    /// The connection to query on.
    pub fn conn(&mut self) -> &mut MySqlConnection {
        &mut self.connection
    }

    /// Months that have an orders table.
    #[must_use]
    pub fn months(&self) -> Arc<Months> {
        Arc::clone(&self.months)
    }

    /// A statement that goes with the commit, in the same message: whatever it does is not seen before, and going back to
    /// a savepoint does not undo it.
    pub(super) fn last(&mut self, statement: String) {
        self.last.push(statement);
    }

    /// What goes into the outbox with the commit.
    pub(super) const fn marks(&mut self) -> &mut Marks {
        &mut self.marks
    }

    /// Sets a savepoint; `name` is a constant of the code.
    ///
    /// # Errors
    /// The database refused.
    pub async fn savepoint(&mut self, name: &'static str) -> Result<(), StoreError> {
        self.conn()
            .execute(sqlx::AssertSqlSafe(format!("SAVEPOINT {name}")))
            .await?;
        self.marks.set_savepoint(name);
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
        self.marks.roll_back_to(name);
        Ok(())
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        for message in self.marks.commit() {
            self.last.push(message);
            let message = std::mem::take(&mut self.last).join("; ");
            self.connection
                .execute(sqlx::AssertSqlSafe(message))
                .await?;
        }
        self.home.rest(self.connection);
        Ok(())
    }

    /// Gives everything up. A failure closes the connection, which comes to the same.
    pub async fn rollback(mut self) {
        match self.connection.execute("ROLLBACK").await {
            Ok(_) => self.home.rest(self.connection),
            Err(error) => tracing::debug!(%error, "rollback failed; the connection is given up"),
        }
    }
}
