//! A published price book (价目): immutable, versioned by city, sealed with a hash.
//!
//! The rules are kept as the publisher wrote them, unknown keys and all, because the hash is over
//! their canonical text; [`PriceBook::compile`] gives the form to price with and
//! [`PriceBook::catalogue`] the form to show.

mod canonical;
mod catalogue;

use std::fmt;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::division;
use crate::ids::PriceBookId;
use crate::number::wire_u32;
use crate::pricing::{Book, PricingError};

pub use catalogue::{AttributeSpec, AttributeType, CatalogueItem, Choice};

/// A price book of one city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PriceBook {
    /// Identity.
    pub id: PriceBookId,
    /// The city's division code (`330100`).
    pub city: String,
    /// Counts up from 1 within the city; a correction is a new version.
    #[serde(deserialize_with = "wire_u32")]
    pub version: u32,
    /// When it comes into force.
    pub effective_from: EffectiveFrom,
    /// The rules as published, numbers as strings.
    #[cfg_attr(feature = "ts", ts(type = "Array<Record<string, unknown>>"))]
    pub rules: Vec<Value>,
    /// SHA-256 of [`PriceBook::canonical`], lower-case hex.
    pub hash: String,
}

/// The instant a book comes into force, in the publisher's own text: the hash is over that text,
/// offset and all, so it must come back letter for letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "string"))]
pub struct EffectiveFrom {
    text: String,
    at: DateTime<Utc>,
}

/// What is wrong with a price book.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceBookError {
    /// `effective_from` is no RFC 3339 instant.
    #[error("effective_from is not an RFC 3339 time with offset")]
    EffectiveFrom,
    /// `city` is no division code.
    #[error("city is not a division code")]
    City,
    /// Versions count from 1.
    #[error("version must be at least 1")]
    Version,
    /// The rules cannot be priced with.
    #[error("the rules are not a valid price book: {0}")]
    Rules(#[from] PricingError),
    /// A number that must be a string; the path names it.
    #[error("numbers of a published price book are strings: {0}")]
    NotText(String),
    /// The content does not have the hash it claims.
    #[error("the price book's content does not match its hash; fetch it again")]
    HashMismatch,
}

impl PriceBook {
    /// Checks the content and seals it with its hash.
    pub fn publish(
        id: PriceBookId,
        city: &str,
        version: u32,
        effective_from: EffectiveFrom,
        rules: Vec<Value>,
    ) -> Result<Self, PriceBookError> {
        let mut book = Self {
            id,
            city: city.to_owned(),
            version,
            effective_from,
            rules,
            hash: String::new(),
        };
        book.check()?;
        book.hash = book.hash();
        Ok(book)
    }

    /// The RFC 8785 canonical JSON of `{city, version, effective_from, rules}`.
    pub fn canonical(&self) -> String {
        canonical::canonical(&json!({
            "city": self.city,
            "version": self.version,
            "effective_from": self.effective_from.as_str(),
            "rules": self.rules,
        }))
    }

    /// SHA-256 of the canonical JSON, lower-case hex: what `hash` must be.
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(self.canonical());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Checks the content and that it has the hash it claims.
    pub fn verify(&self) -> Result<(), PriceBookError> {
        if self.hash != self.hash() {
            return Err(PriceBookError::HashMismatch);
        }
        self.check()
    }

    /// The rules, checked and ready to price with.
    pub fn compile(&self) -> Result<Book, PricingError> {
        Book::from_rules(&self.rules)
    }

    /// The goods for people: names, codes, attributes to ask for.
    pub fn catalogue(&self) -> Vec<CatalogueItem> {
        catalogue::catalogue(&self.rules)
    }

    /// Whether it is in force at `at`, as far as its own begin goes.
    pub fn is_effective(&self, at: DateTime<Utc>) -> bool {
        self.effective_from.at() <= at
    }

    /// Of several books that are effective, the greatest of these is in force: the one that began last, and of two that
    /// began together the higher version. The server's queries order by the same.
    pub fn precedence(&self) -> (DateTime<Utc>, u32) {
        (self.effective_from.at(), self.version)
    }

    fn check(&self) -> Result<(), PriceBookError> {
        if division::lookup(&self.city).is_none() {
            return Err(PriceBookError::City);
        }
        if self.version == 0 {
            return Err(PriceBookError::Version);
        }
        self.compile()?;
        for (index, rule) in self.rules.iter().enumerate() {
            numbers_are_text(rule)
                .map_err(|path| PriceBookError::NotText(format!("rules[{index}].{path}")))?;
        }
        Ok(())
    }
}

impl EffectiveFrom {
    /// Reads RFC 3339 with an offset (`2026-11-01T00:00:00+08:00`).
    pub fn parse(text: &str) -> Result<Self, PriceBookError> {
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| PriceBookError::EffectiveFrom)?;
        Ok(Self {
            text: text.to_owned(),
            at: at.to_utc(),
        })
    }

    /// The publisher's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The instant.
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

impl fmt::Display for EffectiveFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for EffectiveFrom {
    type Error = PriceBookError;

    fn try_from(text: String) -> Result<Self, PriceBookError> {
        Self::parse(&text)
    }
}

impl From<EffectiveFrom> for String {
    fn from(effective_from: EffectiveFrom) -> Self {
        effective_from.text
    }
}

impl From<DateTime<Utc>> for EffectiveFrom {
    fn from(at: DateTime<Utc>) -> Self {
        Self {
            text: crate::time::wire(at),
            at,
        }
    }
}

/// The demo price book: Hangzhou, version 1, for practice mode and `seed-demo`.
#[expect(
    clippy::expect_used,
    reason = "compiled into the program; a test reads and verifies it"
)]
pub fn demo() -> PriceBook {
    static DEMO: LazyLock<PriceBook> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../data/demo-price-book.json"))
            .expect("the demo price book is well formed")
    });
    DEMO.clone()
}

/// Every number the arithmetic reads is a string; the error is the path of one that is not.
fn numbers_are_text(rule: &Value) -> Result<(), String> {
    if rule.get("base_price").is_some_and(Value::is_number) {
        return Err("base_price".to_owned());
    }
    let factors = rule.get("factors").and_then(Value::as_array);
    for (index, factor) in factors.into_iter().flatten().enumerate() {
        for key in ["operand", "value"] {
            if factor.get(key).is_some_and(holds_number) {
                return Err(format!("factors[{index}].{key}"));
            }
        }
    }
    Ok(())
}

fn holds_number(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(Value::is_number),
        other => other.is_number(),
    }
}
