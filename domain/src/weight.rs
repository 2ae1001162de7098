//! Weight: whole grams inside, kilograms with up to three decimals on the wire (`"52.4"`).
//!
//! Scales of the trade show 1 g at the finest; customers think in 斤 (half a kilogram), which is a
//! matter of display only.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::number::{Number, read_scaled, write_scaled};

/// Most digits of kilograms in a text.
const KILOGRAM_DIGITS: usize = 12;

/// A weight in grams; may be negative (stock differences).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "string"))]
pub struct Weight(i64);

/// The text is no weight: `-?digits[.ddd]` of kilograms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a weight in kilograms with at most three decimals")]
pub struct NotAWeight;

impl Weight {
    /// Nothing on the scale.
    pub const ZERO: Self = Self(0);

    /// From whole grams.
    pub const fn from_grams(grams: i64) -> Self {
        Self(grams)
    }

    /// The weight in whole grams.
    pub const fn grams(self) -> i64 {
        self.0
    }

    /// Reads kilograms (`"52.4"`, `"0.005"`).
    pub fn parse(text: &str) -> Result<Self, NotAWeight> {
        read_scaled(text, KILOGRAM_DIGITS, 3)
            .map(Self)
            .ok_or(NotAWeight)
    }

    /// Reads a JSON number (from its text) or a string.
    pub fn from_json(value: &Value) -> Result<Self, NotAWeight> {
        match value {
            Value::Number(number) => Self::parse(number.as_str()),
            Value::String(text) => Self::parse(text),
            _ => Err(NotAWeight),
        }
    }

    /// Kilograms as a number; `None` when finer than a gram.
    pub const fn from_kilograms(kilograms: Number) -> Option<Self> {
        if kilograms.has_at_most_3_decimals() {
            Some(Self(kilograms.micros() / 1_000))
        } else {
            None
        }
    }

    /// The sum, or `None` when it does not fit.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(grams) => Some(Self(grams)),
            None => None,
        }
    }

    /// The difference, or `None` when it does not fit.
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(grams) => Some(Self(grams)),
            None => None,
        }
    }

    /// For people who count in 斤 (1 斤 = 500 g): `104.8 斤`.
    pub fn jin_display(self) -> String {
        struct Jin(i64);
        impl fmt::Display for Jin {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_scaled(f, i128::from(self.0) * 2, 3, 0)
            }
        }
        format!("{} 斤", Jin(self.0))
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, i128::from(self.0), 3, 0)
    }
}

impl std::str::FromStr for Weight {
    type Err = NotAWeight;

    fn from_str(text: &str) -> Result<Self, NotAWeight> {
        Self::parse(text)
    }
}

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
