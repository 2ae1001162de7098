//! Access tokens: JWT, HS256, 15 minutes, for customers and for staff. The key's id (`kid`) names which secret signed,
//! so that a secret can be replaced without signing everybody out.

use crate::ended::Ended;
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    ids::{DeviceId, StationId},
    staff::Role,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};
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
    /// Its session has been ended.
    Ended,
}

impl TokenFault {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            Self::Invalid => "invalid_token",
            Self::Ended => "session_ended",
        }
    }
}

/// A token that one of our secrets signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What it says.
    pub claims: Claims,
    /// Why it is no good all the same.
    pub fault: Option<TokenFault>,
}

impl Read {
    /// What it says, if it is good and for this audience.
    ///
    /// # Errors
    /// Expired, ended or for others.
    pub fn good_for(self, audience: Audience) -> Result<Claims, TokenFault> {
        match self.fault {
            _ if self.claims.aud != audience => Err(TokenFault::Invalid),
            Some(fault) => Err(fault),
            None => Ok(self.claims),
        }
    }
}

/// The secrets that sign and verify, and the sessions that ended before their tokens.
pub struct Tokens {
    current: Key,
    previous: Option<Key>,
    life: TimeDelta,
    leeway: TimeDelta,
    ended: Arc<Ended>,
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
            leeway: TimeDelta::zero(),
            ended: Arc::default(),
        }
    }

    /// The same, taking tokens for so many seconds beyond their end: the clocks of instances differ.
    #[must_use]
    pub fn with_leeway(self, seconds: i64) -> Self {
        let leeway = TimeDelta::seconds(seconds);
        Self { leeway, ..self }
    }

    /// Sessions whose tokens are not taken any more.
    #[must_use]
    pub const fn ended(&self) -> &Arc<Ended> {
        &self.ended
    }

    /// How long a token may be taken after it was made.
    #[must_use]
    pub fn longest_life(&self) -> TimeDelta {
        self.life + self.leeway
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
    /// Expired, ended or invalid. A forged token is never called expired: the signature is checked first.
    pub fn verify(
        &self,
        token: &str,
        audience: Audience,
        now: DateTime<Utc>,
    ) -> Result<Claims, TokenFault> {
        self.read(token, now)?.good_for(audience)
    }

    /// What a token of ours says, whoever it is for, and whether it is still good at `now`.
    ///
    /// # Errors
    /// None of ours.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Read, TokenFault> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Invalid)?;
        let key = self.key(header.kid.as_deref()).ok_or(TokenFault::Invalid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &RULES)
            .map_err(|_| TokenFault::Invalid)?
            .claims;
        let fault = if claims.exp.saturating_add(self.leeway.num_seconds()) <= now.timestamp() {
            Some(TokenFault::Expired)
        } else if self.ended.holds(claims.jti) {
            Some(TokenFault::Ended)
        } else {
            None
        };
        Ok(Read { claims, fault })
    }

    fn key(&self, id: Option<&str>) -> Option<&Key> {
        let id = id?;
        [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.id == id)
    }
}

static RULES: LazyLock<Validation> = LazyLock::new(rules);

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
    fn clocks_may_differ_by_the_leeway_and_an_ended_sessions_token_is_worth_nothing() {
        let tokens = Tokens::new(SECRET, None, 900).with_leeway(30);
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let session = Uuid::from_u128(7);
        let token = tokens.customer(Uuid::nil(), session, now).unwrap();
        let at = |seconds| {
            let now = now + TimeDelta::seconds(seconds);
            tokens.verify(&token, Audience::Customer, now).map(|_| ())
        };
        assert_eq!(at(929), Ok(()));
        assert_eq!(at(930), Err(TokenFault::Expired));
        tokens.ended().note(session, now);
        assert_eq!(at(0), Err(TokenFault::Ended));
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
