//! Push: what was done here goes up in order, byte for byte as made, until every command has a verdict.

use super::{
    incarnation::{self, Said},
    verdicts::{self, Concerned},
};
use crate::{
    clock::Contact,
    error::Result,
    store::{Commit, Db, Store, at_once, meta, mutations},
    visits,
};
use huishou_domain::{
    ids::DeviceId,
    sync::message::{Outcome, PushAnswer, PushRequest, SCHEMA},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

/// This device as the server registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Identity.
    pub id: DeviceId,
    /// Name people recognise it by.
    pub name: String,
}

/// What to do after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask for the next request; there may be more.
    Go,
    /// The same, but something has to be heard again or under new numbers.
    Again,
}

/// Gives what waits new numbers where the server and this store no longer agree about them, and answers the next push;
/// none when every command has a verdict.
///
/// # Errors
/// Of the store.
pub fn prepare(store: &mut Store) -> Result<Option<PushRequest>> {
    if incarnation::is_in_doubt(store.db())? {
        store.write(Commit::Renumber, incarnation::renew)?;
    }
    behind(store, i64::MIN)
}

/// The highest number of a push that was answered as a whole, each command taking effect.
#[must_use]
pub fn is_whole(request: &PushRequest, answer: &PushAnswer) -> Option<i64> {
    let last = answer.verdicts.last()?.id;
    let all = answer.verdicts.len() == request.mutations.len() && answer.gap.is_none();
    let ours = answer.incarnation == request.incarnation && answer.last_mutation == last;
    let applied = answer
        .verdicts
        .iter()
        .all(|verdict| verdict.outcome == Outcome::Applied);
    (all && ours && applied).then_some(last)
}

/// The push that follows one whose answer is yet to be stored; none where it was the last, or numbers are in doubt.
///
/// # Errors
/// Of the store.
pub fn following(store: &mut Store, last: i64) -> Result<Option<PushRequest>> {
    if incarnation::is_in_doubt(store.db())? {
        return Ok(None);
    }
    behind(store, last)
}

fn behind(store: &mut Store, after: i64) -> Result<Option<PushRequest>> {
    let next = at_once(store.db(), |db| {
        let batch = mutations::batch(db, after)?;
        let Some(last) = batch.last().map(|(id, _)| *id) else {
            return Ok(None);
        };
        let sent: Option<i64> = meta::get(db, meta::Key::Sent)?;
        let noted = sent.is_some_and(|sent| sent >= last);
        Ok(Some((request(db, batch)?, last, noted)))
    })?;
    let Some((request, last, noted)) = next else {
        return Ok(None);
    };
    if !noted {
        store.write(Commit::Sent, |db| meta::set(db, meta::Key::Sent, &last))?;
    }
    Ok(Some(request))
}

fn request(db: &Db, batch: Vec<(i64, String)>) -> Result<PushRequest> {
    let raw = batch
        .into_iter()
        .map(|(_, bytes)| RawValue::from_string(bytes));
    Ok(PushRequest {
        schema: SCHEMA,
        incarnation: incarnation::own(db)?,
        confirmed: verdicts::confirmed(db)?,
        mutations: raw.collect::<std::result::Result<_, _>>()?,
        device: meta::get::<Device>(db, meta::Key::Device)?.map(|d| d.id),
    })
}

/// Stores the verdicts of an answer, in one transaction, with what it says of the numbers.
///
/// # Errors
/// Of the store.
pub fn on_answer(store: &mut Store, answer: &PushAnswer, contact: Contact) -> Result<Next> {
    let all_applied = answer
        .verdicts
        .iter()
        .all(|verdict| verdict.outcome == Outcome::Applied);
    // A refusal that was shown stays.
    let commit = if all_applied {
        Commit::Verdicts
    } else {
        Commit::Push
    };
    store.write(commit, |db| {
        let at = answer.server_time.timestamp_millis();
        let said = Said::from(answer);
        let mut concerned = Concerned::default();
        if incarnation::are_ours(db, said)? {
            concerned = verdicts::record(db, &answer.verdicts, at)?;
            if all_applied {
                verdicts::note_unsynced(db, &answer.verdicts)?;
            }
        }
        let agreed = incarnation::compare(db, said)?;
        concerned.refused.extend(agreed.touched);
        for visit in concerned.applied.difference(&concerned.refused) {
            visits::restate(db, *visit)?;
        }
        for visit in concerned.refused {
            visits::rebuild(db, visit)?;
        }
        meta::set_contact(db, &contact)?;
        let again = agreed.again || answer.gap.is_some();
        Ok(if again { Next::Again } else { Next::Go })
    })
}

/// The server refused a whole push because it knows a newer incarnation, or other commands under these numbers.
///
/// # Errors
/// Of the store.
pub fn on_stale(store: &mut Store, problem: &Value) -> Result<()> {
    let theirs = problem.get("incarnation").and_then(Value::as_u64);
    let theirs = theirs.and_then(|theirs| u32::try_from(theirs).ok());
    store.write(Commit::Other, |db| incarnation::stale(db, theirs))
}
