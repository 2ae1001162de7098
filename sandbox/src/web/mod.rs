//! The edge: listens, routes, injects faults, writes the log, shows the page.

mod control;
mod intercept;
mod log;
mod page;
mod wechat;
mod wechat_client;
mod wire;

use std::{future::Future, io, time::Duration};

use axum::{
    Json, Router,
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot};

use crate::Sandbox;

/// How long calls under way may take to end once a stop is asked for.
const GRACE: Duration = Duration::from_secs(2);

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, sandbox: Sandbox) -> io::Result<()> {
    serve_until(listener, sandbox, std::future::pending()).await
}

/// Serves until `stop` is done, then lets calls under way end for at most two seconds.
pub async fn serve_until(
    listener: TcpListener,
    sandbox: Sandbox,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let stop = async move {
        stop.await;
        let _ = stopping.send(());
    };
    let app = router(sandbox).into_make_service_with_connect_info::<wire::Wire>();
    let server = axum::serve(wire::CuttableListener(listener), app).with_graceful_shutdown(stop);
    let out_of_patience = async {
        match stopped.await {
            Ok(()) => tokio::time::sleep(GRACE).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = server => ended,
        () = out_of_patience => Ok(()),
    }
}

fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .route("/", get(page::html))
        .route("/__page.js", get(page::script))
        .route("/__page.css", get(page::style))
        .route("/healthz", get(|| async { "ok" }))
        .route("/__control", get(control::show).post(control::order))
        .route("/__log", get(log::show).delete(log::clear))
        .merge(wechat_client::routes())
        .merge(wechat::routes(&sandbox))
        .fallback_service(unknown(&sandbox))
        .with_state(sandbox)
}

/// A path of no service: logged too, for that is how a wrong base URL is found.
fn unknown(sandbox: &Sandbox) -> Router {
    let answer = || async {
        (
            StatusCode::NOT_FOUND,
            Json(json!({"error": "no service played here has this path"})),
        )
    };
    let state = (sandbox.clone(), None);
    Router::new()
        .fallback(answer)
        .layer(middleware::from_fn_with_state(state, intercept::exchange))
}

/// A request to the sandbox itself that it cannot follow: 400 and why.
struct BadRequest(String);

impl IntoResponse for BadRequest {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

/// Reads a JSON body meant for the sandbox itself; an empty one is `{}`.
fn parse<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, BadRequest> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| BadRequest(error.to_string()))
}
