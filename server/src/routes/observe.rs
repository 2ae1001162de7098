//! Metrics: `http_requests_total{method,endpoint,status}` and `http_request_duration_seconds`, endpoint being the
//! route's pattern, so that no id becomes a label.

use crate::{app::App, problem::Problem};
use axum::{
    Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, header},
    response::{IntoResponse, Response},
    routing::get,
};
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{cell::RefCell, collections::HashMap, net::SocketAddr, sync::OnceLock, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The process's recorder; installed once.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new()
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS);
            builder
                .and_then(|b| b.install_recorder())
                .inspect_err(|error| tracing::error!(%error, "no metrics"))
                .ok()
        })
        .as_ref()
}

/// The series of one kind of answer.
struct Series {
    method: &'static str,
    status: u16,
    count: Counter,
    time: Histogram,
}

impl Series {
    fn new(method: &'static str, route: &str, status: u16) -> Self {
        // Handles made before there is a recorder would count nothing, for ever.
        let _ = recorder();
        let endpoint = route.to_owned();
        let count = metrics::counter!("http_requests_total", "method" => method, "endpoint" => endpoint.clone(), "status" => status.to_string());
        let time = metrics::histogram!("http_request_duration_seconds", "method" => method, "endpoint" => endpoint);
        Self {
            method,
            status,
            count,
            time,
        }
    }
}

thread_local! {
    /// Those met by this thread, by route: looking them up in the recorder costs more than all the rest of the count.
    static MET: RefCell<HashMap<Box<str>, Vec<Series>>> = RefCell::default();
}

/// Counts a request that has been answered.
pub fn count(method: &'static str, route: &str, status: u16, elapsed: Duration) {
    MET.with_borrow_mut(|met| {
        if !met.contains_key(route) {
            met.insert(route.into(), Vec::new());
        }
        let Some(known) = met.get_mut(route) else {
            return;
        };
        let place = known
            .iter()
            .position(|s| s.method == method && s.status == status);
        let place = place.unwrap_or_else(|| {
            known.push(Series::new(method, route, status));
            known.len() - 1
        });
        if let Some(series) = known.get(place) {
            series.count.increment(1);
            series.time.record(elapsed);
        }
    });
}

/// The method as a label; an invented one must not become a new series.
#[must_use]
pub fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// Headers by which a proxy says that the caller is somebody else.
const FORWARDED: [&str; 4] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-real-ip",
];

/// `/metrics` on the API's own port: for loopback callers, and only while no port of its own is configured. Behind a
/// proxy everybody comes from loopback, so there it needs its own port.
///
/// # Errors
/// 404 for everybody else.
pub async fn metrics(
    State(app): State<App>,
    caller: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let local = caller.is_some_and(|info| info.0.0.ip().is_loopback());
    let proxied =
        !app.limits.proxies.is_empty() || FORWARDED.iter().any(|name| headers.contains_key(*name));
    if app.config.metrics_listen.is_empty() && local && !proxied {
        Ok(rendered())
    } else {
        Err(Problem::new(404, "route_not_found"))
    }
}

/// `/metrics` on a port of its own, until `stop`.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, stop: CancellationToken) -> std::io::Result<()> {
    let router = Router::new().route("/metrics", get(async || rendered()));
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

fn rendered() -> Response {
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
