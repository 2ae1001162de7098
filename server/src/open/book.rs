//! A partner books for a customer of theirs: the same checks, prices and write path as the mini-program's, without a
//! user of ours.

use super::Partner;
use crate::{
    app::App,
    customer::{book, view},
    once,
    once::Reply,
    problem::Problem,
    store::{idempotency::Keyed, open_visits, visits},
};
use huishou_domain::pricing::Lang;
use serde_json::Value;

/// Books a pick-up.
///
/// # Errors
/// 422 with every bad field, 409 `slot_full`, and those of the idempotency key.
pub async fn book(
    app: &App,
    partner: Partner,
    keyed: &Keyed,
    raw: &Value,
    lang: Lang,
) -> Result<Reply, Problem> {
    let keyed = Some(keyed);
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    let now = app.now();
    let checked = book::check(app, raw, now).await?;
    let visit = book::visit(None, checked, now);
    let route = app.db.route_new_order(visit.order.id, now).await?;
    let body = view::appointment(app, &visit, None, lang).await?;
    once!(app, keyed, tx => {
        visits::insert(tx, route, &visit, partner.id()).await?;
        open_visits::insert(tx, partner, &visit).await?;
        Ok(Reply::created(body.clone()))
    })
}
