//! Who calls: a customer by access token, anybody by address.

use crate::{
    app::App,
    auth::{Audience, Claims},
    problem::Problem,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use huishou_domain::ids::UserId;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use uuid::Uuid;

/// A signed-in customer.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    /// Who.
    pub user: UserId,
    /// The chain of the session's refresh tokens.
    pub session: Uuid,
}

impl FromRequestParts<App> for Customer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(|| Problem::unauthorized("missing_token"))?;
        let claims = app.tokens.verify(token, Audience::Customer, app.now());
        let Claims { sub, jti, .. } =
            claims.map_err(|fault| Problem::unauthorized(fault.as_str()))?;
        Ok(Self {
            user: UserId(sub),
            session: jti,
        })
    }
}

/// A customer where a token is sent (a bad one is refused), nobody where none is.
#[derive(Debug, Clone, Copy)]
pub struct MaybeCustomer(pub Option<Customer>);

impl FromRequestParts<App> for MaybeCustomer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return Customer::from_request_parts(parts, app)
                .await
                .map(Some)
                .map(Self);
        }
        Ok(Self(None))
    }
}

/// The token of `Authorization: Bearer …`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

/// The caller's address, for rates.
#[derive(Debug, Clone, Copy)]
pub struct Address(pub IpAddr);

impl FromRequestParts<App> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let forwarded = app
            .config
            .trust_forwarded_for
            .then(|| forwarded_for(&parts.headers))
            .flatten();
        let direct = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        Ok(Self(
            forwarded
                .or(direct)
                .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        ))
    }
}

/// The last entry is the one our own proxy wrote; those before it are the caller's say.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let all = headers.get_all("x-forwarded-for");
    all.iter()
        .next_back()?
        .to_str()
        .ok()?
        .rsplit(',')
        .next()?
        .trim()
        .parse()
        .ok()
}
