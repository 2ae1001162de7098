//! Pull: pages are staged as they come and survive a restart; the complete one has them applied together.

use super::verdicts;
use crate::{
    error::Result,
    store::{Commit, Db, Store, meta, staging},
};
use huishou_domain::sync::message::{PullAnswer, PullRequest, SCHEMA};

/// Every so many complete pulls the scopes are compared with the server's.
const CHECK_EVERY: u32 = 20;

/// The next pull: after the last staged page, or after the last applied pull. `check` asks for `checks` now.
///
/// # Errors
/// Of the store.
pub fn request(db: &Db, check: bool) -> Result<PullRequest> {
    let staged: Option<String> = meta::get(db, meta::Key::StagedCursor)?;
    let cursor = match staged {
        Some(cursor) => Some(cursor),
        None => meta::get(db, meta::Key::Cursor)?,
    };
    let pulls: u32 = meta::get(db, meta::Key::Pulls)?.unwrap_or(0);
    let check = check || pulls.is_multiple_of(CHECK_EVERY);
    Ok(PullRequest {
        cursor,
        schema: SCHEMA,
        limit: None,
        confirmed: verdicts::confirmed(db)?,
        check,
    })
}

/// Stages a page. An answer to an older question (another process was faster) is left aside: `false`.
///
/// # Errors
/// Of the store.
pub fn stage(store: &mut Store, asked: &PullRequest, page: &PullAnswer) -> Result<bool> {
    store.write(Commit::Stage, |db| {
        if request(db, false)?.cursor != asked.cursor {
            return Ok(false);
        }
        if staging::count(db)? == 0 {
            meta::set(db, meta::Key::StagedFresh, &asked.cursor.is_none())?;
        }
        staging::add(db, page)?;
        meta::set(db, meta::Key::StagedCursor, &page.cursor)?;
        Ok(true)
    })
}

/// Everything comes anew with the next pull; the outbox stays. For a cursor the server cannot read and for copies
/// that turned out to differ.
///
/// # Errors
/// Of the store.
pub fn start_over(db: &Db) -> Result<()> {
    staging::clear(db)?;
    for key in [
        meta::Key::Cursor,
        meta::Key::StagedCursor,
        meta::Key::StagedFresh,
    ] {
        meta::remove(db, key)?;
    }
    Ok(())
}
