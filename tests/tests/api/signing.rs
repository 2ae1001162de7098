//! A partner's signature, computed here once more from its description alone: HMAC (RFC 2104) over SHA-256.

use sha2::{Digest, Sha256};

const BLOCK: usize = 64;

/// hex HMAC-SHA256(secret, METHOD + path?query + timestamp + nonce + hex(sha256(body))).
pub fn sign(secret: &str, parts: &[&str; 4], body: &str) -> String {
    let text = parts.concat() + &hex(&Sha256::digest(body));
    let mut key = secret.as_bytes().to_vec();
    if key.len() > BLOCK {
        key = Sha256::digest(&key).to_vec();
    }
    key.resize(BLOCK, 0);
    let pad = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36), text.into_bytes()].concat());
    hex(&Sha256::digest([pad(0x5c), inner.to_vec()].concat()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
