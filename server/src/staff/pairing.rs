//! Pairing codes: eight characters that can be read out over the telephone, good for one device.

use super::seal;
use chrono::TimeDelta;
use rand::Rng;
use uuid::Uuid;

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

/// The code of a seed. The seed may be stored: without the server's key nobody makes the code from it.
#[must_use]
pub fn of_seed(key: &[u8; 32], seed: Uuid) -> String {
    let sealed = seal(key, &[&seed.to_string()]);
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
    sealed.iter().take(LENGTH).map(letter).collect()
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
    super::mac(key, &[code.as_bytes()])
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
        for code in [new_code(), of_seed(&[7; 32], Uuid::from_u128(1))] {
            assert_eq!(normalise(&code), Some(code), "what is made can be typed");
        }
    }

    #[test]
    fn a_seed_has_one_code_and_only_with_the_servers_key() {
        let (key, seed) = ([7; 32], Uuid::from_u128(1));
        assert_eq!(of_seed(&key, seed), of_seed(&key, seed));
        assert_ne!(of_seed(&key, seed), of_seed(&[8; 32], seed));
        assert_ne!(of_seed(&key, seed), of_seed(&key, Uuid::from_u128(2)));
    }
}
