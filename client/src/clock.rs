//! Time a device can trust: the server's last word plus what has passed since. What has passed is measured by a
//! counter that goes on while the machine sleeps and that nobody can set: on Linux it counts from the machine's boot,
//! so it also holds when the app is started again; elsewhere it counts within one run of the app. Where the counter
//! has begun anew the difference of wall clocks stands in. Between contacts trusted time never runs backwards
//! (pricing.md, "trusted time").

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// What has passed since some fixed moment, sleep included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// What it counts within: the machine's boot, or one run of the app. Counters of different spans say nothing
    /// about each other.
    pub span: Uuid,
    /// Milliseconds since the span began.
    pub passed_ms: i64,
}

impl Counter {
    /// What has passed since an earlier reading of the same span.
    fn since(self, earlier: Self) -> Option<TimeDelta> {
        (self.span == earlier.span)
            .then(|| TimeDelta::milliseconds((self.passed_ms - earlier.passed_ms).max(0)))
    }
}

/// The machine's clocks, and its chance; tests and simulations bring their own.
pub trait Clock: Send + Sync {
    /// The wall clock, right or wrong.
    fn wall(&self) -> DateTime<Utc>;
    /// The counter.
    fn counter(&self) -> Counter;
    /// Random bytes of new ids; a simulation's can be had again.
    fn chance(&self) -> [u8; 10] {
        crate::secrets::random_bytes()
    }
}

/// The real clocks.
pub struct SystemClock {
    span: Uuid,
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    begun: std::time::Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            span: boot().unwrap_or_else(Uuid::now_v7),
            #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
            begun: std::time::Instant::now(),
        }
    }
}

impl SystemClock {
    /// Linux and Apple name a clock that goes on in sleep.
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    fn passed(&self) -> Duration {
        #[cfg(target_os = "linux")]
        const ASLEEP_TOO: rustix::time::ClockId = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        const ASLEEP_TOO: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
        Duration::try_from(rustix::time::clock_gettime(ASLEEP_TOO)).unwrap_or_default()
    }

    /// Windows' counter goes on in sleep as it is.
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    fn passed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Which boot of the machine this is, where the system tells.
fn boot() -> Option<Uuid> {
    let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    told.trim().parse().ok()
}

impl Clock for SystemClock {
    fn wall(&self) -> DateTime<Utc> {
        huishou_domain::time::to_millis(Utc::now())
    }

    fn counter(&self) -> Counter {
        Counter {
            span: self.span,
            passed_ms: i64::try_from(self.passed().as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// The server's time at a contact, and this machine's clocks at the same moment; stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// What the server said.
    #[serde(with = "huishou_domain::time::millis")]
    pub server: DateTime<Utc>,
    /// What the wall clock said.
    #[serde(with = "huishou_domain::time::millis")]
    pub wall: DateTime<Utc>,
    /// What the counter said; contacts stored by older versions of the app do not tell.
    #[serde(default)]
    pub counter: Option<Counter>,
}

impl Contact {
    /// The server's time now: by the counter within its span, else by the difference of wall clocks.
    fn now(&self, clock: &dyn Clock) -> DateTime<Utc> {
        let counted = self.counter.and_then(|then| clock.counter().since(then));
        let passed = counted.unwrap_or_else(|| (clock.wall() - self.wall).max(TimeDelta::zero()));
        self.server + passed
    }

    /// Server minus device, milliseconds.
    #[must_use]
    pub fn offset_ms(&self) -> i64 {
        (self.server - self.wall).num_milliseconds()
    }
}

struct State {
    contact: Option<Contact>,
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
            contact,
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

    /// A new id of an instant.
    #[must_use]
    pub fn new_id(&self, at: DateTime<Utc>) -> Uuid {
        huishou_domain::ids::uuid_v7(at, self.source.chance())
    }

    /// Notes what the server said just now.
    pub fn met(&self, server: DateTime<Utc>) -> Contact {
        let contact = Contact {
            server,
            wall: self.source.wall(),
            counter: Some(self.source.counter()),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.contact = Some(contact);
        state.floor = server;
        contact
    }

    /// Now, never earlier than any time handed out since the last contact.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = match &state.contact {
            Some(contact) => contact.now(&*self.source),
            None => self.source.wall(),
        };
        state.floor = state.floor.max(huishou_domain::time::to_millis(now));
        state.floor
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const BOOT: Uuid = Uuid::from_u128(1);
    const NEXT_BOOT: Uuid = Uuid::from_u128(2);

    /// Clocks whose hands a test sets: the wall, the boot, seconds since it.
    struct Hands(Mutex<(DateTime<Utc>, Uuid, i64)>);

    impl Hands {
        fn new(wall: &str) -> Arc<Self> {
            Arc::new(Self(Mutex::new((at(wall), BOOT, 100))))
        }

        fn set(&self, wall: &str, boot: Uuid, seconds: i64) {
            *self.0.lock().unwrap() = (at(wall), boot, seconds);
        }
    }

    impl Clock for Hands {
        fn wall(&self) -> DateTime<Utc> {
            self.0.lock().unwrap().0
        }
        fn counter(&self) -> Counter {
            let (_, span, seconds) = *self.0.lock().unwrap();
            Counter {
                span,
                passed_ms: seconds * 1000,
            }
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_dead_clock_battery_does_not_move_trusted_time() {
        let hands = Hands::new("2026-11-23T02:00:00Z");
        let clock = TrustedClock::new(hands.clone(), None, None);
        let contact = clock.met(at("2026-11-23T02:00:05Z"));
        hands.set("2000-01-01T00:00:00Z", BOOT, 160);
        assert_eq!(
            clock.now(),
            at("2026-11-23T02:01:05Z"),
            "the counter counts, not the wall"
        );

        hands.set("2000-01-01T00:01:00Z", NEXT_BOOT, 20);
        let restarted = TrustedClock::new(hands, Some(contact), Some(at("2026-11-23T02:01:05Z")));
        assert_eq!(
            restarted.now(),
            at("2026-11-23T02:01:05Z"),
            "after a boot under a clock that is behind it stands still rather than run back"
        );
    }

    #[test]
    fn within_a_boot_the_app_may_be_started_again_under_any_wall_clock() {
        let hands = Hands::new("2026-11-23T02:00:00Z");
        let contact = TrustedClock::new(hands.clone(), None, None).met(at("2026-11-23T02:00:05Z"));
        let stored = serde_json::to_string(&contact).unwrap();
        for wall in ["2000-01-01T00:00:00Z", "2031-01-01T00:00:00Z"] {
            hands.set(wall, BOOT, 100 + 3600);
            let contact = serde_json::from_str(&stored).unwrap();
            let again = TrustedClock::new(hands.clone(), Some(contact), None);
            assert_eq!(again.now(), at("2026-11-23T03:00:05Z"), "under {wall}");
        }
    }

    #[test]
    fn across_boots_the_difference_of_wall_clocks_counts() {
        let hands = Hands::new("2026-11-23T02:00:00Z");
        let contact = TrustedClock::new(hands.clone(), None, None).met(at("2026-11-23T02:00:05Z"));
        hands.set("2026-11-23T08:00:00Z", NEXT_BOOT, 30);
        let booted = TrustedClock::new(hands.clone(), Some(contact), None);
        assert_eq!(booted.now(), at("2026-11-23T08:00:05Z"));

        let older = r#"{"server":"2026-11-23T02:00:05.000Z","wall":"2026-11-23T02:00:00.000Z"}"#;
        let older: Contact = serde_json::from_str(older).unwrap();
        let updated = TrustedClock::new(hands, Some(older), None);
        assert_eq!(
            updated.now(),
            at("2026-11-23T08:00:05Z"),
            "a contact stored without a counter is read"
        );
    }

    #[test]
    fn a_start_under_a_clock_days_ahead_is_put_right_by_the_next_contact() {
        let contact = Contact {
            server: at("2026-11-23T02:00:00Z"),
            wall: at("2026-11-23T02:00:00Z"),
            counter: None,
        };
        let clock = TrustedClock::new(Hands::new("2026-12-02T02:00:00Z"), Some(contact), None);
        assert_eq!(
            clock.now(),
            at("2026-12-02T02:00:00Z"),
            "nobody can know better yet"
        );
        clock.met(at("2026-11-23T03:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-23T03:00:00Z"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_real_counter_is_the_same_for_every_run_within_a_boot() {
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds: i64 = uptime.split('.').next().unwrap().parse().unwrap();
        let (one, other) = (
            SystemClock::default().counter(),
            SystemClock::default().counter(),
        );
        assert_eq!(one.span, other.span);
        assert!(other.since(one).unwrap() < TimeDelta::seconds(5));
        assert!(
            (one.passed_ms / 1000 - seconds).abs() <= 5,
            "since the boot, sleep included, as /proc/uptime has it"
        );
    }
}
