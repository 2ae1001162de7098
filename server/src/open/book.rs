//! A partner books for a customer of theirs: the same checks, prices and write path as the mini-program's, without a
//! user of ours.

use super::Partner;
use crate::{
    app::App,
    customer::book::{self, Booker},
    once::Reply,
    problem::Problem,
    store::idempotency::Keyed,
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
    let booker = Booker::Partner(partner);
    book::book(app, booker, Some(keyed), raw, lang, app.now()).await
}
