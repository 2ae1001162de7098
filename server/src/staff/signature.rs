//! What a device signs with its Ed25519 key: signing in and refreshing. The texts are fixed; `huishou-device` and the
//! app make the same.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use huishou_domain::ids::DeviceId;

/// Signed to sign in; `client_time` is the text of the request as it stands there.
#[must_use]
pub fn session_text(device: DeviceId, username: &str, client_time: &str) -> String {
    format!("huishou-session\n{device}\n{username}\n{client_time}")
}

/// Signed to refresh.
#[must_use]
pub fn refresh_text(device: DeviceId, refresh_token: &str) -> String {
    format!("huishou-refresh\n{device}\n{refresh_token}")
}

/// Reads a public key: 32 bytes in base64, a point of the curve and not one of the weak ones.
#[must_use]
pub fn public_key(base64: &str) -> Option<[u8; 32]> {
    let bytes: [u8; 32] = STANDARD.decode(base64).ok()?.try_into().ok()?;
    let key = VerifyingKey::from_bytes(&bytes).ok()?;
    (!key.is_weak()).then_some(bytes)
}

/// Whether `signature` (base64) is the key's over `text`.
#[must_use]
pub fn verify(public_key: &[u8], text: &str, signature: &str) -> bool {
    let key = <[u8; 32]>::try_from(public_key)
        .ok()
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let signature = STANDARD
        .decode(signature)
        .ok()
        .and_then(|bytes| Signature::from_slice(&bytes).ok());
    match (key, signature) {
        (Some(key), Some(signature)) => key.verify_strict(text.as_bytes(), &signature).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};
    use uuid::Uuid;

    #[test]
    fn a_device_proves_itself_by_its_key_over_the_exact_text() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = public_key(&STANDARD.encode(key.verifying_key().to_bytes())).unwrap();
        let text = session_text(DeviceId(Uuid::nil()), "zhang", "2026-11-23T02:00:00.000Z");
        assert_eq!(
            text,
            "huishou-session\n00000000-0000-0000-0000-000000000000\nzhang\n2026-11-23T02:00:00.000Z"
        );
        let signature = STANDARD.encode(key.sign(text.as_bytes()).to_bytes());
        assert!(verify(&public, &text, &signature));
        assert!(
            !verify(&public, &text.replace("zhang", "li"), &signature),
            "another person's sign-in"
        );
        assert!(!verify(&public, &text, "AAAA"), "no signature at all");
        assert_eq!(
            public_key(&STANDARD.encode([0; 32])),
            None,
            "a weak key is refused"
        );
        assert_eq!(public_key("AAAA"), None);
    }
}
