//! What a partner reads: only what came through its own key.

use super::Partner;
use crate::{
    app::App,
    customer::{
        cursor,
        lists::{Page, Wanted},
        view,
    },
    problem::Problem,
    store::{appointments, open_visits, orders},
};
use huishou_domain::{
    ids::{AppointmentId, OrderId},
    pricing::Lang,
    visit::Visit,
};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// The list's name in its cursors.
pub const LIST: &str = "open/appointments";

/// One appointment.
///
/// # Errors
/// 404 for what came through another key or none.
pub async fn appointment(
    app: &App,
    partner: Partner,
    id: AppointmentId,
    lang: Lang,
) -> Result<Value, Problem> {
    let mut connection = app.db.read().await?;
    let found = open_visits::appointment(&mut connection, partner, id).await?;
    let appointment = found.ok_or_else(Problem::not_found)?.body;
    let order = orders::load_many(&mut connection, app.db.months(), &[appointment.order_id.0])
        .await?
        .pop()
        .ok_or_else(|| Problem::internal(format!("appointment {id} has no order")))?
        .body;
    drop(connection);
    let visit = Visit {
        appointment: Some(appointment),
        order,
    };
    view::appointment(app, &visit, None, lang).await
}

/// One order.
///
/// # Errors
/// 404 for what came through another key or none.
pub async fn order(app: &App, partner: Partner, id: OrderId) -> Result<Value, Problem> {
    let mut connection = app.db.read().await?;
    if !open_visits::has_order(&mut connection, partner, id).await? {
        return Err(Problem::not_found());
    }
    let found = orders::load_many(&mut connection, app.db.months(), &[id.0]).await?;
    let order = found.into_iter().next().ok_or_else(Problem::not_found)?;
    view::order(&order.body)
}

/// A page of appointments, newest first; a fixed number of queries.
///
/// # Errors
/// The database refused.
pub async fn appointments(app: &App, partner: Partner, wanted: Wanted) -> Result<Page, Problem> {
    let mut connection = app.db.read().await?;
    let most = wanted.limit as usize;
    let mut keys =
        open_visits::page(&mut connection, partner, wanted.after, wanted.limit + 1).await?;
    let more = keys.len() > most;
    keys.truncate(most);
    let (ids, order_ids): (Vec<Uuid>, Vec<Uuid>) = keys.iter().copied().unzip();
    let found = appointments::load_many(&mut connection, &ids).await?;
    let mut found: HashMap<Uuid, _> = found.into_iter().map(|a| (a.body.id.0, a.body)).collect();
    let orders = orders::load_many(&mut connection, app.db.months(), &order_ids).await?;
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
    let last = ids.last().filter(|_| more);
    let secret = app.config.cursor_secret();
    Ok(Page {
        items,
        next: last.map(|id| cursor::seal(&secret, LIST, partner.id(), *id)),
    })
}
