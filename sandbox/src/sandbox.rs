//! Everything the sandbox remembers, behind one lock, together with the clock it lives by.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::{
    clock::{self, Clock},
    faults::Faults,
    log::Log,
    service::Service,
    wechat::{self, Wechat},
};

/// The remembered state. It lives in memory only: a restart forgets it.
#[derive(Debug)]
pub struct World {
    /// Faults ordered and not yet spent.
    pub faults: Faults,
    /// What was received and answered.
    pub log: Log,
    /// WeChat's users, codes, tokens and consents.
    pub wechat: Wechat,
}

/// A handle on the one world; clones share it.
#[derive(Clone)]
pub struct Sandbox {
    clock: Clock,
    world: Arc<Mutex<World>>,
}

impl Sandbox {
    /// A fresh world that runs on the machine's clock.
    pub fn new(account: wechat::Account) -> Self {
        Self::with_clock(account, clock::system())
    }

    /// A fresh world that runs on the given clock.
    pub fn with_clock(account: wechat::Account, clock: Clock) -> Self {
        let world = World {
            faults: Faults::default(),
            log: Log::default(),
            wechat: Wechat::new(account),
        };
        Self {
            clock,
            world: Arc::new(Mutex::new(world)),
        }
    }

    /// True time, whatever skew a service has been given.
    pub fn true_now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// The world, locked. Hold it for a few statements, never across an await.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `act` on the world at the time the service believes it is.
    pub fn at<R>(&self, service: Service, act: impl FnOnce(&mut World, DateTime<Utc>) -> R) -> R {
        let true_now = self.true_now();
        let mut world = self.world();
        let now = true_now + world.faults.skew(service);
        act(&mut world, now)
    }
}
