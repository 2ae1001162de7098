//! Token buckets: estimates and logins of callers without a name, by address; pictures, by device.

use crate::config::Config;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};
use std::{hash::Hash, net::IpAddr, num::NonZeroU32};
use uuid::Uuid;

type Buckets<Key = IpAddr> = RateLimiter<Key, DashMapStateStore<Key>, DefaultClock>;

/// Parts of pictures that a device may bring at once, and a second from then on: the largest picture has forty.
const BLOB_BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();
const BLOB_RATE: NonZeroU32 = NonZeroU32::new(20).unwrap();

/// The buckets.
#[derive(Debug)]
pub struct Limits {
    quotes: Buckets,
    logins: Buckets,
    blobs: Buckets<Uuid>,
}

impl Limits {
    /// Buckets of the configured sizes.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let quotes = Quota::per_second(at_least_one(config.quote_rate))
            .allow_burst(at_least_one(config.quote_burst));
        let logins = Quota::per_minute(at_least_one(config.login_rate_per_minute));
        Self {
            quotes: RateLimiter::keyed(quotes),
            logins: RateLimiter::keyed(logins),
            blobs: RateLimiter::keyed(Quota::per_second(BLOB_RATE).allow_burst(BLOB_BURST)),
        }
    }

    /// One more estimate for this address.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn quote(&self, from: IpAddr) -> Result<(), u32> {
        check(&self.quotes, from)
    }

    /// One more login for this address.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn login(&self, from: IpAddr) -> Result<(), u32> {
        check(&self.logins, from)
    }

    /// One more part of a picture from this device.
    ///
    /// # Errors
    /// Seconds to wait.
    pub fn blob(&self, device: Uuid) -> Result<(), u32> {
        check(&self.blobs, device)
    }

    /// Forgets addresses whose buckets are full again: a job.
    pub fn tidy(&self) {
        self.quotes.retain_recent();
        self.logins.retain_recent();
        self.blobs.retain_recent();
    }
}

fn check<Key: Clone + Eq + Hash>(buckets: &Buckets<Key>, from: Key) -> Result<(), u32> {
    buckets.check_key(&from).map_err(|refused| {
        let wait = refused.wait_time_from(DefaultClock::default().now());
        u32::try_from(wait.as_secs())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    })
}
