//! What MySQL holds, read past the product, as the last word on the walk.

use anyhow::{Context, Result, ensure};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::customer::Booked;
use crate::story::{Told, plain};

/// The system's database.
pub struct Books(MySqlPool);

/// An order's row.
#[derive(Debug, FromRow)]
pub struct OrderRow {
    /// 0 unpaid, 1 paid, 2 completed, 3 cancelled.
    pub status: i64,
    /// Due, as `212.43`.
    pub due: String,
}

/// A line: category, quantity, unit price, amount.
pub type Line = (String, String, String, String);

impl Books {
    /// Connects.
    pub async fn open(url: &str) -> Result<Self> {
        let pool = MySqlPoolOptions::new()
            .max_connections(2)
            .connect(url)
            .await;
        Ok(Self(pool.context("the system's database")?))
    }

    /// An appointment's status: 2 completed, 3 cancelled.
    pub async fn appointment_status(&self, id: Uuid) -> Result<i64> {
        let sql = "SELECT CAST(status AS SIGNED) FROM appointments WHERE id = ?";
        Ok(sqlx::query_scalar(sql).bind(id).fetch_one(&self.0).await?)
    }

    /// The one row of an order, whatever its month.
    pub async fn order(&self, id: Uuid) -> Result<OrderRow> {
        let mut found = Vec::new();
        for table in self.months().await? {
            let sql = format!(
                "SELECT CAST(status AS SIGNED) AS status, CAST(due AS CHAR) AS due FROM {table} WHERE id = ?"
            );
            found.extend(
                sqlx::query_as::<_, OrderRow>(AssertSqlSafe(sql))
                    .bind(id)
                    .fetch_all(&self.0)
                    .await?,
            );
        }
        ensure!(
            found.len() == 1,
            "order {id} is stored {} times",
            found.len()
        );
        found.pop().context("the order's row")
    }

    /// An order's lines, in order, numbers as stored.
    pub async fn lines(&self, order: Uuid) -> Result<Vec<Line>> {
        let sql = "SELECT category, CAST(quantity AS CHAR), CAST(unit_price AS CHAR), CAST(amount AS CHAR) \
                   FROM order_lines WHERE order_id = ? ORDER BY line";
        Ok(sqlx::query_as(sql).bind(order).fetch_all(&self.0).await?)
    }

    /// An order's payments: method and amount.
    pub async fn payments(&self, order: Uuid) -> Result<Vec<(String, String)>> {
        let sql = "SELECT CAST(method AS CHAR), CAST(amount AS CHAR) FROM payments WHERE order_id = ? ORDER BY position";
        Ok(sqlx::query_as(sql).bind(order).fetch_all(&self.0).await?)
    }

    async fn months(&self) -> Result<Vec<String>> {
        let sql = "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() \
                   AND table_name REGEXP '^orders_[0-9]{6}$' ORDER BY name";
        Ok(sqlx::query_scalar(sql).fetch_all(&self.0).await?)
    }
}

pub async fn in_the_books(
    told: &mut Told,
    books: &Books,
    gu: &Booked,
    shen: &Booked,
    ticket: Uuid,
) -> Result<()> {
    let order: Uuid = plain(&gu.visit["order_id"]).parse()?;
    ensure!(
        books
            .appointment_status(plain(&gu.visit["id"]).parse()?)
            .await?
            == 2,
        "顾女士's appointment is completed"
    );
    ensure!(
        books
            .appointment_status(plain(&shen.visit["id"]).parse()?)
            .await?
            == 3,
        "沈先生's appointment is cancelled"
    );
    let row = books.order(order).await?;
    ensure!(
        (row.status, row.due.as_str()) == (1, "212.43"),
        "the order is paid, ¥212.43: {row:?}"
    );
    lines(
        books,
        order,
        &[
            ("paper/cardboard", "49.664", "1.1", "54.63"),
            ("metal/iron", "21", "1.8", "37.80"),
            ("electronic/fridge", "1", "120", "120.00"),
        ],
    )
    .await?;
    payment(books, order, "212.43").await?;
    let row = books.order(ticket).await?;
    ensure!(
        (row.status, row.due.as_str()) == (2, "7.04"),
        "the ticket is completed, ¥7.04: {row:?}"
    );
    lines(books, ticket, &[("plastic/pet", "3.2", "2.2", "7.04")]).await?;
    payment(books, ticket, "7.04").await?;
    told.say("MySQL holds exactly that: appointment completed, order ¥212.43 with its three lines and one payment, ticket ¥7.04, the other appointment cancelled");
    Ok(())
}

async fn lines(books: &Books, order: Uuid, expected: &[(&str, &str, &str, &str)]) -> Result<()> {
    let found = books.lines(order).await?;
    let found: Vec<_> = found
        .iter()
        .map(|(category, quantity, price, amount)| {
            (
                category.as_str(),
                short(quantity),
                short(price),
                amount.as_str(),
            )
        })
        .collect();
    ensure!(
        found == expected,
        "lines of {order}: {found:?}, expected {expected:?}"
    );
    Ok(())
}

async fn payment(books: &Books, order: Uuid, amount: &str) -> Result<()> {
    let found = books.payments(order).await?;
    ensure!(
        found == [("cash".to_owned(), amount.to_owned())],
        "payments of {order}: {found:?}"
    );
    Ok(())
}

/// A stored number without superfluous zeros.
fn short(number: &str) -> &str {
    number.trim_end_matches('0').trim_end_matches('.')
}
