//! The open API: partners with an app key. Each call is signed; a partner sees only what came through its own key.

pub mod admit;
pub mod book;
pub mod keys;
pub mod read;
pub mod signature;

pub use admit::Partner;

use crate::staff::derived;
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use moka::sync::Cache;
use std::{num::NonZeroU32, sync::Arc};
use uuid::Uuid;

/// Keys whose rates are remembered.
const MOST_KEYS: u64 = 10_000;

/// What the open API needs: the secret behind the keys' secrets, and the rates of each key.
pub struct Open {
    secret: [u8; 32],
    rates: Cache<(Uuid, u32), Arc<DefaultDirectRateLimiter>>,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Open").finish_non_exhaustive()
    }
}

impl Open {
    /// With the server's secret behind all keys' secrets.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            secret: derived(secret, "open API keys"),
            rates: Cache::new(MOST_KEYS),
        }
    }

    /// A key's secret of one generation. It is stored nowhere.
    #[must_use]
    pub fn secret(&self, key: Uuid, generation: u32) -> String {
        signature::secret(&self.secret, key, generation)
    }

    /// One more call of this key, of so many a second and twice as many at once.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn rate(&self, key: Uuid, per_second: u32) -> Result<(), u32> {
        let bucket = self.rates.get_with((key, per_second), || {
            let rate = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::direct(
                Quota::per_second(rate).allow_burst(rate.saturating_mul(TWICE)),
            ))
        });
        bucket.check().map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            u32::try_from(wait.as_secs())
                .unwrap_or(u32::MAX)
                .saturating_add(1)
        })
    }
}

const TWICE: NonZeroU32 = NonZeroU32::new(2).unwrap();
