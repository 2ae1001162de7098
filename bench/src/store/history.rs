//! Months of bookings for the API's benchmark: copies of visits that the product itself has made, one of each state, as
//! its store would have left them: rows, goods, final quotes, payments and messages, ids that carry their time, orders in
//! their month's table. A column that a later version adds is copied like the others.

use super::base::{Base, has_table};
use crate::store::fill::order_no;
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use std::fmt::Write;
use uuid::Uuid;

/// Customers that share the bookings evenly.
pub const CUSTOMERS: u64 = 1_000;
/// Bookings of thirty days; more of them reach further back.
pub const A_MONTH: u64 = 200_000;
const MONTH_MS: u64 = 30 * 86_400_000;
/// Bookings of one statement.
const CHUNK: u64 = 20_000;

/// A visit to copy: 0 pending, 1 confirmed, 2 completed, 3 cancelled.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// The appointment's id.
    pub appointment: Uuid,
    /// Its order's id.
    pub order: Uuid,
    /// The final quote's id; nil where there is none.
    pub quote: Uuid,
}

/// The id of the customer with this number, from 1.
#[must_use]
pub fn customer(number: u64) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000_u128 + u128::from(number))
}

/// Makes the customers, each with a session that is never over while it is measured, and room in every slot.
///
/// # Errors
/// The database refused.
pub async fn customers(base: &Base) -> Result<()> {
    let id = "UNHEX(CONCAT('01900000000070008000', LPAD(HEX(n.seq), 12, '0')))";
    base.execute(&format!(
        "INSERT IGNORE INTO users (id, openid, nickname, avatar, phone, country_code, created_at, updated_at) \
         SELECT {id}, CONCAT('bench-', n.seq), CONCAT('用户', n.seq), '', CONCAT('138', LPAD(n.seq, 8, '0')), '86', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) \
         FROM seq_1_to_{CUSTOMERS} n; \
         INSERT IGNORE INTO refresh_chains (id, subject_kind, subject_id, created_at) \
         SELECT {id}, 'customer', {id}, UTC_TIMESTAMP(3) FROM seq_1_to_{CUSTOMERS} n"
    ))
    .await?;
    make_room(base).await
}

/// Gives every slot room for all that is going to be booked: capacity is counted and kept, and never the limit.
///
/// # Errors
/// The database refused.
pub async fn make_room(base: &Base) -> Result<()> {
    base.execute("UPDATE slot_templates SET capacity = 10000000; UPDATE slots SET capacity = 10000000, taken = 0")
        .await?;
    Ok(())
}

/// Remembers how far the filled rows reach; everything with a later id is a run's own and goes before the next.
///
/// # Errors
/// The database refused.
pub async fn seal(base: &Base, rows: u64, until: DateTime<Utc>) -> Result<()> {
    let reach = format!("{:012x}ffffffffffffffffffff", until.timestamp_millis());
    base.execute(&format!(
        "CREATE TABLE IF NOT EXISTS bench_filled (visits BIGINT NOT NULL, reach CHAR(32) NOT NULL); DELETE FROM bench_filled; \
         INSERT INTO bench_filled VALUES ({rows}, '{reach}')"
    ))
    .await?;
    Ok(())
}

/// The last id filled, as hex digits, if the database holds so many rows.
///
/// # Errors
/// The database refused.
pub async fn filled(base: &Base, rows: u64) -> Result<Option<String>> {
    if !has_table(base, "bench_filled").await? {
        return Ok(None);
    }
    let sql = format!("SELECT reach FROM bench_filled WHERE visits = {rows}");
    Ok(base.texts(&sql).await?.pop())
}

/// Fills `rows` visits up to `until`, a fourth of them of each pattern, dealt like the peer's to the customers in turn.
///
/// # Errors
/// The database refused.
pub async fn fill(
    base: &Base,
    patterns: &[Pattern; 4],
    rows: u64,
    until: DateTime<Utc>,
) -> Result<()> {
    let end = u64::try_from(until.timestamp_millis())?;
    let spread = Spread {
        start: end - MONTH_MS * rows / A_MONTH,
        step: MONTH_MS / A_MONTH,
    };
    let mut from = 1;
    while from <= rows {
        let month = spread.month(from)?;
        let to = spread
            .last_of(month)?
            .min(rows)
            .min(from + CHUNK - 1)
            .max(from);
        let some = Stretch {
            base,
            spread,
            month,
            from,
            to,
        };
        some.make_month().await?;
        for (state, pattern) in patterns.iter().enumerate() {
            some.copy(state, pattern).await?;
        }
        from = to + 1;
    }
    base.execute("ANALYZE TABLE appointments, users, quotes, payments, order_lines")
        .await?;
    Ok(())
}

/// When the visit with a number was booked: evenly, so many milliseconds after the one before.
#[derive(Clone, Copy)]
struct Spread {
    start: u64,
    step: u64,
}

impl Spread {
    fn at(self, number: u64) -> Result<DateTime<Utc>> {
        let ms = i64::try_from(self.start + self.step * number)?;
        DateTime::from_timestamp_millis(ms).context("a time")
    }

    fn month(self, number: u64) -> Result<NaiveDate> {
        self.at(number)?.date_naive().with_day(1).context("a month")
    }

    /// The last number of a month.
    fn last_of(self, month: NaiveDate) -> Result<u64> {
        let next = month
            .checked_add_months(chrono::Months::new(1))
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .context("a month")?;
        let ms = u64::try_from(next.and_utc().timestamp_millis())?;
        Ok((ms - 1 - self.start) / self.step)
    }
}

/// Visits of one month.
struct Stretch<'a> {
    base: &'a Base,
    spread: Spread,
    month: NaiveDate,
    from: u64,
    to: u64,
}

impl Stretch<'_> {
    fn table(&self) -> String {
        format!("orders_{}", self.month.format("%Y%m"))
    }

    async fn make_month(&self) -> Result<()> {
        let (table, month) = (self.table(), self.month.format("%Y%m"));
        self.base
            .execute(&format!(
                "CREATE TABLE IF NOT EXISTS {table} LIKE orders_template; INSERT IGNORE INTO order_months (month) VALUES ({month})"
            ))
            .await?;
        Ok(())
    }

    /// Copies of a pattern, with everything that belongs to it.
    async fn copy(&self, state: usize, pattern: &Pattern) -> Result<()> {
        let numbers = format!(
            "seq_{}_to_{} n JOIN (SELECT 1) one ON CRC32(CONCAT('state ', n.seq)) MOD 4 = {state}",
            self.from, self.to
        );
        let at = self.instant();
        let (appointment, order, quote) = (
            self.uuid("appointment"),
            self.uuid("order"),
            self.uuid("quote"),
        );
        let user = format!(
            "UNHEX(CONCAT('01900000000070008000', LPAD(HEX((n.seq - 1) MOD {CUSTOMERS} + 1), 12, '0')))"
        );
        let of = |id: Uuid| format!("UNHEX('{}')", id.simple());
        let common: Vec<(&str, String)> = vec![
            ("user_id", user),
            ("created_at", at.clone()),
            ("updated_at", at.clone()),
            ("scope_collector", "NULL".to_owned()),
            ("scope_fact", "NULL".to_owned()),
        ];
        let mut own = vec![
            ("id", appointment.clone()),
            ("order_id", order.clone()),
            ("appointment_time", format!("{at} + INTERVAL 1 DAY")),
            ("slot_date", format!("DATE({at} + INTERVAL 1 DAY)")),
            (
                "address_detail",
                "CONCAT('文三路 ', n.seq MOD 1000, ' 号 ', n.seq MOD 7 + 1, ' 幢 ', n.seq MOD 31 + 101)".to_owned(),
            ),
            (
                "contact_phone",
                "CONCAT('138', LPAD(n.seq MOD 100000000, 8, '0'))".to_owned(),
            ),
        ];
        own.extend(common.clone());
        self.rows(
            "appointments",
            &own,
            &numbers,
            &format!("t.id = {}", of(pattern.appointment)),
        )
        .await?;
        let month = self.month.format("%Y-%m").to_string();
        let current = if pattern.quote.is_nil() {
            "NULL".to_owned()
        } else {
            quote.clone()
        };
        let mut own = vec![
            ("id", order.clone()),
            ("appointment_id", appointment.clone()),
            ("order_no", order_no(&order, &month)),
            ("current_quote", current),
        ];
        own.extend(common);
        self.rows(
            &self.table(),
            &own,
            &numbers,
            &format!("t.id = {}", of(pattern.order)),
        )
        .await?;
        let body = format!(
            "REPLACE(t.body, '{}', LOWER(INSERT(INSERT(INSERT(INSERT(HEX({quote}), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-')))",
            pattern.quote
        );
        let parts: [(&str, Vec<(&str, String)>); 4] = [
            (
                "quotes",
                vec![("id", quote), ("order_id", order.clone()), ("body", body)],
            ),
            (
                "payments",
                vec![("id", self.uuid("payment")), ("order_id", order.clone())],
            ),
            ("order_lines", vec![("order_id", order.clone())]),
            (
                "refunds",
                vec![("id", self.uuid("refund")), ("order_id", order)],
            ),
        ];
        for (table, own) in &parts {
            self.rows(
                table,
                own,
                &numbers,
                &format!("t.order_id = {}", of(pattern.order)),
            )
            .await?;
        }
        Ok(())
    }

    /// One statement: the rows of `table` that `which` finds, once for each number, some columns their own.
    async fn rows(
        &self,
        table: &str,
        own: &[(&str, String)],
        numbers: &str,
        which: &str,
    ) -> Result<()> {
        let source = if table == self.table() {
            self.template_month(which).await?
        } else {
            Some(table.to_owned())
        };
        let Some(source) = source else {
            return Ok(());
        };
        let columns = columns(self.base, table).await?;
        let mut values = String::new();
        for column in &columns {
            let value = own.iter().find(|(name, _)| name == column);
            let value = value.map_or_else(|| format!("t.`{column}`"), |(_, value)| value.clone());
            let comma = if values.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _ = write!(values, "{comma}{value}");
        }
        let names = columns.join("`, `");
        self.base
            .execute(&format!(
                "INSERT INTO {table} (`{names}`) SELECT {values} FROM {numbers} JOIN {source} t ON {which}"
            ))
            .await?;
        Ok(())
    }

    /// The monthly table that holds the pattern's order.
    async fn template_month(&self, which: &str) -> Result<Option<String>> {
        let months = self
            .base
            .texts("SELECT CONCAT('orders_', month) FROM order_months ORDER BY month DESC")
            .await?;
        for table in months {
            let sql = format!("SELECT HEX(t.id) FROM {table} t WHERE {which}");
            if !self.base.texts(&sql).await?.is_empty() {
                return Ok(Some(table));
            }
        }
        ensure!(false, "the pattern's order is nowhere");
        Ok(None)
    }

    fn millis(&self) -> String {
        format!("({} + n.seq * {})", self.spread.start, self.spread.step)
    }

    fn instant(&self) -> String {
        format!(
            "(TIMESTAMP '1970-01-01 00:00:00.000' + INTERVAL {} * 1000 MICROSECOND)",
            self.millis()
        )
    }

    fn uuid(&self, what: &str) -> String {
        let random = format!("MD5(CONCAT('{what} ', n.seq))");
        format!(
            "UNHEX(CONCAT(LPAD(HEX({}), 12, '0'), '7', SUBSTR({random}, 1, 3), '8', SUBSTR({random}, 4, 15)))",
            self.millis()
        )
    }
}

/// A table's columns that are stored, without numbers that the database gives.
async fn columns(base: &Base, table: &str) -> Result<Vec<String>> {
    base.texts(&format!(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}' \
         AND extra NOT LIKE '%auto_increment%' AND extra NOT LIKE '%GENERATED%' ORDER BY ordinal_position"
    ))
    .await
}

/// Takes away what runs have booked since the fill, and what goes with it.
///
/// # Errors
/// The database refused.
pub async fn forget_runs(base: &Base, reach: &str) -> Result<()> {
    let later = |column: &str| format!("{column} > UNHEX('{reach}')");
    let mut tables: Vec<(String, &str)> = base
        .texts("SELECT CONCAT('orders_', month) FROM order_months")
        .await?
        .into_iter()
        .map(|table| (table, "id"))
        .collect();
    for (table, column) in [
        ("appointments", "id"),
        ("messages", "id"),
        ("quotes", "order_id"),
        ("payments", "order_id"),
        ("order_lines", "order_id"),
    ] {
        tables.push((table.to_owned(), column));
    }
    for (table, column) in tables {
        let sql = format!("DELETE FROM {table} WHERE {} LIMIT 20000", later(column));
        while base.execute(&sql).await? > 0 {}
    }
    base.execute("TRUNCATE TABLE idempotency_keys; DELETE FROM sync_outbox")
        .await?;
    make_room(base).await
}

/// Copies a visit of a customer behind the server's back, as the newest of its state; answers the new appointment's id.
///
/// # Errors
/// The customer has none.
pub async fn slip_in(base: &Base, customer: Uuid, state: u8, now: DateTime<Utc>) -> Result<Uuid> {
    let user = format!("UNHEX('{}')", customer.simple());
    let found = base
        .text(&format!(
            "SELECT CONCAT(HEX(id), HEX(order_id)) FROM appointments WHERE user_id = {user} AND status = {state} ORDER BY id DESC LIMIT 1"
        ))
        .await?;
    let (appointment, order) = found.split_at(32);
    let new = |salt: u128| {
        let millis = u128::try_from(now.timestamp_millis()).unwrap_or_default();
        Uuid::from_u128((millis << 80) | (0x7000_8000 << 48) | salt)
    };
    let (new_id, new_order) = (new(1), new(2));
    let month = now.format("orders_%Y%m").to_string();
    let old_month = format!(
        "orders_{}",
        base.text(&format!(
            "SELECT DATE_FORMAT(FROM_UNIXTIME(CONV('{}', 16, 10) / 1000), '%Y%m')",
            order.get(..12).context("an id")?
        ))
        .await?
    );
    for (table, source, id, own) in [
        (
            "appointments",
            "appointments",
            appointment,
            [("id", new_id), ("order_id", new_order)],
        ),
        (
            month.as_str(),
            old_month.as_str(),
            order,
            [("id", new_order), ("appointment_id", new_id)],
        ),
    ] {
        let columns = columns(base, table).await?;
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                let own = own.iter().find(|(name, _)| name == column);
                own.map_or_else(
                    || format!("`{column}`"),
                    |(_, id)| format!("UNHEX('{}')", id.simple()),
                )
            })
            .collect();
        base.execute(&format!(
            "INSERT INTO {table} (`{}`) SELECT {} FROM {source} WHERE id = UNHEX('{id}')",
            columns.join("`, `"),
            values.join(", ")
        ))
        .await?;
    }
    Ok(new_id)
}
