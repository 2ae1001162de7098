//! The signature of a call (integrations.md): hex HMAC-SHA256 with the key's secret over
//! METHOD + path?query + timestamp + nonce + hex(sha256(body)).

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `POST`.
    pub method: &'a str,
    /// As it stands in the request line: `/open/v1/slots?division=330106&date=2026-11-24`.
    pub target: &'a str,
    /// Unix time in seconds, as sent.
    pub timestamp: &'a str,
    /// As sent.
    pub nonce: &'a str,
    /// The bytes as sent; empty where there are none.
    pub body: &'a [u8],
}

/// The signature, 64 lower-case hexadecimal digits.
#[must_use]
pub fn sign(secret: &str, signed: &Signed<'_>) -> String {
    let Signed {
        method,
        target,
        timestamp,
        nonce,
        body,
    } = *signed;
    let hash = hex(&Sha256::digest(body));
    let text = [method, target, timestamp, nonce, &hash];
    hex(&mac(
        secret.as_bytes(),
        text.iter().map(|part| part.as_bytes()),
    ))
}

/// Whether the signature is that of this request; takes as long for every wrong one. Upper-case digits are taken too.
#[must_use]
pub fn fits(secret: &str, signed: &Signed<'_>, given: &str) -> bool {
    let given = given.to_ascii_lowercase();
    sign(secret, signed)
        .as_bytes()
        .ct_eq(given.as_bytes())
        .into()
}

/// The secret of a key's generation, 64 hexadecimal digits.
pub(super) fn secret(master: &[u8; 32], key: Uuid, generation: u32) -> String {
    let parts: [&[u8]; 2] = [key.as_bytes(), &generation.to_be_bytes()];
    hex(&mac(master, parts.into_iter()))
}

fn mac<'a>(key: &[u8], parts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Computed by Python's hmac and by openssl.
    const CASES: [(&str, Signed<'_>, &str); 2] = [
        (
            "5f0c9d0b7a3e4d21b6c8e1f2a4957d3360817b2c4e5f6a7d8091a2b3c4d5e6f7",
            Signed {
                method: "GET",
                target: "/open/v1/slots?division=330106&date=2026-11-24",
                timestamp: "1795485600",
                nonce: "6f1b2c3d4e5f60718293a4b5",
                body: b"",
            },
            "2073f26e70ceee21c08b5fa8cd085c522fdbea1821e4e3e42174c469570f9990",
        ),
        (
            "5f0c9d0b7a3e4d21b6c8e1f2a4957d3360817b2c4e5f6a7d8091a2b3c4d5e6f7",
            Signed {
                method: "POST",
                target: "/open/v1/quotes",
                timestamp: "1795485600",
                nonce: "0d9e8f7a6b5c4d3e2f1a0b9c",
                body: br#"{"city":"330100","items":[{"category":"paper/cardboard","quantity":"12.5"}]}"#,
            },
            "e15b5daa96e6d174bcc6fe7f07745d5256d72cf83bc549400595af776a251ffb",
        ),
    ];

    #[test]
    fn a_signature_is_what_others_compute() {
        for (secret, signed, expected) in CASES {
            assert_eq!(sign(secret, &signed), expected);
            assert!(fits(secret, &signed, &expected.to_uppercase()));
        }
    }

    #[test]
    fn whatever_is_changed_no_longer_fits() {
        let (secret, signed, expected) = CASES[1];
        let others = [
            Signed {
                method: "PUT",
                ..signed
            },
            Signed {
                target: "/open/v1/quotes?x=1",
                ..signed
            },
            Signed {
                timestamp: "1795399201",
                ..signed
            },
            Signed {
                nonce: "another-nonce",
                ..signed
            },
            Signed {
                body: b"{}",
                ..signed
            },
        ];
        for other in others {
            assert!(!fits(secret, &other, expected), "{other:?}");
        }
        assert!(!fits("another secret", &signed, expected));
        assert!(!fits(secret, &signed, &expected[..63]));
        assert!(!fits(secret, &signed, ""));
    }

    #[test]
    fn each_key_and_generation_has_its_own_secret() {
        let (master, one, two) = ([7; 32], Uuid::from_u128(1), Uuid::from_u128(2));
        let all = [
            secret(&master, one, 1),
            secret(&master, one, 2),
            secret(&master, two, 1),
            secret(&[8; 32], one, 1),
        ];
        let mut different = all.to_vec();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), all.len());
        assert_eq!(secret(&master, one, 1), all[0]);
        assert_eq!(all[0].len(), 64);
    }
}
