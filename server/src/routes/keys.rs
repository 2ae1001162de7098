//! The header `Idempotency-Key`.

use crate::{app::App, problem::Problem, staff::seal, store::idempotency::Keyed};
use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderValue, request::Parts},
};
use serde_json::Value;
use std::convert::Infallible;
use uuid::Uuid;

/// What a write's head says of it: the route, the thing named in path and query, and the key it may be sent again with.
#[derive(Debug, Clone)]
pub struct Asked {
    method: String,
    route: String,
    of: String,
    key: Option<HeaderValue>,
    seal: [u8; 32],
}

impl FromRequestParts<App> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let route = parts.extensions.get::<MatchedPath>();
        Ok(Self {
            method: parts.method.to_string(),
            route: route.map_or_else(String::new, |path| path.as_str().to_owned()),
            of: parts.uri.to_string(),
            key: parts.headers.get("idempotency-key").cloned(),
            seal: app.desk.fingerprint_key,
        })
    }
}

impl Asked {
    /// The key, if one was sent, with the fingerprint of what is asked: path, query and body.
    ///
    /// # Errors
    /// 400 `idempotency_key_invalid`.
    pub fn keyed(&self, caller: Uuid, raw: &Value) -> Result<Option<Keyed>, Problem> {
        let Some(value) = &self.key else {
            return Ok(None);
        };
        let fits =
            |key: &&str| (8..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        let key = value.to_str().ok().filter(fits);
        let key = key.ok_or_else(|| Problem::new(400, "idempotency_key_invalid"))?;
        Ok(Some(Keyed {
            caller,
            method: self.method.clone(),
            route: self.route.clone(),
            key: key.to_owned(),
            fingerprint: seal(&self.seal, &[&self.of, &raw.to_string()]),
        }))
    }

    /// The same where a key has to be sent.
    ///
    /// # Errors
    /// 428 `idempotency_key_required`, 400 `idempotency_key_invalid`.
    pub fn surely_keyed(&self, caller: Uuid, raw: &Value) -> Result<Keyed, Problem> {
        let keyed = self.keyed(caller, raw)?;
        keyed.ok_or_else(|| Problem::new(428, "idempotency_key_required"))
    }
}
