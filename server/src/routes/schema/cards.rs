//! Answers of the customer's list of appointments.

use super::{AddressShape, ContactShape, ItemShape, QuoteShape, SlotShape};
use serde::Serialize;
use utoipa::ToSchema;

/// An appointment as the customer's list shows it: whole, or with `fields=summary` without `estimate` and `final`.
#[derive(Serialize, ToSchema)]
pub struct AppointmentCardShape {
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
    /// Given at booking. Not with `fields=summary`.
    #[schema(required = false)]
    pub estimate: QuoteShape,
    /// The final quote, once weighed. Not with `fields=summary`.
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
    /// How it was called off.
    #[schema(value_type = Option<Object>)]
    pub cancellation: Option<serde_json::Value>,
    /// Booked at.
    pub created_at: String,
    /// Last written at.
    pub updated_at: String,
}

/// A page of the customer's appointments.
#[derive(Serialize, ToSchema)]
pub struct AppointmentCardPage {
    /// Newest first.
    pub items: Vec<AppointmentCardShape>,
    /// For `?after=`; null at the end.
    pub next: Option<String>,
}
