//! Reads that a replica may answer: at one that has proved to hold everything committed so far, else at the primary.

use super::Db;
use crate::{
    problem::Problem,
    store::{StoreError, replicas::Reading},
};

/// Runs a read at a replica, or at the primary: `reading!(&db, |conn| work)`. The work sees `conn: &mut MySqlConnection`,
/// may use `.await` and `?`, and ends in a `Result` whose error is a [`ReadError`](crate::store::db::ReadError). What a
/// replica fails at is done again at the primary, so the work must do nothing but read.
#[macro_export]
macro_rules! reading {
    ($db:expr, |$conn:ident| $work:expr) => {{
        let db = $db;
        let told = match db.at_replica().await {
            Some(mut reading) => {
                let done = {
                    let $conn: &mut ::sqlx::MySqlConnection = &mut reading;
                    async { $work }.await
                };
                db.told(reading, done)
            }
            None => None,
        };
        match told {
            Some(told) => told,
            None => match db.read().await {
                Ok(mut lent) => {
                    let done = {
                        let $conn: &mut ::sqlx::MySqlConnection = &mut lent;
                        async { $work }.await
                    };
                    if done.is_ok() {
                        db.rest(lent);
                    }
                    done
                }
                Err(error) => Err(::core::convert::From::from(error)),
            },
        }
    }};
}

/// An error out of a read: says whether the database had to do with it.
pub trait ReadError: From<StoreError> {
    /// It came from the database.
    fn is_of_database(&self) -> bool;
}

impl ReadError for StoreError {
    fn is_of_database(&self) -> bool {
        true
    }
}

impl ReadError for Problem {
    fn is_of_database(&self) -> bool {
        self.cause.is_some() || self.status >= 500
    }
}

impl Db {
    /// A connection to a replica that holds everything committed before this call; none where no replica proves that in
    /// time.
    pub async fn at_replica(&self) -> Option<Reading> {
        self.replicas.reading().await
    }

    /// What a replica answered; nothing where it failed, and the primary is to be asked.
    pub fn told<T, E: ReadError>(
        &self,
        reading: Reading,
        done: Result<T, E>,
    ) -> Option<Result<T, E>> {
        match done {
            Err(error) if error.is_of_database() => {
                reading.failed();
                None
            }
            fine => {
                reading.rest();
                Some(fine)
            }
        }
    }
}
