//! The device's Ed25519 key pair: made once, its private half never leaves the device.

use super::{DEVICE_KEY, Secrets, random_bytes};
use crate::error::{Error, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

/// The key pair.
pub struct DeviceKey(SigningKey);

impl DeviceKey {
    /// The device's key pair, made at its first use.
    ///
    /// # Errors
    /// Of the keyring or the store; `device_key_broken` when what is stored is no key.
    pub fn of(secrets: &dyn Secrets) -> Result<Self> {
        if let Some(bytes) = secrets.get(DEVICE_KEY)?.map(Zeroizing::new) {
            let bytes = <&[u8; 32]>::try_from(bytes.as_slice())
                .map_err(|_| Error::code("device_key_broken"))?;
            return Ok(Self(SigningKey::from_bytes(bytes)));
        }
        Self::anew(secrets)
    }

    /// A new key pair in place of the one there was.
    ///
    /// # Errors
    /// Of the keyring or the store.
    pub fn anew(secrets: &dyn Secrets) -> Result<Self> {
        let bytes = Zeroizing::new(random_bytes::<32>());
        secrets.set(DEVICE_KEY, bytes.as_slice())?;
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

/// Whether `signature` (base64) is that of the key (Ed25519, base64) over `text`.
#[must_use]
pub fn is_signed(public: &str, text: &str, signature: &str) -> bool {
    let key = BASE64.decode(public).ok();
    let key = key.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let key = key.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let signature = BASE64.decode(signature).ok();
    let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
    match (key, signature) {
        (Some(key), Some(signature)) => key.verify_strict(text.as_bytes(), &signature).is_ok(),
        _ => false,
    }
}
