//! A unit price in the making: ten decimals, rounded half up after every factor.
//!
//! Fixed point in an `i128` instead of a general decimal: a price is below 10²⁰ units of 10⁻¹⁰ and
//! a factor's value below 10¹⁸ units of 10⁻⁶, so every product fits and each step is one integer
//! operation, exact by construction. What leaves the range is refused, never wrapped.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::money::Fen;
use crate::number::{Number, divide_half_up, read_scaled, write_scaled};

/// Decimals of a unit price.
const DECIMALS: u32 = 10;
/// From millionths to the price's own scale.
const FROM_MICROS: i128 = 10_000;
/// Millionths in one.
const MICROS: i128 = 1_000_000;
/// 9,999,999,999.99: no price, amount or total may be above it.
const LIMIT: i128 = 99_999_999_999_900_000_000;
/// The same limit in fen.
pub(super) const LIMIT_FEN: i64 = 999_999_999_999;
/// Price × quantity has 16 decimals, an amount has two.
const PRODUCT_TO_FEN: i128 = 100_000_000_000_000;

/// Yuan per kilogram or piece, in units of 10⁻¹⁰ yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "string"))]
pub struct UnitPrice(i128);

/// The price left the range ±9,999,999,999.99.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

impl UnitPrice {
    /// Worth nothing.
    pub const ZERO: Self = Self(0);

    /// A number of yuan, unchecked against the limit (see [`UnitPrice::checked`]).
    pub(super) const fn from_number(yuan: Number) -> Self {
        Self(yuan.micros() as i128 * FROM_MICROS)
    }

    /// The price itself, if within ±9,999,999,999.99.
    pub(super) const fn checked(self) -> Result<Self, TooLarge> {
        if self.0.abs() > LIMIT {
            Err(TooLarge)
        } else {
            Ok(self)
        }
    }

    /// p × value, rounded half up to ten decimals.
    pub(super) const fn times(self, value: Number) -> Result<Self, TooLarge> {
        match self.0.checked_mul(value.micros() as i128) {
            Some(product) => Self(divide_half_up(product, MICROS)).checked(),
            None => Err(TooLarge),
        }
    }

    /// p + value.
    pub(super) const fn plus(self, value: Number) -> Result<Self, TooLarge> {
        Self(self.0 + Self::from_number(value).0).checked()
    }

    /// p − value.
    pub(super) const fn minus(self, value: Number) -> Result<Self, TooLarge> {
        Self(self.0 - Self::from_number(value).0).checked()
    }

    /// A price below zero is worth nothing.
    pub(super) fn floored(self) -> Self {
        self.max(Self::ZERO)
    }

    /// p × quantity, rounded half up to the fen.
    pub(super) fn amount(self, quantity: Number) -> Result<Fen, TooLarge> {
        let product = self
            .0
            .checked_mul(i128::from(quantity.micros()))
            .ok_or(TooLarge)?;
        let fen = divide_half_up(product, PRODUCT_TO_FEN);
        i64::try_from(fen)
            .ok()
            .filter(|fen| fen.abs() <= LIMIT_FEN)
            .map(Fen::from_fen)
            .ok_or(TooLarge)
    }

    /// p × quantity before rounding, for the trace.
    pub(super) fn exact_amount(self, quantity: Number) -> String {
        let product = self.0.saturating_mul(i128::from(quantity.micros()));
        Exact(product, DECIMALS + 6).to_string()
    }
}

impl fmt::Display for UnitPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.0, DECIMALS, 0)
    }
}

impl Serialize for UnitPrice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnitPrice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = match &value {
            serde_json::Value::String(text) => text.as_str(),
            serde_json::Value::Number(number) => number.as_str(),
            _ => "",
        };
        parse(text).ok_or_else(|| de::Error::custom("expected a price of at most ten decimals"))
    }
}

impl std::str::FromStr for UnitPrice {
    type Err = crate::number::NotANumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or(crate::number::NotANumber)
    }
}

/// Yuan and fraction are read apart: together they are more digits than an `i64` holds.
fn parse(text: &str) -> Option<UnitPrice> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > DECIMALS as usize {
        return None;
    }
    let yuan = i128::from(read_scaled(whole, 12, 0)?);
    let mut rest = i128::from(read_scaled(fraction, DECIMALS as usize, 0)?);
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    for _ in fraction.len()..DECIMALS as usize {
        rest *= 10;
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    Some(UnitPrice(yuan * 10_i128.pow(DECIMALS) + sign * rest))
}

/// An exact value of any scale, written without trailing zeros.
pub(super) struct Exact(pub i128, pub u32);

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.0, self.1, 0)
    }
}
