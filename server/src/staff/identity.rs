//! The server's own keys: one that signs what devices must not take from anybody else, and one to which a device's
//! store key is sealed, so that it can be given back when the device's keyring was reset. Devices pin the public halves
//! at registration.

use super::derived;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use crypto_box::{PublicKey, SecretKey, aead::OsRng};
use ed25519_dalek::{Signer, SigningKey};
use huishou_domain::{
    ids::DeviceId,
    sync::revocation::{Mode, Statement, statement_text},
};
use zeroize::Zeroizing;

/// The server's keys.
pub struct Identity {
    signing: SigningKey,
    recovery: SecretKey,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Identity")
            .field("server_key", &self.server_key())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// The keys that follow from a secret; the same on every instance and for ever.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let seed = Zeroizing::new(derived(secret, "device statements"));
        Self {
            signing: SigningKey::from_bytes(&seed),
            recovery: SecretKey::from(derived(secret, "store recovery")),
        }
    }

    /// Public half of the signing key, base64.
    #[must_use]
    pub fn server_key(&self) -> String {
        STANDARD.encode(self.signing.verifying_key().to_bytes())
    }

    /// Public half of the recovery key, base64.
    #[must_use]
    pub fn recovery_key(&self) -> String {
        STANDARD.encode(self.recovery.public_key().as_bytes())
    }

    /// The signed word that a device is shut out.
    #[must_use]
    pub fn statement(&self, device: DeviceId, mode: Mode, at: DateTime<Utc>) -> Statement {
        let text = statement_text(device, mode, at);
        Statement {
            device,
            mode,
            at,
            signature: STANDARD.encode(self.signing.sign(text.as_bytes()).to_bytes()),
        }
    }

    /// What a device sealed for the recovery key; none if it was not, or was changed.
    #[must_use]
    pub fn unseal(&self, sealed: &str) -> Option<Zeroizing<String>> {
        let bytes = Zeroizing::new(self.recovery.unseal(&STANDARD.decode(sealed).ok()?).ok()?);
        Some(Zeroizing::new(std::str::from_utf8(&bytes).ok()?.to_owned()))
    }
}

/// Seals a text for the holder of a public key (X25519, base64); none if it is no key.
#[must_use]
pub fn seal_for(public: &str, text: &str) -> Option<String> {
    let bytes: [u8; 32] = STANDARD.decode(public).ok()?.try_into().ok()?;
    let sealed = PublicKey::from(bytes)
        .seal(&mut OsRng, text.as_bytes())
        .ok()?;
    Some(STANDARD.encode(sealed))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::staff::signature;

    const SECRET: &str = "a secret of at least thirty-two bytes";

    #[test]
    fn what_the_server_says_of_a_device_is_signed_and_fits_nothing_else() {
        let (identity, device) = (Identity::new(SECRET), DeviceId(uuid::Uuid::now_v7()));
        let said = identity.statement(device, Mode::Leave, Utc::now());
        let key = signature::public_key(&identity.server_key()).unwrap();
        assert!(signature::verify(&key, &said.text(), &said.signature));
        let worse = Statement {
            mode: Mode::Stolen,
            ..said.clone()
        };
        assert!(!signature::verify(&key, &worse.text(), &said.signature));
        let other = Identity::new("another secret of thirty-two bytes or more");
        assert_ne!(other.server_key(), identity.server_key());
        assert_eq!(Identity::new(SECRET).server_key(), identity.server_key());
    }

    #[test]
    fn what_is_sealed_for_the_server_only_the_server_opens() {
        let identity = Identity::new(SECRET);
        let sealed = seal_for(&identity.recovery_key(), "00ff").unwrap();
        assert_eq!(&**identity.unseal(&sealed).unwrap(), "00ff");
        let other = Identity::new("another secret of thirty-two bytes or more");
        assert_eq!(other.unseal(&sealed), None);
        let mut changed = STANDARD.decode(&sealed).unwrap();
        changed[40] ^= 1;
        assert_eq!(identity.unseal(&STANDARD.encode(changed)), None);
        assert_eq!(seal_for("no key", "x"), None);
    }

    #[test]
    fn no_key_is_shown() {
        let shown = format!("{:?}", Identity::new(SECRET));
        assert!(
            shown.starts_with("Identity { server_key: ") && shown.ends_with(", .. }"),
            "{shown}"
        );
    }
}
