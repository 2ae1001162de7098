//! A pull that brings nothing, which most do: the server's answer leaves the cursor where it is, and nothing here differs
//! from what it says. Then nothing is written, and nobody waits for the disk.

use super::{apply::Applied, incarnation};
use crate::{
    clock::Contact,
    error::Result,
    store::{Commit, Db, Store, at_once, base, lives, memberships, meta, mutations},
};
use chrono::TimeDelta;
use huishou_domain::sync::message::{PullAnswer, PullRequest};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The stored contact may be so old: after a start of the machine trusted time goes on from there.
const CONTACT_AFTER: TimeDelta = TimeDelta::minutes(1);

/// What a pull did that brought nothing; none where the page has to be applied.
///
/// # Errors
/// Of the store.
pub fn pass(
    store: &mut Store,
    asked: &PullRequest,
    page: &PullAnswer,
    contact: Contact,
) -> Result<Option<Applied>> {
    if !is_empty(asked, page) {
        return Ok(None);
    }
    let known = at_once(store.db(), |db| {
        let held = is_as_held(db, page)?;
        Ok((held, meta::get::<Contact>(db, meta::Key::Contact)?))
    })?;
    let (true, known) = known else {
        return Ok(None);
    };
    let is_fresh = |known: Contact| (contact.server - known.server).abs() < CONTACT_AFTER;
    if !known.is_some_and(is_fresh) {
        store.write(Commit::Contact, |db| meta::set_contact(db, &contact))?;
    }
    Ok(Some(Applied {
        pages: 1,
        last_mutation: page.last_mutation,
        ..Applied::default()
    }))
}

/// Whether the page says by itself that nothing is new.
fn is_empty(asked: &PullRequest, page: &PullAnswer) -> bool {
    page.complete
        && asked.cursor.as_ref() == Some(&page.cursor)
        && !asked.check
        && asked.again.is_empty()
        && page.puts.is_empty()
        && page.drops.is_empty()
        && page.verdicts.is_empty()
        && page.reset.is_empty()
        && page.checks.is_none()
}

/// Whether applying it would change nothing: same place, same scopes, same history, same numbers, nothing to let go of.
fn is_as_held(db: &Db, page: &PullAnswer) -> Result<bool> {
    let same_place = meta::get::<String>(db, meta::Key::StagedCursor)?.is_none()
        && meta::get::<String>(db, meta::Key::Cursor)?.as_ref() == Some(&page.cursor);
    if !same_place || !are_same_numbers(db, page)? {
        return Ok(false);
    }
    let granted: BTreeSet<String> = page
        .scopes
        .iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let held = memberships::scopes(db)?;
    let same_scopes = page.scopes.is_none() || held.iter().all(|scope| granted.contains(scope));
    Ok(same_scopes && !base::any_shadow(db)?)
}

/// Whether the server says of commands made here what is known already.
fn are_same_numbers(db: &Db, page: &PullAnswer) -> Result<bool> {
    let last = page.last_mutation;
    let epoch = (!page.epoch.is_nil()).then_some(page.epoch);
    let same_history = meta::get::<Uuid>(db, meta::Key::Epoch)? == epoch
        && meta::get::<Uuid>(db, meta::Key::CountedIn)? == epoch;
    let same_life = incarnation::own(db)? == page.incarnation
        && meta::get::<u32>(db, meta::Key::ServerIncarnation)? == Some(page.incarnation)
        && !incarnation::is_in_doubt(db)?;
    let same_last = meta::get::<i64>(db, meta::Key::LastMutation)? == Some(last)
        && meta::get::<i64>(db, meta::Key::Sent)?.unwrap_or(0) >= last;
    if !same_history || !same_life || !same_last {
        return Ok(false);
    }
    let made: i64 = meta::get(db, meta::Key::LastId)?.unwrap_or(0);
    let waiting = lives::waiting_above(db, i64::MIN)?;
    Ok(last >= mutations::confirmed(db, made)?
        && waiting == (made - last).max(0)
        && !mutations::any_to_retire(db, last)?)
}
