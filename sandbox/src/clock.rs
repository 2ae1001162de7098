//! The time the played services live in. It is injected, so that a code's five minutes pass in a
//! test without waiting for them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Gives the present moment (UTC).
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The machine's own clock.
pub fn system() -> Clock {
    Arc::new(Utc::now)
}
