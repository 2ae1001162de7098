//! What happens around devices that are shut out or lost their keyring: recovery of the store's key, and the quarantine
//! of a leaver's outbox.

use super::{
    blobs::{Brought, Name, in_turn, stored},
    body::{Body, Id, unread},
    caller::Address,
    schema::errors,
};
use crate::{
    app::App,
    form::Form,
    problem::Problem,
    staff::{
        quarantine::{self, HandedIn},
        recovery,
    },
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request, State},
    http::request::Parts,
    response::Response,
    routing::{post, put},
};
use huishou_domain::{
    blob,
    ids::DeviceId,
    sync::{
        message::MAX_BYTES,
        revocation::{PICTURE_DEVICE, PICTURE_SIGNATURE},
    },
};
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
        .route(
            "/sync/v1/quarantine/pictures/{sha256}",
            put(hand_picture_in).layer(DefaultBodyLimit::max(blob::MAX_BYTES)),
        )
}

#[derive(OpenApi)]
#[openapi(paths(recover, hand_in, hand_picture_in))]
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

/// Who hands in a picture, and its signature.
struct Signed {
    device: DeviceId,
    signature: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let header = |name| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let device = header(PICTURE_DEVICE).and_then(|text| Uuid::parse_str(text).ok());
        let device = device.ok_or_else(|| Problem::unauthorized("device_unknown"))?;
        let signature = header(PICTURE_SIGNATURE).unwrap_or_default();
        Ok(Self {
            device: DeviceId(device),
            signature: signature.to_owned(),
        })
    }
}

/// Hand in a picture, whole or a part of it, from a device whose person left: behind its commands, and as
/// `PUT /sync/v1/blobs/{sha256}` takes one, but signed by the device. At most 5,000 pictures and 2 GiB of one device.
#[utoipa::path(put, path = "/sync/v1/quarantine/pictures/{sha256}", tag = "sync",
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
    params(("sha256" = String, Path, description = "64 hexadecimal digits"), ("Content-Range" = Option<String>, Header, description = "`bytes first-last/total`; left out for the whole"),
        ("X-Device" = String, Header, description = "UUID of the device that is shut out"),
        ("X-Signature" = String, Header, description = "The device key's over `huishou-quarantine-picture\\n{device}\\n{sha256}\\n{first}\\n{total}\\n{hex SHA-256 of this part}`, base64")),
    responses((status = 200, description = "It was here already"), (status = 201, description = "Whole, and its hash is right"),
        (status = 308, description = "Stored; go on at `Upload-Offset`"), (status = 400, description = "`bad_content_range`"),
        (status = 401, description = "`device_unknown`, `bad_signature`"), (status = 403, description = "`device_revoked`: it was stolen"), (status = 404, description = "`not_found`: no hash"),
        (status = 409, description = "`not_revoked`; `offset_mismatch` with `expected`"), (status = 413, description = "`blob_too_large`, `quarantine_full`"),
        (status = 415, description = "`blob_type_unsupported`"), (status = 422, description = "`hash_mismatch`: nothing is kept"),
        (status = 429, description = "`rate_limited`, with Retry-After"), errors::Always))]
async fn hand_picture_in(
    State(app): State<App>,
    signed: Signed,
    Name(hash): Name,
    brought: Brought,
) -> Result<Response, Problem> {
    in_turn(&app, signed.device)?;
    let part = brought.part();
    let done =
        quarantine::hand_picture_in(&app, signed.device, &hash, part, &signed.signature).await?;
    Ok(stored(done))
}
