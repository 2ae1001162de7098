//! What instances keep at hand instead of asking for it each time: customers' profiles and price books. Every change is
//! counted in its own transaction ([`crate::store::changes`]), and a kept value carries the count at which it was read;
//! so a value is never taken after a change that somebody has been told of, whichever instance made it, and whatever
//! became of Redis meanwhile. Lists and appointments are never kept.

pub mod clock;
pub mod profiles;

use crate::config::Config;
use clock::Clock;
use profiles::Profiles;
use std::sync::Arc;

/// Everything kept at hand but the price books ([`crate::books`]).
#[derive(Debug)]
pub struct Kept {
    /// Knows of changes.
    pub clock: Arc<Clock>,
    /// Customers' profiles.
    pub profiles: Profiles,
}

impl Kept {
    /// Nothing yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            clock: Arc::default(),
            profiles: Profiles::new(config.profile_cache_bytes),
        }
    }
}
