//! Stands before every played service: writes the log and lets ordered faults strike.

use std::collections::BTreeMap;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Query, Request, State},
    http::{StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{wechat, wire::Wire};
use crate::{
    Sandbox, Service,
    faults::{Fault, Strike},
    log::Received,
};

/// Largest body read, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// One exchange: received, struck by what is due, answered, logged. Faults are spent and the entry is
/// written on receipt, so a call whose caller gave up shows as unanswered.
pub async fn exchange(
    State((sandbox, service)): State<(Sandbox, Option<Service>)>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let wire = parts
        .extensions
        .get::<ConnectInfo<Wire>>()
        .map(|info| info.0.clone());
    let (strike, seq) = receive(&sandbox, service, received(service, &parts, &body));
    if let Some(delay) = strike.delay {
        tokio::time::sleep(delay).await;
    }
    let answer = match strike.ending {
        None | Some(Fault::LostAnswer | Fault::Delay(_) | Fault::TokenRevoked) => {
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Some(Fault::Status(status)) => gateway_error(status),
        Some(Fault::Errcode(code)) => own_error(service, &parts, code),
        Some(Fault::Reset) => {
            cut(wire);
            return Response::default();
        }
    };
    let answer = note(&sandbox, seq, answer).await;
    if strike.ending == Some(Fault::LostAnswer) {
        cut(wire);
    }
    answer
}

fn receive(sandbox: &Sandbox, service: Option<Service>, received: Received) -> (Strike, u64) {
    let at = sandbox.true_now();
    let mut world = sandbox.world();
    let strike = service
        .map(|service| world.faults.strike(service, &received.path))
        .unwrap_or_default();
    let seq = world.log.open(received, strike.names(), at);
    (strike, seq)
}

fn received(service: Option<Service>, parts: &Parts, body: &Bytes) -> Received {
    Received {
        service,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: Query::<BTreeMap<String, String>>::try_from_uri(&parts.uri)
            .map(|query| query.0)
            .unwrap_or_default(),
        body: readable(body),
    }
}

/// JSON where it is JSON, text otherwise, null when empty.
fn readable(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// Logs the answer and hands it on.
async fn note(sandbox: &Sandbox, seq: u64, answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    sandbox
        .world()
        .log
        .close(seq, Some(parts.status.as_u16()), readable(&body));
    Response::from_parts(parts, Body::from(body))
}

fn cut(wire: Option<Wire>) {
    if let Some(wire) = wire {
        wire.cut();
    }
}

/// What a proxy in front of the service says, in HTML, as they do.
fn gateway_error(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let page = format!(
        "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

/// The error in the service's own form.
fn own_error(service: Option<Service>, parts: &Parts, code: i64) -> Response {
    match service {
        Some(Service::Wechat) => wechat::refuse_with(parts.uri.path(), code),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
