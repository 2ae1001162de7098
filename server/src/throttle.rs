//! Slows down guessing: counts the failures of a key (a user name on a device, all pairing attempts) in a window of
//! time. In this process only; each further server instance gives a guesser one more budget, no more.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Keys remembered at most; beyond it the ones whose windows have passed are forgotten.
const MOST_KEYS: usize = 10_000;

/// Failures a key, within a window.
#[derive(Debug)]
pub struct Throttle {
    most: usize,
    window: Duration,
    failures: Mutex<HashMap<String, VecDeque<Instant>>>,
}

impl Throttle {
    /// Allows `most` failures a key within `window`.
    #[must_use]
    pub fn new(most: usize, window: Duration) -> Self {
        Self {
            most,
            window,
            failures: Mutex::default(),
        }
    }

    /// Whether another attempt is allowed; otherwise how long to wait.
    ///
    /// # Errors
    /// The time until the oldest counted failure leaves the window.
    pub fn check(&self, key: &str, now: Instant) -> Result<(), Duration> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = failures.get_mut(key) else {
            return Ok(());
        };
        forget_old(times, self.window, now);
        if times.len() < self.most {
            return Ok(());
        }
        let oldest = times.front().copied().unwrap_or(now);
        Err((oldest + self.window)
            .saturating_duration_since(now)
            .max(Duration::from_secs(1)))
    }

    /// Counts a failure.
    pub fn failed(&self, key: &str, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST_KEYS {
            failures.retain(|_, times| {
                forget_old(times, self.window, now);
                !times.is_empty()
            });
        }
        let times = failures.entry(key.to_owned()).or_default();
        times.push_back(now);
        if times.len() > self.most {
            times.pop_front();
        }
    }

    /// Forgets a key's failures after a success.
    pub fn succeeded(&self, key: &str) {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

fn forget_old(times: &mut VecDeque<Instant>, window: Duration, now: Instant) {
    while times
        .front()
        .is_some_and(|at| now.saturating_duration_since(*at) >= window)
    {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_stopped_and_may_go_on_after_the_window() {
        let throttle = Throttle::new(3, Duration::from_secs(60));
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(throttle.check("zhang", start), Ok(()));
            throttle.failed("zhang", start);
        }
        assert_eq!(
            throttle.check("zhang", start + Duration::from_secs(20)),
            Err(Duration::from_secs(40))
        );
        assert_eq!(
            throttle.check("li", start),
            Ok(()),
            "another key is not concerned"
        );
        assert_eq!(
            throttle.check("zhang", start + Duration::from_secs(60)),
            Ok(())
        );
    }

    #[test]
    fn a_success_clears_the_count() {
        let throttle = Throttle::new(1, Duration::from_secs(60));
        let now = Instant::now();
        throttle.failed("zhang", now);
        throttle.succeeded("zhang");
        assert_eq!(throttle.check("zhang", now), Ok(()));
    }
}
