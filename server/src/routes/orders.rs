//! `/api/v1/orders`.

use super::{
    appointments::wanted,
    body::{Id, Params},
    caller::Customer,
    schema::{OrderPage, OrderShape, errors},
};
use crate::{
    app::App,
    customer::lists::{self, Page},
    problem::Problem,
};
use axum::{Json, Router, extract::State, routing::get};
use serde_json::Value;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/orders", get(list))
        .route("/orders/{id}", get(load))
}

/// Own orders, newest first.
#[utoipa::path(get, path = "/api/v1/orders", tag = "customer", security(("customer" = [])),
    params(("limit" = Option<u32>, Query, description = "1–100, default 20"), ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = OrderPage), errors::Token, errors::Invalid, errors::Always))]
pub(super) async fn list(
    State(app): State<App>,
    customer: Customer,
    params: Params,
) -> Result<Json<Page>, Problem> {
    let wanted = wanted(&app, "orders", customer.user.0, &params)?;
    lists::orders(&app, customer.user, wanted).await.map(Json)
}

/// One own order.
#[utoipa::path(get, path = "/api/v1/orders/{id}", tag = "customer", security(("customer" = [])), params(("id" = String, Path)),
    responses((status = 200, body = OrderShape), errors::Token, errors::Missing, errors::Archived, errors::Always))]
pub(super) async fn load(
    State(app): State<App>,
    customer: Customer,
    Id(id): Id,
) -> Result<Json<Value>, Problem> {
    lists::order(&app, customer.user, id.into()).await.map(Json)
}
