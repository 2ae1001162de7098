//! `/api/v1/quotes`: estimates; no login needed, rate-limited by address.

use super::{
    answer::Written,
    body::{Body, Language},
    caller::MaybeCustomer,
    schema::{QuoteBody, QuoteShape, errors},
};
use crate::{
    app::App,
    customer::{quote, view},
    problem::Problem,
};
use axum::{Router, extract::State, routing::post};

pub(super) fn router() -> Router<App> {
    Router::new().route("/quotes", post(estimate))
}

/// Price goods with the city's book in force.
#[utoipa::path(post, path = "/api/v1/quotes", tag = "customer", request_body = QuoteBody,
    responses((status = 200, body = QuoteShape), errors::Rate, errors::Invalid, errors::Always))]
pub(super) async fn estimate(
    State(app): State<App>,
    _: MaybeCustomer,
    Language(lang): Language,
    Body(raw): Body,
) -> Result<Written, Problem> {
    let quote = quote::estimate(&app, &raw, lang).await?;
    view::quote_text(&quote).map(Written)
}
