//! Verdicts: stored once, the same for ever, whichever answer brings them.

use super::incarnation;
use crate::{
    error::Result,
    store::{Db, journal, meta, mutations},
};
use huishou_domain::sync::message::{Outcome, Verdict};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The visits that verdicts concern.
#[derive(Debug, Default)]
pub struct Concerned {
    /// Commands that took effect: they are shown as before, only no longer as waiting.
    pub applied: BTreeSet<Uuid>,
    /// Refused ones: what they changed here is shown no more.
    pub refused: BTreeSet<Uuid>,
}

/// Stores verdicts and names the visits they concern. Those already stored change nothing.
///
/// # Errors
/// Of the store.
pub fn record(db: &Db, verdicts: &[Verdict], at: i64) -> Result<Concerned> {
    let mut concerned = Concerned::default();
    let incarnation = incarnation::own(db)?;
    for verdict in verdicts {
        let Some(stored) = mutations::unanswered_by_id(db, verdict.id)? else {
            continue;
        };
        journal::record_in(db, incarnation, stored.uid, &stored.name, verdict, at)?;
        mutations::answer(db, verdict.id, verdict.outcome, at)?;
        let visits = if verdict.outcome == Outcome::Applied {
            &mut concerned.applied
        } else {
            tracing::info!(
                id = verdict.id,
                name = stored.name,
                code = verdict.code,
                "a change was refused"
            );
            &mut concerned.refused
        };
        visits.extend(stored.visit);
    }
    Ok(concerned)
}

/// These were stored by a commit that does not wait for the disk.
///
/// # Errors
/// Of the store.
pub fn note_unsynced(db: &Db, verdicts: &[Verdict]) -> Result<()> {
    let known: Option<i64> = meta::get(db, meta::Key::Unsynced)?;
    match verdicts.iter().map(|verdict| verdict.id).min() {
        Some(first) if known.is_none_or(|known| first < known) => {
            meta::set(db, meta::Key::Unsynced, &first)
        }
        _ => Ok(()),
    }
}

/// Highest verdict stored durably: what requests carry as `confirmed`.
///
/// # Errors
/// Of the store.
pub fn confirmed(db: &Db) -> Result<i64> {
    let stored = mutations::confirmed(db, meta::get(db, meta::Key::LastId)?.unwrap_or(0))?;
    let unsynced: Option<i64> = meta::get(db, meta::Key::Unsynced)?;
    Ok(unsynced.map_or(stored, |first| stored.min(first - 1)))
}
