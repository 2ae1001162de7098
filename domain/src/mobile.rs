//! A mainland mobile number: `^1[3-9]\d{9}$` is the hard rule.
//!
//! Numbers are personal data: `Debug` and [`Mobile::masked`] show `138****2046`, so a number can
//! reach a log only by being asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A mobile number known to have the right form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "string"))]
pub struct Mobile(String);

/// The text is no mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mobile number: eleven digits beginning with 13 to 19")]
pub struct NotAMobile;

impl Mobile {
    /// Reads eleven ASCII digits, nothing round them.
    pub fn parse(text: &str) -> Result<Self, NotAMobile> {
        let bytes = text.as_bytes();
        let well_formed = bytes.len() == 11
            && bytes[0] == b'1'
            && (b'3'..=b'9').contains(&bytes[1])
            && bytes.iter().all(u8::is_ascii_digit);
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAMobile)
        }
    }

    /// The number in full: for calling, sending and storing, never for logs.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `138****2046`.
    pub fn masked(&self) -> String {
        let tail = self.0.len().saturating_sub(4);
        format!("{}****{}", &self.0[..3], &self.0[tail..])
    }
}

impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mobile({})", self.masked())
    }
}

impl TryFrom<String> for Mobile {
    type Error = NotAMobile;

    fn try_from(text: String) -> Result<Self, NotAMobile> {
        Self::parse(&text)
    }
}

impl std::str::FromStr for Mobile {
    type Err = NotAMobile;

    fn from_str(text: &str) -> Result<Self, NotAMobile> {
        Self::parse(text)
    }
}

impl From<Mobile> for String {
    fn from(mobile: Mobile) -> Self {
        mobile.0
    }
}
