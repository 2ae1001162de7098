//! What becomes of refresh tokens (sync.md 24). A sign-in starts a chain; each refresh replaces the token by its
//! successor. A token that comes again although its successor has been used is a stolen one: the whole chain ends.
//!
//! The successor is derived from the token's hash with the server's key. So a device whose answer was lost in a
//! stairwell gets the same successor once more, no usable token is ever stored, and a server that was set back finds
//! the refreshes it has forgotten by deriving them again: nobody is signed out by a fail-over.
//!
//! What decides is here; rows are read and written by [`Chains`].

use crate::store::StoreError;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use huishou_domain::ids::{DeviceId, StaffId, UserId};
use sha2::{Digest, Sha256};
use std::future::Future;
use uuid::Uuid;

/// A token unused for so long is no good any more.
pub const LIFETIME: TimeDelta = TimeDelta::days(60);
/// Why a chain ended, where a used token came again.
const REUSED: &str = "reused";
/// Refreshes that a server may have forgotten: four an hour over ten days. More than that cost whoever presents an
/// invented token too much of the server's time.
const MOST_FORGOTTEN: usize = 1_000;

/// SHA-256 of a token.
pub type Hash = [u8; 32];

/// Whose session a chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A customer's, in the mini-program.
    Customer(UserId),
    /// A member of staff's, on a device.
    Staff(StaffId, DeviceId),
}

/// A token to hand out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token itself; only its hash is stored.
    pub token: String,
    /// The session it belongs to.
    pub chain: Uuid,
    /// Whose.
    pub subject: Subject,
}

/// What became of a rotation. A re-use must be committed, not rolled back: the chain has been revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The successor.
    Issued(Issued),
    /// Nobody's token, or too old, or of a session that has ended.
    Invalid,
    /// A used token came again; the chain is revoked with this transaction.
    Reused,
}

/// Who presents a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A customer.
    Customer,
    /// A device that proved its key: a token whose successor has not been used yet gets the same one once more.
    Device(DeviceId),
    /// Somebody who proved nothing.
    Nobody,
}

impl By {
    fn owns(self, subject: Subject) -> bool {
        match (self, subject) {
            (Self::Customer, Subject::Customer(_)) => true,
            (Self::Device(device), Subject::Staff(_, of)) => device == of,
            _ => false,
        }
    }
}

/// A token that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub chain: Uuid,
    /// Hash of what replaced it.
    pub successor: Option<Vec<u8>>,
    /// Its end, unless it was used before.
    pub expires_at: DateTime<Utc>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Whose.
    pub subject: Subject,
    /// Since when it has ended.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Why.
    pub revoked_for: Option<String>,
}

impl Chain {
    fn was_reused(&self) -> bool {
        self.revoked_for.as_deref() == Some(REUSED)
    }
}

/// Sessions and their tokens, inside a transaction.
pub trait Chains: Send {
    /// A token by its hash.
    fn token(
        &mut self,
        hash: &[u8],
    ) -> impl Future<Output = Result<Option<Token>, StoreError>> + Send;
    /// A session, its row locked to the end of the transaction.
    fn lock_chain(&mut self, id: Uuid) -> impl Future<Output = Result<Chain, StoreError>> + Send;
    /// The tokens of a device's sessions that have not ended which nothing has replaced yet, with their sessions; of
    /// the newest few.
    fn newest(
        &mut self,
        device: DeviceId,
    ) -> impl Future<Output = Result<Vec<(Hash, Uuid)>, StoreError>> + Send;
    /// Begins a session.
    fn add_chain(
        &mut self,
        id: Uuid,
        subject: Subject,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Hands a token out, good until `until`.
    fn add_token(
        &mut self,
        hash: &Hash,
        chain: Uuid,
        at: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Notes what replaced a token.
    fn replace(
        &mut self,
        hash: &Hash,
        successor: &Hash,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Ends a session, unless it has ended.
    fn end_chain(
        &mut self,
        id: Uuid,
        why: &'static str,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Starts the session `chain`; its first token is made of `random`.
///
/// # Errors
/// Of the database.
pub async fn begin(
    rows: &mut impl Chains,
    subject: Subject,
    chain: Uuid,
    random: [u8; 32],
    at: DateTime<Utc>,
) -> Result<Issued, StoreError> {
    let token = URL_SAFE_NO_PAD.encode(random);
    rows.add_chain(chain, subject, at).await?;
    rows.add_token(&hash(&token), chain, at, at + LIFETIME)
        .await?;
    Ok(Issued {
        token,
        chain,
        subject,
    })
}

/// Replaces a token by its successor.
///
/// # Errors
/// Of the database.
pub async fn rotate(
    rows: &mut impl Chains,
    key: &[u8; 32],
    token: &str,
    by: By,
    at: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    let own = hash(token);
    let Some(found) = known(rows, key, token, by, at).await? else {
        return Ok(Rotation::Invalid);
    };
    let chain = rows.lock_chain(found.chain).await?;
    // Read again under the chain's lock: a twin may have rotated it meanwhile.
    let Some(found) = rows.token(&own).await? else {
        return Ok(Rotation::Invalid);
    };
    if !by.owns(chain.subject) {
        return by_another(rows, &found, &chain, at).await;
    }
    if chain.was_reused() {
        return Ok(Rotation::Reused);
    }
    if chain.revoked_at.is_some() || found.expires_at <= at {
        return Ok(Rotation::Invalid);
    }
    let issued = |token| Issued {
        token,
        chain: found.chain,
        subject: chain.subject,
    };
    let Some(next) = &found.successor else {
        let next = successor(key, &own);
        rows.replace(&own, &hash(&next)).await?;
        rows.add_token(&hash(&next), found.chain, at, at + LIFETIME)
            .await?;
        return Ok(Rotation::Issued(issued(next)));
    };
    let again = matches!(by, By::Device(_)) && is_unused(rows, next).await?;
    let same = [successor(key, &own), earlier_successor(key, token)];
    let same = same.into_iter().find(|token| hash(token)[..] == next[..]);
    match same {
        Some(same) if again => Ok(Rotation::Issued(issued(same))),
        _ => {
            rows.end_chain(found.chain, REUSED, at).await?;
            Ok(Rotation::Reused)
        }
    }
}

/// A token presented by who is not its owner: a used one has been stolen, and its session ends here and now.
async fn by_another(
    rows: &mut impl Chains,
    found: &Token,
    chain: &Chain,
    at: DateTime<Utc>,
) -> Result<Rotation, StoreError> {
    let ended_otherwise = chain.revoked_at.is_some() && !chain.was_reused();
    if found.successor.is_none() || ended_otherwise {
        return Ok(Rotation::Invalid);
    }
    rows.end_chain(found.chain, REUSED, at).await?;
    Ok(Rotation::Reused)
}

/// The token, if it is one that was handed out. A server that was set back has forgotten what it handed out last: those
/// of the device that presents it are derived once more, and stand again as they did.
async fn known(
    rows: &mut impl Chains,
    key: &[u8; 32],
    token: &str,
    by: By,
    at: DateTime<Utc>,
) -> Result<Option<Token>, StoreError> {
    let own = hash(token);
    let found = rows.token(&own).await?;
    let (None, By::Device(device)) = (&found, by) else {
        return Ok(found);
    };
    for (newest, chain) in rows.newest(device).await? {
        let Some(forgotten) = way(key, newest, &own) else {
            continue;
        };
        rows.lock_chain(chain).await?;
        let mut last = newest;
        for next in forgotten {
            // A twin was faster.
            if rows.token(&next).await?.is_none() {
                rows.replace(&last, &next).await?;
                rows.add_token(&next, chain, at, at + LIFETIME).await?;
            }
            last = next;
        }
        return rows.token(&own).await;
    }
    Ok(None)
}

/// The tokens that lead from one to another, which is the last of them.
fn way(key: &[u8; 32], from: Hash, to: &Hash) -> Option<Vec<Hash>> {
    let mut forgotten = Vec::new();
    let mut at = from;
    for _ in 0..MOST_FORGOTTEN {
        at = hash(&successor(key, &at));
        forgotten.push(at);
        if at == *to {
            return Some(forgotten);
        }
    }
    None
}

async fn is_unused(rows: &mut impl Chains, hash: &[u8]) -> Result<bool, StoreError> {
    let token = rows.token(hash).await?;
    Ok(token.is_some_and(|token| token.successor.is_none()))
}

/// What a token is stored as.
#[must_use]
pub fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

fn successor(key: &[u8; 32], hash: &Hash) -> String {
    derived(key, hash)
}

/// What earlier versions derived: from the token itself.
fn earlier_successor(key: &[u8; 32], token: &str) -> String {
    derived(key, token.as_bytes())
}

fn derived(key: &[u8; 32], from: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(from);
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}
