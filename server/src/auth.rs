//! Access tokens: JWT, HS256, 15 minutes, for customers and for staff. The key's id (`kid`) names which secret signed,
//! so that a secret can be replaced without signing everybody out.

use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    ids::{DeviceId, StationId},
    staff::Role,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use uuid::Uuid;

/// Whom a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The mini-program.
    Customer,
    /// The desktop app.
    Staff,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user or member of staff.
    pub sub: Uuid,
    /// Customer or staff.
    pub aud: Audience,
    /// The device, for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev: Option<DeviceId>,
    /// The role, for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The home station, for staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub st: Option<StationId>,
    /// The session: the chain of its refresh tokens.
    pub jti: Uuid,
    /// Made at, seconds since 1970.
    pub iat: i64,
    /// Good until, seconds since 1970.
    pub exp: i64,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// Its time is over.
    Expired,
    /// Forged, of another audience, or no token at all.
    Invalid,
}

impl TokenFault {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::Invalid => "invalid_token",
        }
    }
}

/// The secrets that sign and verify.
pub struct Tokens {
    current: Key,
    previous: Option<Key>,
    life: TimeDelta,
}

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    fn new(secret: &str) -> Self {
        let digest = Sha256::digest(secret.as_bytes());
        Self {
            id: digest
                .iter()
                .take(4)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
        }
    }
}

impl Tokens {
    /// Signs with `secret`; still takes what `previous` signed.
    #[must_use]
    pub fn new(secret: &str, previous: Option<&str>, life_seconds: i64) -> Self {
        Self {
            current: Key::new(secret),
            previous: previous.map(Key::new),
            life: TimeDelta::seconds(life_seconds),
        }
    }

    /// Seconds that a new token is good for.
    #[must_use]
    pub const fn life_seconds(&self) -> i64 {
        self.life.num_seconds()
    }

    /// A customer's token.
    ///
    /// # Errors
    /// Only a fault of the signing library.
    pub fn customer(
        &self,
        user: Uuid,
        session: Uuid,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign(
            &Claims {
                sub: user,
                aud: Audience::Customer,
                dev: None,
                role: None,
                st: None,
                jti: session,
                iat: 0,
                exp: 0,
            },
            now,
        )
    }

    /// A token with these claims; `iat` and `exp` are set here.
    ///
    /// # Errors
    /// Only a fault of the signing library.
    pub fn sign(
        &self,
        claims: &Claims,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iat: now.timestamp(),
            exp: (now + self.life).timestamp(),
            ..claims.clone()
        };
        let header = Header {
            kid: Some(self.current.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.current.encoding)
    }

    /// What a token says, if it is good at `now` and for this audience.
    ///
    /// # Errors
    /// Expired or invalid. A forged token is never called expired: the signature is checked first.
    pub fn verify(
        &self,
        token: &str,
        audience: Audience,
        now: DateTime<Utc>,
    ) -> Result<Claims, TokenFault> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Invalid)?;
        let key = self.key(header.kid.as_deref()).ok_or(TokenFault::Invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &rules())
            .map_err(|_| TokenFault::Invalid)?
            .claims;
        if claims.aud != audience {
            return Err(TokenFault::Invalid);
        }
        if claims.exp <= now.timestamp() {
            return Err(TokenFault::Expired);
        }
        Ok(claims)
    }

    fn key(&self, id: Option<&str>) -> Option<&Key> {
        let id = id?;
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.id == id)
    }
}

/// HS256 only; time and audience are checked by [`Tokens::verify`] against the caller's clock.
fn rules() -> Validation {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.validate_exp = false;
    rules.validate_aud = false;
    rules.required_spec_claims = HashSet::new();
    rules
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_is_good_for_its_audience_until_its_time_is_over() {
        let tokens = Tokens::new(SECRET, None, 900);
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let token = tokens.customer(Uuid::nil(), Uuid::nil(), now).unwrap();
        assert!(tokens.verify(&token, Audience::Customer, now).is_ok());
        assert_eq!(
            tokens.verify(&token, Audience::Staff, now),
            Err(TokenFault::Invalid),
            "customers are no staff"
        );
        assert_eq!(
            tokens.verify(&token, Audience::Customer, now + TimeDelta::seconds(900)),
            Err(TokenFault::Expired)
        );
    }

    #[test]
    fn forged_tokens_are_invalid_and_a_replaced_secret_still_counts_while_named() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let old = Tokens::new(SECRET, None, 900)
            .customer(Uuid::nil(), Uuid::nil(), now)
            .unwrap();
        let new = "fedcba9876543210fedcba9876543210";
        assert_eq!(
            Tokens::new(new, None, 900).verify(&old, Audience::Customer, now),
            Err(TokenFault::Invalid)
        );
        assert!(
            Tokens::new(new, Some(SECRET), 900)
                .verify(&old, Audience::Customer, now)
                .is_ok()
        );
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.";
        assert_eq!(
            Tokens::new(SECRET, None, 900).verify(unsigned, Audience::Customer, now),
            Err(TokenFault::Invalid)
        );
        let (head, tail) = old.rsplit_once('.').unwrap();
        let forged = format!("{head}.{}", tail.chars().rev().collect::<String>());
        assert_eq!(
            Tokens::new(SECRET, None, 900).verify(&forged, Audience::Customer, now),
            Err(TokenFault::Invalid)
        );
    }
}
