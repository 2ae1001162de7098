//! Pull: pages are staged as they come and survive a restart; the complete one has them applied together.

use super::incarnation;
use crate::{
    crash::page_limit,
    error::Result,
    store::{Commit, Db, Store, meta, staging},
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::sync::message::{PullAnswer, PullRequest, SCHEMA};

/// The scopes are compared with the server's when the last comparison is this old.
const CHECK_AFTER: TimeDelta = TimeDelta::days(1);

/// The next pull: after the last staged page, or after the last applied pull. `check` asks for `checks` now.
///
/// # Errors
/// Of the store.
pub fn request(db: &Db, check: bool) -> Result<PullRequest> {
    let staged: Option<String> = meta::get(db, meta::Key::StagedCursor)?;
    let again = match staged {
        // They were asked for with the first page: what is staged holds their beginning.
        Some(_) => Vec::new(),
        None => meta::get(db, meta::Key::Again)?.unwrap_or_default(),
    };
    let cursor = match staged {
        Some(cursor) => Some(cursor),
        None => meta::get(db, meta::Key::Cursor)?,
    };
    Ok(PullRequest {
        cursor,
        schema: SCHEMA,
        limit: page_limit(),
        confirmed: incarnation::confirmed(db)?,
        check,
        again,
    })
}

/// The pull that follows a page which is not the last.
#[must_use]
pub fn following(asked: &PullRequest, page: &PullAnswer) -> PullRequest {
    PullRequest {
        cursor: Some(page.cursor.clone()),
        again: Vec::new(),
        ..asked.clone()
    }
}

/// Whether the scopes have not been compared with the server's for a day of trusted time.
///
/// # Errors
/// Of the store.
pub fn check_is_due(db: &Db, now: DateTime<Utc>) -> Result<bool> {
    let last: Option<i64> = meta::get(db, meta::Key::LastCheck)?;
    let last = last.and_then(DateTime::from_timestamp_millis);
    Ok(last.is_none_or(|last| (now - last).abs() >= CHECK_AFTER))
}

/// Whether an answer is to the question that would be asked now: another process may have been faster.
///
/// # Errors
/// Of the store.
pub fn is_current(db: &Db, asked: &PullRequest) -> Result<bool> {
    Ok(request(db, false)?.cursor == asked.cursor)
}

/// Stages a page. An answer to an older question is left aside: `false`.
///
/// # Errors
/// Of the store.
pub fn stage(store: &mut Store, asked: &PullRequest, page: &PullAnswer) -> Result<bool> {
    store.write(Commit::Stage, |db| {
        if !is_current(db, asked)? {
            return Ok(false);
        }
        if staging::is_empty(db)? {
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
        meta::Key::Again,
    ] {
        meta::remove(db, key)?;
    }
    Ok(())
}
