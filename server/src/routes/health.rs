//! `/healthz`: the process lives. `/readyz`: it can work, with the state of each thing it needs.

use crate::{
    app::App,
    store::health::{self, Unfit},
};
use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Longest wait for the database's word.
const PATIENCE: Duration = Duration::from_secs(3);

/// Alive.
pub async fn alive() -> Json<Value> {
    Json(json!({"status": "alive"}))
}

/// Ready, or what is missing.
pub async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let state = match tokio::time::timeout(PATIENCE, health::check(&app.db)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Unfit::Away(_))) | Err(_) => Err("down".to_owned()),
        Ok(Err(unfit)) => Err(unfit.to_string()),
    };
    let (status, word) = if state.is_ok() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready")
    };
    let usage = app.db.usage();
    let mut checks = json!({"database": {
        "state": state.err().unwrap_or_else(|| "up".to_owned()),
        "connections": {"open": usage.open, "in_use": usage.in_use, "waiting": usage.waiting},
    }});
    // The server works without replicas and without Redis, more slowly.
    let replicas = app.db.replicas().told();
    if !replicas.is_empty() {
        checks["replicas"] = json!(replicas);
    }
    if let Some(redis) = &app.redis {
        let state = if redis.answers().await { "up" } else { "down" };
        checks["redis"] = json!({ "state": state });
    }
    (status, Json(json!({"status": word, "checks": checks})))
}
