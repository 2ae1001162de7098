//! A customer's lists: newest first, by pages, a fixed number of queries a page.

use super::{card, cursor, view, words};
use crate::{
    app::App,
    problem::Problem,
    reading,
    store::{appointments, cards, messages, orders, ratings},
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

/// Appointments of a customer, with their quotes: the page, as JSON.
///
/// # Errors
/// The database refused.
pub async fn appointments(
    app: &App,
    user: UserId,
    status: Option<AppointmentStatus>,
    wanted: Wanted,
) -> Result<String, Problem> {
    let (keys, more, found, orders) = reading!(&app.db, |conn| {
        let (status, after) = (status, wanted.after);
        let found = appointments::page(conn, user, status, after, wanted.limit + 1).await?;
        let (keys, more) = cut(found, wanted.limit);
        let (ids, order_ids): (Vec<_>, Vec<_>) = keys.iter().copied().unzip();
        let found = appointments::load_many(conn, &ids).await?;
        let orders = orders::load_many(conn, app.db.months(), &order_ids).await?;
        Ok::<_, Problem>((keys, more, found, orders))
    })?;
    let mut found: HashMap<Uuid, _> = found.into_iter().map(|a| (a.body.id.0, a.body)).collect();
    let mut orders: HashMap<Uuid, _> = orders.into_iter().map(|o| (o.body.id.0, o.body)).collect();
    let visits = keys.iter().filter_map(|(id, order)| {
        Some(Visit {
            appointment: Some(found.remove(id)?),
            order: orders.remove(order)?,
        })
    });
    let items = visits
        .map(|visit| view::bare(&visit))
        .collect::<Result<_, _>>()?;
    let last = keys.last().map(|(id, _)| *id).filter(|_| more);
    let page = page(app, "appointments", user, items, last);
    serde_json::to_string(&page).map_err(|e| Problem::internal(e.to_string()))
}

/// The same without quotes, for a mini-program's list.
///
/// # Errors
/// The database refused.
pub async fn summaries(
    app: &App,
    user: UserId,
    status: Option<AppointmentStatus>,
    wanted: Wanted,
) -> Result<String, Problem> {
    let (lines, more, amounts) = reading!(&app.db, |conn| {
        let (status, after) = (status, wanted.after);
        let found = cards::page(conn, user, status, after, wanted.limit + 1).await?;
        let (lines, more) = cut(found, wanted.limit);
        let amounts = cards::amounts(conn, app.db.months(), &lines).await?;
        Ok::<_, Problem>((lines, more, amounts))
    })?;
    let mut body = Vec::with_capacity(64 + 640 * lines.len());
    let mut last = None;
    for line in &lines {
        let card = line.card()?;
        body.extend_from_slice(if last.is_none() {
            b"{\"items\":["
        } else {
            b","
        });
        let weighed = amounts.get(&card.order_id).copied();
        card::write(&mut body, &card, user.0, weighed)?;
        last = Some(card.id);
    }
    if last.is_none() {
        body.extend_from_slice(b"{\"items\":[");
    }
    let last = last.filter(|_| more);
    let next = last.map(|id| cursor::seal(&app.config.cursor_secret(), "appointments", user.0, id));
    body.extend_from_slice(b"],\"next\":");
    serde_json::to_writer(&mut body, &next).map_err(|e| Problem::internal(e.to_string()))?;
    body.push(b'}');
    String::from_utf8(body).map_err(|e| Problem::internal(e.to_string()))
}

/// Orders of a customer, in the order of their appointments.
///
/// # Errors
/// The database refused.
pub async fn orders(app: &App, user: UserId, wanted: Wanted) -> Result<Page, Problem> {
    let (keys, more, found) = reading!(&app.db, |conn| {
        let found = appointments::page(conn, user, None, wanted.after, wanted.limit + 1).await?;
        let (keys, more) = cut(found, wanted.limit);
        let ids: Vec<Uuid> = keys.iter().map(|(_, order)| *order).collect();
        let found = orders::load_many(conn, app.db.months(), &ids).await?;
        Ok::<_, Problem>((keys, more, found))
    })?;
    let ids = keys.iter().map(|(_, order)| *order);
    let mut found: HashMap<Uuid, _> = found.into_iter().map(|o| (o.body.id.0, o.body)).collect();
    let items = ids
        .filter_map(|id| found.remove(&id))
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
    let found = reading!(&app.db, |conn| {
        messages::page(conn, user, wanted.after, wanted.limit + 1)
            .await
            .map_err(Problem::from)
    })?;
    let (found, more) = cut(found, wanted.limit);
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
    let found = reading!(&app.db, |conn| {
        let Some(found) = appointments::of_user(conn, user, id).await? else {
            return Ok(None);
        };
        let appointment = found.body;
        let ids = [appointment.order_id.0];
        let order = orders::load_many(conn, app.db.months(), &ids).await?.pop();
        let order = order
            .ok_or_else(|| Problem::internal(format!("appointment {id} has no order")))?
            .body;
        let rating = ratings::of(conn, id).await?;
        Ok::<_, Problem>(Some((appointment, order, rating)))
    })?;
    let Some((appointment, order, rating)) = found else {
        return Err(missing(app, id.0).await?);
    };
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
    let found = reading!(&app.db, |conn| {
        orders::load_many(conn, app.db.months(), &[id.0])
            .await
            .map_err(Problem::from)
    })?;
    let order = found.into_iter().next().map(|stored| stored.body);
    match order.filter(|order| order.user_id == Some(user)) {
        Some(order) => view::order(&order),
        None => Err(missing(app, id.0).await?),
    }
}

/// Why there is none: 404, or 410 where everything of its time is in the archive, whosesoever it was.
async fn missing(app: &App, id: Uuid) -> Result<Problem, Problem> {
    Ok(if app.db.is_archived(id).await? {
        Problem::new(410, "archived")
    } else {
        Problem::not_found()
    })
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
