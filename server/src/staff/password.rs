//! Passwords of staff: argon2id, off the async threads, a few at a time.

use crate::problem::Problem;
use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{SaltString, rand_core::OsRng},
};
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// Shortest password.
pub const SHORTEST: usize = 8;
/// Longest password, in bytes: hashing megabytes is nobody's wish.
pub const LONGEST: usize = 256;
/// Hashed at once: each takes 19 MiB and a core.
static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// Verified for a user name nobody has, so that the answer takes as long.
static NOBODYS: LazyLock<String> =
    LazyLock::new(|| hash_now("nobody's password").unwrap_or_default());

/// Hashes a password.
///
/// # Errors
/// Only a fault of the library.
pub async fn hash(password: String) -> Result<String, Problem> {
    off_thread(move || hash_now(&password))
        .await?
        .ok_or_else(|| Problem::internal("a password could not be hashed"))
}

/// Whether the password is the one hashed; without a hash it takes as long and is false.
///
/// # Errors
/// Only a fault of the runtime.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    off_thread(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.clone());
        let fits = PasswordHash::new(&hash).is_ok_and(|h| {
            Argon2::default()
                .verify_password(password.as_bytes(), &h)
                .is_ok()
        });
        // Counted where the work is done, so that a test sees that an unknown name makes as much of it.
        metrics::counter!("password_checks_total").increment(1);
        known && fits
    })
    .await
}

/// The same hash, for the command line and set-up, which have no other work to hold up.
#[must_use]
pub fn hash_now(password: &str) -> Option<String> {
    let salt = SaltString::generate(&mut OsRng);
    Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .ok()
        .map(|hash| hash.to_string())
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let _turn = AT_ONCE
        .acquire()
        .await
        .map_err(|_| Problem::internal("the server is stopping"))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Problem::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_and_nobody_has_none() {
        let stored = hash("回收 2026 𠮷".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(
            verify("回收 2026 𠮷".to_owned(), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(!verify("回收 2026".to_owned(), Some(stored)).await.unwrap());
        assert!(
            !verify("nobody's password".to_owned(), None).await.unwrap(),
            "not even the stand-in's own password"
        );
    }
}
