//! `/api/v1/sessions`.

use super::{
    body::Body,
    caller::Customer,
    schema::{LoginBody, RefreshBody, errors},
};
use crate::{
    app::App,
    customer::sessions::{self, Session},
    form::Form,
    problem::Problem,
};
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde_json::Value;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/sessions", post(log_in).delete(log_out))
        .route("/sessions/refresh", post(refresh))
}

/// Log in with a WeChat login code.
#[utoipa::path(post, path = "/api/v1/sessions", tag = "customer", request_body = LoginBody,
    responses((status = 200, body = Session), errors::Login, errors::Invalid, errors::Always))]
pub(super) async fn log_in(
    State(app): State<App>,
    Body(raw): Body,
) -> Result<Json<Session>, Problem> {
    let code = redeemable(&raw, "code")?;
    sessions::log_in(&app, &code).await.map(Json)
}

/// Replace a refresh token; each works once.
#[utoipa::path(post, path = "/api/v1/sessions/refresh", tag = "customer", request_body = RefreshBody,
    responses((status = 200, body = Session), errors::Refresh, errors::Invalid, errors::Always))]
pub(super) async fn refresh(
    State(app): State<App>,
    Body(raw): Body,
) -> Result<Json<Session>, Problem> {
    let token = redeemable(&raw, "refresh_token")?;
    sessions::refresh(&app, &token).await.map(Json)
}

/// What is to be redeemed for a session.
fn redeemable(raw: &Value, key: &str) -> Result<String, Problem> {
    let mut form = Form::new(raw)?;
    let text = form.text(key, 1..=512);
    form.finish()?;
    Ok(text)
}

/// End this session.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "customer", security(("customer" = [])),
    responses((status = 204, description = "Ended"), errors::Token, errors::Always))]
pub(super) async fn log_out(
    State(app): State<App>,
    customer: Customer,
) -> Result<StatusCode, Problem> {
    sessions::log_out(&app, customer.session).await?;
    Ok(StatusCode::NO_CONTENT)
}
