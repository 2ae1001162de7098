//! What one caller, and all callers together, may ask for: token buckets by address, person, device, partner's key and
//! over all; and the turns at which requests are worked on ([`gate`]).
//!
//! Buckets are in this process. With Redis they are shared by all instances: a request must find a token here, and then
//! there. While Redis is away those here count alone.

pub mod buckets;
pub mod gate;
pub mod proxies;
pub mod shared;

use crate::{config::Config, redis::Redis};
use buckets::{Buckets, Key, Rate, of_address};
pub use buckets::{Refused, Standing};
use gate::Gates;
use proxies::Proxies;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
};
use uuid::Uuid;

/// Parts of pictures that a device may bring a second, and at once: the largest picture has forty.
const BLOBS: (u32, u32) = (20, 200);
/// The bucket of all together.
const ALL: Key = 0;

/// Who asks, for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asking {
    /// Nobody known, from an address.
    Nobody(IpAddr),
    /// Nobody known, for an estimate.
    Estimate(IpAddr),
    /// Somebody who wants to become known.
    SignIn(IpAddr),
    /// A customer.
    Customer(Uuid),
    /// Staff, on a device.
    Device(Uuid),
}

/// The buckets and the gates.
#[derive(Debug)]
pub struct Limits {
    anonymous: Option<Buckets>,
    estimates: Option<Buckets>,
    logins: Option<Buckets>,
    people: Option<Buckets>,
    together: Option<Buckets>,
    blobs: Option<Buckets>,
    /// By their size: partners' keys have rates of their own.
    keys: RwLock<HashMap<Rate, Arc<Buckets>>>,
    redis: Option<Redis>,
    /// Turns.
    pub gates: Gates,
    /// Proxies that may say who calls.
    pub proxies: Proxies,
}

impl Limits {
    /// Buckets of the configured sizes; shared where there is Redis and it is wished.
    #[must_use]
    pub fn new(config: &Config, redis: Option<&Redis>) -> Self {
        let guard = &config.guard;
        let buckets = |name, rate: Option<Rate>| rate.map(|rate| Buckets::new(name, rate));
        let anonymous = Rate::per_second(guard.anonymous_rate, guard.anonymous_burst);
        let estimates = Rate::per_second(config.quote_rate, config.quote_burst);
        let people = Rate::per_second(guard.user_rate, guard.user_burst);
        let together = Rate::per_second(guard.global_rate, guard.global_burst);
        let logins = Rate::per_minute(config.login_rate_per_minute);
        Self {
            anonymous: buckets("address", anonymous),
            estimates: buckets("estimate", estimates),
            logins: buckets("login", logins),
            people: buckets("person", people),
            together: buckets("together", together),
            blobs: buckets("blob", Rate::per_second(BLOBS.0, BLOBS.1)),
            keys: RwLock::default(),
            redis: redis.filter(|_| guard.shared).cloned(),
            gates: Gates::new(guard),
            proxies: Proxies::parse(&config.trusted_proxies).unwrap_or_default(),
        }
    }

    /// One more request.
    ///
    /// # Errors
    /// A bucket is empty.
    pub async fn admit(&self, asking: Asking) -> Result<Option<Standing>, Refused> {
        let (own, key, counts) = match asking {
            Asking::Nobody(from) => (&self.anonymous, of_address(from), true),
            Asking::Estimate(from) => (&self.estimates, of_address(from), true),
            Asking::SignIn(from) => (&self.logins, of_address(from), false),
            Asking::Customer(user) => (&self.people, user.as_u128(), true),
            Asking::Device(device) => (&self.people, device.as_u128(), false),
        };
        let together = self.together.as_ref().filter(|_| counts);
        match (own.as_ref(), together) {
            (None, None) => Ok(None),
            (Some(own), None) => self.take(&[(own, key)]).await,
            (None, Some(all)) => self.take(&[(all, ALL)]).await,
            (Some(own), Some(all)) => self.take(&[(own, key), (all, ALL)]).await,
        }
    }

    /// One more request with a partner's key, at the key's own rate a second.
    ///
    /// # Errors
    /// The key's bucket is empty, or that of all together.
    pub async fn key(&self, key: Uuid, rate: u32, burst: u32) -> Result<Option<Standing>, Refused> {
        let own = Rate::per_second(rate, burst).map(|rate| self.of_keys(rate));
        match (own.as_deref(), self.together.as_ref()) {
            (None, None) => Ok(None),
            (Some(own), None) => self.take(&[(own, key.as_u128())]).await,
            (None, Some(all)) => self.take(&[(all, ALL)]).await,
            (Some(own), Some(all)) => self.take(&[(own, key.as_u128()), (all, ALL)]).await,
        }
    }

    /// One more part of a picture from this device.
    ///
    /// # Errors
    /// The device's bucket is empty.
    pub fn blob(&self, device: Uuid) -> Result<(), Refused> {
        match &self.blobs {
            Some(blobs) => blobs.take(device.as_u128()).map(|_| ()),
            None => Ok(()),
        }
    }

    async fn take(&self, asked: &[(&Buckets, Key)]) -> Result<Option<Standing>, Refused> {
        let mut nearest: Option<Standing> = None;
        for (buckets, key) in asked {
            nearest = Some(buckets.take(*key)?.nearer(nearest));
        }
        if let Some(redis) = &self.redis
            && let Ok(answer) = shared::take(redis, asked).await
        {
            return answer;
        }
        Ok(nearest)
    }

    fn of_keys(&self, rate: Rate) -> Arc<Buckets> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(buckets) = known.get(&rate) {
            return Arc::clone(buckets);
        }
        drop(known);
        let mut known = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Buckets::new("key", rate));
        Arc::clone(known.entry(rate).or_insert_with(new))
    }

    /// Forgets callers whose buckets are full again: a job, every few seconds, so that made-up addresses fill no memory.
    pub fn tidy(&self) {
        let own = [
            &self.anonymous,
            &self.estimates,
            &self.logins,
            &self.people,
            &self.together,
            &self.blobs,
        ];
        own.into_iter().flatten().for_each(Buckets::tidy);
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.values().for_each(|buckets| buckets.tidy());
    }
}
