//! The way into `/open/v1`: reads the body, checks the signature over it, and hands the partner on. A handler that asks
//! for a [`Partner`] outside this way gets 401.

use crate::{
    app::App,
    open::{
        Partner,
        admit::{Admitted, Claim, admit},
        signature::Signed,
    },
    problem::Problem,
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// What 401 names as the way to sign.
const SCHEME: HeaderValue = HeaderValue::from_static("HMAC-SHA256");

/// Every call of the open API passes here.
pub async fn signed(State(app): State<App>, request: Request, next: Next) -> Response {
    match let_in(&app, request).await {
        Ok((request, admitted)) => {
            let mut response = next.run(request).await;
            let headers = response.headers_mut();
            headers.insert("quota-limit", HeaderValue::from(admitted.quota));
            headers.insert("quota-remaining", HeaderValue::from(admitted.left));
            if let Some(standing) = admitted.standing {
                response.extensions_mut().insert(standing);
            }
            response
        }
        Err(problem) => {
            let is_unsigned = problem.status == 401;
            let mut response = problem.into_response();
            if is_unsigned {
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, SCHEME);
            }
            response
        }
    }
}

async fn let_in(app: &App, request: Request) -> Result<(Request, Admitted), Problem> {
    let (mut parts, body) = request.into_parts();
    let body = whole(&parts.headers, body, app.config.body_limit).await?;
    let text = |name: &str| {
        let value = parts.headers.get(name).and_then(|v| v.to_str().ok());
        value.map(str::trim).unwrap_or_default()
    };
    let target = parts.uri.path_and_query();
    let claim = Claim {
        app_key: text("app-key"),
        signature: text("signature"),
        signed: Signed {
            method: parts.method.as_str(),
            target: target.map_or("/", |t| t.as_str()),
            timestamp: text("timestamp"),
            nonce: text("nonce"),
            body: &body,
        },
    };
    let admitted = admit(app, claim).await?;
    parts.extensions.insert(admitted.partner);
    Ok((Request::from_parts(parts, Body::from(body)), admitted))
}

/// The body's bytes, at most `limit` of them.
async fn whole(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let said = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if said.is_some_and(|length| length > limit) {
        return Err(Problem::new(413, "body_too_large"));
    }
    to_bytes(body, limit)
        .await
        .map_err(|_| Problem::new(413, "body_too_large"))
}

impl<S: Send + Sync> FromRequestParts<S> for Partner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let partner = parts.extensions.get::<Self>().copied();
        partner.ok_or_else(|| Problem::unauthorized("signature_incomplete"))
    }
}
