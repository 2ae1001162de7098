//! Appointments and orders as the customer's API shows them: the aggregate without what is only the trade's own, with
//! the final quote and the amount.

use super::quote;
use crate::{app::App, problem::Problem, store::ratings::Rating};
use huishou_domain::{
    order::Order,
    pricing::Lang,
    quote::{Quote, TraceWords},
    time::wire,
    visit::Visit,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// An appointment with the working of its quotes in words.
///
/// # Errors
/// The database refused.
pub async fn appointment(
    app: &App,
    visit: &Visit,
    rating: Option<&Rating>,
    lang: Lang,
) -> Result<Value, Problem> {
    let mut body = add_words(app, bare(visit)?, lang).await?;
    body["review"] = json!(
        rating.map(|r| json!({"stars": r.stars, "text": r.text, "created_at": wire(r.created_at)}))
    );
    Ok(body)
}

/// An appointment just booked, with the working of its estimate in words.
///
/// # Errors
/// None in practice.
pub fn new_appointment(visit: &Visit, trace: &[TraceWords]) -> Result<Value, Problem> {
    let mut body = bare(visit)?;
    body["estimate"]["trace"] = to_value(&trace)?;
    body["review"] = Value::Null;
    Ok(body)
}

/// An appointment without words: for lists and kept answers.
///
/// # Errors
/// None in practice: everything is plain data.
pub fn bare(visit: &Visit) -> Result<Value, Problem> {
    let appointment = visit.appointment.as_ref().ok_or_else(Problem::not_found)?;
    let mut body = to_value(appointment)?;
    if let Some(object) = body.as_object_mut() {
        object.remove("reviews");
        object.remove("rescheduled_version");
    }
    let last = visit.order.current();
    body["estimate"] = quote_value(&appointment.estimate)?;
    body["final"] = last
        .map(|q| quote_value(&q.quote))
        .transpose()?
        .unwrap_or(Value::Null);
    body["amount"] = json!(last.map_or(appointment.estimate.due, |_| visit.order.due));
    Ok(body)
}

/// Puts the working, in words, into the quotes of a body made by [`bare`].
///
/// # Errors
/// The database refused.
pub async fn add_words(app: &App, mut body: Value, lang: Lang) -> Result<Value, Problem> {
    for key in ["estimate", "final"] {
        let Ok(quote) = Quote::deserialize(&body[key]) else {
            continue;
        };
        body[key]["trace"] = to_value(&quote::replay(app, &quote, lang).await?)?;
    }
    Ok(body)
}

/// A quote with every field there, empty ones too.
///
/// # Errors
/// None in practice.
pub fn quote_value(quote: &Quote) -> Result<Value, Problem> {
    let mut body = to_value(quote)?;
    if body.get("trace").is_none() {
        body["trace"] = json!([]);
    }
    Ok(body)
}

/// The same as text, written without a detour where every field is there.
///
/// # Errors
/// None in practice.
pub fn quote_text(quote: &Quote) -> Result<String, Problem> {
    let text = if quote.trace.is_empty() {
        serde_json::to_string(&quote_value(quote)?)
    } else {
        serde_json::to_string(quote)
    };
    text.map_err(|e| Problem::internal(e.to_string()))
}

/// An order.
///
/// # Errors
/// None in practice.
pub fn order(order: &Order) -> Result<Value, Problem> {
    let last = order.current().map(|q| &q.quote);
    let lines: Vec<Value> = last
        .map(|q| q.lines.iter().map(|l| json!({"category": l.category, "quantity": l.quantity, "unit_price": l.unit_price, "amount": l.amount})).collect())
        .unwrap_or_default();
    let accepted = order.accepted();
    let reviews: Vec<Value> = order
        .reviews
        .iter()
        .map(|r| json!({"code": r.code, "at": wire(r.at)}))
        .collect();
    Ok(json!({
        "id": order.id,
        "appointment_id": order.appointment_id,
        "order_no": order.order_no,
        "version": order.version,
        "status": order.status,
        "lines": lines,
        "total": last.map_or(huishou_domain::money::Fen::ZERO, |q| q.total),
        "adjustments": to_value(&last.map(|q| q.adjustments.clone()).unwrap_or_default())?,
        "due": order.due,
        "quote_id": order.current_quote,
        "payments": to_value(&order.payments)?,
        "refunds": to_value(&order.refunds)?,
        "weighed_at": order.weighed_at.map(wire),
        "accepted_at": accepted.map(|a| wire(a.at)),
        "accepted_by": accepted.map(|a| a.by),
        "reviews": reviews,
        "channel": order.channel,
        "channel_order_id": order.channel_order_id,
        "created_at": wire(order.created_at),
        "updated_at": wire(order.updated_at),
    }))
}

fn to_value<T: serde::Serialize>(value: &T) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|e| Problem::internal(e.to_string()))
}
