//! What must always hold (sync.md §7), checked after every step against what really happened: commits of the ledger, and
//! stores of devices.

pub mod commits;
pub mod copies;
pub mod leaving;
pub mod quiet;

/// A rule is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which rule.
    pub rule: &'static str,
    /// How.
    pub what: String,
}

/// Holds, or how it is broken.
pub type Holds = Result<(), Broken>;

/// Fails with the rule's name unless it holds.
///
/// # Errors
/// The rule is broken.
pub fn must(holds: bool, rule: &'static str, what: impl FnOnce() -> String) -> Holds {
    if holds {
        Ok(())
    } else {
        Err(Broken { rule, what: what() })
    }
}
