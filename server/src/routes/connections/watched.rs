//! What is known of one connection: whether a head, a request or nothing is under way, since when, and how well the other
//! side takes its answer. Written by the connection, read by the watch.

use crate::config::Pace;
use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Times that a connection has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// For a head, from its first byte.
    pub head: Duration,
    /// Without a request.
    pub idle: Duration,
    /// For taking an answer.
    pub answer: Pace,
}

const IDLE: u8 = 0;
const HEAD: u8 = 1;
const AT_WORK: u8 = 2;
/// Hung up on, or gone by itself.
const OVER: u8 = 3;

/// One connection.
#[derive(Debug)]
pub(super) struct Watched {
    phase: AtomicU8,
    /// Since when it is in the phase, in milliseconds; so are all times here.
    since: AtomicU64,
    /// Since when bytes wait to be taken; 0: none do.
    stuck: AtomicU64,
    /// How long they waited before, for this answer.
    waited: AtomicU64,
    /// Bytes taken of this answer.
    taken: AtomicU64,
    end: Notify,
}

/// Milliseconds, never 0.
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
}

impl Watched {
    pub(super) fn new() -> Self {
        Self {
            phase: AtomicU8::new(IDLE),
            since: AtomicU64::new(now()),
            stuck: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            end: Notify::new(),
        }
    }

    fn turn(&self, phase: u8) {
        self.since.store(now(), Relaxed);
        // What is over stays so.
        let _ = self
            .phase
            .fetch_update(Relaxed, Relaxed, |old| (old != OVER).then_some(phase));
    }

    /// Bytes came.
    pub(super) fn heard(&self) {
        if self.phase.load(Relaxed) == IDLE {
            self.turn(HEAD);
        }
    }

    /// A request is whole, but for its body.
    pub(super) fn begin(&self) {
        self.turn(AT_WORK);
        self.waited.store(0, Relaxed);
        self.taken.store(0, Relaxed);
    }

    /// Its answer is whole.
    pub(super) fn end(&self) {
        self.turn(IDLE);
    }

    /// Bytes were written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.taken.fetch_add(bytes as u64, Relaxed);
        let stuck = self.stuck.load(Relaxed);
        if stuck > 0 {
            self.waited.fetch_add(now().saturating_sub(stuck), Relaxed);
            self.stuck.store(0, Relaxed);
        }
    }

    /// Bytes are not taken yet.
    pub(super) fn could_not_write(&self) {
        if self.stuck.load(Relaxed) == 0 {
            self.stuck.store(now(), Relaxed);
        }
    }

    /// Why it is to be hung up on.
    pub(super) fn overdue(&self, times: &Times) -> Option<&'static str> {
        let spent = |since: u64| Duration::from_millis(now().saturating_sub(since));
        if self.is_over() {
            return None;
        }
        let stuck = self.stuck.load(Relaxed);
        if stuck > 0 {
            let waited = spent(stuck) + Duration::from_millis(self.waited.load(Relaxed));
            let allowed = times.answer.allowed(self.taken.load(Relaxed));
            return (waited > allowed).then_some("slow_answer");
        }
        let spent = spent(self.since.load(Relaxed));
        match self.phase.load(Relaxed) {
            IDLE => (spent > times.idle).then_some("idle"),
            HEAD => (spent > times.head).then_some("slow_head"),
            _ => None,
        }
    }

    /// Since when it has no request, if it has none.
    pub(super) fn idle_since(&self) -> Option<u64> {
        matches!(self.phase.load(Relaxed), IDLE | HEAD).then(|| self.since.load(Relaxed))
    }

    pub(super) fn hang_up(&self) {
        self.gone();
        self.end.notify_one();
    }

    pub(super) async fn hung_up(&self) {
        self.end.notified().await;
    }

    pub(super) fn gone(&self) {
        self.phase.store(OVER, Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase.load(Relaxed) == OVER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Times = Times {
        head: Duration::ZERO,
        idle: Duration::ZERO,
        answer: Pace {
            grace: Duration::ZERO,
            rate: u64::MAX,
        },
    };
    const NEVER: Times = Times {
        head: Duration::MAX,
        idle: Duration::MAX,
        answer: Pace {
            grace: Duration::MAX,
            rate: 1,
        },
    };

    /// As if whatever it does had begun long ago.
    fn long_ago(watched: &Watched) {
        watched.since.store(0, Relaxed);
        if watched.stuck.load(Relaxed) > 0 {
            watched.stuck.store(1, Relaxed);
        }
    }

    fn why(watched: &Watched) -> Option<&'static str> {
        assert_eq!(watched.overdue(&NEVER), None);
        while now() < 10 {
            std::thread::yield_now();
        }
        long_ago(watched);
        watched.overdue(&AT_ONCE)
    }

    #[test]
    fn each_phase_has_its_time_and_work_has_none() {
        let watched = Watched::new();
        assert_eq!(why(&watched), Some("idle"));
        watched.heard();
        assert_eq!(why(&watched), Some("slow_head"));
        watched.begin();
        watched.heard();
        assert_eq!(why(&watched), None);
        assert_eq!(watched.idle_since(), None, "one at work makes no room");
        watched.could_not_write();
        assert_eq!(why(&watched), Some("slow_answer"));
        watched.wrote(10);
        assert_eq!(why(&watched), None);
        watched.end();
        assert_eq!(why(&watched), Some("idle"));
        watched.hang_up();
        watched.end();
        assert_eq!(why(&watched), None, "nobody is hung up on twice");
        assert_eq!(watched.idle_since(), None, "nor makes room twice");
    }

    #[test]
    fn bytes_that_are_taken_one_by_one_earn_little() {
        let watched = Watched::new();
        let times = Times {
            answer: Pace {
                grace: Duration::from_secs(10),
                rate: 4096,
            },
            ..NEVER
        };
        watched.begin();
        watched.waited.store(9_999, Relaxed);
        watched.could_not_write();
        assert_eq!(watched.overdue(&times), None);
        watched.waited.store(20_000, Relaxed);
        assert_eq!(watched.overdue(&times), Some("slow_answer"));
        watched.taken.store(4096 * 60, Relaxed);
        assert_eq!(
            watched.overdue(&times),
            None,
            "who takes much has earned time"
        );
    }
}
