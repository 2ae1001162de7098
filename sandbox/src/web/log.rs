//! `/__log`: what the services received.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::BadRequest;
use crate::{Sandbox, Service};

/// Which entries are wanted; all that is given must fit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    service: Option<String>,
    path: Option<String>,
    /// Only entries with a greater `seq`.
    after: Option<u64>,
}

/// `GET /__log?service=&path=&after=`: `{items: [entry…], dropped}`, oldest first.
pub async fn show(
    State(sandbox): State<Sandbox>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, BadRequest> {
    let Query(Wanted {
        service,
        path,
        after,
    }) = wanted.map_err(|rejection| BadRequest(rejection.body_text()))?;
    let service = service.map(|name| {
        Service::named(&name)
            .ok_or_else(|| BadRequest(format!("service `{name}` is not played here")))
    });
    let service = service.transpose()?;
    let world = sandbox.world();
    let items = world.log.entries(|entry| {
        service.is_none_or(|service| entry.service == Some(service))
            && path.as_ref().is_none_or(|path| entry.path == *path)
            && after.is_none_or(|after| entry.seq > after)
    });
    Ok(Json(
        json!({"items": items, "dropped": world.log.dropped()}),
    ))
}

/// `DELETE /__log`: forgets all entries.
pub async fn clear(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.world().log.clear();
    StatusCode::NO_CONTENT
}
