//! A pull with nothing new, which most pulls are: one look decides, and the cursor stays where it is. The look is believed
//! only when it says that everything is as the device has it; whatever else it shows is for a page to tell.

use super::{
    cursor::Cursor,
    grants,
    ports::{Look, Place},
};
use chrono::{DateTime, Utc};
use huishou_domain::sync::message::{PullAnswer, PullRequest};

/// Where a device stands whose last pull was complete; none where a page is needed whatever a look shows: in the midst
/// of a pull, with keys that were shown before they had numbers, or for checks.
#[must_use]
pub fn place(cursor: &Cursor, request: &PullRequest) -> Option<Place> {
    let seq = cursor.seq();
    let whole = cursor.pages == 0
        && cursor.tail.is_empty()
        && !cursor.scopes.is_empty()
        && cursor
            .scopes
            .values()
            .all(|position| position.snapshot.is_none() && position.seq == seq);
    let plain = !request.check && request.again.is_empty();
    (whole && plain).then(|| Place {
        scopes: cursor.scopes.keys().cloned().collect(),
        seq,
    })
}

/// The answer to a device that stands at [`place`], if nothing is new there: same history, same grants, nothing written,
/// no verdict to be told.
#[must_use]
pub fn answer(
    cursor: &Cursor,
    request: &PullRequest,
    look: &Look,
    at: DateTime<Utc>,
) -> Option<PullAnswer> {
    let person = look.person.as_ref().filter(|p| p.staff.active)?;
    let held = grants::scopes_at(&person.staff, &look.depots);
    let same_grants = cursor.scopes.keys().eq(&held)
        && cursor
            .scopes
            .values()
            .all(|position| position.generation == person.grants);
    let seq = cursor.seq();
    let same_history = cursor.epoch == look.head.epoch
        && (look.head.floor..=look.head.seq).contains(&seq)
        && look.tag == cursor.tag;
    // Where fewer are known than the device was told of, the node that was read is behind, or was set back.
    let all_told = look.progress.last_mutation == request.confirmed;
    if look.news || !same_grants || !same_history || !all_told {
        return None;
    }
    Some(PullAnswer {
        puts: Vec::new(),
        drops: Vec::new(),
        last_mutation: look.progress.last_mutation,
        verdicts: Vec::new(),
        checks: None,
        scopes: Some(held.into_iter().collect()),
        cursor: request.cursor.clone()?,
        complete: true,
        reset: Vec::new(),
        incarnation: u32::try_from(look.progress.incarnation).unwrap_or(u32::MAX),
        epoch: look.head.epoch,
        server_time: at,
    })
}

#[cfg(test)]
#[path = "idle_tests.rs"]
mod tests;
