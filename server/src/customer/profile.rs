//! The customer's own profile.

use super::shapes::UserShape;
use crate::{
    app::App,
    form::Form,
    once,
    once::Reply,
    problem::Problem,
    store::{idempotency::Keyed, users},
    wechat::Phone,
};
use chrono::{DateTime, Utc};
use huishou_domain::ids::UserId;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

const NICKNAME: RangeInclusive<usize> = 0..=64;
const AVATAR: RangeInclusive<usize> = 0..=500;

/// The profile.
///
/// # Errors
/// 401 for a token whose user is no more.
pub async fn load(app: &App, user: UserId) -> Result<UserShape, Problem> {
    let found = app.kept.profiles.load(app, user).await?;
    found
        .map(|user| UserShape::from(users::User::clone(&user)))
        .ok_or_else(|| Problem::unauthorized("invalid_token"))
}

/// Changes nickname and avatar; what is left out stays.
///
/// # Errors
/// 422 with the bad fields.
pub async fn change(
    app: &App,
    user: UserId,
    keyed: Option<&Keyed>,
    raw: &Value,
) -> Result<Reply, Problem> {
    let mut form = Form::new(raw)?;
    let nickname = form.optional_text("nickname", NICKNAME);
    let avatar = form.optional_text("avatar", AVATAR);
    let picture = avatar.as_deref().is_none_or(is_picture);
    form.fault_if(!picture, "avatar", "type");
    form.finish()?;
    let now = app.now();
    once!(app, keyed, tx => {
        users::set_profile(tx, user, nickname.as_deref(), avatar.as_deref(), now).await?;
        body(users::load(tx.conn(), user).await?)
    })
}

/// The address of a picture, or none: it is put into pages as it is.
fn is_picture(text: &str) -> bool {
    let web = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    text.is_empty() || reqwest::Url::parse(text).is_ok_and(|url| web(&url))
}

/// Redeems a phone code for the customer's number. A code is good once: under a key it is redeemed with the key held, so
/// that a twin waits for the first answer instead of asking WeChat with a code that is spent.
///
/// # Errors
/// 401 `invalid_code`, 503 `wechat_busy`, 422 for a number that is no mainland mobile number, those of the key.
pub async fn give_phone(
    app: &App,
    user: UserId,
    keyed: Option<&Keyed>,
    raw: &Value,
) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    let mut form = Form::new(raw)?;
    let code = form.text("code", 1..=512);
    form.finish()?;
    let _turn = app.wechat.turn().await;
    let mut redeemed = match keyed {
        Some(_) => None,
        None => Some(redeem(app, &code).await?),
    };
    let now = app.now();
    once!(app, keyed, tx => {
        // A write that is tried again does not ask twice.
        let phone = match &redeemed {
            Some(phone) => phone,
            None => redeemed.insert(redeem(app, &code).await?),
        };
        users::set_phone(tx, user, &phone.country, &phone.number, now).await?;
        body(users::load(tx.conn(), user).await?)
    })
}

async fn redeem(app: &App, code: &str) -> Result<Phone, Problem> {
    let phone = app.wechat.phone(code).await?;
    let is_mobile = || {
        phone
            .number
            .parse::<huishou_domain::mobile::Mobile>()
            .is_ok()
    };
    if phone.country == "86" && !is_mobile() {
        // The code is spent by now: a twin that waits for this answer gets it, too.
        return Err(Problem {
            is_final: true,
            ..Problem::field("phone", "mobile")
        });
    }
    Ok(phone)
}

/// Records the wish to be forgotten; what the law makes one keep stays stored and protected (integrations.md).
///
/// # Errors
/// The database refused.
pub async fn request_deletion(
    app: &App,
    user: UserId,
    keyed: Option<&Keyed>,
) -> Result<Reply, Problem> {
    let now = app.now();
    once!(app, keyed, tx => {
        users::request_deletion(tx, user, now).await?;
        let asked: Option<DateTime<Utc>> = users::load(tx.conn(), user).await?.and_then(|u| u.deletion_requested_at);
        Ok(Reply { status: 202, body: json!({"deletion_requested_at": asked.map(huishou_domain::time::wire)}) })
    })
}

fn body(user: Option<users::User>) -> Result<Reply, Problem> {
    let user = user
        .map(UserShape::from)
        .ok_or_else(|| Problem::unauthorized("invalid_token"))?;
    Reply::of(200, &user)
}
