//! The order: the goods weighed, what is due for them and what was paid. An appointment has one; a walk-in
//! ticket (散客单) is an order without appointment.

use crate::{
    ids::{AppointmentId, OrderId, PaymentId, QuoteId, StaffId, StationId, UserId},
    mobile::Mobile,
    money::Fen,
    quote::Quote,
    review::Review,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// State of an order; numbers on the wire and in MySQL, as the base system had them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "0 | 1 | 2 | 3"))]
pub enum OrderStatus {
    /// 0 待支付.
    Unpaid,
    /// 1 已支付.
    Paid,
    /// 2 已完成.
    Completed,
    /// 3 已取消.
    Cancelled,
}

impl OrderStatus {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Unpaid => 0,
            Self::Paid => 1,
            Self::Completed => 2,
            Self::Cancelled => 3,
        }
    }

    /// The state of that number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Unpaid),
            1 => Some(Self::Paid),
            2 => Some(Self::Completed),
            3 => Some(Self::Cancelled),
            _ => None,
        }
    }
}

impl Serialize for OrderStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

impl<'de> Deserialize<'de> for OrderStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = u8::deserialize(deserializer)?;
        Self::from_code(code).ok_or_else(|| serde::de::Error::custom("no such order status"))
    }
}

/// How money reached the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum PaymentMethod {
    /// 现金.
    Cash,
    /// 微信转账 through the merchant transfer.
    WechatTransfer,
    /// 手工转账: the collector's own transfer, recorded.
    ManualTransfer,
}

impl PaymentMethod {
    /// The wire and database form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::WechatTransfer => "wechat_transfer",
            Self::ManualTransfer => "manual_transfer",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Cash, Self::WechatTransfer, Self::ManualTransfer]
            .into_iter()
            .find(|m| m.as_str() == text)
    }
}

/// Money paid to the customer: a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Payment {
    /// Identity, made where the money changed hands; the same id is never booked twice.
    pub payment_id: PaymentId,
    /// How.
    pub method: PaymentMethod,
    /// How much.
    pub amount: Fen,
    /// When.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub at: DateTime<Utc>,
    /// Who paid it out.
    pub by: StaffId,
}

/// Money given back by the customer: a fact, of one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Refund {
    /// Identity; the same id is never booked twice.
    pub refund_id: PaymentId,
    /// The payment it undoes, wholly or in part.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Fen,
    /// When.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub at: DateTime<Utc>,
    /// Who took it.
    pub by: StaffId,
}

/// How the customer said yes to the final quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum AcceptedBy {
    /// Signed on the device.
    Signature,
    /// Tapped on the device.
    Tap,
    /// In the mini-program.
    MiniProgram,
}

impl AcceptedBy {
    /// The wire and database form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Tap => "tap",
            Self::MiniProgram => "mini_program",
        }
    }
}

/// One acceptance; the first counts, later ones are noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Acceptance {
    /// The quote accepted.
    pub quote_id: QuoteId,
    /// How.
    pub by: AcceptedBy,
    /// When.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub at: DateTime<Utc>,
    /// SHA-256 of the signature's picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub blob: Option<String>,
}

/// A final quote with who weighed and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FinalQuote {
    /// The quote.
    pub quote: Quote,
    /// Who weighed.
    pub by: StaffId,
    /// When (server time once the server has it).
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub at: DateTime<Utc>,
    /// Photos of the goods, by their names (SHA-256).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<Vec<String>>"))]
    pub photos: Vec<String>,
}

/// The seller of a walk-in ticket, where the law or habit asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Seller {
    /// Name.
    pub name: String,
    /// Mobile number.
    pub phone: String,
}

/// Longest name of a seller, in characters.
pub const MAX_SELLER_NAME: usize = 50;

impl Seller {
    /// What is wrong with it, as field and code.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let length = self.name.trim().chars().count();
        if length == 0 {
            Some(("seller.name", "required"))
        } else if length > MAX_SELLER_NAME {
            Some(("seller.name", "too_long"))
        } else if Mobile::parse(&self.phone).is_err() {
            Some(("seller.phone", "mobile"))
        } else {
            None
        }
    }
}

/// An order as sync carries it (kind `order`). Its lines, total and due are those of the current final quote;
/// before any weighing they are empty and zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Order {
    /// Identity.
    pub id: OrderId,
    /// Its appointment; none for a walk-in ticket.
    pub appointment_id: Option<AppointmentId>,
    /// The number people read out.
    pub order_no: String,
    /// Raised by every write.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: i64,
    /// State.
    pub status: OrderStatus,
    /// The customer; none for a walk-in seller.
    pub user_id: Option<UserId>,
    /// The depot.
    pub station_id: StationId,
    /// The collector concerned: the appointment's assignee, or who wrote the ticket if a collector did.
    pub collector: Option<StaffId>,
    /// Walk-in seller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub seller: Option<Seller>,
    /// Every final quote ever made for it, oldest first.
    #[serde(default)]
    pub quotes: Vec<FinalQuote>,
    /// The one that counts.
    pub current_quote: Option<QuoteId>,
    /// What the goods are worth by the current quote, after adjustments.
    pub due: Fen,
    /// Paid out, oldest first.
    #[serde(default)]
    pub payments: Vec<Payment>,
    /// Taken back, oldest first.
    #[serde(default)]
    pub refunds: Vec<Refund>,
    /// Every acceptance; the first counts.
    #[serde(default)]
    pub acceptances: Vec<Acceptance>,
    /// Set by the weighing that counts.
    #[serde(default, with = "crate::time::millis_opt")]
    #[cfg_attr(feature = "ts", ts(type = "string | null"))]
    pub weighed_at: Option<DateTime<Utc>>,
    /// Received at the depot or handed to a channel.
    #[serde(
        default,
        with = "crate::time::millis_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub received_at: Option<DateTime<Utc>>,
    /// Why it was voided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub void_reason: Option<String>,
    /// What an administrator should look at.
    #[serde(default)]
    pub reviews: Vec<Review>,
    /// Channel that took it over.
    #[serde(default)]
    pub channel: Option<String>,
    /// The channel's own number.
    #[serde(default)]
    pub channel_order_id: Option<String>,
    /// Made at.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub created_at: DateTime<Utc>,
    /// Last written at.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub updated_at: DateTime<Utc>,
}

impl Order {
    /// The names of pictures it holds: signatures and photos of the goods.
    pub fn pictures(&self) -> impl Iterator<Item = &str> {
        let photos = self.quotes.iter().flat_map(|q| &q.photos);
        let signatures = self.acceptances.iter().filter_map(|a| a.blob.as_ref());
        photos.chain(signatures).map(String::as_str)
    }

    /// A new, empty order.
    #[must_use]
    pub fn new(id: OrderId, station_id: StationId, at: DateTime<Utc>) -> Self {
        Self {
            id,
            appointment_id: None,
            order_no: crate::ids::order_no(id),
            version: 1,
            status: OrderStatus::Unpaid,
            user_id: None,
            station_id,
            collector: None,
            seller: None,
            quotes: Vec::new(),
            current_quote: None,
            due: Fen::ZERO,
            payments: Vec::new(),
            refunds: Vec::new(),
            acceptances: Vec::new(),
            weighed_at: None,
            received_at: None,
            void_reason: None,
            reviews: Vec::new(),
            channel: None,
            channel_order_id: None,
            created_at: at,
            updated_at: at,
        }
    }

    /// The final quote that counts.
    #[must_use]
    pub fn current(&self) -> Option<&FinalQuote> {
        let id = self.current_quote?;
        self.quotes.iter().find(|q| q.quote.id == id)
    }

    /// Paid minus refunded, in fen.
    #[must_use]
    pub fn paid_fen(&self) -> i128 {
        let paid: i128 = self
            .payments
            .iter()
            .map(|p| i128::from(p.amount.fen()))
            .sum();
        let back: i128 = self
            .refunds
            .iter()
            .map(|r| i128::from(r.amount.fen()))
            .sum();
        paid - back
    }

    /// Nothing is owed any more: weighed, and what was paid reaches what is due (nothing at all, for goods worth nothing).
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.weighed_at.is_some() && self.paid_fen() >= i128::from(self.due.fen())
    }

    /// The acceptance that counts: the first of the current quote. A quote weighed later has to be accepted anew.
    #[must_use]
    pub fn accepted(&self) -> Option<&Acceptance> {
        let current = self.current_quote?;
        self.acceptances.iter().find(|a| a.quote_id == current)
    }
}
