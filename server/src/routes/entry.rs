//! The way in and out of every request: its id, its time limit, the wording of problems, the log line, the metrics.
//! Nothing personal is logged: not the path (only the route's pattern), no query, no body.

use super::{access, body::language, observe};
use crate::{app::App, problem::Problem};
use axum::{
    Json,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use huishou_domain::pricing::Lang;
use std::{
    any::Any,
    time::{Duration, Instant},
};
use tracing::Instrument;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Every request passes here.
pub async fn entry(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let lang = language(request.headers());
    let method = observe::method(request.method());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("unmatched", MatchedPath::as_str);
    let limit = Duration::from_secs(app.config.request_timeout);
    let span = tracing::info_span!("request", request_id = %id, route);
    let ran = tokio::time::timeout(limit, next.run(request))
        .instrument(span)
        .await;
    let response = ran.unwrap_or_else(|_| Problem::unavailable("timeout", 1).into_response());
    let problem = response.extensions().get::<Problem>().cloned();
    let mut response = match &problem {
        Some(problem) => worded(problem, response, lang, &id),
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    dress(response.headers_mut(), app.config.guard.hsts_seconds);
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    observe::count(method, route, status, elapsed);
    log(method, route, status, elapsed, &id, problem.as_ref());
    response
}

/// The caller's id where it is a sensible one, otherwise a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    let sensible = given.filter(|id| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    });
    sensible.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// What browsers are told of every answer, where the handler says nothing else: take it for what it says it is, show it
/// in nobody's frame, keep no copy of what may be personal.
fn dress(headers: &mut HeaderMap, hsts_seconds: u64) {
    const SAID: [(HeaderName, HeaderValue); 4] = [
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    headers.reserve(SAID.len());
    for (name, value) in SAID {
        headers.entry(name).or_insert(value);
    }
    if hsts_seconds > 0
        && let Ok(value) = HeaderValue::from_str(&format!("max-age={hsts_seconds}"))
    {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
}

fn worded(problem: &Problem, response: Response, lang: Lang, id: &str) -> Response {
    let (mut parts, _) = response.into_parts();
    let body = Json(problem.body(lang, id)).into_response().into_body();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if let Some(seconds) = problem.retry_after {
        parts
            .headers
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if matches!(problem.status, 408 | 413) {
        // The rest of the body stays unread, so this connection serves no other request; the caller has to know.
        parts
            .headers
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if problem.status == 401 {
        parts
            .headers
            .entry(header::WWW_AUTHENTICATE)
            .or_insert(HeaderValue::from_static("Bearer"));
    }
    Response::from_parts(parts, body)
}

fn log(
    method: &str,
    route: &str,
    status: u16,
    elapsed: Duration,
    request_id: &str,
    problem: Option<&Problem>,
) {
    let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let code = problem.map(|p| p.code.as_str()).unwrap_or_default();
    let cause = problem.and_then(|p| {
        p.cause
            .as_ref()
            .map(ToString::to_string)
            .or_else(|| p.note.as_deref().map(str::to_owned))
    });
    if status >= 500 && status != 503 {
        tracing::error!(
            method, route, status, ms, request_id, code, cause, "request"
        );
    } else if status == 503 || cause.is_some() {
        tracing::warn!(
            method, route, status, ms, request_id, code, cause, "request"
        );
    } else {
        access::note(access::Line {
            method,
            route,
            status,
            ms,
            request_id,
            code,
        });
    }
}

/// A panic is our fault: 500, logged with its words, which stay here.
#[must_use]
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> axum::http::Response<Body> {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Problem::internal(format!(
        "panicked: {}",
        words.unwrap_or("without words")
    )));
    response
}
