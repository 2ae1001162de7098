//! Time a device can trust: the server's last word plus what has passed since. Within a process that is measured by
//! the monotonic clock, across restarts by the difference of wall clocks; between contacts it never runs backwards.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The machine's clocks; tests bring their own.
pub trait Clock: Send + Sync {
    /// The wall clock, right or wrong.
    fn wall(&self) -> DateTime<Utc>;
    /// Since some fixed moment of this process.
    fn monotonic(&self) -> Duration;
}

/// The real clocks.
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> DateTime<Utc> {
        huishou_domain::time::to_millis(Utc::now())
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The server's time at a contact, and the wall clock's at the same moment; stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// What the server said.
    #[serde(with = "huishou_domain::time::millis")]
    pub server: DateTime<Utc>,
    /// What the wall clock said.
    #[serde(with = "huishou_domain::time::millis")]
    pub wall: DateTime<Utc>,
}

impl Contact {
    /// Server minus device, milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        (self.server - self.wall).num_milliseconds()
    }
}

struct State {
    contact: Option<(Contact, Option<Duration>)>,
    floor: DateTime<Utc>,
}

/// Trusted time.
pub struct TrustedClock {
    source: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl TrustedClock {
    /// From what earlier runs stored: the last contact, and the latest time handed out.
    #[must_use]
    pub fn new(
        source: Arc<dyn Clock>,
        contact: Option<Contact>,
        floor: Option<DateTime<Utc>>,
    ) -> Self {
        let state = State {
            contact: contact.map(|c| (c, None)),
            floor: floor.unwrap_or(DateTime::<Utc>::MIN_UTC),
        };
        Self {
            source,
            state: Mutex::new(state),
        }
    }

    /// The wall clock, right or wrong.
    #[must_use]
    pub fn wall(&self) -> DateTime<Utc> {
        self.source.wall()
    }

    /// Notes what the server said just now.
    pub fn met(&self, server: DateTime<Utc>) -> Contact {
        let contact = Contact {
            server,
            wall: self.source.wall(),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.contact = Some((contact, Some(self.source.monotonic())));
        state.floor = server;
        contact
    }

    /// Now, never earlier than any time handed out since the last contact.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match &state.contact {
            Some((contact, Some(then))) => {
                contact.server + passed(self.source.monotonic().saturating_sub(*then))
            }
            Some((contact, None)) => {
                contact.server + (self.source.wall() - contact.wall).max(TimeDelta::zero())
            }
            None => self.source.wall(),
        };
        state.floor = state.floor.max(huishou_domain::time::to_millis(now));
        state.floor
    }
}

fn passed(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Hands(Mutex<(DateTime<Utc>, Duration)>);

    impl Clock for Hands {
        fn wall(&self) -> DateTime<Utc> {
            self.0.lock().unwrap().0
        }
        fn monotonic(&self) -> Duration {
            self.0.lock().unwrap().1
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_dead_clock_battery_does_not_move_trusted_time() {
        let hands = Arc::new(Hands(Mutex::new((
            at("2026-11-23T02:00:00Z"),
            Duration::ZERO,
        ))));
        let clock = TrustedClock::new(hands.clone(), None, None);
        clock.met(at("2026-11-23T02:00:05Z"));
        *hands.0.lock().unwrap() = (at("2000-01-01T00:00:00Z"), Duration::from_secs(60));
        assert_eq!(
            clock.now(),
            at("2026-11-23T02:01:05Z"),
            "monotonic time counts, not the wall"
        );

        let contact = Contact {
            server: at("2026-11-23T02:00:05Z"),
            wall: at("2026-11-23T02:00:00Z"),
        };
        let restarted = TrustedClock::new(hands, Some(contact), Some(at("2026-11-23T02:01:05Z")));
        assert_eq!(
            restarted.now(),
            at("2026-11-23T02:01:05Z"),
            "after a restart it stands still rather than run back"
        );
    }

    #[test]
    fn a_start_under_a_clock_days_ahead_is_put_right_by_the_next_contact() {
        let contact = Contact {
            server: at("2026-11-23T02:00:00Z"),
            wall: at("2026-11-23T02:00:00Z"),
        };
        let hands = Arc::new(Hands(Mutex::new((
            at("2026-12-02T02:00:00Z"),
            Duration::ZERO,
        ))));
        let clock = TrustedClock::new(hands, Some(contact), None);
        assert_eq!(
            clock.now(),
            at("2026-12-02T02:00:00Z"),
            "nobody can know better yet"
        );
        clock.met(at("2026-11-23T03:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-23T03:00:00Z"));
    }
}
