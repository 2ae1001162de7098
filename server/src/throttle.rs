//! Slows down guessing: counts the attempts of a key (a user name on a device, an address with pairing codes) in a window
//! of time, and forgives those that were no wrong guess. An attempt counts before it is looked at, so that many at the
//! same time are no way around. With Redis all instances count together; without it, or while it is away, each further
//! instance gives a guesser one more budget, no more.

use crate::redis::Redis;
use redis::Script;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Keys remembered at most; beyond it those whose windows have passed are forgotten, and if all are fresh the half that
/// failed longest ago.
const MOST_KEYS: usize = 10_000;

/// Notes an attempt, unless there were too many: then answers the milliseconds to wait. KEYS: the attempts' times;
/// ARGV: most, window in milliseconds.
static ATTEMPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        pcall(redis.replicate_commands)
        local time = redis.call('TIME')
        local now = time[1] * 1000000 + time[2]
        local window = tonumber(ARGV[2]) * 1000
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
        if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
            local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
            return math.max(math.ceil((tonumber(oldest[2]) + window - now) / 1000), 1)
        end
        while redis.call('ZSCORE', KEYS[1], string.format('%.0f', now)) do now = now + 1 end
        local at = string.format('%.0f', now)
        redis.call('ZADD', KEYS[1], at, at)
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 0
        ",
    )
});

/// Takes the last attempt back.
static FORGIVE: LazyLock<Script> =
    LazyLock::new(|| Script::new("return redis.call('ZREMRANGEBYRANK', KEYS[1], -1, -1)"));

/// Attempts counted by all instances.
#[derive(Debug)]
pub struct Guesses {
    name: &'static str,
    here: Throttle,
    redis: Option<Redis>,
}

impl Guesses {
    /// Allows `most` wrong guesses a key within `window`.
    #[must_use]
    pub fn new(name: &'static str, most: usize, window: Duration, redis: Option<&Redis>) -> Self {
        let here = Throttle::new(most, window);
        let redis = redis.cloned();
        Self { name, here, redis }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// How long to wait: there were too many. This one does not count.
    pub async fn attempt(&self, key: &str) -> Result<(), Duration> {
        self.here.attempt(key, Instant::now())?;
        let Some(redis) = &self.redis else {
            return Ok(());
        };
        let window = u64::try_from(self.here.window.as_millis()).unwrap_or(u64::MAX);
        let mut call = ATTEMPT.key(self.shared(key));
        let call = call.arg(self.here.most).arg(window);
        match redis.run::<u64>(call).await {
            Ok(wait @ 1..) => {
                self.here.forgive(key);
                Err(Duration::from_millis(wait).max(Duration::from_secs(1)))
            }
            Ok(0) | Err(_) => Ok(()),
        }
    }

    /// The attempt was no wrong guess.
    pub async fn forgive(&self, key: &str) {
        self.here.forgive(key);
        if let Some(redis) = &self.redis {
            // Away: it counts there until the window has passed.
            let _ = redis.run::<i64>(&FORGIVE.key(self.shared(key))).await;
        }
    }

    /// A right guess: those before are forgotten.
    pub async fn succeeded(&self, key: &str) {
        self.here.succeeded(key);
        if let Some(redis) = &self.redis {
            let _ = redis.forget(&self.shared(key)).await;
        }
    }

    /// Names and addresses stay here: Redis sees a hash.
    fn shared(&self, key: &str) -> String {
        let hash = Sha256::digest(key.as_bytes());
        let hex: String = hash.iter().take(16).map(|b| format!("{b:02x}")).collect();
        format!("huishou:guesses:{}:{hex}", self.name)
    }
}

/// Failures a key, within a window, in this process.
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

    /// Counts an attempt if it is allowed.
    ///
    /// # Errors
    /// The time until the oldest counted attempt leaves the window.
    pub fn attempt(&self, key: &str, now: Instant) -> Result<(), Duration> {
        self.make_room(now);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let times = failures.entry(key.to_owned()).or_default();
        forget_old(times, self.window, now);
        if times.len() >= self.most {
            let oldest = times.front().copied().unwrap_or(now);
            return Err((oldest + self.window)
                .saturating_duration_since(now)
                .max(Duration::from_secs(1)));
        }
        times.push_back(now);
        Ok(())
    }

    /// Takes the last attempt of a key back.
    pub fn forgive(&self, key: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = failures.get_mut(key) {
            times.pop_back();
            if times.is_empty() {
                failures.remove(key);
            }
        }
    }

    fn make_room(&self, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST_KEYS {
            failures.retain(|_, times| {
                forget_old(times, self.window, now);
                !times.is_empty()
            });
            forget_half(&mut failures);
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
            assert_eq!(throttle.attempt("zhang", start), Ok(()));
        }
        assert_eq!(
            throttle.attempt("zhang", start + Duration::from_secs(20)),
            Err(Duration::from_secs(40))
        );
        assert_eq!(
            throttle.attempt("li", start),
            Ok(()),
            "another key is not concerned"
        );
        assert_eq!(
            throttle.attempt("zhang", start + Duration::from_secs(60)),
            Ok(())
        );
    }

    #[test]
    fn however_many_keys_are_made_up_few_are_remembered() {
        let throttle = Throttle::new(1, Duration::from_secs(600));
        let start = Instant::now();
        for n in 0..3 * MOST_KEYS {
            let at = start + Duration::from_millis(u64::try_from(n).unwrap_or_default());
            assert_eq!(throttle.attempt(&n.to_string(), at), Ok(()));
        }
        let held = throttle.failures.lock().map(|held| held.len());
        assert!(held.is_ok_and(|held| held <= MOST_KEYS));
        let newest = (3 * MOST_KEYS - 1).to_string();
        let after = start + Duration::from_secs(31);
        assert!(
            throttle.attempt(&newest, after).is_err(),
            "the latest count on"
        );
    }

    #[test]
    fn a_success_clears_the_count_and_what_was_no_guess_is_taken_back() {
        let throttle = Throttle::new(1, Duration::from_secs(60));
        let now = Instant::now();
        assert_eq!(throttle.attempt("zhang", now), Ok(()));
        throttle.succeeded("zhang");
        assert_eq!(throttle.attempt("zhang", now), Ok(()));
        throttle.forgive("zhang");
        assert_eq!(throttle.attempt("zhang", now), Ok(()));
        assert!(throttle.attempt("zhang", now).is_err());
    }
}
