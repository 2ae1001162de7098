//! The clocks of a device.

use crate::{
    chance::Chance,
    executor::{Executor, Micros},
    server::true_time,
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_client::clock::{Clock, Counter};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// A device's clocks: the wall shows the true time and an error that jumps; the counter counts within a boot, a little
/// fast or slow.
pub struct Hands {
    executor: Executor,
    chance: Chance,
    state: Mutex<HandsState>,
}

struct HandsState {
    error: TimeDelta,
    boot: Uuid,
    booted: Micros,
    /// Parts in a million.
    drift: i64,
}

impl Hands {
    /// Clocks that are a little wrong from the beginning.
    pub(super) fn new(executor: &Executor, chance: &Chance) -> Self {
        let state = HandsState {
            error: TimeDelta::milliseconds(chance.between(-60_000, 60_000)),
            boot: Uuid::nil(),
            booted: executor.now(),
            drift: chance.between(-200, 200),
        };
        Self {
            executor: executor.clone(),
            chance: chance.branch(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, HandsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wall clock is set wrong, or right.
    pub fn set_error(&self, error: TimeDelta) {
        self.state().error = error;
    }

    pub(super) fn boot(&self) {
        let mut state = self.state();
        state.boot = uuid::Builder::from_random_bytes(self.chance.bytes()).into_uuid();
        state.booted = self.executor.now();
    }
}

impl Clock for Hands {
    fn wall(&self) -> DateTime<Utc> {
        true_time(&self.executor) + self.state().error
    }

    fn counter(&self) -> Counter {
        let state = self.state();
        let micros = i64::try_from(self.executor.now() - state.booted).unwrap_or(0);
        Counter {
            span: state.boot,
            passed_ms: (micros + micros / 1_000_000 * state.drift) / 1_000,
        }
    }

    fn chance(&self) -> [u8; 10] {
        self.chance.bytes()
    }
}
