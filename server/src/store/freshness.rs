//! Which of the pool's connections may still be used: a session keeps settings of the database as they were when it
//! began.

use sqlx::pool::PoolConnectionMetadata;
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Connections begun before a certain moment are given up when they are next asked for.
#[derive(Debug)]
pub struct Freshness {
    start: Instant,
    /// Milliseconds after `start`.
    since: AtomicU64,
    doubted: AtomicBool,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            since: AtomicU64::new(0),
            doubted: AtomicBool::new(false),
        }
    }
}

impl Freshness {
    /// Connections begun lately may have begun with a wrong setting.
    pub fn doubt(&self) {
        self.doubted.store(true, Ordering::SeqCst);
    }

    /// The setting is right now: whatever was begun while it was in doubt is given up.
    pub fn settle(&self) {
        if self.doubted.swap(false, Ordering::SeqCst) {
            self.since
                .store(millis(self.start.elapsed()), Ordering::SeqCst);
        }
    }

    /// Changes when connections are given up: one that was lent before may not be lent again.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.since.load(Ordering::SeqCst)
    }

    /// Whether a connection may be used.
    #[must_use]
    pub fn allows(&self, connection: &PoolConnectionMetadata) -> bool {
        let born = millis(self.start.elapsed().saturating_sub(connection.age));
        born >= self.since.load(Ordering::SeqCst)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
