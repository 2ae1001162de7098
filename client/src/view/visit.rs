//! Appointments, orders and tickets as lists and details show them. Lists carry compact rows: 10,000 of them cross
//! to the screen in one answer.

use huishou_domain::{
    appointment::{Appointment, AppointmentStatus, Slot},
    ids::{AppointmentId, OrderId, StaffId, StationId},
    money::Fen,
    order::{Order, OrderStatus},
    review::ReviewCode,
    staff::{Staff, Station},
};
use serde::{Deserialize, Serialize};

/// How a row stands with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum RowSync {
    /// As the server has it.
    Synced,
    /// Changed here, not yet confirmed.
    Pending,
    /// A change made here was refused.
    Refused,
    /// No longer in this device's scopes; kept, read only, because changes on it are unanswered or refused.
    Shadow,
}

/// Which appointments to list. All conditions hold together; empty ones do not filter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AppointmentFilter {
    /// Local day `2026-11-24`; with `to` the first of a range.
    pub from: Option<String>,
    /// Last local day, included.
    pub to: Option<String>,
    /// Matches name, phone digits, address, goods, order number.
    pub query: String,
    /// States to show; empty shows all.
    pub statuses: Vec<AppointmentStatus>,
    /// Only those of one collector.
    pub assignee: Option<StaffId>,
}

/// A row of Today, ordered by time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AppointmentRow {
    /// Identity.
    pub id: AppointmentId,
    /// Its order.
    pub order_id: OrderId,
    /// State.
    pub status: AppointmentStatus,
    /// State of its order.
    pub order_status: OrderStatus,
    /// When, RFC 3339 UTC.
    pub time: String,
    /// Slot.
    pub slot: Slot,
    /// Customer's name.
    pub name: String,
    /// Masked phone (138****2046).
    pub phone_masked: String,
    /// District and street.
    pub address: String,
    /// Categories booked, in order.
    pub categories: Vec<String>,
    /// Estimate.
    pub estimate: Fen,
    /// What is due by the final quote, once weighed.
    pub due: Option<Fen>,
    /// Who goes.
    pub assignee: Option<StaffId>,
    /// Their name.
    pub assignee_name: Option<String>,
    /// Reviews noted.
    pub reviews: Vec<ReviewCode>,
    /// How it stands with the server.
    pub sync: RowSync,
}

/// Everything about one appointment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AppointmentDetail {
    /// The appointment, changes made here included.
    pub appointment: Appointment,
    /// Its order, likewise.
    pub order: Order,
    /// Province, city, district in words.
    pub division_name: String,
    /// Who goes.
    pub assignee_name: Option<String>,
    /// How it stands with the server.
    pub sync: RowSync,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Commands that are possible now for this person (`appointment.start`, `order.pay`, …).
    pub actions: Vec<String>,
    /// A draft of the weighing is stored.
    pub has_draft: bool,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct HistoryEntry {
    /// `booked`, `started`, `weighed`, `accepted`, `paid`, `refunded`, `completed`, `cancelled`, `received`, `review`, or a pending command's name.
    pub what: String,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// Who, in words, if known.
    pub by: Option<String>,
    /// Amount, if money moved or a quote was made.
    pub amount: Option<Fen>,
    /// Coded detail (reason, review code, payment method).
    pub detail: Option<String>,
    /// Made here and not yet confirmed.
    pub pending: bool,
}

/// Which orders to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OrderFilter {
    /// First local day.
    pub from: Option<String>,
    /// Last local day, included.
    pub to: Option<String>,
    /// Matches order number, seller, goods.
    pub query: String,
    /// States to show; empty shows all.
    pub statuses: Vec<OrderStatus>,
    /// `true`: tickets only; `false`: orders of appointments only.
    pub tickets: Option<bool>,
}

/// A row of tickets and orders, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OrderRow {
    /// Identity.
    pub id: OrderId,
    /// Its appointment; none for a ticket.
    pub appointment_id: Option<AppointmentId>,
    /// Number people read out.
    pub order_no: String,
    /// State.
    pub status: OrderStatus,
    /// When it was made, RFC 3339 UTC.
    pub created_at: String,
    /// Customer or seller.
    pub name: Option<String>,
    /// Masked phone.
    pub phone_masked: Option<String>,
    /// Categories, in order.
    pub categories: Vec<String>,
    /// Net kilograms, summed over lines by weight.
    pub weight: String,
    /// Due.
    pub due: Fen,
    /// Paid minus refunded.
    pub paid: Fen,
    /// Reviews noted.
    pub reviews: Vec<ReviewCode>,
    /// How it stands with the server.
    pub sync: RowSync,
}

/// Everything about one order or ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OrderDetail {
    /// The order, changes made here included.
    pub order: Order,
    /// Its appointment, if it has one and it is here.
    pub appointment: Option<Appointment>,
    /// How it stands with the server.
    pub sync: RowSync,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
    /// Commands that are possible now for this person.
    pub actions: Vec<String>,
}

/// People and places the device knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Directory {
    /// Staff.
    pub staff: Vec<Staff>,
    /// Stations.
    pub stations: Vec<Station>,
    /// This person's own station, if any.
    pub own_station: Option<StationId>,
}
