//! Exact decimal numbers as they arrive in JSON.
//!
//! A number of the trade is a JSON number, taken from its **text** and never through a float, or a
//! string, in the form `-?digits[.digits]` with at most 12 integer and 6 decimal digits
//! (`pricing.md`). That range fits an `i64` of millionths, so reading, comparing and hashing a
//! number are integer operations and nothing is ever rounded on the way in.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// Most digits before the point.
const INTEGER_DIGITS: usize = 12;
/// Most digits after the point.
const DECIMAL_DIGITS: usize = 6;
/// Millionths in one.
const ONE: i64 = 1_000_000;

/// An exact decimal: whole millionths, |n| < 10¹².
///
/// On the wire a string without trailing zeros (`"12.5"`); read from a string or a JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "string", rename = "Decimal"))]
pub struct Number(i64);

/// The text is no number of the form `-?digits[.digits]` with at most 12 and 6 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 12 integer and 6 decimal digits")]
pub struct NotANumber;

impl Number {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads `-?digits[.digits]`; no sign `+`, no exponent, no blanks, ASCII digits only.
    pub fn parse(text: &str) -> Result<Self, NotANumber> {
        read_scaled(text, INTEGER_DIGITS, DECIMAL_DIGITS)
            .map(Self)
            .ok_or(NotANumber)
    }

    /// Reads a JSON number (from its text) or a string; anything else is not a number.
    pub fn from_json(value: &Value) -> Result<Self, NotANumber> {
        match value {
            Value::Number(number) => Self::parse(number.as_str()),
            Value::String(text) => Self::parse(text),
            _ => Err(NotANumber),
        }
    }

    /// A whole number; `None` beyond 12 digits.
    pub const fn from_integer(integer: i64) -> Option<Self> {
        match integer.checked_mul(ONE) {
            Some(micros) if integer.unsigned_abs() < 1_000_000_000_000 => Some(Self(micros)),
            _ => None,
        }
    }

    /// The number in millionths.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The number in millionths, wide enough for sums and products.
    pub const fn scaled(&self) -> i128 {
        self.0 as i128
    }

    /// From millionths; `None` outside the range of the form.
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros.unsigned_abs() < 1_000_000_000_000_000_000 {
            Some(Self(micros))
        } else {
            None
        }
    }

    /// No digits after the point (by value: `2.0` is whole).
    pub const fn is_whole(self) -> bool {
        self.0 % ONE == 0
    }

    /// At most three digits after the point (by value: `1.5000` has one).
    pub const fn has_at_most_3_decimals(self) -> bool {
        self.0 % 1_000 == 0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, i128::from(self.0), 6, 0)
    }
}

impl std::str::FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        Self::parse(text)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Reads a decimal text into an integer scaled by 10^`decimals`; `None` when it is not one.
/// `integers + decimals` must stay within the 18 digits an `i64` surely holds.
pub(crate) fn read_scaled(text: &str, integers: usize, decimals: usize) -> Option<i64> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, bytes),
    };
    let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        Some(point) => (&digits[..point], Some(&digits[point + 1..])),
        None => (digits, None),
    };
    if !(1..=integers).contains(&whole.len())
        || fraction.is_some_and(|fraction| !(1..=decimals).contains(&fraction.len()))
    {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let mut scaled = fold_digits(fold_digits(0, whole)?, fraction)?;
    for _ in fraction.len()..decimals {
        scaled *= 10;
    }
    Some(if negative { -scaled } else { scaled })
}

fn fold_digits(start: i64, digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(start, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })
}

/// Writes `scaled / 10^decimals`, trailing zeros dropped down to `keep` decimals.
pub(crate) fn write_scaled(
    f: &mut fmt::Formatter<'_>,
    scaled: i128,
    decimals: u32,
    keep: usize,
) -> fmt::Result {
    let unit = 10_u128.pow(decimals);
    let size = scaled.unsigned_abs();
    if scaled < 0 {
        f.write_str("-")?;
    }
    write!(f, "{}", size / unit)?;
    let mut fraction = size % unit;
    let mut width = decimals as usize;
    while width > keep && fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    if width == 0 {
        return Ok(());
    }
    write!(f, ".{fraction:0width$}")
}

/// Divides rounding half away from zero (四舍五入): the one rounding of this house.
pub(crate) const fn divide_half_up(value: i128, by: i128) -> i128 {
    let (quotient, rest) = (value / by, value % by);
    if rest.abs() * 2 >= by {
        quotient + value.signum()
    } else {
        quotient
    }
}

/// Reads an unsigned integer inside buffered forms (tagged enums, flattened structs).
///
/// With exact numbers switched on in `serde_json`, those forms hand a number over as a map that
/// the plain integer types refuse; going through [`Value`] takes both.
pub(crate) fn wire_u32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value
        .as_u64()
        .and_then(|integer| u32::try_from(integer).ok())
        .ok_or_else(|| de::Error::custom("expected an unsigned integer"))
}

/// As [`wire_u32`], for indices.
pub(crate) fn wire_usize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    wire_u32(deserializer).map(|integer| integer as usize)
}
