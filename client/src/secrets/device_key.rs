//! The device's Ed25519 key pair: made once, its private half never leaves the device.

use super::{DEVICE_KEY, Secrets, random_bytes};
use crate::error::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{Signer, SigningKey};

/// The key pair.
pub struct DeviceKey(SigningKey);

impl DeviceKey {
    /// The device's key pair, made at its first use.
    ///
    /// # Errors
    /// Of the keyring or the store; `device_key_broken` when what is stored is no key.
    pub fn of(secrets: &dyn Secrets) -> Result<Self> {
        if let Some(bytes) = secrets.get(DEVICE_KEY)? {
            let bytes =
                <[u8; 32]>::try_from(bytes).map_err(|_| Error::code("device_key_broken"))?;
            return Ok(Self(SigningKey::from_bytes(&bytes)));
        }
        let bytes = random_bytes();
        secrets.set(DEVICE_KEY, &bytes)?;
        Ok(Self(SigningKey::from_bytes(&bytes)))
    }

    /// The public half, base64.
    #[must_use]
    pub fn public(&self) -> String {
        BASE64.encode(self.0.verifying_key().to_bytes())
    }

    /// A signature over the text's bytes, base64.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        BASE64.encode(self.0.sign(text.as_bytes()).to_bytes())
    }
}
