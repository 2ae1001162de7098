//! Messages to customers, written in the transaction of what they tell about: never lost, never sent for a write that
//! was rolled back. They hold a code and parameters and are worded when read.

use super::{
    StoreError, Tx,
    bulk::CHUNK,
    decode::{json, text},
    script,
    shapes::pieces,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::{Appointment, AppointmentStatus as S},
    ids::{AppointmentId, UserId},
    visit::Visit,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder, Row};
use uuid::Uuid;

/// A message as stored.
#[derive(Debug, Clone)]
pub struct Message {
    /// Identity.
    pub id: Uuid,
    /// What it is about.
    pub appointment_id: Option<AppointmentId>,
    /// What it says.
    pub code: String,
    /// With which figures.
    pub params: Value,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Tells the customer of a visit what has changed for them; one who is not known hears it from the depot.
pub(super) async fn tell_customer(
    tx: &mut Tx,
    before: Option<&Visit>,
    after: &Visit,
) -> Result<(), StoreError> {
    write(tx, rows_of(before, after)?).await
}

/// Tells the customers of several visits, step by step, with the commit.
pub(super) fn tell_customers(
    tx: &mut Tx,
    steps: &[(Option<Visit>, Visit)],
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for (before, after) in steps {
        rows.append(&mut rows_of(before.as_ref(), after)?);
    }
    for piece in rows.chunks(CHUNK) {
        tx.last(insert_text(piece));
    }
    Ok(())
}

/// Tells the customers of new visits, with the commit.
pub(super) fn tell_of_new<'v>(
    tx: &mut Tx,
    visits: impl Iterator<Item = &'v Visit>,
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for visit in visits {
        rows.append(&mut rows_of(None, visit)?);
    }
    for piece in rows.chunks(CHUNK) {
        tx.last(insert_text(piece));
    }
    Ok(())
}

/// The statement that writes them, as text.
fn insert_text(rows: &[NewRow]) -> String {
    let values = rows.iter().map(|(user, appointment, code, params, at)| {
        let (id, user, about) = (
            script::id(Uuid::now_v7()),
            script::id(*user),
            script::id(*appointment),
        );
        let (params, at) = (script::text(params), script::moment(*at));
        format!("({id}, {user}, {about}, '{code}', {params}, {at})")
    });
    let values: Vec<String> = values.collect();
    format!(
        "INSERT INTO messages (id, user_id, appointment_id, code, params, created_at) VALUES {}",
        values.join(", ")
    )
}

/// User, appointment, code, parameters, time.
type NewRow = (Uuid, Uuid, &'static str, String, DateTime<Utc>);

fn rows_of(before: Option<&Visit>, after: &Visit) -> Result<Vec<NewRow>, StoreError> {
    let Some(appointment) = &after.appointment else {
        return Ok(Vec::new());
    };
    let Some(user) = appointment.user_id else {
        return Ok(Vec::new());
    };
    let at = after.order.updated_at.max(appointment.updated_at);
    news(before, after, appointment)
        .into_iter()
        .map(|(code, params)| Ok((user.0, appointment.id.0, code, text(&params)?, at)))
        .collect()
}

async fn write(tx: &mut Tx, rows: Vec<NewRow>) -> Result<(), StoreError> {
    for piece in pieces(&rows, CHUNK) {
        let mut insert = QueryBuilder::<MySql>::new(
            "INSERT INTO messages (id, user_id, appointment_id, code, params, created_at) ",
        );
        insert.push_values(
            piece,
            |mut values, (user, appointment, code, params, at)| {
                values
                    .push_bind(Uuid::now_v7())
                    .push_bind(*user)
                    .push_bind(*appointment)
                    .push_bind(*code)
                    .push_bind(params.clone())
                    .push_bind(*at);
            },
        );
        insert.build().execute(tx.conn()).await?;
    }
    Ok(())
}

/// What is new for the customer, as code and parameters.
fn news(
    before: Option<&Visit>,
    after: &Visit,
    appointment: &Appointment,
) -> Vec<(&'static str, Value)> {
    let when = json!({"date": appointment.slot.date, "start": appointment.slot.start, "end": appointment.slot.end});
    let Some((was, order)) =
        before.and_then(|visit| Some((visit.appointment.as_ref()?, &visit.order)))
    else {
        return vec![("appointment_booked", when)];
    };
    let mut news = Vec::new();
    if was.slot != appointment.slot || was.appointment_time != appointment.appointment_time {
        news.push(("appointment_rescheduled", when.clone()));
    }
    if was.assignee != appointment.assignee && appointment.assignee.is_some() {
        news.push(("collector_assigned", when.clone()));
    }
    if was.status != appointment.status {
        news.extend(status_news(appointment, &when));
    }
    if was.estimate.id != appointment.estimate.id {
        news.push(("new_estimate", json!({"amount": appointment.estimate.due})));
    }
    if order.current_quote != after.order.current_quote {
        news.push(("final_quote", json!({"amount": after.order.due})));
    }
    if let Some(payment) = after.order.payments.get(order.payments.len()) {
        news.push(("paid", json!({"amount": payment.amount})));
    }
    news
}

fn status_news(appointment: &Appointment, when: &Value) -> Option<(&'static str, Value)> {
    match appointment.status {
        S::Pending => None,
        S::Confirmed => Some(("appointment_confirmed", when.clone())),
        S::InService => Some(("visit_started", json!({}))),
        S::Completed => Some(("appointment_completed", json!({}))),
        S::Cancelled => {
            let reason = appointment.cancellation.as_ref().map(|c| c.reason.clone());
            Some(("appointment_cancelled", json!({"reason": reason})))
        }
    }
}

/// The SQL of a customer's list: newest first, by the index that ends in the id.
#[must_use]
pub fn list_sql(after: bool) -> String {
    format!(
        "SELECT id, appointment_id, code, params, created_at FROM messages WHERE user_id = ?{} ORDER BY id DESC LIMIT ?",
        if after { " AND id < ?" } else { "" }
    )
}

/// A page of a customer's messages, newest first.
///
/// # Errors
/// The database refused.
pub async fn page(
    conn: &mut MySqlConnection,
    user: UserId,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let mut query = sqlx::query(AssertSqlSafe(list_sql(after.is_some()))).bind(user.0);
    if let Some(after) = after {
        query = query.bind(after);
    }
    let rows = query.bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(Message {
                id: row.try_get("id")?,
                appointment_id: row
                    .try_get::<Option<Uuid>, _>("appointment_id")?
                    .map(Into::into),
                code: row.try_get("code")?,
                params: json(row, "params")?,
                created_at: row.try_get("created_at")?,
            })
        })
        .collect()
}
