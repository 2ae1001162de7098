//! Pricing while goods are being weighed. The rows hold what was typed, unfinished numbers included; the preview
//! prices those lines that are complete and says what is wrong with the others.

use huishou_domain::{
    appointment::{Address, Contact},
    difference::Difference,
    ids::{AppointmentId, OrderId, QuoteId},
    money::Fen,
    order::Seller,
    quote::{Adjustment, GapReason, Item, QuoteLine},
};
use serde::{Deserialize, Serialize};

/// What is being weighed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PreviewRequest {
    /// Each an [`Item`], possibly unfinished: missing or malformed numbers are reported per line, never an error of
    /// the whole.
    #[cfg_attr(feature = "ts", ts(type = "unknown[]"))]
    pub items: Vec<serde_json::Value>,
    /// Adjustments.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
    /// Reasons given so far.
    #[serde(default)]
    pub gap_reasons: Vec<GapReason>,
    /// The appointment whose estimate to compare with.
    #[serde(default)]
    pub appointment_id: Option<AppointmentId>,
}

/// The running total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Preview {
    /// One for each row asked, in order.
    pub lines: Vec<PreviewLine>,
    /// Σ of the lines that could be priced.
    pub total: Fen,
    /// total + adjustments, when those are allowed.
    pub due: Fen,
    /// Code of what is wrong with the adjustments.
    pub adjustment_fault: Option<String>,
    /// Every line is priced, the adjustments are allowed and no reason is owed: the customer may be asked.
    pub ready: bool,
    /// Against the estimate, once every line is priced.
    #[serde(skip_deserializing)]
    pub difference: Option<Difference>,
    /// Version of the price book used.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub book_version: i64,
    /// The book was superseded longer ago than its grace period.
    pub book_stale: bool,
}

/// One row priced, or what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PreviewLine {
    /// The priced line.
    pub line: Option<QuoteLine>,
    /// Code of the first fault.
    pub error: Option<String>,
    /// Field of the item at fault (`gross`, `volume_l`, …).
    pub field: Option<String>,
    /// The trace in words, Chinese.
    pub trace_zh: Vec<String>,
    /// The trace in words, English.
    pub trace_en: Vec<String>,
}

/// What the app executes for `order.weigh`, with lines, totals and book filled in by the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WeighRequest {
    /// The order.
    pub order_id: OrderId,
    /// Goods.
    pub items: Vec<Item>,
    /// Adjustments.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
    /// Reasons.
    #[serde(default)]
    pub gap_reasons: Vec<GapReason>,
    /// Photos of the goods, by the names that keeping them answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<String>>"))]
    pub photos: Vec<String>,
}

/// What the counter executes for `ticket.create`: id, lines, totals and book are filled in by the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TicketRequest {
    /// The ticket's id, chosen when it was begun, so that it cannot be recorded twice; made here if left out.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub order_id: Option<OrderId>,
    /// Goods.
    pub items: Vec<Item>,
    /// Adjustments.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
    /// Who sold them, where the law or habit asks for it.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub seller: Option<Seller>,
}

/// What the desk executes for `appointment.create`: the estimate is priced, and what is left out filled in, by the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct BookingRequest {
    /// The appointment's id, chosen when the booking was begun, so that it cannot be booked twice; made here if left out.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub appointment_id: Option<AppointmentId>,
    /// Its order's id, likewise.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub order_id: Option<OrderId>,
    /// Whom to ask for.
    pub contact: Contact,
    /// Where.
    pub address: Address,
    /// When, RFC 3339.
    pub appointment_time: String,
    /// Goods, by quantity.
    pub items: Vec<Item>,
    /// What the customer said besides.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub note: Option<String>,
}

/// What the app executes for `appointment.estimate`: the new estimate is priced by the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EstimateRequest {
    /// Which.
    pub appointment_id: AppointmentId,
    /// Goods as they are expected now, by quantity.
    pub items: Vec<Item>,
}

/// Ids that a command made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Executed {
    /// The mutation's uid; none when nothing had to be done.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub uid: uuid::Uuid,
    /// The mutation's number on this device.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: i64,
    /// Appointment concerned.
    pub appointment_id: Option<AppointmentId>,
    /// Order concerned.
    pub order_id: Option<OrderId>,
    /// Quote made.
    pub quote_id: Option<QuoteId>,
}
