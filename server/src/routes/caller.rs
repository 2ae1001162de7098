//! Who calls: a customer or a member of staff by access token, anybody by address. Both are found out once, where the
//! request comes in ([`Met::of`]), and kept with it.

use crate::{
    app::App,
    auth::{Audience, Claims, Read, TokenFault},
    limits::Asking,
    problem::Problem,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, header, request::Parts},
};
use huishou_domain::ids::UserId;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use uuid::Uuid;

/// What is known of a caller before any handler.
#[derive(Debug, Clone)]
pub struct Met {
    /// Where the call comes from, proxies looked through.
    pub address: IpAddr,
    /// The access token, if one was sent.
    token: Option<Result<Read, TokenFault>>,
}

impl Met {
    /// Looks at a request.
    #[must_use]
    pub fn of(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Self {
        let direct = extensions.get::<ConnectInfo<SocketAddr>>();
        let direct = direct.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let forwarded = headers.get_all("x-forwarded-for").iter().rev();
        let forwarded = forwarded.map(|value| value.to_str().unwrap_or_default());
        Self {
            address: app.limits.proxies.caller(direct, forwarded),
            token: bearer(headers).map(|token| app.tokens.read(token, app.now())),
        }
    }

    /// Whose tokens the request takes from. An expired token still says who calls: a depot's devices, all of one address,
    /// must not keep each other from learning that they have to refresh.
    #[must_use]
    pub fn asking(&self) -> Asking {
        match &self.token {
            Some(Ok(read)) => match read.claims.aud {
                Audience::Customer => Asking::Customer(read.claims.sub),
                Audience::Staff => {
                    Asking::Device(read.claims.dev.map_or(read.claims.sub, |device| device.0))
                }
            },
            Some(Err(_)) | None => Asking::Nobody(self.address),
        }
    }

    /// What the token says, if it is a good one for this audience.
    ///
    /// # Errors
    /// `missing_token`, `invalid_token`, `token_expired`, `session_ended`.
    pub fn claims(&self, audience: Audience) -> Result<Claims, Problem> {
        let token = self.token.clone();
        let token = token.ok_or_else(|| Problem::unauthorized("missing_token"))?;
        token
            .and_then(|read| read.good_for(audience))
            .map_err(|fault| Problem::unauthorized(fault.as_str()))
    }

    /// What was found out where the request came in; found out now where it did not come in that way.
    fn with<T>(parts: &Parts, app: &App, look: impl FnOnce(&Self) -> T) -> T {
        match parts.extensions.get::<Self>() {
            Some(met) => look(met),
            None => look(&Self::of(app, &parts.headers, &parts.extensions)),
        }
    }
}

/// What the access token of a request says, if it is a good one for this audience.
///
/// # Errors
/// As [`Met::claims`].
pub fn claims(parts: &Parts, app: &App, audience: Audience) -> Result<Claims, Problem> {
    Met::with(parts, app, |met| met.claims(audience))
}

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
        let Claims { sub, jti, .. } = claims(parts, app, Audience::Customer)?;
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

/// The caller's address, proxies looked through.
#[derive(Debug, Clone, Copy)]
pub struct Address(pub IpAddr);

impl FromRequestParts<App> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(Met::with(parts, app, |met| met.address)))
    }
}
