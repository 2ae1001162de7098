//! The open API: partners with an app key. Each call is signed; a partner sees only what came through its own key.

pub mod admit;
pub mod book;
pub mod keys;
pub mod read;
pub mod signature;

pub use admit::Partner;

use crate::staff::derived;
use uuid::Uuid;

/// What the open API needs: the secret behind the keys' secrets.
pub struct Open {
    secret: [u8; 32],
}

impl std::fmt::Debug for Open {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Open").finish_non_exhaustive()
    }
}

impl Open {
    /// With the server's secret behind all keys' secrets.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            secret: derived(secret, "open API keys"),
        }
    }

    /// A key's secret of one generation. It is stored nowhere.
    #[must_use]
    pub fn secret(&self, key: Uuid, generation: u32) -> String {
        signature::secret(&self.secret, key, generation)
    }
}
