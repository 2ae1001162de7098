//! Named places where a test may end the process as a power cut would. `HUISHOU_CRASH_AT=name[:nth]` in the
//! environment aborts at the `nth` passage (the first, if not given), `HUISHOU_STOP_AT` stops the process there as
//! SIGSTOP does, until somebody lets it go on; otherwise a passage costs two comparisons.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

/// Every place. `write` is every commit of a write to what devices hold, whoever asked for it; `keyed` that of every
/// request with an idempotency key, before its answer.
pub const CRASH_POINTS: &[&str] = &[
    "write.before_commit",
    "write.after_commit",
    "keyed.before_commit",
    "keyed.after_commit",
    "booking.before_commit",
    "booking.after_commit",
    "push.before_commit",
    "push.after_commit",
    "push.before_answer",
    "pull.before_answer",
    "blob.before_commit",
    "blob.after_commit",
    "sequencer.before_commit",
    "sequencer.after_commit",
];

struct Armed {
    name: String,
    nth: u64,
    passed: AtomicU64,
}

/// Passes a place; ends the process if the environment asks for it.
pub fn crash_point(name: &'static str) {
    static CRASH: OnceLock<Option<Armed>> = OnceLock::new();
    static STOP: OnceLock<Option<Armed>> = OnceLock::new();
    debug_assert!(CRASH_POINTS.contains(&name), "{name} is not listed");
    let of = |variable: &str| armed(std::env::var(variable).ok()?.as_str());
    if let Some(crash) = CRASH.get_or_init(|| of("HUISHOU_CRASH_AT"))
        && crash.is_due(name)
    {
        // Not through tracing: what it buffers would be lost, and this line is what the test counts.
        eprintln!("crash point {name} reached ({})", crash.nth);
        std::process::abort();
    }
    if let Some(stop) = STOP.get_or_init(|| of("HUISHOU_STOP_AT"))
        && stop.is_due(name)
    {
        eprintln!("stop point {name} reached ({})", stop.nth);
        // To this thread: sent to the process, another thread takes it, and on a busy machine this one goes on
        // meanwhile, past the place.
        let stopped = std::process::Command::new("kill")
            .args(["-STOP", &thread_id()])
            .status();
        eprintln!("stopped at {name}: {stopped:?}");
    }
}

/// The kernel's number of this thread, or the process's where it cannot be told.
fn thread_id() -> String {
    let itself = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    let number = itself.file_name().and_then(|name| name.to_str());
    number.map_or_else(|| std::process::id().to_string(), ToOwned::to_owned)
}

impl Armed {
    fn is_due(&self, name: &str) -> bool {
        self.name == name && self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.nth
    }
}

fn armed(text: &str) -> Option<Armed> {
    let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
    let nth = nth.parse().ok().filter(|n| *n > 0)?;
    (!name.is_empty()).then(|| Armed {
        name: name.to_owned(),
        nth,
        passed: AtomicU64::new(0),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_place_may_be_named_with_the_passage_to_end_at() {
        let third = armed("push.after_commit:3").unwrap();
        assert_eq!((third.name.as_str(), third.nth), ("push.after_commit", 3));
        assert_eq!(
            armed("push.after_commit").unwrap().nth,
            1,
            "the first passage unless said otherwise"
        );
        assert!(
            armed("push.after_commit:never").is_none(),
            "an unreadable number arms nothing"
        );
    }
}
