//! Verdicts: stored once, the same for ever, whichever answer brings them.

use crate::{
    error::Result,
    store::{Db, journal, meta, mutations},
};
use huishou_domain::sync::message::{Outcome, Verdict};
use uuid::Uuid;

/// Stores verdicts and names the visits they concern. Those already stored change nothing.
///
/// # Errors
/// Of the store.
pub fn record(db: &Db, verdicts: &[Verdict], at: i64) -> Result<Vec<Uuid>> {
    let mut touched = Vec::new();
    for verdict in verdicts {
        let Some(stored) = mutations::by_id(db, verdict.id)? else {
            continue;
        };
        if stored.outcome.is_some() {
            continue;
        }
        journal::record(db, stored.uid, &stored.name, verdict, at)?;
        mutations::answer(db, verdict.id, verdict.outcome, at)?;
        if verdict.outcome != Outcome::Applied {
            tracing::info!(
                id = verdict.id,
                name = stored.name,
                code = verdict.code,
                "a change was refused"
            );
        }
        touched.extend(stored.visit);
    }
    Ok(touched)
}

/// Highest verdict stored durably: what requests carry as `confirmed`.
///
/// # Errors
/// Of the store.
pub fn confirmed(db: &Db) -> Result<i64> {
    mutations::confirmed(db, meta::get(db, meta::Key::LastId)?.unwrap_or(0))
}
