//! Scopes: the sets of aggregates a device may hold (sync.md §3).

use crate::ids::{StaffId, StationId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A named set of aggregates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "string"))]
pub enum Scope {
    /// `collector:<id>`: what is assigned to a collector, and what holds facts of theirs.
    Collector(StaffId),
    /// `station:<id>`: everything of a depot.
    Station(StationId),
    /// `catalog:<city>`: price books.
    Catalog(String),
    /// `admin`: reviews and everything only administrators see.
    Admin,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collector(id) => write!(f, "collector:{id}"),
            Self::Station(id) => write!(f, "station:{id}"),
            Self::Catalog(city) => write!(f, "catalog:{city}"),
            Self::Admin => f.write_str("admin"),
        }
    }
}

/// Text that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a scope")]
pub struct NotAScope;

impl FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        match text.split_once(':') {
            Some(("collector", id)) => id.parse().map(Self::Collector).map_err(|_| NotAScope),
            Some(("station", id)) => id.parse().map(Self::Station).map_err(|_| NotAScope),
            Some(("catalog", city)) if !city.is_empty() => Ok(Self::Catalog(city.to_owned())),
            None if text == "admin" => Ok(Self::Admin),
            _ => Err(NotAScope),
        }
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Kinds of aggregates that sync carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Kind {
    /// `domain::appointment::Appointment`.
    Appointment,
    /// `domain::order::Order`.
    Order,
    /// `domain::price_book::PriceBook`.
    PriceBook,
    /// `domain::staff::Staff`.
    Staff,
    /// `domain::staff::Station`.
    Station,
}

impl Kind {
    /// Every kind, in the order snapshots are paged.
    pub const ALL: &[Self] = &[
        Self::Appointment,
        Self::Order,
        Self::PriceBook,
        Self::Staff,
        Self::Station,
    ];

    /// The wire and database form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Appointment => "appointment",
            Self::Order => "order",
            Self::PriceBook => "price_book",
            Self::Staff => "staff",
            Self::Station => "station",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}
