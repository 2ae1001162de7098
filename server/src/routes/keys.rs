//! The header `Idempotency-Key`.

use crate::{problem::Problem, store::idempotency::Keyed};
use axum::http::HeaderMap;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A route's say about keys.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Pattern.
    pub path: &'static str,
    /// Whether a key must be sent.
    pub required: bool,
}

/// The key of a request, with the fingerprint of what it asks: the thing named in the path and the body.
///
/// # Errors
/// 428 where it is required and missing, 400 where it is none.
pub fn keyed(
    headers: &HeaderMap,
    route: Route,
    caller: Uuid,
    id: Option<Uuid>,
    raw: &Value,
) -> Result<Option<Keyed>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return if route.required {
            Err(Problem::new(428, "idempotency_key_required"))
        } else {
            Ok(None)
        };
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (8..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    let key = key.ok_or_else(|| Problem::new(400, "idempotency_key_invalid"))?;
    let mut hash = Sha256::new();
    hash.update(id.unwrap_or_default().as_bytes());
    hash.update(raw.to_string().as_bytes());
    Ok(Some(Keyed {
        caller,
        method: route.method,
        route: route.path,
        key: key.to_owned(),
        fingerprint: hash.finalize().into(),
    }))
}
