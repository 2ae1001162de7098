//! What happens around devices that are shut out or lost their keyring: recovery of the store's key, and the quarantine
//! of a leaver's outbox.

use super::{
    body::{Body, Id, Params, unread},
    caller::Address,
    desk_answers::ListShape,
    desk_schema::ResolutionBody,
    keys::Asked,
    schema::errors,
};
use crate::{
    app::App,
    form::Form,
    once::Reply,
    problem::Problem,
    staff::{
        AdminSession,
        quarantine::{self, HandedIn},
        recovery,
    },
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    routing::{get, post},
};
use huishou_domain::{ids::DeviceId, sync::message::MAX_BYTES};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

/// A leaver's outbox may be as large as a push.
const HANDED_IN_LIMIT: usize = 4 * MAX_BYTES;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/staff/v1/devices/{id}/recovery", post(recover))
        .route(
            "/sync/v1/quarantine",
            post(hand_in).layer(DefaultBodyLimit::max(HANDED_IN_LIMIT)),
        )
        .route("/admin/v1/quarantine", get(list))
        .route("/admin/v1/quarantine/{id}/resolve", post(resolve))
}

#[derive(OpenApi)]
#[openapi(paths(recover, hand_in, list, resolve))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Ask for the store's key back.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"pairing_code": "7K2Q9M4F", "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "wrapped": "c2VhbGVk", "reply_to": "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=", "signature": "bm8gc2lnbmF0dXJl"}))]
pub struct RecoveryBody {
    /// Eight characters, as typed.
    #[schema(example = "7K2Q9M4F")]
    pub pairing_code: String,
    /// The device's new Ed25519 key, base64.
    pub public_key: String,
    /// `recovery.key` of the device: the store's key, sealed for the server's recovery key; base64.
    pub wrapped: String,
    /// X25519 key that the answer is sealed for, base64.
    pub reply_to: String,
    /// The new key's over `huishou-recovery\n{device}\n{wrapped}\n{reply_to}`, base64.
    pub signature: String,
}

/// The store's key, sealed for `reply_to`.
#[derive(Serialize, ToSchema)]
pub struct RecoveryAnswer {
    /// Base64.
    pub wrapped: String,
}

/// A leaver's outbox.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"device": "019b7523-3400-7000-8000-00000000000a", "mutations": [], "signature": "bm8gc2lnbmF0dXJl"}))]
pub struct QuarantineBody {
    /// UUID of the device that is shut out.
    pub device: String,
    /// At most 200, byte for byte as they were made.
    pub mutations: Vec<Value>,
    /// The device key's over `huishou-quarantine\n{device}\n{count}\n{hex SHA-256 of the mutations, each followed by a line feed}`, base64.
    pub signature: String,
}

/// What is kept of it.
#[derive(Serialize, ToSchema)]
pub struct QuarantineAnswer {
    /// Mutations of this request that were not kept yet.
    #[schema(example = 3)]
    pub kept: usize,
    /// All that are kept of this device.
    #[schema(example = 3)]
    pub total: i64,
}

/// Give a device its store's key back after its keyring was reset. An administrator's pairing code permits it once; the
/// device's key is replaced, its sessions end. The same code and key again get the same answer, so that no
/// `Idempotency-Key` is looked at.
#[utoipa::path(post, path = "/staff/v1/devices/{id}/recovery", tag = "staff", request_body = RecoveryBody, params(("id" = String, Path)),
    responses((status = 200, body = RecoveryAnswer),
        (status = 401, description = "`device_unknown`, `bad_signature`"), (status = 403, description = "`device_revoked`, with the signed statement"),
        (status = 409, description = "`pairing_code_used`, `device_known`"), (status = 410, description = "`pairing_code_expired`"),
        (status = 422, description = "`bad_pairing_code`, `not_this_devices_key`, `validation_failed`"),
        (status = 429, description = "`too_many_attempts`, with Retry-After"), errors::Always))]
async fn recover(
    State(app): State<App>,
    Address(from): Address,
    Id(id): Id,
    Body(raw): Body,
) -> Result<Json<Value>, Problem> {
    let mut form = Form::new(&raw)?;
    let asked = recovery::Asked {
        pairing_code: form.text("pairing_code", 1..=64),
        public_key: form.text("public_key", 1..=64),
        wrapped: form.text("wrapped", 1..=1024),
        reply_to: form.text("reply_to", 1..=64),
        signature: form.text("signature", 1..=128),
    };
    form.finish()?;
    let wrapped = recovery::recover(&app, DeviceId(id), &asked, &from.to_string()).await?;
    Ok(Json(json!({"wrapped": wrapped})))
}

/// A leaver's outbox, read straight into its type: mutations keep their bytes.
struct Outbox(HandedIn);

impl FromRequest<App> for Outbox {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|rejection| unread(&rejection))?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| match error.classify() {
                serde_json::error::Category::Data => Problem::field("body", "type"),
                _ => Problem::new(400, "malformed_json"),
            })
    }
}

/// Hand in what is pending on a device whose person left (`mode=leave`). Signed by the device, whose sessions have ended;
/// kept for administrators, never applied by itself. The same again adds nothing.
#[utoipa::path(post, path = "/sync/v1/quarantine", tag = "sync", request_body = QuarantineBody,
    responses((status = 200, body = QuarantineAnswer),
        (status = 401, description = "`device_unknown`, `bad_signature`"), (status = 403, description = "`device_revoked`: it was stolen"),
        (status = 409, description = "`not_revoked`"), (status = 413, description = "`push_too_large`, `quarantine_full`"), errors::Invalid, errors::Always))]
async fn hand_in(
    State(app): State<App>,
    Outbox(handed): Outbox,
) -> Result<Json<quarantine::Kept>, Problem> {
    quarantine::hand_in(&app, &handed).await.map(Json)
}

/// What leavers' devices handed in, newest first: the open ones, or with `?closed=true` the closed. `outcome` tells what
/// had taken effect already.
#[utoipa::path(get, path = "/admin/v1/quarantine", tag = "admin", security(("staff" = [])),
    params(("closed" = Option<bool>, Query), ("limit" = Option<u32>, Query), ("after" = Option<String>, Query)),
    responses((status = 200, body = ListShape), (status = 403, description = "`forbidden`"), errors::Token, errors::Invalid, errors::Always))]
async fn list(
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
    let closed = match params.get("closed") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::field("closed", "type")),
    };
    let items = quarantine::list(&app, closed, before, limit).await?;
    let full = items.len() == limit as usize;
    let next = items.last().filter(|_| full).map(|row| row.id);
    Ok(Json(json!({"items": items, "next": next})))
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
    let mut form = Form::new(&raw)?;
    let words = form.text("resolution", 1..=500);
    form.finish()?;
    quarantine::close(&app, admin.id(), id, &words, key.as_ref()).await
}
