//! The appointment (预约): a customer's goods, place and time, and how far the visit has come.

use crate::{
    ids::{AppointmentId, OrderId, StaffId, StationId, UserId},
    quote::{Item, Quote},
    review::Review,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// State of an appointment; numbers on the wire and in MySQL, as the base system had them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[cfg_attr(feature = "ts", ts(type = "0 | 1 | 2 | 3 | 4"))]
pub enum AppointmentStatus {
    /// 0 待确认.
    Pending,
    /// 1 已确认.
    Confirmed,
    /// 2 已完成.
    Completed,
    /// 3 已取消.
    Cancelled,
    /// 4 上门中.
    InService,
}

impl AppointmentStatus {
    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Confirmed => 1,
            Self::Completed => 2,
            Self::Cancelled => 3,
            Self::InService => 4,
        }
    }

    /// The state of that number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Pending),
            1 => Some(Self::Confirmed),
            2 => Some(Self::Completed),
            3 => Some(Self::Cancelled),
            4 => Some(Self::InService),
            _ => None,
        }
    }
}

impl Serialize for AppointmentStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

impl<'de> Deserialize<'de> for AppointmentStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = u8::deserialize(deserializer)?;
        Self::from_code(code).ok_or_else(|| serde::de::Error::custom("no such appointment status"))
    }
}

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Address {
    /// District code, GB/T 2260.
    pub division: String,
    /// Street, house, door: 5–200 characters.
    pub detail: String,
    /// Longitude in degrees, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub lng: Option<String>,
    /// Latitude in degrees, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub lat: Option<String>,
}

/// Whom to ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Contact {
    /// Name.
    pub name: String,
    /// Mobile number, 11 digits.
    pub phone: String,
}

/// A pick-up slot of a day, in local time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Slot {
    /// `2026-11-24`.
    pub date: String,
    /// `10:00`.
    pub start: String,
    /// `12:00`.
    pub end: String,
}

/// How an appointment was called off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Cancellation {
    /// Who: `customer`, or the role of the member of staff.
    pub by: String,
    /// Coded reason: `not_home`, `refused_price`, `nothing_to_collect`, `customer_request`, `other`, …
    pub reason: String,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub text: Option<String>,
    /// When.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub at: DateTime<Utc>,
}

/// An appointment as sync carries it (kind `appointment`); the customer's API adds `final` and `amount`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Appointment {
    /// Identity.
    pub id: AppointmentId,
    /// Its order.
    pub order_id: OrderId,
    /// Raised by every write.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub version: i64,
    /// State.
    pub status: AppointmentStatus,
    /// The customer; none where the depot booked for somebody who is not known.
    pub user_id: Option<UserId>,
    /// The depot that serves it.
    pub station_id: StationId,
    /// The collector who goes, once assigned.
    pub assignee: Option<StaffId>,
    /// City division code, which names the price book.
    pub city: String,
    /// Goods as booked, or as last estimated.
    pub items: Vec<Item>,
    /// Where.
    pub address: Address,
    /// Whom to ask for.
    pub contact: Contact,
    /// When, as agreed.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub appointment_time: DateTime<Utc>,
    /// The slot that time lies in.
    pub slot: Slot,
    /// The estimate given at booking, or the last one since.
    pub estimate: Quote,
    /// Channel that took it over, if any.
    #[serde(default)]
    pub channel: Option<String>,
    /// The customer's note.
    #[serde(default)]
    pub note: String,
    /// Names of photos (blobs).
    #[serde(default)]
    pub photos: Vec<String>,
    /// The version at which a customer last moved it; a fact that saw an older one is reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(type = "number", optional))]
    pub rescheduled_version: Option<i64>,
    /// Set by `start`.
    #[serde(
        default,
        with = "crate::time::millis_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub started_at: Option<DateTime<Utc>>,
    /// Set by `complete`.
    #[serde(
        default,
        with = "crate::time::millis_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "ts", ts(type = "string", optional))]
    pub completed_at: Option<DateTime<Utc>>,
    /// Set by `cancel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub cancellation: Option<Cancellation>,
    /// What an administrator should look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<_>"))]
    pub reviews: Vec<Review>,
    /// Booked at.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub created_at: DateTime<Utc>,
    /// Last written at.
    #[serde(with = "crate::time::millis")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub updated_at: DateTime<Utc>,
}
