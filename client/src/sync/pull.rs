//! Pull: pages are staged as they come and survive a restart; the complete one has them applied together.

use super::{incarnation, receive::Receiving};
use crate::{
    crash::page_limit,
    error::Result,
    store::{Commit, Db, Store, edition, meta, staging},
    visits::Ready,
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::sync::message::{PullAnswer, PullRequest, SCHEMA};

/// Aggregates of the very first page: the sooner it is here, the sooner there is something to store.
const FIRST_PAGE: usize = 300;
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
        schema: SCHEMA,
        limit: page_limit().or(cursor.is_none().then_some(FIRST_PAGE)),
        cursor,
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
        limit: page_limit(),
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

/// What staging a page leaves for the next one.
pub struct Staged {
    /// Of a first sync: what is known of it so far. It goes on without, too, only slower.
    pub first: Option<Receiving>,
}

/// Stages a page. An answer to an older question is left aside: `false`.
///
/// # Errors
/// Of the store.
pub fn stage(store: &mut Store, asked: &PullRequest, page: &PullAnswer) -> Result<bool> {
    Ok(stage_after(store, asked, page.clone(), None, None)?.is_some())
}

/// Stages a page after others. The states of a first sync are not staged: they go to the next edition at once, as they
/// were read beside the store, if they were.
///
/// # Errors
/// Of the store, or a state of a first sync that is none.
pub fn stage_after(
    store: &mut Store,
    asked: &PullRequest,
    mut page: PullAnswer,
    read: Option<Vec<Ready>>,
    first: Option<Receiving>,
) -> Result<Option<Staged>> {
    store.write(Commit::Stage, |db| {
        if !is_current(db, asked)? {
            return Ok(None);
        }
        meta::set(db, meta::Key::StagedCursor, &page.cursor)?;
        let mut first = if staging::is_empty(db)? {
            begin(db, asked)?
        } else if edition::is_begun(db)? {
            Some(first.map_or_else(|| Receiving::next(db), Ok)?)
        } else {
            None
        };
        if let Some(first) = &mut first {
            page = first.states(db, page, read)?;
        }
        staging::add(db, &page)?;
        Ok(Some(Staged { first }))
    })
}

/// Before the first page of a pull.
fn begin(db: &Db, asked: &PullRequest) -> Result<Option<Receiving>> {
    edition::discard(db)?;
    let fresh = asked.cursor.is_none();
    meta::set(db, meta::Key::StagedFresh, &fresh)?;
    if fresh && Receiving::is_first(db)? {
        return Receiving::next(db).map(Some);
    }
    Ok(None)
}

/// Everything comes anew with the next pull; the outbox stays. For a cursor the server cannot read and for copies
/// that turned out to differ.
///
/// # Errors
/// Of the store.
pub fn start_over(db: &Db) -> Result<()> {
    staging::clear(db)?;
    edition::discard(db)?;
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
