//! Pairing codes: eight characters that can be read out over the telephone, good for one device.

use chrono::TimeDelta;
use hmac::{Hmac, Mac};
use rand::Rng;
use sha2::Sha256;

/// Digits and letters that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Length of a code.
const LENGTH: usize = 8;
/// How long a code made by an administrator is good.
pub const LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How long the demo's codes are good.
pub const DEMO_LIFETIME: TimeDelta = TimeDelta::days(30);

/// A new code.
#[must_use]
pub fn new_code() -> String {
    let mut random = rand::rng();
    (0..LENGTH)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

/// The code as typed, in the form it was made: capitals, no blanks or hyphens, O for 0 and I or L for 1 forgiven.
/// None if it cannot be one.
#[must_use]
pub fn normalise(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    let fits = code.len() == LENGTH && code.bytes().all(|b| ALPHABET.contains(&b));
    fits.then_some(code)
}

/// What is stored of a code.
#[must_use]
pub fn hash(key: &[u8; 32], code: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(code.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_as_people_type() {
        assert_eq!(normalise("abcd-23 o1").as_deref(), Some("ABCD2301"));
        assert_eq!(normalise("ABCD230l").as_deref(), Some("ABCD2301"));
        for odd in [
            "",
            "ABCD230",
            "ABCD23011",
            "ABCD230U",
            "密码ABCD",
            "ABCD230\0",
        ] {
            assert_eq!(normalise(odd), None, "{odd:?}");
        }
        let code = new_code();
        assert_eq!(normalise(&code), Some(code), "what is made can be typed");
    }
}
