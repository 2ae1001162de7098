//! `/sync/v1`: push, pull, check. Only staff on registered devices.

use super::{
    body::unread,
    caller::claims,
    desk_answers::{ChecksShape, PullShape, PushShape},
    desk_schema::{PullBody, PushBody},
    encoded,
    schema::errors,
};
use crate::{
    app::App,
    auth::Audience,
    crash::crash_point,
    problem::Problem,
    staff::{StaffSession, session::Bearer},
    sync::{contact, pull, push},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request, State},
    http::request::Parts,
    routing::post,
};
use huishou_domain::sync::message::{MAX_BYTES, PullAnswer, PullRequest, PushAnswer, PushRequest};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::OpenApi;

/// A push may be larger than its mutations: a single one that is too large must still get its verdict.
const PUSH_LIMIT: usize = 4 * MAX_BYTES;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route(
            "/sync/v1/push",
            post(push).layer(DefaultBodyLimit::max(PUSH_LIMIT)),
        )
        .route("/sync/v1/pull", post(pull))
        .route("/sync/v1/check", post(check))
}

#[derive(OpenApi)]
#[openapi(paths(push, pull, check))]
struct Description;

/// Their description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Who the token says it is; whether that is so still is looked up together with what is asked.
struct Spoken(Bearer);

impl FromRequestParts<App> for Spoken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Bearer::of(claims(parts, app, Audience::Staff)?).map(Self)
    }
}

/// A message of sync, read straight into its type: mutations keep their bytes.
pub(super) struct Message<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Message<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = Bytes::from_request(request, app)
            .await
            .map_err(|rejection| unread(&rejection))?;
        let bytes = encoded::plain(&headers, bytes, PUSH_LIMIT)?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| match error.classify() {
                serde_json::error::Category::Data => Problem::field("body", "type"),
                _ => Problem::new(400, "malformed_json"),
            })
    }
}

/// Send mutations, in order; each gets its verdict exactly once.
#[utoipa::path(post, path = "/sync/v1/push", tag = "sync", security(("staff" = [])), request_body = PushBody,
    responses((status = 200, body = PushShape),
        (status = 403, description = "`wrong_device`, `device_revoked`"), (status = 409, description = "`stale_incarnation`"),
        (status = 413, description = "`push_too_large`"), (status = 426, description = "`upgrade_required`"),
        errors::Token, errors::Invalid, errors::Always))]
async fn push(
    State(app): State<App>,
    session: StaffSession,
    Message(request): Message<PushRequest>,
) -> Result<Json<PushAnswer>, Problem> {
    let answer = push::push(&app, session.caller(), &request).await;
    Ok(Json(answer.map_err(|problem| told_where(&app, problem))?))
}

/// A version that is too old is told where the new one is, where that is set.
fn told_where(app: &App, problem: Problem) -> Problem {
    let download = &app.config.download_url;
    match problem.code.as_str() {
        "upgrade_required" if !download.is_empty() => problem.with("download", download),
        _ => problem,
    }
}

/// Fetch what is new in the device's scopes, page by page.
#[utoipa::path(post, path = "/sync/v1/pull", tag = "sync", security(("staff" = [])), request_body = PullBody,
    responses((status = 200, body = PullShape),
        (status = 400, description = "`bad_cursor`"), (status = 403, description = "`device_revoked`"), (status = 426, description = "`upgrade_required`"),
        errors::Token, errors::Invalid, errors::Always))]
async fn pull(
    State(app): State<App>,
    Spoken(bearer): Spoken,
    Message(request): Message<PullRequest>,
) -> Result<Json<PullAnswer>, Problem> {
    let answer = contact::pull(&app, bearer, &request).await;
    let answer = answer.map_err(|problem| told_where(&app, problem))?;
    crash_point("pull.before_answer");
    Ok(Json(answer))
}

/// Count and hash of each of the device's scopes, from one snapshot.
#[utoipa::path(post, path = "/sync/v1/check", tag = "sync", security(("staff" = [])),
    responses((status = 200, body = ChecksShape), errors::Token, errors::Always))]
async fn check(State(app): State<App>, session: StaffSession) -> Result<Json<Value>, Problem> {
    let checks = pull::check(&app.db, session.caller()).await?;
    Ok(Json(
        json!({"checks": checks, "server_time": huishou_domain::time::wire(app.now())}),
    ))
}
