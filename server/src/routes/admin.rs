//! `/admin/v1`: what administrators do.

use super::{
    body::{Body, Id, Params},
    desk_answers::{ListShape, PairingCodeShape, PublishedShape, StaffShape},
    desk_schema::{BookBody, PairingCodeBody, ResolutionBody, StaffBody, StaffChangeBody},
    keys::Asked,
    schema::errors,
    staff::secret,
};
use crate::{
    admin::{
        self,
        people::{self, Change, NewPerson},
        prices::{self, NewBook},
    },
    app::App,
    form::Form,
    once::Reply,
    problem::Problem,
    staff::{AdminSession, password, revoke},
    store::{devices, devices::DeviceRow, disputed, price_book_list, review_list, staff},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get, patch, post},
};
use huishou_domain::{
    ids::{DeviceId, StaffId, StationId},
    staff::Role,
};
use serde_json::{Value, json};
use utoipa::OpenApi;
use uuid::Uuid;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/admin/v1/pairing-codes", post(add_pairing_code))
        .route("/admin/v1/staff", get(list_staff).post(add_staff))
        .route("/admin/v1/staff/{id}", patch(change_staff))
        .route("/admin/v1/devices", get(list_devices))
        .route("/admin/v1/devices/{id}", delete(shut_out))
        .route("/admin/v1/price-books", get(list_price_books).post(publish))
        .route("/admin/v1/reviews", get(list_reviews))
        .route("/admin/v1/reviews/{id}/resolve", post(resolve_review))
        .route("/admin/v1/disputed", get(list_disputed))
        .route("/admin/v1/disputed/{id}/resolve", post(resolve_disputed))
}

#[derive(OpenApi)]
#[openapi(paths(
    add_pairing_code,
    list_staff,
    add_staff,
    change_staff,
    list_devices,
    shut_out,
    list_price_books,
    publish,
    list_reviews,
    resolve_review,
    list_disputed,
    resolve_disputed
))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Make a pairing code: eight characters, good for one device within 24 hours. The same request with the same key gives
/// the same code; it is not stored, but made anew.
#[utoipa::path(post, path = "/admin/v1/pairing-codes", tag = "admin", security(("staff" = [])), request_body = PairingCodeBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = PairingCodeShape), (status = 403, description = "`forbidden`"),
        errors::Token, errors::Once, errors::Invalid, errors::Always))]
async fn add_pairing_code(
    State(app): State<App>,
    admin: AdminSession,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let mut form = Form::new(&raw)?;
    let station = optional_station(&mut form, &raw);
    form.finish()?;
    admin::new_pairing_code(&app, &admin, station, key.as_ref()).await
}

/// Everybody.
#[utoipa::path(get, path = "/admin/v1/staff", tag = "admin", security(("staff" = [])),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Always))]
async fn list_staff(State(app): State<App>, _: AdminSession) -> Result<Json<Value>, Problem> {
    let items = staff::list(&mut *app.db.read().await?).await?;
    Ok(Json(json!({"items": items, "next": null})))
}

/// Add a member of staff.
#[utoipa::path(post, path = "/admin/v1/staff", tag = "admin", security(("staff" = [])), request_body = StaffBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = StaffShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Invalid, errors::Always))]
async fn add_staff(
    State(app): State<App>,
    admin: AdminSession,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let mut form = Form::new(&raw)?;
    let username = form.text("username", 2..=32);
    form.fault_if(!people::is_username(&username), "username", "type");
    let name = form.name("name", 1..=64);
    let role = role(&mut form);
    let station = optional_station(&mut form, &raw);
    let password = secret(&mut form, "password", password::SHORTEST);
    form.finish()?;
    let role = role.ok_or_else(|| Problem::field("role", "type"))?;
    let new = NewPerson {
        username,
        name,
        role,
        station,
    };
    people::add(&app, &new, password, key.as_ref()).await
}

/// Change a member of staff; what is left out stays. Who is no longer active is shut out: their sessions end.
#[utoipa::path(patch, path = "/admin/v1/staff/{id}", tag = "admin", security(("staff" = [])), request_body = StaffChangeBody,
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = StaffShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Once, errors::Missing, errors::Invalid, errors::Always))]
async fn change_staff(
    State(app): State<App>,
    admin: AdminSession,
    Id(id): Id,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let mut form = Form::new(&raw)?;
    let given = |key: &str| raw.get(key).is_some_and(|value| !value.is_null());
    let change = Change {
        active: given("active").then(|| form.flag("active")),
        name: given("name").then(|| form.name("name", 1..=64)),
        role: if given("role") { role(&mut form) } else { None },
        station: raw
            .get("station_id")
            .map(|_| optional_station(&mut form, &raw)),
        password: given("password").then(|| secret(&mut form, "password", password::SHORTEST)),
    };
    form.finish()?;
    people::change(&app, &admin, StaffId(id), change, key.as_ref()).await
}

/// Every device.
#[utoipa::path(get, path = "/admin/v1/devices", tag = "admin", security(("staff" = [])),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Always))]
async fn list_devices(State(app): State<App>, _: AdminSession) -> Result<Json<Value>, Problem> {
    let found = devices::list(&mut *app.db.read().await?, None).await?;
    let items: Vec<DeviceRow> = found.into_iter().map(DeviceRow::from).collect();
    Ok(Json(json!({"items": items, "next": null})))
}

/// Shut a device out: its sessions end and each later call is answered 403 `device_revoked` with a signed statement.
/// `leave`: it hands its outbox in for review, then wipes itself; `stolen`: it wipes itself at once.
#[utoipa::path(delete, path = "/admin/v1/devices/{id}", tag = "admin", security(("staff" = [])),
    params(("id" = String, Path), ("mode" = Option<String>, Query, description = "`leave` (default) or `stolen`")),
    responses((status = 204, description = "Shut out"), (status = 403, description = "`forbidden`"), errors::Token, errors::Missing, errors::Always))]
async fn shut_out(
    State(app): State<App>,
    admin: AdminSession,
    Id(id): Id,
    params: Params,
) -> Result<StatusCode, Problem> {
    let mode = super::staff::mode(&params)?;
    revoke::revoke(&app, admin.id(), DeviceId(id), mode).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A city's price books, newest first, without their rules.
#[utoipa::path(get, path = "/admin/v1/price-books", tag = "admin", security(("staff" = [])), params(("city" = String, Query)),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Invalid, errors::Always))]
async fn list_price_books(
    State(app): State<App>,
    _: AdminSession,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let city = params
        .get("city")
        .ok_or_else(|| Problem::field("city", "required"))?;
    let items = price_book_list::of_city(&mut *app.db.read().await?, city).await?;
    Ok(Json(json!({"items": items, "next": null})))
}

/// Publish a city's next price book. It is checked, numbered and sealed with its hash.
#[utoipa::path(post, path = "/admin/v1/price-books", tag = "admin", security(("staff" = [])), request_body = BookBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 201, body = PublishedShape), (status = 403, description = "`forbidden`"),
        (status = 409, description = "`version_taken`: another was published at the same time; `idempotency_in_progress`"), errors::Token, errors::Invalid, errors::Always))]
async fn publish(
    State(app): State<App>,
    admin: AdminSession,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(admin.id().0, &raw)?;
    let mut form = Form::new(&raw)?;
    let (city, effective_from) = (
        form.text("city", 6..=6),
        form.text("effective_from", 1..=64),
    );
    let rules = form.array("rules").unwrap_or_default().to_vec();
    form.finish()?;
    let new = NewBook {
        city,
        effective_from,
        rules,
    };
    prices::publish(&app, &new, key.as_ref()).await
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
    let limit = params.limit()?;
    let before: Option<i64> = params
        .get("after")
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::field("after", "type"))?;
    let items =
        review_list::list(&mut *app.db.read().await?, closed(&params)?, before, limit).await?;
    let next = items
        .last()
        .filter(|_| items.len() == limit as usize)
        .map(|row| row.id.to_string());
    Ok(Json(json!({"items": items, "next": next})))
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
    let limit = params.limit()?;
    let before: Option<Uuid> = params
        .get("after")
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::field("after", "type"))?;
    let items = disputed::list(&mut *app.db.read().await?, closed(&params)?, before, limit).await?;
    let next = items
        .last()
        .filter(|_| items.len() == limit as usize)
        .map(|row| row.id);
    Ok(Json(json!({"items": items, "next": next})))
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
    let mut form = Form::new(&raw)?;
    let resolution = form.text("resolution", 1..=500);
    form.finish()?;
    admin::close_dispute(&app, &admin, id, &resolution, key.as_ref()).await
}

fn role(form: &mut Form<'_>) -> Option<Role> {
    let role = Role::parse(&form.text("role", 1..=16));
    form.fault_if(role.is_none(), "role", "type");
    role
}

fn closed(params: &Params) -> Result<bool, Problem> {
    match params.get("closed") {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::field("closed", "type")),
    }
}

fn optional_station(form: &mut Form<'_>, raw: &Value) -> Option<StationId> {
    raw.get("station_id").filter(|value| !value.is_null())?;
    Some(StationId(form.id("station_id")))
}
