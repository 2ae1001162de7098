//! The price book as the catalogue, the counter and the price screen show it.

use huishou_domain::{price_book::CatalogueItem, quote::BookRef};
use serde::Serialize;

/// The price book in force on this device.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BookView {
    /// City, version, hash.
    pub book: BookRef,
    /// The city in words (杭州市); its code where the code is unknown.
    pub city_name: String,
    /// In force since, RFC 3339.
    pub effective_from: String,
    /// Superseded longer ago than the grace period.
    pub stale: bool,
    /// What is taken at what price, with codes, pinyin initials and the attributes to ask for.
    pub catalogue: Vec<CatalogueItem>,
    /// The rules as published, factors included, for the price screen.
    #[cfg_attr(feature = "ts", ts(type = "unknown[]"))]
    pub rules: Vec<serde_json::Value>,
}
