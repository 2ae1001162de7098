//! Identities. Whatever a device can create carries a UUIDv7 made on the device, so that nothing has to
//! be renumbered when it reaches the server; the id's own timestamp also routes an order to its month.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "ts", derive(ts_rs::TS))]
        #[cfg_attr(feature = "ts", ts(type = "string"))]
        pub struct $name(pub Uuid);

        impl $name {
            /// The bare UUID, as the databases store it.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A customer (用户).
    UserId,
    /// A member of staff: collector, station staff, dispatcher or administrator.
    StaffId,
    /// A depot (站点).
    StationId,
    /// A registered laptop or tablet.
    DeviceId,
    /// A pick-up appointment (预约).
    AppointmentId,
    /// An order: the goods and money of an appointment, or of a walk-in ticket.
    OrderId,
    /// A quote (报价), estimate or final.
    QuoteId,
    /// A payment to the customer.
    PaymentId,
    /// A published price book (价目).
    PriceBookId,
}

/// The instant inside a UUIDv7, in milliseconds since 1970; `None` for other versions.
#[must_use]
pub fn unix_millis(id: Uuid) -> Option<i64> {
    (id.get_version_num() == 7).then(|| i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX))
}

/// A UUIDv7 of the given instant; `random` fills the bits that are not time.
#[must_use]
pub fn uuid_v7(at: DateTime<Utc>, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// The number people read out for an order: `HS-20261123-4F7K2Q9M`, made from the order's id alone so that a
/// device can print it offline. The date is China's; the eight Crockford digits are 40 of the id's random bits.
#[must_use]
pub fn order_no(id: OrderId) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let millis = unix_millis(id.0).unwrap_or(0);
    let local = DateTime::<Utc>::from_timestamp_millis(millis.saturating_add(8 * 3_600_000))
        .unwrap_or_default();
    let bits = id.as_u128_low40();
    let code: String = (0..8)
        .rev()
        .map(|i| char::from(DIGITS[usize::try_from((bits >> (i * 5)) & 31).unwrap_or(0)]))
        .collect();
    format!("HS-{}-{code}", local.format("%Y%m%d"))
}

impl OrderId {
    fn as_u128_low40(self) -> u64 {
        u64::try_from(self.0.as_u128() & 0xff_ffff_ffff).unwrap_or(0)
    }
}

/// The calendar month of the id's instant in UTC as `YYYYMM`, which names the orders table that holds it.
#[must_use]
pub fn month_of(id: Uuid) -> Option<i32> {
    let at = DateTime::<Utc>::from_timestamp_millis(unix_millis(id)?)?;
    at.format("%Y%m").to_string().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_instant_and_month() {
        let at = "2026-11-30T23:59:59.999Z".parse().unwrap_or_default();
        let id = uuid_v7(at, [7; 10]);
        assert_eq!(unix_millis(id), Some(at.timestamp_millis()));
        assert_eq!(month_of(id), Some(202_611), "months are UTC");
    }

    #[test]
    fn an_order_number_has_chinas_date_and_eight_digits() {
        let at = "2026-11-30T23:59:59.999Z".parse().unwrap_or_default();
        let no = order_no(OrderId(uuid_v7(at, [0xff; 10])));
        assert_eq!(no, "HS-20261201-ZZZZZZZZ", "already December in China");
    }
}
