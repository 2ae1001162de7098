//! `/staff/v1`: devices and sessions of staff.

use super::{
    body::{Body, Id, Params},
    caller::{Address, claims},
    desk_answers::{ListShape, StaffSessionShape},
    desk_schema::{DeviceBody, DeviceMade, PasswordBody, RefreshStaffBody, SessionBody},
    keys::Asked,
    lists,
    schema::errors,
};
use crate::{
    app::App,
    auth::Audience,
    form::Form,
    once::Reply,
    problem::Problem,
    staff::{
        AdminSession, StaffSession, password,
        register::{self, NewDevice},
        revoke,
        session::Bearer,
        sign_in::{self, Credentials, Session},
    },
    store::{devices, devices::DeviceRow},
};
use axum::{
    Json, Router,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    routing::{delete, get, post},
};
use huishou_domain::{
    ids::{DeviceId, StationId},
    staff::Role,
    sync::revocation::Mode,
};
use serde_json::{Value, json};
use utoipa::OpenApi;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/staff/v1/devices", get(list_devices).post(add_device))
        .route("/staff/v1/devices/{id}", delete(revoke_device))
        .route("/staff/v1/sessions", post(sign_in).delete(sign_out))
        .route("/staff/v1/sessions/refresh", post(refresh))
        .route("/staff/v1/password", post(change_password))
}

#[derive(OpenApi)]
#[openapi(paths(
    add_device,
    list_devices,
    revoke_device,
    sign_in,
    refresh,
    sign_out,
    change_password
))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

impl FromRequestParts<App> for StaffSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let bearer = Bearer::of(claims(parts, app, Audience::Staff)?)?;
        Self::load(app, bearer).await
    }
}

impl FromRequestParts<App> for AdminSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Self::of(StaffSession::from_request_parts(parts, app).await?)
    }
}

/// Register a device with a pairing code. The same code and public key again give the same device, so that no
/// `Idempotency-Key` is looked at.
#[utoipa::path(post, path = "/staff/v1/devices", tag = "staff", request_body = DeviceBody,
    responses((status = 201, body = DeviceMade),
        (status = 409, description = "`pairing_code_used`, `device_known`"), (status = 410, description = "`pairing_code_expired`"),
        (status = 429, description = "`too_many_attempts`, with Retry-After"), errors::Invalid, errors::Always))]
async fn add_device(
    State(app): State<App>,
    Address(from): Address,
    Body(raw): Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let mut form = Form::new(&raw)?;
    let new = NewDevice {
        pairing_code: form.text("pairing_code", 1..=64),
        name: form.text("name", 1..=64),
        platform: form.text("platform", 1..=64),
        public_key: form.text("public_key", 1..=64),
    };
    form.finish()?;
    let device = register::register(&app, &new, &from.to_string()).await?;
    let shown = json!({"id": device.id, "name": device.name, "station_id": device.station_id});
    let (server_key, recovery_key) = (app.identity.server_key(), app.identity.recovery_key());
    let body = json!({"device": shown, "server_key": server_key, "recovery_key": recovery_key});
    Ok((StatusCode::CREATED, Json(body)))
}

/// Devices: every one for administrators and dispatchers, the station's for station staff, one's own for collectors.
#[utoipa::path(get, path = "/staff/v1/devices", tag = "staff", security(("staff" = [])),
    responses((status = 200, body = ListShape), errors::Token, errors::Always))]
async fn list_devices(
    State(app): State<App>,
    session: StaffSession,
) -> Result<Json<Value>, Problem> {
    let staff = &session.person.staff;
    let mut conn = app.db.read().await?;
    let found = match (staff.role, staff.station_id) {
        (Role::Admin | Role::Dispatcher, _) => devices::list(&mut conn, None).await?,
        (Role::Station, Some(station)) => {
            devices::list(&mut conn, Some(StationId(station.0))).await?
        }
        _ => vec![session.device.clone()],
    };
    let rows: Vec<DeviceRow> = found.into_iter().map(DeviceRow::from).collect();
    Ok(lists::whole(rows))
}

/// Shut a device out (administrators): its sessions end and each later call is answered 403 `device_revoked` with a signed
/// statement. `leave`: it hands its outbox in for review, then wipes itself; `stolen`: it wipes itself at once.
#[utoipa::path(delete, path = "/staff/v1/devices/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = String, Path), ("mode" = Option<String>, Query, description = "`leave` (default) or `stolen`")),
    responses((status = 204, description = "Shut out"), (status = 403, description = "`forbidden`"), errors::Token, errors::Missing, errors::Always))]
async fn revoke_device(
    State(app): State<App>,
    admin: AdminSession,
    Id(id): Id,
    params: Params,
) -> Result<StatusCode, Problem> {
    revoke::revoke(&app, admin.id(), DeviceId(id), mode(&params)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign in on a registered device; `signature` is its key's over `huishou-session\n{device}\n{username}\n{client_time}`.
/// Signing in again makes another session and harms nothing; tokens are not kept, and no `Idempotency-Key` is looked at.
#[utoipa::path(post, path = "/staff/v1/sessions", tag = "staff", request_body = SessionBody,
    responses((status = 200, body = StaffSessionShape),
        (status = 401, description = "`bad_credentials`, `bad_signature`, `device_unknown`"), (status = 403, description = "`device_revoked`"),
        (status = 429, description = "`too_many_attempts`, with Retry-After"), errors::Invalid, errors::Always))]
async fn sign_in(State(app): State<App>, Body(raw): Body) -> Result<Json<Session>, Problem> {
    let mut form = Form::new(&raw)?;
    let credentials = Credentials {
        username: form.text("username", 1..=64),
        password: secret(&mut form, "password", 1),
        device: DeviceId(form.id("device")),
        signature: form.text("signature", 1..=128),
        client_time: form.text("client_time", 1..=64),
    };
    form.finish()?;
    sign_in::sign_in(&app, credentials).await.map(Json)
}

/// Replace a refresh token; `signature` is the device key's over `huishou-refresh\n{device}\n{refresh_token}`. The same
/// token again gives the same successor until that is used, so that no `Idempotency-Key` is looked at.
#[utoipa::path(post, path = "/staff/v1/sessions/refresh", tag = "staff", request_body = RefreshStaffBody,
    responses((status = 200, body = StaffSessionShape),
        (status = 401, description = "`refresh_invalid`, `refresh_reused`, `bad_signature`, `device_unknown`, `session_ended`"),
        (status = 403, description = "`device_revoked`"), errors::Invalid, errors::Always))]
async fn refresh(State(app): State<App>, Body(raw): Body) -> Result<Json<Session>, Problem> {
    let mut form = Form::new(&raw)?;
    let token = form.text("refresh_token", 1..=128);
    let device = DeviceId(form.id("device"));
    let signature = form.text("signature", 1..=128);
    form.finish()?;
    sign_in::refresh(&app, &token, device, &signature)
        .await
        .map(Json)
}

/// End this session.
#[utoipa::path(delete, path = "/staff/v1/sessions", tag = "staff", security(("staff" = [])),
    responses((status = 204, description = "Ended"), errors::Token, errors::Always))]
async fn sign_out(State(app): State<App>, session: StaffSession) -> Result<StatusCode, Problem> {
    sign_in::sign_out(&app, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a new password; the person's other sessions end.
#[utoipa::path(post, path = "/staff/v1/password", tag = "staff", security(("staff" = [])), request_body = PasswordBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 204, description = "Set"), (status = 403, description = "`bad_credentials`: the old one is wrong"),
        (status = 429, description = "`too_many_attempts`, with Retry-After"), errors::Token, errors::Once, errors::Invalid, errors::Always))]
async fn change_password(
    State(app): State<App>,
    session: StaffSession,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(session.person.staff.id.0, &raw)?;
    let mut form = Form::new(&raw)?;
    let old = secret(&mut form, "old", 1);
    let new = secret(&mut form, "new", password::SHORTEST);
    form.finish()?;
    sign_in::change_password(&app, &session, old, new, key.as_ref()).await
}

/// How a device is to be shut out.
pub(super) fn mode(params: &Params) -> Result<Mode, Problem> {
    let asked = params.given("mode").map_or(Some(Mode::Leave), Mode::parse);
    asked.ok_or_else(|| Problem::field("mode", "type"))
}

/// A password, letter for letter: blanks count.
pub(super) fn secret(form: &mut Form<'_>, key: &str, shortest: usize) -> String {
    let Some(text) = form.literal(key) else {
        return String::new();
    };
    if text.is_empty() {
        form.fault(key, "required");
    } else if text.chars().count() < shortest {
        form.fault(key, "too_short");
    } else if text.len() > password::LONGEST {
        form.fault(key, "too_long");
    }
    text.to_owned()
}
