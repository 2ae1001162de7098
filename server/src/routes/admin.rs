//! `/admin/v1`: what administrators do.

use super::{
    body::{Body, Id, Params},
    desk_answers::{ListShape, PairingCodeShape, PublishedShape, StaffShape},
    desk_schema::{BookBody, PairingCodeBody, StaffBody, StaffChangeBody},
    keys::Asked,
    lists,
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
    store::{devices, devices::DeviceRow, price_book_list, staff},
};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{delete, get, patch, post},
};
use huishou_domain::{
    division,
    ids::{DeviceId, StaffId, StationId},
    staff::Role,
};
use serde_json::Value;
use utoipa::OpenApi;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/admin/v1/pairing-codes", post(add_pairing_code))
        .route("/admin/v1/staff", get(list_staff).post(add_staff))
        .route("/admin/v1/staff/{id}", patch(change_staff))
        .route("/admin/v1/devices", get(list_devices))
        .route("/admin/v1/devices/{id}", delete(shut_out))
        .route("/admin/v1/price-books", get(list_price_books).post(publish))
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
    publish
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
    Ok(lists::whole(items))
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
    Ok(lists::whole(items))
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
    if division::lookup(city).is_none() {
        return Err(Problem::field("city", "unknown_division"));
    }
    let items = price_book_list::of_city(&mut *app.db.read().await?, city).await?;
    Ok(lists::whole(items))
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

fn role(form: &mut Form<'_>) -> Option<Role> {
    let role = Role::parse(&form.text("role", 1..=16));
    form.fault_if(role.is_none(), "role", "type");
    role
}

fn optional_station(form: &mut Form<'_>, raw: &Value) -> Option<StationId> {
    raw.get("station_id").filter(|value| !value.is_null())?;
    Some(StationId(form.id("station_id")))
}
