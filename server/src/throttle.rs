//! Slows down guessing: counts the failures of a key (a user name on a device, all pairing attempts) in a window of
//! time. In this process only; each further server instance gives a guesser one more budget, no more.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Keys remembered at most; beyond it those whose windows have passed are forgotten, and if all are fresh the half that
/// failed longest ago.
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
            forget_half(&mut failures);
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

/// Keeps the later half of a map that is still full.
fn forget_half(failures: &mut HashMap<String, VecDeque<Instant>>) {
    if failures.len() < MOST_KEYS {
        return;
    }
    let mut last: Vec<Instant> = failures
        .values()
        .filter_map(|t| t.back().copied())
        .collect();
    last.sort_unstable();
    let Some(middle) = last.get(last.len() / 2).copied() else {
        return;
    };
    failures.retain(|_, times| times.back().is_some_and(|at| *at > middle));
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
    fn however_many_keys_are_made_up_few_are_remembered() {
        let throttle = Throttle::new(1, Duration::from_secs(600));
        let start = Instant::now();
        for n in 0..3 * MOST_KEYS {
            let at = start + Duration::from_millis(u64::try_from(n).unwrap_or_default());
            throttle.failed(&n.to_string(), at);
        }
        let held = throttle.failures.lock().map(|held| held.len());
        assert!(held.is_ok_and(|held| held <= MOST_KEYS));
        let newest = (3 * MOST_KEYS - 1).to_string();
        let after = start + Duration::from_secs(31);
        assert!(
            throttle.check(&newest, after).is_err(),
            "the latest count on"
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
