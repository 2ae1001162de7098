//! Staff on their devices: registration by pairing code, signing in with password and device key, refreshing, and the
//! authorised object every staff handler gets.

pub mod identity;
pub mod pairing;
pub mod password;
pub mod quarantine;
pub mod recovery;
pub mod register;
pub mod revoke;
pub mod session;
pub mod sign_in;
pub mod signature;

pub use session::{AdminSession, StaffSession};

use crate::{redis::Redis, throttle::Guesses};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::time::Duration;

/// Wrong passwords of one person on one device within [`WINDOW`].
const WRONG_PASSWORDS: usize = 8;
/// Wrong pairing codes of one address within [`WINDOW`]: 32⁸ codes, a few of them good, so this leaves guessing
/// hopeless, and a guesser keeps nobody else out.
const WRONG_CODES: usize = 200;
/// How long failures count.
const WINDOW: Duration = Duration::from_secs(300);

/// What signing in needs: keys derived from the token key, and the throttles. The keys are never shown.
pub struct Desk {
    /// Keys the stored hashes of pairing codes.
    pub pairing_key: [u8; 32],
    /// Makes each pairing code from its seed.
    pub seed_key: [u8; 32],
    /// Derives each refresh token's successor.
    pub refresh_key: [u8; 32],
    /// Keys the fingerprints of requests with an idempotency key: their bodies may hold passwords, which a plain hash
    /// would let a reader of the database guess at.
    pub fingerprint_key: [u8; 32],
    /// Wrong passwords, by user name and device.
    pub passwords: Guesses,
    /// Wrong pairing codes, by address.
    pub codes: Guesses,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Desk {
    /// With keys derived from the server's token key.
    #[must_use]
    pub fn new(token_key: &str, redis: Option<&Redis>) -> Self {
        Self {
            pairing_key: derived(token_key, "pairing codes"),
            seed_key: derived(token_key, "pairing seeds"),
            refresh_key: derived(token_key, "refresh tokens"),
            fingerprint_key: derived(token_key, "request fingerprints"),
            passwords: Guesses::new("password", WRONG_PASSWORDS, WINDOW, redis),
            codes: Guesses::new("pairing", WRONG_CODES, WINDOW, redis),
        }
    }
}

/// A key for one purpose, from the server's one secret.
#[must_use]
pub fn derived(secret: &str, purpose: &str) -> [u8; 32] {
    mac(secret.as_bytes(), &[b"huishou ", purpose.as_bytes()])
}

/// A keyed hash over parts of any length; where one part ends and the next begins counts.
#[must_use]
pub fn seal(key: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    let lengths: Vec<[u8; 8]> = parts
        .iter()
        .map(|p| (p.len() as u64).to_be_bytes())
        .collect();
    let framed = parts.iter().zip(&lengths);
    let framed: Vec<&[u8]> = framed
        .flat_map(|(p, n)| [n.as_slice(), p.as_bytes()])
        .collect();
    mac(key, &framed)
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
