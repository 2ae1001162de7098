//! Token buckets by key, in this process, and what is told of them.

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use std::{net::IpAddr, num::NonZeroU32, time::Duration};

/// So many a second, so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// The time in which one token comes back.
    pub every: Duration,
    /// Tokens that a full bucket holds.
    pub burst: NonZeroU32,
}

impl Rate {
    /// None where there is no limit.
    #[must_use]
    pub fn per_second(rate: u32, burst: u32) -> Option<Self> {
        Self::per(Duration::from_secs(1), rate, burst)
    }

    /// None where there is no limit.
    #[must_use]
    pub fn per_minute(rate: u32) -> Option<Self> {
        Self::per(Duration::from_secs(60), rate, rate)
    }

    fn per(time: Duration, rate: u32, burst: u32) -> Option<Self> {
        let rate = NonZeroU32::new(rate)?;
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let every = time / rate.get();
        Some(Self { every, burst })
    }

    fn quota(self) -> Quota {
        let every = self.every.max(Duration::from_nanos(1));
        Quota::with_period(every)
            .unwrap_or(Quota::per_second(NonZeroU32::MAX))
            .allow_burst(self.burst)
    }

    /// What is told of a bucket with so many tokens left.
    #[must_use]
    pub fn standing(self, remaining: u32) -> Standing {
        let limit = self.burst.get();
        let missing = limit.saturating_sub(remaining);
        Standing {
            limit,
            remaining,
            reset: whole_seconds(self.every.saturating_mul(missing)),
        }
    }
}

/// What a caller is told of the bucket that is nearest its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Tokens of the full bucket.
    pub limit: u32,
    /// Tokens left.
    pub remaining: u32,
    /// Seconds until it is full again.
    pub reset: u32,
}

impl Standing {
    /// The one with less left.
    #[must_use]
    pub fn nearer(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.remaining < self.remaining => other,
            _ => self,
        }
    }
}

/// A bucket is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The bucket.
    pub standing: Standing,
    /// Seconds until it has a token.
    pub wait: u32,
}

/// Up to whole seconds, at least one.
#[must_use]
pub fn whole_seconds(time: Duration) -> u32 {
    let more = u64::from(time.subsec_nanos() > 0);
    u32::try_from(time.as_secs().saturating_add(more)).unwrap_or(u32::MAX)
}

/// Whose bucket it is: 128 bits, of an id or an address.
pub type Key = u128;

/// An address as a key; of IPv6 its network (/64), which is one customer's.
#[must_use]
pub fn of_address(address: IpAddr) -> Key {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    }
}

type Limiter = RateLimiter<Key, DashMapStateStore<Key>, DefaultClock, StateInformationMiddleware>;

/// A bucket for each key, all of one size.
#[derive(Debug)]
pub struct Buckets {
    /// What they are for: their name in Redis and in the metrics.
    pub name: &'static str,
    /// Their size.
    pub rate: Rate,
    held: Limiter,
}

impl Buckets {
    /// Full buckets.
    #[must_use]
    pub fn new(name: &'static str, rate: Rate) -> Self {
        let held = RateLimiter::keyed(rate.quota()).with_middleware();
        Self { name, rate, held }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The bucket is empty.
    pub fn take(&self, key: Key) -> Result<Standing, Refused> {
        match self.held.check_key(&key) {
            Ok(state) => Ok(self.rate.standing(state.remaining_burst_capacity())),
            Err(refused) => {
                let wait = refused.wait_time_from(DefaultClock::default().now());
                Err(self.refused(wait))
            }
        }
    }

    /// The answer of an empty bucket.
    #[must_use]
    pub fn refused(&self, wait: Duration) -> Refused {
        metrics::counter!("rate_limited_total", "bucket" => self.name).increment(1);
        Refused {
            standing: self.rate.standing(0),
            wait: whole_seconds(wait).max(1),
        }
    }

    /// Forgets the keys whose buckets are full again.
    pub fn tidy(&self) {
        self.held.retain_recent();
        self.held.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_says_what_is_left() {
        let buckets = Buckets::new("test", Rate::per_minute(3).unwrap());
        let left: Vec<_> = (0..3).map(|_| buckets.take(1).unwrap().remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = buckets.take(1).unwrap_err();
        assert!((1..=20).contains(&refused.wait), "{refused:?}");
        assert_eq!(
            refused.standing,
            Standing {
                limit: 3,
                remaining: 0,
                reset: 60
            }
        );
        assert_eq!(
            buckets.take(2).unwrap().remaining,
            2,
            "another key has its own"
        );
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert_eq!(Rate::per_second(0, 10), None);
        assert_eq!(Rate::per_minute(0), None);
    }

    #[test]
    fn an_ipv6_network_is_one_caller_and_an_ipv4_address_is_one_however_written() {
        let key = |text: &str| of_address(text.parse().unwrap());
        assert_eq!(
            key("2001:db8:1:2::1"),
            key("2001:db8:1:2:ffff:ffff:ffff:ffff")
        );
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("203.0.113.9"), key("::ffff:203.0.113.9"));
        assert_ne!(key("203.0.113.9"), key("203.0.113.10"));
    }

    #[test]
    fn a_token_costs_little() {
        let buckets = Buckets::new("test", Rate::per_second(u32::MAX, u32::MAX).unwrap());
        let taken = (0..100_000_u128).filter(|n| buckets.take(n % 1000).is_ok());
        assert_eq!(taken.count(), 100_000);
    }
}
