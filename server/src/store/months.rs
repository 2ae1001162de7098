//! Orders live in monthly tables, routed by the id's own time (UTC), made ahead of time and on demand.

use super::{Db, StoreError, archive};
use chrono::{DateTime, Datelike, Months as CalendarMonths, Utc};
use huishou_domain::ids::{self, OrderId};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use std::{
    collections::BTreeSet,
    sync::{PoisonError, RwLock},
};
use uuid::Uuid;

/// An id's time is taken for its month when it is at most so many months old or so many ahead; beyond, the device's
/// clock was wrong and the order lies in the month of arrival.
const PLAUSIBLE_PAST: i32 = 24;
const PLAUSIBLE_AHEAD: i32 = 1;
/// MySQL's number for a table that is not there.
const NO_SUCH_TABLE: u16 = 1146;
/// Tables made ahead of time.
const AHEAD: u32 = 2;

/// The months that have a table, as far as this process knows.
#[derive(Debug, Default)]
pub struct Months(RwLock<BTreeSet<i32>>);

impl Months {
    fn knows(&self, month: i32) -> bool {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&month)
    }

    fn learn(&self, months: impl IntoIterator<Item = i32>) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(months);
    }

    fn forget(&self, month: i32) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&month);
    }

    /// What was read from a month's table; nothing where the month has been taken out of the database meanwhile.
    pub(super) fn unless_gone<T>(
        &self,
        month: i32,
        read: Result<T, sqlx::Error>,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Err(error) if StoreError::number(&error) == Some(NO_SUCH_TABLE) => {
                self.forget(month);
                Ok(None)
            }
            read => Ok(Some(read?)),
        }
    }

    /// Whether the month has a table; asks the database about months not known yet.
    ///
    /// # Errors
    /// The database refused.
    pub async fn exists(&self, conn: &mut MySqlConnection, month: i32) -> Result<bool, StoreError> {
        if !self.knows(month) {
            self.all(conn).await?;
        }
        Ok(self.knows(month))
    }

    /// Every month that has a table, oldest first.
    ///
    /// # Errors
    /// The database refused.
    pub async fn all(&self, conn: &mut MySqlConnection) -> Result<Vec<i32>, StoreError> {
        let months: Vec<i32> = sqlx::query_scalar("SELECT month FROM order_months ORDER BY month")
            .fetch_all(conn)
            .await?;
        self.learn(months.iter().copied());
        Ok(months)
    }
}

/// Where a new order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub(super) month: i32,
    pub(super) detour: bool,
}

impl Route {
    /// Where the order with this id goes when it arrives now: the month of its id's time if that is plausible. Whether
    /// the month has a table is another question: [`Db::route_new_order`] sees to it.
    #[must_use]
    pub fn of(id: OrderId, now: DateTime<Utc>) -> Self {
        let arrival = month_number(now);
        let own = ids::month_of(id.0).filter(|month| {
            (-PLAUSIBLE_PAST..=PLAUSIBLE_AHEAD).contains(&months_between(arrival, *month))
        });
        Self {
            month: own.unwrap_or(arrival),
            detour: own.is_none(),
        }
    }

    /// The month, as `202611`.
    #[must_use]
    pub const fn month(&self) -> i32 {
        self.month
    }

    /// The id's time was implausible.
    #[must_use]
    pub const fn is_detour(&self) -> bool {
        self.detour
    }
}

impl Db {
    /// Where the order with this id goes, its table made if need be. DDL commits implicitly, so this is called
    /// before the transaction, on a connection of its own.
    ///
    /// # Errors
    /// The database refused.
    pub async fn route_new_order(
        &self,
        id: OrderId,
        now: DateTime<Utc>,
    ) -> Result<Route, StoreError> {
        let route = Route::of(id, now);
        // A month in the archive is whole: what comes late lies in the month of arrival.
        let is_new = !self.months().knows(route.month);
        if is_new && !route.detour && archive::is_out(self, route.month).await? {
            let arrival = Route {
                month: month_number(now),
                detour: true,
            };
            self.ensure_month(arrival.month).await?;
            return Ok(arrival);
        }
        self.ensure_month(route.month).await?;
        Ok(route)
    }

    /// Whether everything of the time in this id has been taken out of the database, into the archive.
    ///
    /// # Errors
    /// The database refused.
    pub async fn is_archived(&self, id: Uuid) -> Result<bool, StoreError> {
        let Some(month) = ids::month_of(id) else {
            return Ok(false);
        };
        // Asked only where nothing was found; what this process knows of the month may be from before.
        let is_out = archive::is_out(self, month).await?;
        if is_out {
            self.months().forget(month);
        }
        Ok(is_out)
    }

    /// Makes the tables of this month and the next two: a job, so that no booking waits for one.
    ///
    /// # Errors
    /// The database refused.
    pub async fn ensure_months_ahead(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        for ahead in 0..=AHEAD {
            if let Some(at) = now.checked_add_months(CalendarMonths::new(ahead)) {
                self.ensure_month(month_number(at)).await?;
            }
        }
        Ok(())
    }

    async fn ensure_month(&self, month: i32) -> Result<(), StoreError> {
        if self.months().knows(month) {
            return Ok(());
        }
        let mut connection = self.read().await?;
        if self.months().exists(&mut connection, month).await? {
            return Ok(());
        }
        make(&mut connection, month).await?;
        self.rest(connection);
        self.months().learn([month]);
        Ok(())
    }
}

/// Makes a month's table; whoever else does so at the same time makes the same one.
pub(super) async fn make(conn: &mut MySqlConnection, month: i32) -> Result<(), StoreError> {
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS {} LIKE orders_template",
        table(month)
    );
    conn.execute(AssertSqlSafe(sql)).await?;
    sqlx::query("INSERT IGNORE INTO order_months (month) VALUES (?)")
        .bind(month)
        .execute(conn)
        .await?;
    Ok(())
}

/// `202611`.
#[must_use]
pub fn month_number(at: DateTime<Utc>) -> i32 {
    at.year() * 100 + i32::try_from(at.month()).unwrap_or(1)
}

/// Months from `from` to `to`, both `YYYYMM`.
#[must_use]
pub const fn months_between(from: i32, to: i32) -> i32 {
    (to / 100 - from / 100) * 12 + (to % 100 - from % 100)
}

/// The month's table.
#[must_use]
pub fn table(month: i32) -> String {
    format!("orders_{month:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_over_the_years_end() {
        assert_eq!(months_between(202_611, 202_701), 2);
        assert_eq!(months_between(202_701, 202_612), -1);
        assert_eq!(table(202_611), "orders_202611");
    }
}
