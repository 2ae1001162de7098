//! Sessions of customers: a WeChat login code for tokens, refresh, logout.

use super::{profile, shapes::UserShape};
use crate::{
    app::App,
    problem::Problem,
    refresh::By,
    store::{
        refresh_tokens::{self, Issued, Rotation, Subject},
        users,
    },
    write_tx,
};
use huishou_domain::ids::UserId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Tokens of a customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// For `POST /sessions/refresh`, once.
    pub refresh_token: String,
    /// Seconds that the access token is good for.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Who.
    pub user: UserShape,
}

/// Redeems a login code; a customer seen for the first time is made.
///
/// # Errors
/// 401 `invalid_code`, `code_used`; 403 `high_risk_user`; 429; 503 `wechat_busy`.
pub async fn log_in(app: &App, code: &str) -> Result<Session, Problem> {
    let who = app.wechat.session(code).await?;
    let now = app.now();
    let unionid = who.unionid.filter(|id| id.len() <= 64 && id.is_ascii());
    let done: Result<(UserId, Issued), Problem> = write_tx!(&app.db, |tx| {
        let user = users::meet(tx, &who.openid, unionid.as_deref(), now).await?;
        Ok((
            user,
            refresh_tokens::issue(tx, Subject::Customer(user), now).await?,
        ))
    });
    let (user, issued) = done?;
    session(app, user, issued).await
}

/// Replaces a refresh token by its successor. One that comes again ends the session: it may have been stolen.
///
/// # Errors
/// 401 `refresh_invalid`, `refresh_reused`.
pub async fn refresh(app: &App, token: &str) -> Result<Session, Problem> {
    let now = app.now();
    let rotation: Result<Rotation, Problem> = write_tx!(&app.db, |tx| Ok(refresh_tokens::rotate(
        tx,
        &app.desk.refresh_key,
        token,
        By::Customer,
        now
    )
    .await?));
    match rotation? {
        Rotation::Issued(issued) => match issued.subject {
            Subject::Customer(user) => session(app, user, issued).await,
            Subject::Staff(..) => Err(Problem::unauthorized("refresh_invalid")),
        },
        Rotation::Invalid => Err(Problem::unauthorized("refresh_invalid")),
        Rotation::Reused => {
            tracing::warn!("a used refresh token came again; its session is ended");
            Err(Problem::unauthorized("refresh_reused"))
        }
    }
}

/// Ends a session: its tokens are worth nothing from now on, at the other instances within a second.
///
/// # Errors
/// The database refused.
pub async fn log_out(app: &App, session: Uuid) -> Result<(), Problem> {
    let now = app.now();
    let done: Result<(), Problem> = write_tx!(&app.db, |tx| Ok(refresh_tokens::revoke(
        tx,
        session,
        "signed_out",
        now
    )
    .await?));
    done?;
    app.tokens.ended().note(session, now);
    Ok(())
}

async fn session(app: &App, user: UserId, issued: Issued) -> Result<Session, Problem> {
    let access_token = app
        .tokens
        .customer(user.0, issued.chain, app.now())
        .map_err(|e| Problem::internal(e.to_string()))?;
    Ok(Session {
        access_token,
        refresh_token: issued.token,
        expires_in: app.tokens.life_seconds(),
        user: profile::load(app, user).await?,
    })
}
