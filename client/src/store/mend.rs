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
    // A verdict of another command under this number.
    "DELETE FROM journal WHERE EXISTS (SELECT 1 FROM mutations m WHERE m.id = journal.id AND m.uid <> journal.uid)",
    // Answered, but nobody knows how: it waits again.
    "UPDATE mutations SET outcome = NULL, retired = 0, open = 0, answered_at = NULL
     WHERE outcome IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.id = mutations.id AND j.uid = mutations.uid)",
    // Memberships of nothing.
    "DELETE FROM memberships WHERE NOT EXISTS (SELECT 1 FROM base b WHERE b.kind = memberships.kind AND b.id = memberships.id)",
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
        "SELECT coalesce(min(id), 1), coalesce(max(id), 0), count(*) FROM mutations",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let known: i64 = meta::get(db, meta::Key::LastId)?.unwrap_or(0);
    if last > known {
        meta::set(db, meta::Key::LastId, &last)?;
    }
    if last - first + 1 != count {
        // Numbers are missing in between: what is pending needs new ones.
        meta::set(db, meta::Key::OlderCopy, &true)?;
    }
    Ok(())
}
