//! The time the played services live in. It is injected, so that a code's five minutes pass in a
//! test without waiting for them.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serializer;

/// Gives the present moment (UTC).
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The machine's own clock.
pub fn system() -> Clock {
    Arc::new(Utc::now)
}

/// Writes a time as the product's interfaces do: RFC 3339 in UTC with milliseconds.
pub fn as_millis<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
