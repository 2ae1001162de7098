//! HTTP: the only place that knows axum. A handler authorises, parses, calls one function, maps.

pub mod access;
pub mod admin;
pub mod admin_depots;
pub mod answer;
pub mod appointments;
pub mod blobs;
pub mod body;
pub mod caller;
pub mod catalogue;
pub mod connections;
pub mod cors;
pub mod desk_answers;
pub mod desk_schema;
pub mod docs;
pub mod encoded;
pub mod entry;
pub mod events;
pub mod guard;
pub mod health;
pub mod keys;
pub mod leaving;
pub mod lists;
pub mod me;
pub mod observe;
pub mod open;
pub mod open_keys;
pub mod open_signed;
pub mod openapi;
pub mod orders;
pub mod paced;
pub mod quotes;
pub mod schema;
pub mod sessions;
pub mod staff;
pub mod sync;
pub mod worklists;

use crate::{app::App, problem::Problem};
use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::util::option_layer;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, DefaultPredicate,
        predicate::{Predicate, SizeAbove},
    },
};

/// Answers below this many bytes go as they are.
const SMALL: u16 = 1024;

/// Serves the whole interface until `stop`; requests that run then are finished.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    app: App,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let guard = app.config.guard.clone();
    connections::serve(listener, router(app), &guard, stop).await
}

/// The whole interface.
pub fn router(app: App) -> Router {
    let customer = sessions::router()
        .merge(me::router())
        .merge(catalogue::router())
        .merge(quotes::router())
        .merge(appointments::router())
        .merge(orders::router());
    let own = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(observe::metrics))
        .route("/openapi.json", get(openapi::document))
        .merge(docs::router());
    let all = own
        .nest("/api/v1", customer)
        .merge(staff::router())
        .merge(leaving::router())
        .merge(sync::router())
        .merge(events::router())
        .merge(blobs::router())
        .merge(open::router(app.clone()))
        .merge(open_keys::router())
        .merge(admin::router())
        .merge(admin_depots::router())
        .merge(worklists::router());
    dressed(all, app)
}

/// What every route has: limits, problems for what goes wrong on the way, the entry.
fn dressed(routes: Router<App>, app: App) -> Router {
    let cors = cors::layer(&app.config.guard.cors_origins);
    routes
        .fallback(async || Problem::new(404, "route_not_found"))
        .method_not_allowed_fallback(async || Problem::new(405, "method_not_allowed"))
        .layer(DefaultBodyLimit::max(app.config.body_limit))
        .layer(CatchPanicLayer::custom(entry::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .layer(option_layer(cors))
        .layer(middleware::from_fn_with_state(app.clone(), entry::entry))
        .layer(
            // What a device pulls is compressed while it waits: a tenth of the bytes at the fastest level is enough.
            CompressionLayer::new()
                .zstd(true)
                .gzip(true)
                .quality(CompressionLevel::Fastest)
                .compress_when(DefaultPredicate::new().and(SizeAbove::new(SMALL))),
        )
        .with_state(app)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::{app::State, config::Config};
    use axum::{body::Body, http::Request};
    use serde_json::Value;
    use std::time::Duration;
    use tower::ServiceExt;

    async fn ask(path: &str) -> (u16, Value, bool) {
        let settings = [
            ("HUISHOU_DATABASE_URL", "mysql://root@127.0.0.1:1/x"),
            ("HUISHOU_DEV", "1"),
            ("HUISHOU_REQUEST_TIMEOUT", "1"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let app = State::new(Config::of(None, settings.into_iter()).unwrap()).unwrap();
        let routes = Router::new()
            .route(
                "/panic",
                get(async || -> &'static str { panic!("王女士 13800002046") }),
            )
            .route(
                "/slow",
                get(async || tokio::time::sleep(Duration::from_secs(60)).await),
            );
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = dressed(routes, app).oneshot(request).await.unwrap();
        let retry = answer.headers().contains_key("retry-after");
        let status = answer.status().as_u16();
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20)
            .await
            .unwrap();
        (status, serde_json::from_slice(&body).unwrap(), retry)
    }

    #[tokio::test]
    async fn a_panic_is_our_fault_and_its_words_stay_here() {
        let (status, body, _) = ask("/panic").await;
        assert_eq!((status, body["code"].as_str()), (500, Some("internal")));
        assert!(!body.to_string().contains("13800002046"));
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_given_up() {
        let (status, body, retry) = ask("/slow").await;
        assert_eq!(
            (status, body["code"].as_str(), retry),
            (503, Some("timeout"), true)
        );
    }
}
