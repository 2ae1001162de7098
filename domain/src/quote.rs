//! Quotes (报价): goods priced by one version of a price book, with what was rounded off or bargained. A stored
//! quote names its book's version and hash and holds its items, so that it can be replayed to the fen.

mod adjustment;
pub mod bounds;

pub use adjustment::{
    Adjustment, AdjustmentFault, AdjustmentKind, AdjustmentLimits, check_adjustments, due,
    needs_approval,
};

use crate::{ids::QuoteId, money::Fen, number::Number};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Goods as asked or weighed: a quantity, or (by the kilogram) a weighing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Item {
    /// `group/kind`, as `paper/cardboard`.
    pub category: String,
    /// Kilograms or pieces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub quantity: Option<Number>,
    /// What the scale said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub weighing: Option<Weighing>,
    /// Answers to the questions the category asks (volume, completeness, moisture, …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(
        feature = "ts",
        ts(optional, as = "Option<BTreeMap<String, AttributeValue>>")
    )]
    pub attributes: BTreeMap<String, Value>,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub note: Option<String>,
}

/// The answer to one of a category's questions.
#[cfg(feature = "ts")]
#[derive(ts_rs::TS)]
#[ts(type = "string | number | boolean")]
pub struct AttributeValue;

/// A weighing (过磅), in kilograms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Weighing {
    /// Gross (毛重).
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub gross: Number,
    /// Tare (皮重): bag, crate, vehicle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub tare: Option<Number>,
    /// 扣水, 扣杂: taken off the net weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<_>"))]
    pub deductions: Vec<Deduction>,
    /// How the weight came about: `scale` (live, stable) or `typed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub source: Option<String>,
}

/// One deduction: a percentage of the weight without tare, or kilograms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Deduction {
    /// `moisture` (扣水), `impurity` (扣杂) or another word.
    pub kind: String,
    /// Percent of (gross − tare).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub percent: Option<Number>,
    /// Kilograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub weight: Option<Number>,
}

/// Before the visit or at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum QuoteKind {
    /// 预估.
    Estimate,
    /// 最终.
    Final,
}

/// The price book a quote was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BookRef {
    /// City division code.
    pub city: String,
    /// The book's version.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: i64,
    /// SHA-256 of the book's canonical JSON; empty only in a weigh command that does not state it.
    #[serde(default)]
    pub hash: String,
}

/// A priced line; a display copy of what the engine says of the item at the same place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct QuoteLine {
    /// Category.
    pub category: String,
    /// Net kilograms or pieces, without trailing zeros.
    pub quantity: String,
    /// Yuan per unit after factors, without trailing zeros.
    pub unit_price: String,
    /// Indices of the factors that applied.
    #[serde(default)]
    pub applied: Vec<usize>,
    /// Unit price × quantity, half up to the fen.
    pub amount: Fen,
}

/// Why a final line differs from the estimate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum GapCode {
    /// Another weight or count.
    Weight,
    /// Another grade.
    Grade,
    /// A part is missing.
    MissingPart,
    /// Wet goods.
    Moisture,
    /// Other goods than booked.
    Category,
    /// A newer price book.
    PriceChange,
    /// Something else, in words.
    Other,
}

/// The reason given for one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GapReason {
    /// Line of the final quote.
    pub line: usize,
    /// Coded reason.
    pub code: GapCode,
    /// Words, required with `other`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub text: Option<String>,
}

/// One line's trace in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TraceWords {
    /// Line.
    pub line: usize,
    /// One sentence a step.
    pub steps: Vec<String>,
}

/// A quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Quote {
    /// Identity.
    pub id: QuoteId,
    /// Estimate or final.
    pub kind: QuoteKind,
    /// The price book used.
    pub book: BookRef,
    /// The goods.
    pub items: Vec<Item>,
    /// The goods priced, in the items' order.
    pub lines: Vec<QuoteLine>,
    /// Σ lines.
    pub total: Fen,
    /// What was rounded off, bargained or given.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
    /// total + Σ adjustments: what the customer gets.
    pub due: Fen,
    /// Reasons for differences from the estimate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<_>"))]
    pub gap_reasons: Vec<GapReason>,
    /// In words, where it was asked for; replayed from items and book, never stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<_>"))]
    pub trace: Vec<TraceWords>,
    /// When it was made.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub created_at: DateTime<Utc>,
}
