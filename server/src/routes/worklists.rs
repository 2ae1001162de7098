//! Work lists of administrators: what is wrong with facts, facts that fit nothing known, and what leavers' devices handed
//! in. Each is read newest first and closed entry by entry.

use super::{
    body::{Body, Id, Params},
    desk_answers::ListShape,
    desk_schema::ResolutionBody,
    keys::Asked,
    lists,
    schema::errors,
};
use crate::{
    admin,
    app::App,
    once::Reply,
    problem::Problem,
    staff::{AdminSession, quarantine},
    store::{disputed, review_list},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use serde_json::Value;
use utoipa::OpenApi;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/admin/v1/reviews", get(list_reviews))
        .route("/admin/v1/reviews/{id}/resolve", post(resolve_review))
        .route("/admin/v1/disputed", get(list_disputed))
        .route("/admin/v1/disputed/{id}/resolve", post(resolve_disputed))
        .route("/admin/v1/quarantine", get(list))
        .route("/admin/v1/quarantine/{id}/resolve", post(resolve))
}

#[derive(OpenApi)]
#[openapi(paths(
    list_reviews,
    resolve_review,
    list_disputed,
    resolve_disputed,
    list,
    resolve
))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// What is wrong with facts, newest first: the open ones, or with `?closed=true` the closed.
#[utoipa::path(get, path = "/admin/v1/reviews", tag = "admin", security(("staff" = [])),
    params(("closed" = Option<bool>, Query), ("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Invalid, errors::Always))]
async fn list_reviews(
    State(app): State<App>,
    _: AdminSession,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let wanted = lists::wanted(&params)?;
    let items = review_list::list(&mut *app.db.read().await?, wanted).await?;
    Ok(lists::page(&wanted, items, |row| row.id.to_string()))
}

/// Close a review.
#[utoipa::path(post, path = "/admin/v1/reviews/{id}/resolve", tag = "admin", security(("staff" = [])),
    params(("id" = i64, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 204, description = "Closed"), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Missing, errors::Always))]
async fn resolve_review(
    State(app): State<App>,
    admin: AdminSession,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &Value::Null)?;
    let id = id.parse().map_err(|_| Problem::not_found())?;
    admin::close_review(&app, &admin, id, key.as_ref()).await
}

/// Facts that could not be attached to anything known, newest first.
#[utoipa::path(get, path = "/admin/v1/disputed", tag = "admin", security(("staff" = [])),
    params(("closed" = Option<bool>, Query), ("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Invalid, errors::Always))]
async fn list_disputed(
    State(app): State<App>,
    _: AdminSession,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let wanted = lists::wanted(&params)?;
    let items = disputed::list(&mut *app.db.read().await?, wanted).await?;
    Ok(lists::page(&wanted, items, |row| row.id.to_string()))
}

/// Close a disputed record with a word on what it was.
#[utoipa::path(post, path = "/admin/v1/disputed/{id}/resolve", tag = "admin", security(("staff" = [])), request_body = ResolutionBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 204, description = "Closed"), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Missing, errors::Invalid, errors::Always))]
async fn resolve_disputed(
    State(app): State<App>,
    admin: AdminSession,
    Id(id): Id,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let words = lists::resolution(&raw)?;
    admin::close_dispute(&app, &admin, id, &words, key.as_ref()).await
}

/// What leavers' devices handed in, newest first: the open ones, or with `?closed=true` the closed. `outcome` tells what
/// had taken effect already, `pictures` which pictures it names and which of them are here; `pictures_missing` counts the
/// others.
#[utoipa::path(get, path = "/admin/v1/quarantine", tag = "admin", security(("staff" = [])),
    params(("closed" = Option<bool>, Query), ("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Invalid, errors::Always))]
async fn list(
    State(app): State<App>,
    _: AdminSession,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let wanted = lists::wanted(&params)?;
    let items = quarantine::list(&app, wanted).await?;
    Ok(lists::page(&wanted, items, |row| row.entry.id.to_string()))
}

/// Close a quarantined mutation with a word on what became of it.
#[utoipa::path(post, path = "/admin/v1/quarantine/{id}/resolve", tag = "admin", security(("staff" = [])), request_body = ResolutionBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 204, description = "Closed"), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Missing, errors::Invalid, errors::Always))]
async fn resolve(
    State(app): State<App>,
    admin: AdminSession,
    Id(id): Id,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let words = lists::resolution(&raw)?;
    quarantine::close(&app, admin.id(), id, &words, key.as_ref()).await
}
