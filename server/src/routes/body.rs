//! What a request carries, read so that every fault is a problem with a code.

use super::paced::broken;
use crate::{lang, problem::Problem};
use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Query, RawPathParams, Request, rejection::BytesRejection,
    },
    http::{HeaderMap, header, request::Parts},
};
use huishou_domain::pricing::Lang;
use serde_json::Value;
use std::{collections::HashMap, convert::Infallible};
use uuid::Uuid;

/// Lists and objects within each other at most.
const DEEPEST: usize = 64;

/// A JSON body of any shape.
#[derive(Debug)]
pub struct Body(pub Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        is_json(request.headers())?;
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unread(&rejection))?;
        if is_too_deep(&bytes) {
            return Err(Problem::new(400, "json_too_deep"));
        }
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| Problem::new(400, "malformed_json"))
    }
}

/// Whether lists and objects lie deeper in each other than anything that makes sense here.
fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// What kept a body from being read.
#[must_use]
pub fn unread(rejection: &BytesRejection) -> Problem {
    match rejection.status().as_u16() {
        413 => Problem::new(413, "body_too_large"),
        _ => broken(rejection),
    }
}

/// A body without a content type is taken for JSON.
fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let kind = kind
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        Ok(())
    } else {
        Err(Problem::new(415, "unsupported_media_type"))
    }
}

/// The id in the path; what is no id names nothing.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        let text = params
            .iter()
            .next()
            .map(|(_, value)| value)
            .filter(|value| value.len() == 36);
        text.and_then(|value| Uuid::parse_str(value).ok())
            .map(Self)
            .ok_or_else(Problem::not_found)
    }
}

/// The query's parameters.
#[derive(Debug)]
pub struct Params(HashMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let malformed = || Problem::new(400, "malformed_query");
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(pairs) = query.map_err(|_| malformed())?;
        let mut params = HashMap::with_capacity(pairs.len());
        for (name, value) in pairs {
            // Said twice, it is not clear which is meant.
            if params.insert(name, value).is_some() {
                return Err(malformed());
            }
        }
        Ok(Self(params))
    }
}

impl Params {
    /// A parameter, blanks at its ends removed; empty counts as absent.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .get(key)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// A parameter that is no text: left empty it is given, and of the wrong form.
    #[must_use]
    pub fn given(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.trim())
    }

    /// `?limit=`: 1 to 100, 20 where it is left out.
    ///
    /// # Errors
    /// 422 `type` or `out_of_range`.
    pub fn limit(&self) -> Result<u32, Problem> {
        let Some(text) = self.given("limit") else {
            return Ok(20);
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        match text.parse::<u32>() {
            Ok(limit @ 1..=100) => Ok(limit),
            _ if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) => {
                Err(Problem::field("limit", "type"))
            }
            _ => Err(Problem::field("limit", "out_of_range")),
        }
    }
}

/// The language the caller asks for.
#[derive(Debug, Clone, Copy)]
pub struct Language(pub Lang);

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(language(&parts.headers)))
    }
}

/// The language that headers ask for.
#[must_use]
pub fn language(headers: &HeaderMap) -> Lang {
    lang::of_header(
        headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_are_deep_enough_and_brackets_in_texts_are_text() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(!is_too_deep(nested(64).as_bytes()));
        assert!(is_too_deep(nested(65).as_bytes()));
        assert!(is_too_deep("{\"a\":".repeat(65).as_bytes()));
        let text = format!("{{\"a\": \"\\\"{}\"}}", "[".repeat(100));
        assert!(!is_too_deep(text.as_bytes()), "{text}");
        let wide = format!("[{}[]]", "[],".repeat(1000));
        assert!(!is_too_deep(wide.as_bytes()));
    }
}
