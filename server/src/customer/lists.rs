//! A customer's lists: newest first, by pages, a fixed number of queries a page.

use super::{cursor, view, words};
use crate::{
    app::App,
    problem::Problem,
    store::{appointments, messages, orders, ratings},
};
use huishou_domain::{
    appointment::AppointmentStatus,
    ids::{AppointmentId, OrderId, UserId},
    pricing::Lang,
    time::wire,
    visit::Visit,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// Which page.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// At most so many.
    pub limit: u32,
    /// Older than this one.
    pub after: Option<Uuid>,
}

/// A page.
#[derive(Debug, Serialize)]
pub struct Page {
    /// Newest first.
    pub items: Vec<Value>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}

/// Appointments of a customer.
///
/// # Errors
/// The database refused.
pub async fn appointments(
    app: &App,
    user: UserId,
    status: Option<AppointmentStatus>,
    wanted: Wanted,
) -> Result<Page, Problem> {
    let mut connection = app.db.read().await?;
    let (keys, more) = cut(
        appointments::page(
            &mut connection,
            user,
            status,
            wanted.after,
            wanted.limit + 1,
        )
        .await?,
        wanted.limit,
    );
    let (ids, order_ids): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
    let mut found: HashMap<Uuid, _> = appointments::load_many(&mut connection, &ids)
        .await?
        .into_iter()
        .map(|a| (a.body.id.0, a.body))
        .collect();
    let mut orders: HashMap<Uuid, _> =
        orders::load_many(&mut connection, app.db.months(), &order_ids)
            .await?
            .into_iter()
            .map(|o| (o.body.id.0, o.body))
            .collect();
    let visits = keys.iter().filter_map(|(id, order)| {
        Some(Visit {
            appointment: Some(found.remove(id)?),
            order: orders.remove(order)?,
        })
    });
    let items = visits
        .map(|visit| view::bare(&visit))
        .collect::<Result<_, _>>()?;
    Ok(page(
        app,
        "appointments",
        user,
        items,
        ids.last().copied().filter(|_| more),
    ))
}

/// Orders of a customer, in the order of their appointments.
///
/// # Errors
/// The database refused.
pub async fn orders(app: &App, user: UserId, wanted: Wanted) -> Result<Page, Problem> {
    let mut connection = app.db.read().await?;
    let (keys, more) = cut(
        appointments::page(&mut connection, user, None, wanted.after, wanted.limit + 1).await?,
        wanted.limit,
    );
    let ids: Vec<Uuid> = keys.iter().map(|(_, order)| *order).collect();
    let mut found: HashMap<Uuid, _> = orders::load_many(&mut connection, app.db.months(), &ids)
        .await?
        .into_iter()
        .map(|o| (o.body.id.0, o.body))
        .collect();
    let items = ids
        .iter()
        .filter_map(|id| found.remove(id))
        .map(|order| view::order(&order))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(page(
        app,
        "orders",
        user,
        items,
        keys.last().map(|(id, _)| *id).filter(|_| more),
    ))
}

/// Messages to a customer.
///
/// # Errors
/// The database refused.
pub async fn messages(
    app: &App,
    user: UserId,
    wanted: Wanted,
    lang: Lang,
) -> Result<Page, Problem> {
    let mut connection = app.db.read().await?;
    let (found, more) = cut(
        messages::page(&mut connection, user, wanted.after, wanted.limit + 1).await?,
        wanted.limit,
    );
    let last = found.last().map(|m| m.id).filter(|_| more);
    let items = found
        .into_iter()
        .map(|m| {
            let text = words::message(&m.code, &m.params, lang);
            json!({"id": m.id, "code": m.code, "text": text, "appointment_id": m.appointment_id, "created_at": wire(m.created_at)})
        })
        .collect();
    Ok(page(app, "messages", user, items, last))
}

/// One appointment of a customer.
///
/// # Errors
/// 404 for what is not theirs.
pub async fn appointment(
    app: &App,
    user: UserId,
    id: AppointmentId,
    lang: Lang,
) -> Result<Value, Problem> {
    let mut connection = app.db.read().await?;
    let appointment = appointments::of_user(&mut connection, user, id)
        .await?
        .ok_or_else(Problem::not_found)?
        .body;
    let order = orders::load_many(&mut connection, app.db.months(), &[appointment.order_id.0])
        .await?
        .pop();
    let order = order
        .ok_or_else(|| Problem::internal(format!("appointment {id} has no order")))?
        .body;
    let rating = ratings::of(&mut connection, id).await?;
    drop(connection);
    view::appointment(
        app,
        &Visit {
            appointment: Some(appointment),
            order,
        },
        rating.as_ref(),
        lang,
    )
    .await
}

/// One order of a customer.
///
/// # Errors
/// 404 for what is not theirs.
pub async fn order(app: &App, user: UserId, id: OrderId) -> Result<Value, Problem> {
    let mut connection = app.db.read().await?;
    let found = orders::load_many(&mut connection, app.db.months(), &[id.0])
        .await?
        .pop();
    let order = found
        .map(|stored| stored.body)
        .filter(|order| order.user_id == Some(user))
        .ok_or_else(Problem::not_found)?;
    view::order(&order)
}

/// One row more than wanted was asked for: whether it came says whether there is a next page.
fn cut<T>(mut rows: Vec<T>, limit: u32) -> (Vec<T>, bool) {
    let limit = limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}

fn page(app: &App, list: &str, user: UserId, items: Vec<Value>, last: Option<Uuid>) -> Page {
    Page {
        items,
        next: last.map(|id| cursor::seal(&app.config.cursor_secret(), list, user.0, id)),
    }
}
