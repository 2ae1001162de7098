//! The arguments of commands, as they travel and as devices keep them: a change of form is a new version of the command.

use crate::{
    appointment::{Address, Contact},
    ids::{AppointmentId, OrderId, PaymentId, QuoteId, StaffId, StationId},
    money::Fen,
    order::{AcceptedBy, PaymentMethod, Seller},
    price_book::PriceBook,
    quote::{Adjustment, BookRef, GapReason, Item, Quote, QuoteKind, QuoteLine},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `appointment.start`, `.confirm`, `.complete`: only name the appointment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OfAppointment {
    /// Which.
    pub appointment_id: AppointmentId,
}

/// `appointment.assign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Assign {
    /// Which.
    pub appointment_id: AppointmentId,
    /// To whom; null takes it from everybody.
    pub assignee: Option<StaffId>,
}

/// `appointment.reschedule`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Reschedule {
    /// Which.
    pub appointment_id: AppointmentId,
    /// To when.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub appointment_time: DateTime<Utc>,
}

/// `appointment.cancel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Cancel {
    /// Which.
    pub appointment_id: AppointmentId,
    /// Coded reason.
    pub reason: String,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub text: Option<String>,
}

/// `appointment.create`: a booking taken at the depot, over the phone. Which depot serves it is found from the
/// address; the customer is the one who has given this mobile number, if there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AppointmentCreate {
    /// The appointment's id.
    pub appointment_id: AppointmentId,
    /// Its order's id.
    pub order_id: OrderId,
    /// Whom to ask for.
    pub contact: Contact,
    /// Where.
    pub address: Address,
    /// When.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub appointment_time: DateTime<Utc>,
    /// Goods.
    pub items: Vec<Item>,
    /// What the customer wants known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub note: Option<String>,
    /// What the customer was told; without one the server prices the goods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub estimate: Option<Quote>,
}

/// `appointment.estimate`: another estimate, given on the phone or at the door, not accepted by anybody yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Estimate {
    /// Which.
    pub appointment_id: AppointmentId,
    /// The estimate.
    pub quote: Quote,
}

/// `order.weigh`: the final quote, as stated by who weighed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Weigh {
    /// Which order.
    pub order_id: OrderId,
    /// The quote's id.
    pub quote_id: QuoteId,
    /// The price book used; its hash may be left out.
    pub book: BookRef,
    /// Goods with weighings.
    pub items: Vec<Item>,
    /// Priced lines.
    pub lines: Vec<QuoteLine>,
    /// Σ lines.
    pub total: Fen,
    /// Adjustments.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
    /// What the customer gets.
    pub due: Fen,
    /// Why it differs from the estimate.
    #[serde(default)]
    pub gap_reasons: Vec<GapReason>,
    /// Photos of the goods, by their names (SHA-256); at most 9.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<String>>"))]
    pub photos: Vec<String>,
}

impl Weigh {
    /// The final quote that it states, made at this time.
    #[must_use]
    pub fn quote(&self, at: DateTime<Utc>) -> Quote {
        Quote {
            id: self.quote_id,
            kind: QuoteKind::Final,
            book: self.book.clone(),
            items: self.items.clone(),
            lines: self.lines.clone(),
            total: self.total,
            adjustments: self.adjustments.clone(),
            due: self.due,
            gap_reasons: self.gap_reasons.clone(),
            trace: Vec::new(),
            created_at: at,
        }
    }
}

/// `order.accept`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Accept {
    /// Which order.
    pub order_id: OrderId,
    /// The quote accepted.
    pub quote_id: QuoteId,
    /// How.
    pub by: AcceptedBy,
    /// SHA-256 of the signature's picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub blob: Option<String>,
}

/// `order.pay`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Pay {
    /// Which order.
    pub order_id: OrderId,
    /// Identity of the payment.
    pub payment_id: PaymentId,
    /// How.
    pub method: PaymentMethod,
    /// How much, above zero.
    pub amount: Fen,
}

/// `order.refund`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RefundArgs {
    /// Which order.
    pub order_id: OrderId,
    /// Identity of the refund.
    pub refund_id: PaymentId,
    /// The payment it undoes.
    pub payment_id: PaymentId,
    /// How much, above zero.
    pub amount: Fen,
}

/// `order.void`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Void {
    /// Which order.
    pub order_id: OrderId,
    /// Why, in words.
    pub reason: String,
}

/// `order.receive`: at the depot, or handed to a channel; with the depot's own weights where it weighed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Receive {
    /// Which order.
    pub order_id: OrderId,
    /// The depot's weighing, line by line.
    #[serde(default)]
    pub items: Vec<Item>,
}

/// `ticket.create`: a walk-in ticket (散客单) with its final quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TicketCreate {
    /// The ticket's id.
    pub order_id: OrderId,
    /// Which depot.
    pub station_id: StationId,
    /// The seller, where asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub seller: Option<Seller>,
    /// The final quote.
    pub quote: Quote,
}

/// `price_book.publish`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Publish {
    /// The new version.
    pub book: PriceBook,
}
