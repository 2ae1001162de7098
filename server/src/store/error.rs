//! What the database can answer instead of a result.

use sqlx::mysql::MySqlDatabaseError;

/// A store error. MySQL names no constraint: who inserts knows what [`StoreError::Duplicate`] means.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key exists already (1062).
    // The database's text would quote the value, which may be personal.
    #[error("duplicate key")]
    Duplicate(sqlx::Error),
    /// The slot a visit was to be moved into has no place left.
    #[error("the slot is full")]
    SlotFull,
    /// Deadlock, lock wait time-out or a certification conflict (1213, 1205, 1020): the whole transaction is to be
    /// tried again.
    #[error("busy: {0}")]
    Busy(sqlx::Error),
    /// A value does not fit its column (1264, 1406 and the like).
    #[error("out of range: {0}")]
    OutOfRange(String),
    /// All connections are in use, and too many wait for one already or have waited too long.
    #[error("all connections to the database are in use")]
    Saturated,
    /// The database cannot be reached.
    #[error("unavailable: {0}")]
    Unavailable(sqlx::Error),
    /// A stored row cannot be read back; names table and column.
    #[error("unreadable row: {0}")]
    Unreadable(String),
    /// Anything else.
    #[error(transparent)]
    Sql(sqlx::Error),
}

impl StoreError {
    /// A unique key exists already, of a ledger that is not MySQL.
    #[must_use]
    pub fn duplicate(note: &str) -> Self {
        Self::Duplicate(sqlx::Error::Protocol(note.to_owned()))
    }

    /// Busy, of a ledger that is not MySQL.
    #[must_use]
    pub fn busy(note: &str) -> Self {
        Self::Busy(sqlx::Error::Protocol(note.to_owned()))
    }

    /// Gone, of a ledger that is not MySQL.
    #[must_use]
    pub fn unavailable(note: &str) -> Self {
        Self::Unavailable(sqlx::Error::Protocol(note.to_owned()))
    }

    /// The same, for another who waited for the same answer.
    #[must_use]
    pub fn told(&self) -> Self {
        match self {
            Self::Busy(_) => Self::busy(&self.to_string()),
            Self::Unavailable(_) => Self::unavailable(&self.to_string()),
            other => Self::Unreadable(other.to_string()),
        }
    }

    /// Worth trying the whole transaction again.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    /// A unique key exists already.
    #[must_use]
    pub const fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate(_))
    }

    /// MySQL's error number, where it has one.
    #[must_use]
    pub fn number(error: &sqlx::Error) -> Option<u16> {
        error
            .as_database_error()?
            .try_downcast_ref::<MySqlDatabaseError>()
            .map(MySqlDatabaseError::number)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match Self::number(&error) {
            Some(1062) => Self::Duplicate(error),
            Some(1213 | 1205 | 1020 | 1412) => Self::Busy(error),
            Some(number @ (1264 | 1366 | 1406 | 1292)) => {
                Self::OutOfRange(format!("MySQL error {number}"))
            }
            // Too many connections, server shutting down, read only during a switch-over, query interrupted, a binlog that
            // was switched to statements (`health`), a connection that another instance ended.
            Some(1040 | 1053 | 1077 | 1290 | 1317 | 1665 | 1836 | 1927) => Self::Unavailable(error),
            Some(_) => Self::Sql(error),
            None => match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_) => Self::Unavailable(error),
                sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::ColumnNotFound(_)
                | sqlx::Error::Decode(_) => Self::Unreadable(error.to_string()),
                other => Self::Sql(other),
            },
        }
    }
}
