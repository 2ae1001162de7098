//! `/admin/v1/app-keys`: the partners of the open API.

use super::{
    body::{Body, Id},
    keys::Asked,
    lists,
    schema::{AppKeyBody, AppKeyList, NewAppKeyShape, errors},
};
use crate::{
    app::App,
    form::Form,
    once::Reply,
    open::keys::{self, NewKey},
    problem::Problem,
    staff::AdminSession,
    store::app_keys,
};
use axum::{
    Json, Router,
    extract::State,
    routing::{delete, get, post},
};
use serde_json::{Value, json};
use utoipa::OpenApi;

/// Calls a day that a key may be given.
const MOST_A_DAY: i64 = 100_000_000;
/// Calls a second that a key may be given.
const MOST_A_SECOND: i64 = 10_000;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/admin/v1/app-keys", get(list).post(create))
        .route("/admin/v1/app-keys/{id}", delete(revoke))
        .route("/admin/v1/app-keys/{id}/rotate", post(rotate))
}

#[derive(OpenApi)]
#[openapi(paths(list, create, rotate, revoke))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Every app key, newest first, without its secret.
#[utoipa::path(get, path = "/admin/v1/app-keys", operation_id = "list_app_keys", tag = "admin", security(("staff" = [])),
    responses((status = 200, body = AppKeyList), (status = 403, description = "`forbidden`"), errors::Token, errors::Always))]
async fn list(State(app): State<App>, _: AdminSession) -> Result<Json<Value>, Problem> {
    let items = app_keys::list(&mut *app.db.read().await?).await?;
    Ok(lists::whole(items))
}

/// Make a key for a partner. Its secret is shown in this answer only; the same request with the same key shows it again
/// for a day.
#[utoipa::path(post, path = "/admin/v1/app-keys", operation_id = "create_app_key", tag = "admin", security(("staff" = [])), request_body = AppKeyBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = NewAppKeyShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Invalid, errors::Always))]
async fn create(
    State(app): State<App>,
    admin: AdminSession,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let keyed = asked.keyed(admin.id().0, &raw)?;
    let mut form = Form::new(&raw)?;
    let number = |form: &mut Form<'_>, key: &str, most: i64, usual: u32| match raw.get(key) {
        None | Some(Value::Null) => usual,
        Some(_) => u32::try_from(form.integer(key, 1..=most)).unwrap_or(usual),
    };
    let new = NewKey {
        name: form.name("name", 1..=100),
        daily_quota: number(
            &mut form,
            "daily_quota",
            MOST_A_DAY,
            app.config.open_daily_quota,
        ),
        rate: number(&mut form, "rate", MOST_A_SECOND, app.config.open_rate),
    };
    form.finish()?;
    keys::create(&app, &admin, &new, keyed.as_ref()).await
}

/// Give a key its next secret; the one before stays good for 24 hours.
#[utoipa::path(post, path = "/admin/v1/app-keys/{id}/rotate", operation_id = "rotate_app_key", tag = "admin", security(("staff" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = NewAppKeyShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Missing, errors::Rotation, errors::Always))]
async fn rotate(
    State(app): State<App>,
    admin: AdminSession,
    Id(id): Id,
    asked: Asked,
) -> Result<Reply, Problem> {
    let keyed = asked.keyed(admin.id().0, &json!(null))?;
    keys::rotate(&app, &admin, id, keyed.as_ref()).await
}

/// End a key at once.
#[utoipa::path(delete, path = "/admin/v1/app-keys/{id}", operation_id = "revoke_app_key", tag = "admin", security(("staff" = [])),
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 204, description = "Ended"), (status = 403, description = "`forbidden`"), errors::Token, errors::Missing, errors::Once, errors::Always))]
async fn revoke(
    State(app): State<App>,
    admin: AdminSession,
    Id(id): Id,
    asked: Asked,
) -> Result<Reply, Problem> {
    let keyed = asked.keyed(admin.id().0, &json!(null))?;
    keys::revoke(&app, &admin, id, keyed.as_ref()).await
}
