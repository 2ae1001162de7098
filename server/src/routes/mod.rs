//! HTTP: the only place that knows axum. A handler authorises, parses, calls one function, maps.

pub mod admin;
pub mod answer;
pub mod appointments;
pub mod body;
pub mod caller;
pub mod catalogue;
pub mod desk_answers;
pub mod desk_schema;
pub mod docs;
pub mod entry;
pub mod health;
pub mod keys;
pub mod me;
pub mod observe;
pub mod openapi;
pub mod orders;
pub mod quotes;
pub mod schema;
pub mod sessions;
pub mod staff;
pub mod sync;

use crate::{app::App, problem::Problem};
use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

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
        .route("/docs", get(docs::page));
    own.nest("/api/v1", customer)
        .merge(staff::router())
        .merge(sync::router())
        .merge(admin::router())
        .fallback(async || Problem::new(404, "route_not_found"))
        .method_not_allowed_fallback(async || Problem::new(405, "method_not_allowed"))
        .layer(DefaultBodyLimit::max(app.config.body_limit))
        .layer(CatchPanicLayer::custom(entry::panicked))
        .layer(middleware::from_fn_with_state(app.clone(), entry::entry))
        .layer(CompressionLayer::new().gzip(true))
        .with_state(app)
}
