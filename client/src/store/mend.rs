//! Setting right what the tables promise each other about commands, without losing one: what is doubtful is asked of the
//! server again, which gives the verdict that it stored.

use super::{Db, meta};
use crate::error::Result;

/// In this order.
const STEPS: &[&str] = &[
    // Retired without a verdict: it waits.
    "UPDATE mutations SET retired = 0 WHERE retired = 1 AND outcome IS NULL",
    // Open without a refusal: there is nothing to deal with.
    "UPDATE mutations SET open = 0 WHERE open = 1 AND (outcome IS NULL OR outcome = 'applied')",
    // Answered, but nobody knows how: it waits again.
    "UPDATE mutations SET outcome = NULL, retired = 0, open = 0, answered_at = NULL
     WHERE outcome IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.uid = mutations.uid AND j.superseded = 0)",
    // Scopes that nobody knows the names of, and bodies of nothing.
    "UPDATE base SET scopes = NULL WHERE scopes IS NOT NULL AND scopes NOT IN (SELECT id FROM scope_sets)",
    "DELETE FROM bodies WHERE id NOT IN (SELECT body FROM base)",
];

/// Sets the marks right.
///
/// # Errors
/// Of the store.
pub fn marks(db: &Db) -> Result<()> {
    for step in STEPS {
        db.execute(step, [])?;
    }
    let (first, last, count): (i64, i64, i64) = db.query_row(
        "SELECT coalesce(min(id), 1), coalesce(max(id), 0), count(*) FROM mutations WHERE id > 0",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let known: i64 = meta::get(db, meta::Key::LastId)?.unwrap_or(0);
    if last > known {
        meta::set(db, meta::Key::LastId, &last)?;
    }
    let stray: i64 = db.query_row(
        "SELECT count(*) FROM mutations WHERE outcome IS NULL AND id <= 0",
        [],
        |row| row.get(0),
    )?;
    if last - first + 1 != count || stray > 0 {
        // Numbers are missing in between, or were of an earlier life: what is pending needs new ones.
        meta::set(db, meta::Key::OlderCopy, &true)?;
    }
    Ok(())
}
