//! Before any handler: what a request is, whether its head is of a sensible size, whether its caller has a token left in
//! the bucket, and when its turn comes. Bodies of customers' requests are read before their turn, so that a slow sender
//! holds nobody up.

use super::{
    caller::Met,
    paced::{self, Paced},
};
use crate::{
    app::App,
    limits::{Asking, Standing},
    problem::Problem,
};
use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body::Body as _;

/// Longest path and query, in bytes.
const LONGEST_TARGET: usize = 8192;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// What a request is, for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Always answered.
    Health,
    /// Somebody who becomes known, or asks a service outside.
    SignIn,
    /// Staff and their devices.
    Staff,
    /// A device that listens, for minutes: bounded where it listens.
    Listening,
    /// A partner, known by signature: its own rate is taken where that is checked.
    Partner,
    /// Customers, and whoever else.
    Rest,
}

impl Kind {
    fn of(method: &Method, route: &str) -> Self {
        match route {
            "/healthz" | "/readyz" | "/metrics" => Self::Health,
            "/api/v1/sessions"
            | "/api/v1/sessions/refresh"
            | "/api/v1/me/phone"
            | "/staff/v1/sessions"
            | "/staff/v1/sessions/refresh" => Self::SignIn,
            "/staff/v1/devices" if method == Method::POST => Self::SignIn,
            "/sync/v1/events" => Self::Listening,
            _ if route.starts_with("/open/") || route.starts_with("/callbacks/") => Self::Partner,
            _ if ["/staff/", "/sync/", "/admin/"]
                .iter()
                .any(|p| route.starts_with(p)) =>
            {
                Self::Staff
            }
            _ => Self::Rest,
        }
    }

    /// Whose bucket the request takes from; none has a bucket of its own or needs none.
    fn asking(self, method: &Method, route: &str, met: &Met) -> Option<Asking> {
        match (self, met.asking()) {
            (Self::Health | Self::Partner, _) => None,
            (Self::SignIn, _) if method == Method::POST && route != "/api/v1/me/phone" => {
                Some(Asking::SignIn(met.address))
            }
            (Self::Rest, Asking::Nobody(from)) if route == "/api/v1/quotes" => {
                Some(Asking::Estimate(from))
            }
            (_, asking) => Some(asking),
        }
    }
}

/// Every request passes here, inside of [`super::entry`].
pub async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if let Some(problem) = too_large(&app, &request) {
        return problem.into_response();
    }
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("", MatchedPath::as_str);
    let kind = Kind::of(request.method(), route);
    let met = Met::of(&app, request.headers(), request.extensions());
    let asking = kind.asking(request.method(), route, &met);
    let mut standing = None;
    if let Some(asking) = asking {
        match app.limits.admit(asking).await {
            Ok(left) => standing = left,
            Err(refused) => return told(Problem::from(refused).into_response(), None),
        }
    }
    request.extensions_mut().insert(met);
    told(
        in_turn(&app, kind, path.is_some(), request, next).await,
        standing,
    )
}

/// With the limit headers: of the bucket that refused, of one of the handler's own, or of the caller's.
fn told(mut response: Response, of_caller: Option<Standing>) -> Response {
    let extensions = response.extensions();
    let problem = extensions.get::<Problem>();
    let own = || extensions.get::<Standing>().copied();
    let standing = problem.and_then(|p| p.standing).or_else(own).or(of_caller);
    if let Some(standing) = standing {
        let headers = response.headers_mut();
        headers.insert(LIMIT, HeaderValue::from(standing.limit));
        headers.insert(REMAINING, HeaderValue::from(standing.remaining));
        headers.insert(RESET, HeaderValue::from(standing.reset));
    }
    response
}

fn too_large(app: &App, request: &Request) -> Option<Problem> {
    let guard = &app.config.guard;
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |t| t.as_str().len());
    if target > LONGEST_TARGET {
        return Some(Problem::new(414, "address_too_long"));
    }
    let headers = request.headers();
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let bytes: usize = headers.iter().map(line).sum();
    let large = headers.len() > guard.header_count || bytes + target > guard.header_bytes;
    large.then(|| Problem::new(431, "headers_too_large"))
}

async fn in_turn(app: &App, kind: Kind, is_known: bool, request: Request, next: Next) -> Response {
    let gates = &app.limits.gates;
    let gate = match kind {
        Kind::Health | Kind::Listening => return next.run(request).await,
        Kind::SignIn => &gates.sign_in,
        Kind::Staff => &gates.staff,
        Kind::Partner | Kind::Rest => &gates.rest,
    };
    let request = match kind {
        // What goes nowhere is not read.
        _ if !is_known || request.body().is_end_stream() => request,
        // Sync has sizes of its own, and senders whom we know.
        Kind::Staff => request.map(|body| Body::new(Paced::new(body, app.config.guard.pace()))),
        _ => match read(app, request).await {
            Ok(request) => request,
            Err(problem) => return problem.into_response(),
        },
    };
    match gate.enter().await {
        Ok(_turn) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The request with its body read.
async fn read(app: &App, request: Request) -> Result<Request, Problem> {
    let most = app.config.body_limit;
    let told = request.headers().get(header::CONTENT_LENGTH);
    let told = told.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if told.is_some_and(|length| length > most) {
        return Err(Problem::new(413, "body_too_large"));
    }
    let (parts, body) = request.into_parts();
    let body = paced::whole(Paced::new(body, app.config.guard.pace()), most).await?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_of_requests_is_in_nobody_elses_way() {
        let of = |method, route| Kind::of(&method, route);
        assert_eq!(of(Method::GET, "/healthz"), Kind::Health);
        assert_eq!(of(Method::POST, "/api/v1/sessions/refresh"), Kind::SignIn);
        assert_eq!(of(Method::POST, "/staff/v1/devices"), Kind::SignIn);
        assert_eq!(of(Method::GET, "/staff/v1/devices"), Kind::Staff);
        assert_eq!(of(Method::POST, "/sync/v1/push"), Kind::Staff);
        assert_eq!(of(Method::GET, "/sync/v1/events"), Kind::Listening);
        assert_eq!(of(Method::GET, "/open/v1/appointments/{id}"), Kind::Partner);
        assert_eq!(of(Method::GET, "/api/v1/me"), Kind::Rest);
        assert_eq!(of(Method::GET, ""), Kind::Rest);
    }
}
