//! `/sync/v1/blobs`: pictures, brought in parts and fetched whole. Only staff on registered devices.

use super::{schema::errors, sync::Message};
use crate::{
    app::App,
    blobs::{self, Done, Part, Progress},
    problem::Problem,
    staff::StaffSession,
    store::blobs::Hash,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, RawPathParams, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{post, put},
};
use huishou_domain::{
    blob::{Asked, MAX_BYTES, Missing, hash_of, hex},
    ids::DeviceId,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route(
            "/sync/v1/blobs/{sha256}",
            put(bring)
                .head(look)
                .get(fetch)
                .layer(DefaultBodyLimit::max(MAX_BYTES)),
        )
        .route("/sync/v1/blobs", post(ask))
}

#[derive(OpenApi)]
#[openapi(paths(bring, look, fetch, ask))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The hash in the path; what is none names nothing.
pub(super) struct Name(pub Hash);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        let text = params.iter().next().map(|(_, value)| value);
        text.and_then(hash_of)
            .map(Self)
            .ok_or_else(Problem::not_found)
    }
}

/// The bytes of a part and where they belong.
pub(super) struct Brought {
    start: u32,
    total: u32,
    bytes: Bytes,
}

impl Brought {
    pub(super) fn part(&self) -> Part<'_> {
        Part {
            start: self.start,
            total: self.total,
            bytes: &self.bytes,
        }
    }
}

impl FromRequest<App> for Brought {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let range = content_range(request.headers())?;
        if range.is_some_and(|(_, _, total)| total as usize > MAX_BYTES) {
            return Err(Problem::new(413, "blob_too_large"));
        }
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|rejection| match rejection.status().as_u16() {
                413 => Problem::new(413, "blob_too_large"),
                _ => Problem::new(400, "bad_content_range"),
            })?;
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let (start, last, total) = range.unwrap_or((0, length.saturating_sub(1), length));
        if range.is_some() && last.checked_sub(start).and_then(|n| n.checked_add(1)) != Some(length)
        {
            return Err(Problem::new(400, "bad_content_range"));
        }
        Ok(Self {
            start,
            total,
            bytes,
        })
    }
}

/// `Content-Range: bytes first-last/total`, where there is one.
fn content_range(headers: &HeaderMap) -> Result<Option<(u32, u32, u32)>, Problem> {
    let Some(value) = headers.get(header::CONTENT_RANGE) else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(parse_range);
    parsed
        .map(Some)
        .ok_or_else(|| Problem::new(400, "bad_content_range"))
}

fn parse_range(text: &str) -> Option<(u32, u32, u32)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (first, last, total) = (number(first)?, number(last)?, number(total)?);
    (first <= last && last < total).then_some((first, last, total))
}

fn with_progress(status: StatusCode, progress: Progress) -> Response {
    let mut answer = status.into_response();
    let headers = answer.headers_mut();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(progress.received));
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(progress.total));
    answer
}

/// Bring a picture, whole or a part of it. Where to go on is in `Upload-Offset` of this answer, of `HEAD`, and in
/// `expected` of `offset_mismatch`. At most 10 MiB; JPEG, PNG or WebP by its first bytes, whatever `Content-Type` says.
/// The same again changes nothing, so that no `Idempotency-Key` is looked at.
#[utoipa::path(put, path = "/sync/v1/blobs/{sha256}", tag = "sync", security(("staff" = [])),
    request_body(content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
    params(("sha256" = String, Path, description = "64 hexadecimal digits"), ("Content-Range" = Option<String>, Header, description = "`bytes first-last/total`; left out for the whole")),
    responses((status = 200, description = "It was here already"), (status = 201, description = "Whole, and its hash is right"),
        (status = 308, description = "Stored; go on at `Upload-Offset`"), (status = 400, description = "`bad_content_range`"),
        (status = 403, description = "`device_revoked`"), (status = 404, description = "`not_found`: no hash"),
        (status = 409, description = "`offset_mismatch` with `expected`"), (status = 413, description = "`blob_too_large`"),
        (status = 415, description = "`blob_type_unsupported`"), (status = 422, description = "`hash_mismatch`: nothing is kept"),
        (status = 429, description = "`rate_limited`, with Retry-After"), errors::Token, errors::Always))]
async fn bring(
    State(app): State<App>,
    session: StaffSession,
    Name(hash): Name,
    brought: Brought,
) -> Result<Response, Problem> {
    let device = session.device_id();
    in_turn(&app, device)?;
    let done = blobs::put(&app, device, &hash, brought.part()).await?;
    Ok(stored(done))
}

/// Not more parts a second than a device may bring.
pub(super) fn in_turn(app: &App, device: DeviceId) -> Result<(), Problem> {
    Ok(app.limits.blob(device.0)?)
}

/// What a part has led to, as it is answered.
pub(super) fn stored(done: Done) -> Response {
    let status = match (done.progress.is_whole(), done.is_new) {
        (true, true) => StatusCode::CREATED,
        (true, false) => StatusCode::OK,
        (false, _) => StatusCode::PERMANENT_REDIRECT,
    };
    with_progress(status, done.progress)
}

/// How far this device's upload of a picture is; complete when `Upload-Offset` equals `Upload-Length`.
#[utoipa::path(head, path = "/sync/v1/blobs/{sha256}", tag = "sync", security(("staff" = [])),
    params(("sha256" = String, Path, description = "64 hexadecimal digits")),
    responses((status = 200, description = "With `Upload-Offset` and `Upload-Length`"), (status = 403, description = "`device_revoked`"),
        errors::Missing, errors::Token, errors::Always))]
async fn look(
    State(app): State<App>,
    session: StaffSession,
    Name(hash): Name,
) -> Result<Response, Problem> {
    let progress = blobs::progress(&app, session.device_id(), &hash).await?;
    Ok(with_progress(StatusCode::OK, progress))
}

/// Pictures that a device takes for up.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"sha256": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]}))]
struct AskedShape {
    /// Their names, at most 200.
    sha256: Vec<String>,
}

/// Those that have to be brought again.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"missing": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]}))]
struct MissingShape {
    /// Their names.
    missing: Vec<String>,
}

/// Which of these pictures the server does not have. A device asks once a day, and brings those again.
#[utoipa::path(post, path = "/sync/v1/blobs", tag = "sync", security(("staff" = [])), request_body = AskedShape,
    responses((status = 200, body = MissingShape), (status = 403, description = "`device_revoked`"),
        (status = 413, description = "`push_too_large`"), errors::Token, errors::Invalid, errors::Always))]
async fn ask(
    State(app): State<App>,
    _: StaffSession,
    Message(asked): Message<Asked>,
) -> Result<Json<Missing>, Problem> {
    blobs::missing(&app, &asked).await.map(Json)
}

/// A picture that a visit in one of the caller's scopes names.
#[utoipa::path(get, path = "/sync/v1/blobs/{sha256}", tag = "sync", security(("staff" = [])),
    params(("sha256" = String, Path, description = "64 hexadecimal digits")),
    responses((status = 200, description = "The bytes", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))), (status = 403, description = "`device_revoked`"),
        (status = 404, description = "`not_found`: no visit of the caller's names it; `blob_not_uploaded`: it has not come yet"),
        errors::Token, errors::Always))]
async fn fetch(
    State(app): State<App>,
    session: StaffSession,
    Name(hash): Name,
) -> Result<Response, Problem> {
    let whole = blobs::get(&app, &session, &hash).await?;
    let headers = [
        (header::CONTENT_TYPE, whole.kind),
        (header::ETAG, format!("\"{}\"", hex(&hash))),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, whole.bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn a_range_is_read_only_as_it_is_written_in_the_standard() {
        assert_eq!(parse_range("bytes 0-9/10"), Some((0, 9, 10)));
        assert_eq!(
            parse_range("bytes 5-9/4000000000"),
            Some((5, 9, 4_000_000_000))
        );
        for odd in [
            "",
            "bytes",
            "bytes 0-9",
            "bytes 9-0/10",
            "bytes 0-10/10",
            "bytes 0-9/*",
            "bytes */10",
            "bytes +0-9/10",
            "bytes 0-9/99999999999",
            "items 0-9/10",
            "bytes 0 - 9/10",
        ] {
            assert_eq!(parse_range(odd), None, "{odd}");
        }
    }
}
