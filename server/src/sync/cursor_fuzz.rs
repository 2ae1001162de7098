//! Cursors changed at random: only what this server sealed opens, as what it was; nothing panics. `PROPTEST_CASES` says
//! how often.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn cases(few: u32) -> ProptestConfig {
    let said = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig::with_cases(said.and_then(|said| said.parse().ok()).unwrap_or(few))
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Admin),
        any::<u128>().prop_map(|id| Scope::Collector(Uuid::from_u128(id).into())),
        any::<u128>().prop_map(|id| Scope::Station(Uuid::from_u128(id).into())),
        "[0-9]{1,12}".prop_map(Scope::Catalog),
    ]
}

fn position() -> impl Strategy<Value = Position> {
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let snapshot = (any::<i64>(), kind, any::<Option<u128>>());
    let snapshot = snapshot.prop_map(|(base_seq, kind, after)| SnapshotPosition {
        base_seq,
        kind,
        after_id: after.map(Uuid::from_u128),
    });
    let position = (any::<i32>(), any::<i64>(), prop::option::of(snapshot));
    position.prop_map(|(generation, seq, snapshot)| Position {
        generation,
        seq,
        snapshot,
    })
}

fn cursor() -> impl Strategy<Value = Cursor> {
    let scopes = prop::collection::btree_map(scope(), position(), 0..6);
    let ids = (any::<u128>(), any::<u128>());
    let counts = (any::<i64>(), any::<u32>());
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let key = (kind, any::<u128>()).prop_map(|(kind, id)| (kind, Uuid::from_u128(id)));
    let tail = prop::collection::vec(key, 0..4);
    (ids, any::<String>(), counts, tail, scopes).prop_map(
        |((device, epoch), tag, (head, pages), tail, scopes)| Cursor {
            device: DeviceId(Uuid::from_u128(device)),
            epoch: Uuid::from_u128(epoch),
            head,
            tag,
            pages,
            tail,
            scopes,
        },
    )
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn whatever_was_sealed_opens_as_it_was_and_under_no_other_key(cursor in cursor(), key in any::<[u8; 32]>(), bit in 0..256_usize) {
        let text = cursor.seal(&key);
        prop_assert_eq!(Cursor::open(&text, &key), Ok(cursor));
        let mut other = key;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(Cursor::open(&text, &other), Err(BadCursor));
    }

    #[test]
    fn a_cursor_with_any_part_changed_does_not_open(
        cursor in cursor(), other in cursor(), key in any::<[u8; 32]>(), at in any::<prop::sample::Index>(), how in 0..6_u8, byte in any::<u8>(),
    ) {
        let text = cursor.seal(&key);
        let sealed = URL_SAFE_NO_PAD.decode(&text).unwrap();
        let mut forged = sealed.clone();
        let place = at.index(sealed.len());
        match how {
            0 => forged[place] = byte,
            1 => forged.truncate(place),
            2 => forged.insert(place, byte),
            // The code of one, the body of another.
            3 => forged.splice(MAC_BYTES.., serde_json::to_vec(&other).unwrap()).for_each(drop),
            // A code that everybody can compute.
            4 => forged.splice(..MAC_BYTES, mac(&[0; 32], &sealed[MAC_BYTES..])).for_each(drop),
            _ => forged.splice(..MAC_BYTES, [byte; MAC_BYTES]).for_each(drop),
        }
        prop_assume!(forged != sealed);
        prop_assert_eq!(Cursor::open(&URL_SAFE_NO_PAD.encode(&forged), &key), Err(BadCursor));
    }

    #[test]
    fn any_text_is_no_cursor(text in any::<String>(), word in "[A-Za-z0-9_-]{0,200}", key in any::<[u8; 32]>()) {
        prop_assert_eq!(Cursor::open(&text, &key), Err(BadCursor));
        prop_assert_eq!(Cursor::open(&word, &key), Err(BadCursor));
    }

    /// Even a body with the right code is read with care.
    #[test]
    fn an_authentic_body_of_another_form_is_refused_without_a_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in any::<String>(), key in any::<[u8; 32]>()) {
        for body in [body, text.into_bytes()] {
            let mut bytes = mac(&key, &body).to_vec();
            bytes.extend_from_slice(&body);
            prop_assert_eq!(Cursor::open(&URL_SAFE_NO_PAD.encode(bytes), &key), Err(BadCursor));
        }
    }
}
