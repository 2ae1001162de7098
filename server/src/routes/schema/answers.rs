//! What callers get.

use super::requests::{AddressShape, ContactShape, ItemShape};
use serde::Serialize;
use utoipa::ToSchema;

/// Consents held.
#[derive(Serialize, ToSchema)]
pub struct SubscriptionShape {
    /// Template.
    pub template: String,
    /// Messages that may still be sent.
    pub credits: u32,
}

/// A priced line.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"category": "paper/cardboard", "quantity": "12.5", "unit_price": "1.1", "applied": [], "amount": "13.75"}))]
pub struct LineShape {
    /// Category.
    pub category: String,
    /// Kilograms or pieces, without trailing zeros.
    pub quantity: String,
    /// Yuan a unit.
    pub unit_price: String,
    /// Indices of the factors that applied.
    pub applied: Vec<usize>,
    /// Yuan.
    pub amount: String,
}

/// The price book of a quote.
#[derive(Serialize, ToSchema)]
pub struct BookShape {
    /// City.
    pub city: String,
    /// Version.
    pub version: i64,
    /// SHA-256 of its canonical JSON.
    pub hash: String,
}

/// The working of a line in words.
#[derive(Serialize, ToSchema)]
pub struct TraceShape {
    /// Line.
    pub line: usize,
    /// One sentence a step.
    pub steps: Vec<String>,
}

/// A quote.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "019b7523-3400-7000-8000-000000000001", "kind": "estimate", "book": {"city": "330100", "version": 7, "hash": "6ee5"}, "items": [{"category": "paper/cardboard", "quantity": "12.5"}], "lines": [{"category": "paper/cardboard", "quantity": "12.5", "unit_price": "1.1", "applied": [], "amount": "13.75"}], "total": "13.75", "adjustments": [], "due": "13.75", "trace": [{"line": 0, "steps": ["数量 12.5 kg"]}], "created_at": "2026-11-23T02:00:00.000Z"}))]
pub struct QuoteShape {
    /// Identity.
    pub id: String,
    /// `estimate` or `final`.
    pub kind: String,
    /// The book used.
    pub book: BookShape,
    /// The goods.
    pub items: Vec<ItemShape>,
    /// The goods priced.
    pub lines: Vec<LineShape>,
    /// Σ lines.
    pub total: String,
    /// Signed amounts on top.
    #[schema(value_type = Vec<Object>)]
    pub adjustments: Vec<serde_json::Value>,
    /// What the customer gets.
    pub due: String,
    /// Reasons for lines that differ from the estimate.
    #[schema(value_type = Option<Vec<Object>>)]
    pub gap_reasons: Option<Vec<serde_json::Value>>,
    /// The working.
    pub trace: Vec<TraceShape>,
    /// When.
    pub created_at: String,
}

/// A slot.
#[derive(Serialize, ToSchema)]
pub struct SlotShape {
    /// Local date.
    pub date: String,
    /// Local begin.
    pub start: String,
    /// Local end.
    pub end: String,
}

/// Slots of a day.
#[derive(Serialize, ToSchema)]
pub struct SlotList {
    /// The depot.
    pub station_id: String,
    /// By begin.
    pub items: Vec<crate::slots::Offer>,
    /// Always null.
    pub next: Option<String>,
}

/// An appointment.
#[derive(Serialize, ToSchema)]
pub struct AppointmentShape {
    /// Identity.
    pub id: String,
    /// Its order.
    pub order_id: String,
    /// For `expect_version`.
    pub version: i64,
    /// 0 pending, 1 confirmed, 2 completed, 3 cancelled, 4 in service.
    #[schema(example = 0)]
    pub status: u8,
    /// The customer; null where a partner or the telephone booked for somebody we do not know.
    pub user_id: Option<String>,
    /// The depot.
    pub station_id: String,
    /// The collector, once assigned.
    pub assignee: Option<String>,
    /// City.
    pub city: String,
    /// Goods as booked.
    pub items: Vec<ItemShape>,
    /// Where.
    pub address: AddressShape,
    /// Whom to ask for.
    pub contact: ContactShape,
    /// When.
    pub appointment_time: String,
    /// The slot that time lies in.
    pub slot: SlotShape,
    /// Given at booking.
    pub estimate: QuoteShape,
    /// The final quote, once weighed.
    #[schema(rename = "final")]
    pub r#final: Option<QuoteShape>,
    /// Due by the final quote, otherwise by the estimate.
    #[schema(example = "13.75")]
    pub amount: String,
    /// Recycling channel.
    pub channel: Option<String>,
    /// Note.
    pub note: String,
    /// Photos.
    pub photos: Vec<String>,
    /// When the collector began.
    pub started_at: Option<String>,
    /// When the visit was over.
    pub completed_at: Option<String>,
    /// The customer's stars, once given.
    #[schema(value_type = Option<Object>)]
    pub review: Option<serde_json::Value>,
    /// How it was called off.
    #[schema(value_type = Option<Object>)]
    pub cancellation: Option<serde_json::Value>,
    /// Booked at.
    pub created_at: String,
    /// Last written at.
    pub updated_at: String,
}

/// A page of appointments.
#[derive(Serialize, ToSchema)]
pub struct AppointmentPage {
    /// Newest first.
    pub items: Vec<AppointmentShape>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}

/// Stars given.
#[derive(Serialize, ToSchema)]
pub struct ReviewShape {
    /// The appointment.
    pub appointment_id: String,
    /// 1–5.
    pub stars: u8,
    /// In words.
    pub text: String,
    /// When.
    pub created_at: String,
}

/// Money paid to the customer.
#[derive(Serialize, ToSchema)]
pub struct PaymentShape {
    /// Identity.
    pub payment_id: String,
    /// `cash`, `wechat_transfer` or `manual_transfer`.
    pub method: String,
    /// Yuan.
    pub amount: String,
    /// When.
    pub at: String,
    /// Who paid it out.
    pub by: String,
}

/// An order.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"id": "019b7523-3400-7000-8000-000000000002", "appointment_id": "019b7523-3400-7000-8000-000000000003", "order_no": "HS-20261123-4F7K2Q9M", "version": 3, "status": 1, "lines": [{"category": "metal/iron", "quantity": "49.664", "unit_price": "1.1", "amount": "54.63"}], "total": "54.63", "adjustments": [{"kind": "round_down", "amount": "-0.63"}], "due": "54.00", "payments": [], "weighed_at": "2026-11-24T02:20:00.000Z", "accepted_at": null, "accepted_by": null, "reviews": [], "channel": null, "channel_order_id": null}))]
pub struct OrderShape {
    /// Identity.
    pub id: String,
    /// Null for a walk-in ticket.
    pub appointment_id: Option<String>,
    /// The number people read out.
    pub order_no: String,
    /// Raised by every write.
    pub version: i64,
    /// 0 unpaid, 1 paid, 2 completed, 3 cancelled.
    pub status: u8,
    /// Of the current final quote.
    #[schema(value_type = Vec<Object>)]
    pub lines: Vec<serde_json::Value>,
    /// Σ lines.
    pub total: String,
    /// Signed amounts on top.
    #[schema(value_type = Vec<Object>)]
    pub adjustments: Vec<serde_json::Value>,
    /// What the customer gets.
    pub due: String,
    /// The final quote that counts.
    pub quote_id: Option<String>,
    /// Oldest first.
    pub payments: Vec<PaymentShape>,
    /// Money given back, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub refunds: Vec<serde_json::Value>,
    /// When it was weighed.
    pub weighed_at: Option<String>,
    /// When the customer said yes.
    pub accepted_at: Option<String>,
    /// `signature`, `tap` or `mini_program`.
    pub accepted_by: Option<String>,
    /// What an administrator looks at.
    #[schema(value_type = Vec<Object>)]
    pub reviews: Vec<serde_json::Value>,
    /// Recycling channel.
    pub channel: Option<String>,
    /// The channel's number.
    pub channel_order_id: Option<String>,
    /// Made at.
    pub created_at: String,
    /// Last written at.
    pub updated_at: String,
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
pub struct OrderPage {
    /// Newest first.
    pub items: Vec<OrderShape>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}

/// A message.
#[derive(Serialize, ToSchema)]
pub struct MessageShape {
    /// Identity.
    pub id: String,
    /// Stable code.
    #[schema(example = "final_quote")]
    pub code: String,
    /// In the caller's language.
    #[schema(example = "称重完成，最终报价 ¥54.00")]
    pub text: String,
    /// What it is about.
    pub appointment_id: Option<String>,
    /// When.
    pub created_at: String,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
pub struct MessagePage {
    /// Newest first.
    pub items: Vec<MessageShape>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}

/// A kind of goods.
#[derive(Serialize, ToSchema)]
pub struct CategoryShape {
    /// `group/kind`.
    #[schema(example = "paper/cardboard")]
    pub category: String,
    /// Group.
    pub group: String,
    /// The group's name.
    pub group_name: String,
    /// Name.
    #[schema(example = "黄板纸")]
    pub name: String,
    /// `kg` or `piece`.
    pub unit: String,
    /// Yuan a unit before any factor.
    pub base_price: String,
    /// What to ask about the goods.
    #[schema(value_type = Vec<Object>)]
    pub attributes: Vec<serde_json::Value>,
}

/// What is taken.
#[derive(Serialize, ToSchema)]
pub struct CategoryList {
    /// City.
    pub city: String,
    /// In the book's order.
    pub items: Vec<CategoryShape>,
    /// Always null.
    pub next: Option<String>,
}

/// A price book.
#[derive(Serialize, ToSchema)]
pub struct PriceBookShape {
    /// Identity.
    pub id: String,
    /// City.
    pub city: String,
    /// Counts up from 1.
    pub version: u32,
    /// When it came into force.
    pub effective_from: String,
    /// As published.
    #[schema(value_type = Vec<Object>)]
    pub rules: Vec<serde_json::Value>,
    /// SHA-256 of its canonical JSON.
    pub hash: String,
    /// The goods for people.
    #[schema(value_type = Vec<Object>)]
    pub catalogue: Vec<serde_json::Value>,
}
