//! Goods and money of orders: final quotes, the lines of the current one, payments, refunds. All but the lines are
//! append-only; the lines are a copy for queries, rewritten when another quote counts.

use super::{
    StoreError, Tx, blob_names,
    decode::{decimal, fen, text, unreadable},
    orders::push_ids,
};
use huishou_domain::{
    order::{FinalQuote, Order, Payment, PaymentMethod, Refund},
    quote::QuoteLine,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::{MySql, MySqlConnection, QueryBuilder, Row};
use std::collections::HashMap;
use uuid::Uuid;

/// What belongs to one order, each oldest first.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub quotes: Vec<FinalQuote>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
}

/// The parts of these orders: three queries, however many.
pub(super) async fn of(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Parts>, StoreError> {
    let mut parts: HashMap<Uuid, Parts> = HashMap::new();
    if ids.is_empty() {
        return Ok(parts);
    }
    for row in select("SELECT order_id, by_staff, at, body FROM quotes", ids)
        .build()
        .fetch_all(&mut *conn)
        .await?
    {
        let body: String = row.try_get("body")?;
        let quote = FinalQuote {
            quote: read(&body)?,
            by: row.try_get::<Uuid, _>("by_staff")?.into(),
            at: row.try_get("at")?,
            photos: photos(&body)?,
        };
        parts
            .entry(row.try_get("order_id")?)
            .or_default()
            .quotes
            .push(quote);
    }
    for row in select(
        "SELECT id, order_id, method, amount, at, by_staff FROM payments",
        ids,
    )
    .build()
    .fetch_all(&mut *conn)
    .await?
    {
        let method: String = row.try_get("method")?;
        let payment = Payment {
            payment_id: row.try_get::<Uuid, _>("id")?.into(),
            method: PaymentMethod::parse(&method)
                .ok_or_else(|| unreadable("payments.method", &method))?,
            amount: fen(&row, "amount")?,
            at: row.try_get("at")?,
            by: row.try_get::<Uuid, _>("by_staff")?.into(),
        };
        parts
            .entry(row.try_get("order_id")?)
            .or_default()
            .payments
            .push(payment);
    }
    for row in select(
        "SELECT id, order_id, payment_id, amount, at, by_staff FROM refunds",
        ids,
    )
    .build()
    .fetch_all(&mut *conn)
    .await?
    {
        let refund = Refund {
            refund_id: row.try_get::<Uuid, _>("id")?.into(),
            payment_id: row.try_get::<Uuid, _>("payment_id")?.into(),
            amount: fen(&row, "amount")?,
            at: row.try_get("at")?,
            by: row.try_get::<Uuid, _>("by_staff")?.into(),
        };
        parts
            .entry(row.try_get("order_id")?)
            .or_default()
            .refunds
            .push(refund);
    }
    Ok(parts)
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| unreadable("quotes.body", &error.to_string()))
}

/// What lies beside a quote in its body; most have nothing.
#[derive(Serialize, Deserialize)]
struct Beside {
    #[serde(default)]
    photos: Vec<String>,
}

fn photos(body: &str) -> Result<Vec<String>, StoreError> {
    if body.contains("\"photos\":") {
        read::<Beside>(body).map(|beside| beside.photos)
    } else {
        Ok(Vec::new())
    }
}

/// A quote's body: the quote, and beside it the names of the photos, if there are any.
fn body(quote: &FinalQuote) -> Result<String, StoreError> {
    if quote.photos.is_empty() {
        return text(&quote.quote);
    }
    let mut body = serde_json::to_value(&quote.quote)
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    body["photos"] = Value::from(quote.photos.clone());
    Ok(body.to_string())
}

fn select(columns: &str, ids: &[Uuid]) -> QueryBuilder<MySql> {
    let mut select = QueryBuilder::new(format!("{columns} WHERE order_id IN ("));
    push_ids(&mut select, ids);
    select.push(" ORDER BY order_id, position");
    select
}

/// Writes what `order` has more than `before`, and the lines if another quote counts.
pub(super) async fn append(
    tx: &mut Tx,
    before: Option<&Order>,
    order: &Order,
) -> Result<(), StoreError> {
    blob_names::note(tx, before, order).await?;
    let known = |count: fn(&Order) -> usize| before.map_or(0, count);
    for (position, quote) in (0_u32..).zip(&order.quotes).skip(known(|o| o.quotes.len())) {
        insert_quote(tx, order, position, quote).await?;
    }
    for (position, payment) in (0_u32..)
        .zip(&order.payments)
        .skip(known(|o| o.payments.len()))
    {
        insert_payment(tx, order, position, payment).await?;
    }
    for (position, refund) in (0_u32..)
        .zip(&order.refunds)
        .skip(known(|o| o.refunds.len()))
    {
        insert_refund(tx, order, position, refund).await?;
    }
    if before.and_then(|o| o.current_quote) != order.current_quote {
        rewrite_lines(tx, order).await?;
    }
    Ok(())
}

async fn insert_quote(
    tx: &mut Tx,
    order: &Order,
    position: u32,
    quote: &FinalQuote,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO quotes (id, order_id, position, by_staff, at, body) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(quote.quote.id.0)
    .bind(order.id.0)
    .bind(position)
    .bind(quote.by.0)
    .bind(quote.at)
    .bind(body(quote)?)
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn insert_payment(
    tx: &mut Tx,
    order: &Order,
    position: u32,
    payment: &Payment,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO payments (id, order_id, position, method, amount, at, by_staff) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(payment.payment_id.0)
        .bind(order.id.0)
        .bind(position)
        .bind(payment.method.as_str())
        .bind(decimal(payment.amount)?)
        .bind(payment.at)
        .bind(payment.by.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn insert_refund(
    tx: &mut Tx,
    order: &Order,
    position: u32,
    refund: &Refund,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refunds (id, order_id, position, payment_id, amount, at, by_staff) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .bind(refund.refund_id.0)
        .bind(order.id.0)
        .bind(position)
        .bind(refund.payment_id.0)
        .bind(decimal(refund.amount)?)
        .bind(refund.at)
        .bind(refund.by.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn rewrite_lines(tx: &mut Tx, order: &Order) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM order_lines WHERE order_id = ?")
        .bind(order.id.0)
        .execute(tx.conn())
        .await?;
    let lines = order
        .current()
        .map(|q| q.quote.lines.as_slice())
        .unwrap_or_default();
    if lines.is_empty() {
        return Ok(());
    }
    let rows = (0_u32..)
        .zip(lines)
        .map(|(index, line)| Ok((index, line, decimal(line.amount)?)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let mut insert = QueryBuilder::<MySql>::new(
        "INSERT INTO order_lines (order_id, line, category, quantity, unit_price, amount) ",
    );
    insert.push_values(rows, |mut row, (index, line, amount)| {
        let QuoteLine {
            category,
            quantity,
            unit_price,
            ..
        } = line;
        row.push_bind(order.id.0)
            .push_bind(index)
            .push_bind(category.chars().take(191).collect::<String>())
            .push_bind(stated(quantity, 12, 6))
            .push_bind(stated(unit_price, 10, 10))
            .push_bind(amount);
    });
    insert.build().execute(tx.conn()).await?;
    Ok(())
}

/// A number as a device stated it, if the column can hold it: the quote's body keeps the text whatever it was.
fn stated(number: &str, integers: usize, decimals: u32) -> Option<Decimal> {
    let decimal: Decimal = number.parse().ok()?;
    let whole = decimal.trunc().abs().to_string();
    (whole.len() <= integers && decimal.scale() <= decimals).then_some(decimal)
}
