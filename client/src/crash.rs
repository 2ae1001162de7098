//! Named places where a test can have the process die, to prove that nothing is lost and nothing happens twice.
//! Inert unless `HUISHOU_CRASH_AT` is set: then each passage is one comparison more.
//!
//! `HUISHOU_CRASH_AT=apply.before_commit` dies at the first passage, `HUISHOU_CRASH_AT=stage.after_commit:3` at the
//! third of this process. The process aborts: no destructor runs, no buffer is flushed.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

/// Every crash point, in the order a mutation meets them.
pub const POINTS: &[&str] = &[
    "exec.before_commit",
    "exec.after_commit",
    "renumber.before_commit",
    "renumber.after_commit",
    "push.before_send",
    "push.before_store",
    "push.before_commit",
    "push.after_commit",
    "pull.before_send",
    "stage.before_commit",
    "stage.after_commit",
    "apply.before_commit",
    "apply.after_commit",
];

/// Those of a device that is shut out, of the copies of the outbox, and of a store that is set aside.
pub const AT_REST: &[&str] = &[
    "refresh.before_store",
    "refresh.after_token",
    "copy.before_rename",
    "quarantine.before_send",
    "quarantine.before_pictures",
    "quarantine.before_note",
    "wipe.before_mark",
    "wipe.after_mark",
    "wipe.after_key",
    "wipe.after_store",
    "wipe.before_end",
    "aside.after_mark",
    "aside.after_file",
    "aside.before_back",
    "aside.before_end",
];

/// How many aggregates a page may hold, where a test wants pages small enough to be many: `HUISHOU_PAGE`.
#[must_use]
pub fn page_limit() -> Option<usize> {
    static LIMIT: OnceLock<Option<usize>> = OnceLock::new();
    *LIMIT.get_or_init(|| std::env::var("HUISHOU_PAGE").ok()?.parse().ok())
}

struct Armed {
    point: String,
    passages: u32,
}

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
static PASSED: AtomicU32 = AtomicU32::new(0);

/// Dies here if the environment asks for it.
pub fn crash_point(name: &str) {
    let Some(armed) = ARMED.get_or_init(armed) else {
        return;
    };
    if armed.point == name && PASSED.fetch_add(1, Ordering::SeqCst) + 1 == armed.passages {
        eprintln!("crash point {name}");
        std::process::abort();
    }
}

fn armed() -> Option<Armed> {
    parse(&std::env::var("HUISHOU_CRASH_AT").ok()?)
}

fn parse(text: &str) -> Option<Armed> {
    let (point, passages) = text.split_once(':').unwrap_or((text, "1"));
    Some(Armed {
        point: point.to_owned(),
        passages: passages.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_passage_number_may_follow_the_name() {
        assert_eq!(parse("exec.before_commit").unwrap().passages, 1);
        let third = parse("stage.after_commit:3").unwrap();
        assert_eq!(
            (third.point.as_str(), third.passages),
            ("stage.after_commit", 3)
        );
        assert!(parse("x:y").is_none());
    }

    #[test]
    fn without_the_variable_nothing_happens() {
        for point in POINTS {
            crash_point(point);
        }
    }
}
