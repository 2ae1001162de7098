//! `GET /sync/v1/events`: hints, as server-sent events or as a long poll.

use super::{
    body::{Language, Params},
    schema::errors,
};
use crate::{
    app::App,
    problem::Problem,
    staff::StaffSession,
    sync::hints::{self, Hint, Listener},
};
use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures_util::stream;
use serde_json::json;
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};
use utoipa::{OpenApi, ToSchema};

/// A comment line keeps the connection known to whatever stands between.
const COMMENT: Duration = Duration::from_secs(15);
/// Connections end after so long: a device listens again, by then perhaps elsewhere.
const LONGEST: Duration = Duration::from_secs(300);
/// Longest wait of a long poll, in seconds.
const LONGEST_WAIT: u64 = 25;

/// The route.
pub fn router() -> Router<App> {
    Router::new().route("/sync/v1/events", get(events))
}

#[derive(OpenApi)]
#[openapi(paths(events))]
struct Description;

/// Its description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// An event: `data` is JSON, `{"scope", "head"}`.
#[derive(serde::Serialize, ToSchema)]
#[schema(example = json!({"event": "head", "data": "{\"scope\":\"catalog:330100\",\"head\":121}"}))]
struct EventShape {
    /// `head`.
    event: String,
    /// What is new, and up to where.
    data: String,
}

/// What a long poll is answered.
#[derive(serde::Serialize, ToSchema)]
#[schema(example = json!({"head": 121, "scopes": ["catalog:330100"]}))]
struct NewsShape {
    /// For the next `since`.
    head: i64,
    /// Where something is new.
    scopes: Vec<String>,
}

/// Hear that something of the device's scopes is new: `event: head`, `data: {"scope", "head"}` each; with `wait`, one
/// answer `{"head", "scopes"}` as soon as there is something newer than `since`, or 204.
#[utoipa::path(get, path = "/sync/v1/events", tag = "sync", security(("staff" = [])),
    params(("wait" = Option<u64>, Query, description = "Long poll: seconds to wait, at most 25."),
        ("since" = Option<i64>, Query, description = "A head heard of before; what is newer is told at once."),
        ("life" = Option<u64>, Query, description = "Seconds after which the events end, at most 300: a proxy that holds answers back until they are whole lets them through then.")),
    responses((status = 200, description = "Events, or with `wait` one answer", content((EventShape = "text/event-stream"), (NewsShape = "application/json"))), (status = 204, description = "Nothing new."),
        (status = 429, description = "`too_many_listeners`"), errors::Token, errors::Invalid, errors::Always))]
async fn events(
    State(app): State<App>,
    session: StaffSession,
    _: Language,
    params: Params,
) -> Result<Response, Problem> {
    let number = |name: &str| match params.given(name).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(Problem::field(name, "type")),
    };
    let (wait, since, life) = (number("wait")?, number("since")?, number("life")?);
    let since = since.map(|since| i64::try_from(since).unwrap_or(i64::MAX));
    let listener = hints::listen(&app.db, &app.hints, session.caller(), since).await?;
    match wait {
        Some(seconds) => Ok(long_poll(listener, longest(&app, seconds)).await),
        None => Ok(follow(listener, life)),
    }
}

/// Shorter than a request may take.
fn longest(app: &App, seconds: u64) -> Duration {
    let allowed = app.config.request_timeout.saturating_sub(4);
    Duration::from_secs(seconds.min(LONGEST_WAIT).min(allowed))
}

async fn long_poll(mut listener: Listener, wait: Duration) -> Response {
    match timeout(wait, listener.next()).await {
        Ok(Some(hints)) => {
            let scopes: Vec<_> = hints.iter().map(|hint| &hint.scope).collect();
            Json(json!({"head": listener.head(), "scopes": scopes})).into_response()
        }
        Ok(None) | Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

/// What is being told over one connection.
struct Telling {
    listener: Listener,
    waiting: VecDeque<Hint>,
    until: Instant,
}

fn follow(listener: Listener, life: Option<u64>) -> Response {
    let life = life.map_or(LONGEST, |seconds| Duration::from_secs(seconds).min(LONGEST));
    let telling = Telling {
        listener,
        waiting: VecDeque::new(),
        until: Instant::now() + life,
    };
    let told = stream::unfold(telling, |mut telling| async move {
        if telling.waiting.is_empty() {
            let next = timeout_at(telling.until, telling.listener.next()).await;
            telling.waiting.extend(next.ok().flatten()?);
        }
        let event = event(&telling.waiting.pop_front()?);
        Some((Ok::<_, Infallible>(event), telling))
    });
    let comment = KeepAlive::new().interval(COMMENT);
    Sse::new(told).keep_alive(comment).into_response()
}

fn event(hint: &Hint) -> Event {
    let data = json!(hint).to_string();
    Event::default().event("head").data(data)
}
