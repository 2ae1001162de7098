//! Whether the server and this store still agree about the numbers of commands (sync.md 16, 20). A server that was set
//! back hears again what it lost; where numbers can no longer be made to agree — the store is an older copy, or what the
//! server wants to hear is not kept any more — what waits gets new ones, in a new incarnation, and everything kept that
//! took effect is told again in it: each incarnation stands by itself. Identities stay, so that the server takes each
//! command once.

use crate::{
    error::Result,
    store::{Db, blobs, lives, meta, mutations},
    visits,
};
use huishou_domain::sync::message::{PullAnswer, PushAnswer};
use uuid::Uuid;

/// What the server says of this device's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The newest incarnation it knows.
    pub incarnation: u32,
    /// The highest number it has processed in that one.
    pub last_mutation: i64,
    /// Its history; nil where it does not tell.
    pub epoch: Uuid,
    /// The highest number that it has told the verdict on, if it has processed higher ones: theirs come with the next push.
    pub told: Option<i64>,
}

impl From<&PullAnswer> for Said {
    fn from(page: &PullAnswer) -> Self {
        Self {
            incarnation: page.incarnation,
            last_mutation: page.last_mutation,
            epoch: page.epoch,
            told: None,
        }
    }
}

impl From<&PushAnswer> for Said {
    fn from(answer: &PushAnswer) -> Self {
        Self {
            incarnation: answer.incarnation,
            last_mutation: answer.last_mutation,
            epoch: answer.epoch,
            told: answer.verdicts.last().map(|verdict| verdict.id),
        }
    }
}

/// What that means here.
#[derive(Debug, Default)]
pub struct Agreed {
    /// The server's state contains the answered commands up to this number.
    pub contained: i64,
    /// Visits of commands that wait again.
    pub touched: Vec<Uuid>,
    /// Something is to be sent that was not before.
    pub again: bool,
}

/// The present incarnation.
///
/// # Errors
/// Of the store.
pub fn own(db: &Db) -> Result<u32> {
    Ok(meta::get(db, meta::Key::Incarnation)?.unwrap_or(1))
}

/// Whether what waits needs new numbers.
///
/// # Errors
/// Of the store.
pub fn is_in_doubt(db: &Db) -> Result<bool> {
    Ok(meta::get(db, meta::Key::OlderCopy)?.unwrap_or(false))
}

/// Whether the server's verdicts are for the commands that have those numbers here. A server that has processed what was
/// never sent from here has heard it from a newer copy of this store.
///
/// # Errors
/// Of the store.
pub fn are_ours(db: &Db, said: Said) -> Result<bool> {
    let own = own(db)?;
    let known: Option<u32> = meta::get(db, meta::Key::ServerIncarnation)?;
    if known != Some(said.incarnation) {
        meta::set(db, meta::Key::ServerIncarnation, &said.incarnation)?;
    }
    let sent: i64 = meta::get(db, meta::Key::Sent)?.unwrap_or(0);
    let is_older = said.incarnation > own || (said.incarnation == own && said.last_mutation > sent);
    if is_older && !is_in_doubt(db)? {
        tracing::warn!(
            own,
            ?said,
            "the server knows more of this device than its store: it is an older copy"
        );
        meta::set(db, meta::Key::OlderCopy, &true)?;
    }
    Ok(said.incarnation == own && !is_in_doubt(db)?)
}

/// Compares what the server has processed with what has been answered here: what it lost waits again. Verdicts of the
/// same answer are stored before.
///
/// # Errors
/// Of the store.
pub fn compare(db: &Db, said: Said) -> Result<Agreed> {
    let own = own(db)?;
    let other_history = is_other_history(db, said.epoch)?;
    let mut agreed = Agreed {
        contained: match said.incarnation.cmp(&own) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => said.last_mutation,
            // Whoever had newer numbers had heard these answers before.
            std::cmp::Ordering::Greater => i64::MAX,
        },
        ..Agreed::default()
    };
    let doubtful = is_in_doubt(db)?;
    if doubtful && other_history {
        agreed.contained = 0;
    }
    let last = agreed.contained;
    let made: i64 = meta::get(db, meta::Key::LastId)?.unwrap_or(0);
    let went_back = last < mutations::confirmed(db, made)?;
    if went_back || doubtful && other_history {
        tracing::warn!(
            own,
            ?said,
            "the server was set back: what it lost is sent again"
        );
        agreed.touched = lives::wait_again_above(db, last)?;
        agreed.again = true;
    }
    if went_back || other_history {
        let pictures = blobs::bring_again(db)?;
        tracing::info!(pictures, "pictures are brought to the server again");
    }
    if other_history || (went_back && said.incarnation < own) {
        agreed
            .touched
            .extend(lives::wait_again_of_earlier_lives(db)?);
    }
    if doubtful {
        agreed.again = true;
        return Ok(agreed);
    }
    // Every number above what it knows has to be heard; earlier lives' numbers mean nothing to it.
    let mut waiting = lives::waiting_above(db, i64::MIN)?;
    if let Some(told) = said.told.filter(|told| *told < last) {
        waiting -= lives::waiting_above(db, told)? - lives::waiting_above(db, last)?;
    }
    if made > last && waiting != made - last || made <= last && waiting > 0 {
        tracing::warn!(
            own,
            ?said,
            waiting,
            "numbers are missing that the server wants to hear"
        );
        meta::set(db, meta::Key::OlderCopy, &true)?;
        agreed.again = true;
    }
    Ok(agreed)
}

/// Notes the history that numbers are compared in; whether it is another one than before.
fn is_other_history(db: &Db, epoch: Uuid) -> Result<bool> {
    if epoch.is_nil() {
        return Ok(false);
    }
    let known: Option<Uuid> = meta::get(db, meta::Key::CountedIn)?;
    if known != Some(epoch) {
        meta::set(db, meta::Key::CountedIn, &epoch)?;
    }
    Ok(known.is_some_and(|known| known != epoch))
}

/// The server will not hear this incarnation any more, and knows that one.
///
/// # Errors
/// Of the store.
pub fn stale(db: &Db, theirs: Option<u32>) -> Result<()> {
    let known: Option<u32> = meta::get(db, meta::Key::ServerIncarnation)?;
    let newest = theirs.max(known).unwrap_or(1).max(own(db)?);
    meta::set(db, meta::Key::ServerIncarnation, &newest)?;
    meta::set(db, meta::Key::OlderCopy, &true)
}

/// A new incarnation: what waits gets new numbers from 1, in the old order, and with it everything kept that took
/// effect. Identities stay, so that the server takes none of it twice; and a server that is set back later, to before
/// the old numbers, is found out by the new ones.
///
/// # Errors
/// Of the store.
pub fn renew(db: &Db) -> Result<()> {
    let known: u32 = meta::get(db, meta::Key::ServerIncarnation)?.unwrap_or(1);
    let new = known.max(own(db)?).saturating_add(1);
    let told_again = lives::wait_again_in_new_life(db)?;
    let last = lives::renumber(db)?;
    for visit in told_again {
        visits::rebuild(db, visit)?;
    }
    meta::set(db, meta::Key::Incarnation, &new)?;
    meta::set(db, meta::Key::LastId, &last)?;
    meta::set(db, meta::Key::Sent, &0)?;
    meta::remove(db, meta::Key::OlderCopy)?;
    tracing::warn!(
        incarnation = new,
        waiting = last,
        "what waits has new numbers"
    );
    Ok(())
}

/// Highest verdict of the server's incarnation that is stored or of no use here: what a pull carries as `confirmed`.
///
/// # Errors
/// Of the store.
pub fn confirmed(db: &Db) -> Result<i64> {
    let (own, theirs) = (own(db)?, meta::get(db, meta::Key::ServerIncarnation)?);
    if is_in_doubt(db)? || theirs.is_some_and(|theirs: u32| theirs != own) {
        return Ok(meta::get(db, meta::Key::LastMutation)?.unwrap_or(0));
    }
    super::verdicts::confirmed(db)
}
