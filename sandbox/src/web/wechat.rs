//! WeChat's server API as HTTP. Refusals are HTTP 200 with `errcode`.

use std::collections::HashMap;

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::header,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::intercept;
use crate::{
    Sandbox, Service, World,
    wechat::{Message, Refusal},
};

const SESSION: &str = "/sns/jscode2session";
const TOKEN: &str = "/cgi-bin/stable_token";
const PHONE: &str = "/wxa/business/getuserphonenumber";
const SEND: &str = "/cgi-bin/message/subscribe/send";

type Params = Query<HashMap<String, String>>;

/// The routes, with faults and log before them.
pub fn routes(sandbox: &Sandbox) -> Router<Sandbox> {
    let get_only = || async { answer(SESSION, Err::<Value, _>(Refusal::GET_REQUIRED)) };
    let post_only = || async { answer(TOKEN, Err::<Value, _>(Refusal::POST_REQUIRED)) };
    let state = (sandbox.clone(), Some(Service::Wechat));
    Router::new()
        .route(SESSION, get(session).fallback(get_only))
        .route(TOKEN, post(token).fallback(post_only))
        .route(PHONE, post(phone).fallback(post_only))
        .route(SEND, post(send).fallback(post_only))
        .route_layer(middleware::from_fn_with_state(state, intercept::exchange))
}

/// The refusal of that code, as the path answers it.
pub fn refuse_with(path: &str, code: i64) -> Response {
    answer(
        path,
        Err::<Value, _>(Refusal::of_code(code).unwrap_or(Refusal::BUSY)),
    )
}

/// Answers in the path's content type: text/plain for the session, JSON for the others.
fn answer(path: &str, outcome: Result<impl Serialize, Refusal>) -> Response {
    let body = match outcome.map(serde_json::to_value) {
        Ok(Ok(value)) => value,
        Ok(Err(_)) => Refusal::BUSY.body(),
        Err(refusal) => refusal.body(),
    };
    let content_type = if path == SESSION {
        "text/plain"
    } else {
        "application/json; encoding=utf-8"
    };
    ([(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
}

async fn session(State(sandbox): State<Sandbox>, Query(params): Params) -> Response {
    let param = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
    let outcome = sandbox.at(Service::Wechat, |world, now| {
        world.wechat.redeem_login_code(
            param("appid"),
            param("secret"),
            param("js_code"),
            param("grant_type"),
            now,
        )
    });
    answer(SESSION, outcome)
}

#[derive(serde::Deserialize)]
struct TokenWanted {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    appid: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    force_refresh: bool,
}

async fn token(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let outcome = parse(&body).and_then(
        |TokenWanted {
             grant_type,
             appid,
             secret,
             force_refresh,
         }| {
            sandbox.at(Service::Wechat, |world, now| {
                world
                    .wechat
                    .grant_token(&appid, &secret, &grant_type, force_refresh, now)
            })
        },
    );
    answer(TOKEN, outcome)
}

#[derive(serde::Deserialize)]
struct PhoneWanted {
    #[serde(default)]
    code: String,
}

async fn phone(State(sandbox): State<Sandbox>, Query(params): Params, body: Bytes) -> Response {
    let outcome = sandbox.at(Service::Wechat, |world, now| {
        let_in(world, PHONE, &params, now)?;
        let PhoneWanted { code } = parse(&body)?;
        world.wechat.redeem_phone_code(&code, now)
    });
    answer(
        PHONE,
        outcome.map(|info| json!({"errcode": 0, "errmsg": "ok", "phone_info": info})),
    )
}

async fn send(State(sandbox): State<Sandbox>, Query(params): Params, body: Bytes) -> Response {
    let outcome = sandbox.at(Service::Wechat, |world, now| {
        let_in(world, SEND, &params, now)?;
        let message: Message = parse(&body)?;
        world.wechat.send(message, now)
    });
    answer(
        SEND,
        outcome.map(|msgid| json!({"errcode": 0, "errmsg": "ok", "msgid": msgid})),
    )
}

fn let_in(
    world: &mut World,
    path: &str,
    params: &HashMap<String, String>,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let token = params
        .get("access_token")
        .map(String::as_str)
        .unwrap_or_default();
    let World { wechat, faults, .. } = world;
    wechat.let_in(token, now, || faults.revokes_token(Service::Wechat, path))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    if body.is_empty() {
        return Err(Refusal::EMPTY_BODY);
    }
    serde_json::from_slice(body).map_err(|_| Refusal::DATA_FORMAT)
}
