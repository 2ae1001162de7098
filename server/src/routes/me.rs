//! `/api/v1/me`, `/messages`, `/subscriptions`.

use super::{
    appointments::wanted,
    body::{Body, Language, Params},
    caller::Customer,
    keys::Asked,
    schema::{MessagePage, PhoneBody, ProfileBody, SubscriptionBody, SubscriptionShape, errors},
};
use crate::{
    app::App,
    customer::{
        lists::{self, Page},
        profile,
        shapes::UserShape,
    },
    form::Form,
    once,
    once::Reply,
    problem::Problem,
    store::subscriptions,
};
use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use serde_json::{Value, json};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/me", get(load).patch(change).delete(forget))
        .route("/me/phone", post(phone))
        .route("/messages", get(messages))
        .route("/subscriptions", post(subscribe))
}

/// The own profile.
#[utoipa::path(get, path = "/api/v1/me", tag = "customer", security(("customer" = [])),
    responses((status = 200, body = UserShape), errors::Token, errors::Always))]
pub(super) async fn load(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<UserShape>, Problem> {
    profile::load(&app, customer.user).await.map(Json)
}

/// Change nickname or avatar.
#[utoipa::path(patch, path = "/api/v1/me", tag = "customer", security(("customer" = [])), request_body = ProfileBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = UserShape), errors::Token, errors::Once, errors::Invalid, errors::Always))]
pub(super) async fn change(
    State(app): State<App>,
    customer: Customer,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(customer.user.0, &raw)?;
    profile::change(&app, customer.user, key.as_ref(), &raw).await
}

/// Ask to be forgotten.
#[utoipa::path(delete, path = "/api/v1/me", tag = "customer", security(("customer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 202, description = "Recorded; what the law makes one keep stays, protected and unused"), errors::Token, errors::Once, errors::Always))]
pub(super) async fn forget(
    State(app): State<App>,
    customer: Customer,
    asked: Asked,
) -> Result<Reply, Problem> {
    let key = asked.keyed(customer.user.0, &Value::Null)?;
    profile::request_deletion(&app, customer.user, key.as_ref()).await
}

/// Give the mobile number, by WeChat's phone code.
#[utoipa::path(post, path = "/api/v1/me/phone", tag = "customer", security(("customer" = [])), request_body = PhoneBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = UserShape), errors::Code, errors::Once, errors::Invalid, errors::Always))]
pub(super) async fn phone(
    State(app): State<App>,
    customer: Customer,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(customer.user.0, &raw)?;
    profile::give_phone(&app, customer.user, key.as_ref(), &raw).await
}

/// Messages, newest first.
#[utoipa::path(get, path = "/api/v1/messages", tag = "customer", security(("customer" = [])),
    params(("limit" = Option<u32>, Query, description = "1–100, default 20"), ("after" = Option<String>, Query, description = "`next` of the page before")),
    responses((status = 200, body = MessagePage), errors::Token, errors::Invalid, errors::Always))]
pub(super) async fn messages(
    State(app): State<App>,
    customer: Customer,
    Language(lang): Language,
    params: Params,
) -> Result<Json<Page>, Problem> {
    let wanted = wanted(&app, "messages", customer.user.0, &params)?;
    lists::messages(&app, customer.user, wanted, lang)
        .await
        .map(Json)
}

/// Note the answer to WeChat's consent question; one consent is one message.
#[utoipa::path(post, path = "/api/v1/subscriptions", tag = "customer", security(("customer" = [])), request_body = SubscriptionBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "8–64 visible ASCII")),
    responses((status = 200, body = SubscriptionShape), errors::Token, errors::Once, errors::Invalid, errors::Always))]
pub(super) async fn subscribe(
    State(app): State<App>,
    customer: Customer,
    asked: Asked,
    Body(raw): Body,
) -> Result<Reply, Problem> {
    let key = asked.keyed(customer.user.0, &raw)?;
    let mut form = Form::new(&raw)?;
    let template = form.text("template", 1..=64);
    let accepted = form.flag("accepted");
    if !template.bytes().all(|b| b.is_ascii_graphic()) {
        form.fault("template", "type");
    }
    form.finish()?;
    let now = app.now();
    once!(app, key.as_ref(), tx => {
        let credits = subscriptions::note(tx, customer.user, &template, accepted, now).await?;
        Ok(Reply::ok(json!({"template": template, "credits": credits})))
    })
}
