//! The opaque `after` of lists: the last id seen, authenticated for the list and the caller, so that it can neither be
//! guessed nor carried elsewhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

const MAC_BYTES: usize = 8;

fn mac(key: &[u8; 32], list: &str, caller: Uuid, id: Uuid) -> Option<[u8; MAC_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(list.as_bytes());
    mac.update(&[0]);
    mac.update(caller.as_bytes());
    mac.update(id.as_bytes());
    mac.finalize()
        .into_bytes()
        .get(..MAC_BYTES)?
        .try_into()
        .ok()
}

/// The cursor behind an id.
#[must_use]
pub fn seal(key: &[u8; 32], list: &str, caller: Uuid, id: Uuid) -> String {
    let mut bytes = id.as_bytes().to_vec();
    bytes.extend(mac(key, list, caller, id).into_iter().flatten());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The id in a cursor; `None` for anything that was not sealed for this list and caller.
#[must_use]
pub fn open(key: &[u8; 32], list: &str, caller: Uuid, text: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (id, given) = bytes.split_at_checked(16)?;
    let id = Uuid::from_slice(id).ok()?;
    let ours = mac(key, list, caller, id)?;
    bool::from(subtle::ConstantTimeEq::ct_eq(&ours[..], given)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_for_its_list_and_its_caller() {
        let (key, caller, id) = ([7; 32], Uuid::from_u128(1), Uuid::from_u128(2));
        let text = seal(&key, "orders", caller, id);
        assert_eq!(open(&key, "orders", caller, &text), Some(id));
        assert_eq!(open(&key, "messages", caller, &text), None);
        assert_eq!(open(&key, "orders", Uuid::from_u128(3), &text), None);
        assert_eq!(open(&key, "orders", caller, &text[1..]), None);
        assert_eq!(open(&key, "orders", caller, "🂡"), None);
    }
}
