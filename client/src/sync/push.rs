//! Push: what was done here goes up in order, byte for byte as made, until every command has a verdict.

use super::verdicts;
use crate::{
    clock::Contact,
    error::{Error, Result},
    store::{Commit, Db, Store, meta, mutations},
    visits,
};
use huishou_domain::{
    ids::DeviceId,
    sync::message::{PushAnswer, PushRequest, SCHEMA},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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
    /// The server misses commands from this number on: send what is kept from there.
    Again(i64),
}

/// The next push; none when every command has a verdict. `from`: the server asked to hear everything from there.
///
/// # Errors
/// Of the store; `outbox_incomplete` when the server asks for commands that are no longer kept; `store_restored` when
/// the store is an older copy, whose numbers the server has given verdicts to already.
pub fn request(db: &Db, from: Option<i64>) -> Result<Option<PushRequest>> {
    let batch = mutations::batch(db, from)?;
    if !batch.is_empty() && meta::get(db, meta::Key::OlderCopy)?.unwrap_or(false) {
        return Err(Error::code("store_restored"));
    }
    let Some(first) = batch.first() else {
        return Ok(None);
    };
    if from.is_some_and(|from| first.id != from) {
        return Err(Error::code("outbox_incomplete"));
    }
    let raw = batch.into_iter().map(|m| RawValue::from_string(m.bytes));
    Ok(Some(PushRequest {
        schema: SCHEMA,
        incarnation: meta::get(db, meta::Key::Incarnation)?.unwrap_or(1),
        confirmed: verdicts::confirmed(db)?,
        mutations: raw.collect::<std::result::Result<_, _>>()?,
        device: meta::get::<Device>(db, meta::Key::Device)?.map(|d| d.id),
    }))
}

/// Stores the verdicts of an answer, in one transaction.
///
/// # Errors
/// Of the store; `outbox_incomplete` when the server misses what is no longer kept.
pub fn on_answer(store: &mut Store, answer: &PushAnswer, contact: Contact) -> Result<Next> {
    store.write(Commit::Push, |db| {
        let at = answer.server_time.timestamp_millis();
        let mut touched = verdicts::record(db, &answer.verdicts, at)?;
        touched.sort_unstable();
        touched.dedup();
        for visit in touched {
            visits::rebuild(db, visit)?;
        }
        meta::set_contact(db, &contact)?;
        Ok(answer.gap.map_or(Next::Go, |gap| Next::Again(gap.expected)))
    })
}
