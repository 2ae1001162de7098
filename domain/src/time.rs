//! Instants on the wire: RFC 3339, answered in UTC with milliseconds (`2026-11-23T02:00:00.000Z`).

use chrono::{DateTime, DurationRound, SecondsFormat, TimeDelta, Utc};

/// The wire form of an instant.
#[must_use]
pub fn wire(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An instant cut to the millisecond, as the databases hold it.
#[must_use]
pub fn to_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(at)
}

/// `#[serde(with = "crate::time::millis")]` for an instant.
pub mod millis {
    use super::{to_millis, wire};
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the wire form.
    ///
    /// # Errors
    /// Only what the serializer reports.
    pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&wire(*at))
    }

    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// Text that is no instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        DateTime::<Utc>::deserialize(deserializer).map(to_millis)
    }
}

/// The same for an instant that may be absent.
pub mod millis_opt {
    use super::{to_millis, wire};
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the wire form or null.
    ///
    /// # Errors
    /// Only what the serializer reports.
    pub fn serialize<S: Serializer>(
        at: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.serialize_some(&wire(*at)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads RFC 3339 with any offset, or null.
    ///
    /// # Errors
    /// Text that is no instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Ok(Option::<DateTime<Utc>>::deserialize(deserializer)?.map(to_millis))
    }
}
