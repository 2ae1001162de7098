//! Token buckets for callers without a name: estimates and logins, by address.

use crate::config::Config;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    state::keyed::DashMapStateStore,
};
use std::{net::IpAddr, num::NonZeroU32};

type Buckets = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, DefaultClock>;

/// The buckets.
#[derive(Debug)]
pub struct Limits {
    quotes: Buckets,
    logins: Buckets,
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

    /// Forgets addresses whose buckets are full again: a job.
    pub fn tidy(&self) {
        self.quotes.retain_recent();
        self.logins.retain_recent();
    }
}

fn check(buckets: &Buckets, from: IpAddr) -> Result<(), u32> {
    buckets.check_key(&from).map_err(|refused| {
        let wait = refused.wait_time_from(DefaultClock::default().now());
        u32::try_from(wait.as_secs())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    })
}
