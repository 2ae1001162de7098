//! `/__wechat/…`: the WeChat client on the customer's phone, for tests and demonstrations.

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BadRequest, parse};
use crate::{Sandbox, Service, wechat::valid_mobile};

type Answer = Result<Json<Value>, BadRequest>;

/// The routes; they are neither logged nor struck by faults.
pub fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/__wechat/login", post(login))
        .route("/__wechat/phone", post(phone))
        .route("/__wechat/subscribe", post(subscribe))
        .route("/__wechat/messages", get(messages))
        .route("/__wechat/templates", get(templates).post(set_template))
}

/// A user is meant by openid, or by the name a `sandbox:NAME` code has; else it is a new one.
fn openid(
    sandbox: &Sandbox,
    openid: Option<String>,
    user: Option<String>,
) -> Result<String, BadRequest> {
    match (openid.filter(|openid| !openid.is_empty()), user) {
        (Some(_), Some(_)) => Err(BadRequest("give `openid` or `user`, not both".to_owned())),
        (Some(openid), None) => Ok(openid),
        (None, Some(user)) => Ok(sandbox.world().wechat.openid_of(&user)),
        (None, None) => Ok(sandbox
            .world()
            .wechat
            .openid_of(&format!("{:032x}", rand::random::<u128>()))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    openid: Option<String>,
    user: Option<String>,
    unionid: Option<String>,
}

async fn login(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let Login {
        openid: given,
        user,
        unionid,
    } = parse(&body)?;
    let openid = openid(&sandbox, given, user)?;
    let code = sandbox.at(Service::Wechat, |world, now| {
        world.wechat.mint_login_code(&openid, unionid, now)
    });
    Ok(Json(json!({"code": code, "openid": openid})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Phone {
    phone: String,
    country_code: Option<String>,
    /// Accepted for symmetry: a phone code is not bound to a user by WeChat either.
    #[serde(rename = "openid")]
    _openid: Option<String>,
}

async fn phone(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let Phone {
        phone,
        country_code,
        ..
    } = parse(&body)?;
    // With its country's code said, a number may be any: a landline of 86, too.
    if country_code.is_none() && !valid_mobile(&phone) {
        return Err(BadRequest(
            "`phone` must be a mobile number of 11 digits".to_owned(),
        ));
    }
    let code = sandbox.at(Service::Wechat, |world, now| {
        world.wechat.mint_phone_code(&phone, country_code, now)
    });
    Ok(Json(json!({"code": code})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    openid: Option<String>,
    user: Option<String>,
    template_id: String,
}

async fn subscribe(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let Subscribe {
        openid: given,
        user,
        template_id,
    } = parse(&body)?;
    let openid = openid(&sandbox, given, user)?;
    let credits = sandbox.world().wechat.consent(&openid, &template_id);
    let credits = credits.map_err(|_| {
        BadRequest(format!(
            "no template `{template_id}`; GET /__wechat/templates lists them"
        ))
    })?;
    Ok(Json(
        json!({"openid": openid, "template_id": template_id, "credits": credits}),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    openid: Option<String>,
}

async fn messages(
    State(sandbox): State<Sandbox>,
    whose: Result<Query<Whose>, QueryRejection>,
) -> Answer {
    let Query(Whose { openid }) = whose.map_err(|rejection| BadRequest(rejection.body_text()))?;
    Ok(Json(
        json!({"items": sandbox.world().wechat.delivered(openid.as_deref())}),
    ))
}

async fn templates(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!(sandbox.world().wechat.templates()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    template_id: String,
    fields: Vec<String>,
}

async fn set_template(State(sandbox): State<Sandbox>, body: Bytes) -> Answer {
    let Template {
        template_id,
        fields,
    } = parse(&body)?;
    let set = sandbox.world().wechat.set_template(&template_id, fields);
    set.map_err(|field| {
        BadRequest(format!(
            "field `{field}` is of no known kind (thing1, time2, amount3, …)"
        ))
    })?;
    Ok(Json(json!(sandbox.world().wechat.templates())))
}
