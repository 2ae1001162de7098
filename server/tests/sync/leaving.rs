//! Devices that are shut out, hand in their outbox, or ask for their store's key back.

use super::support::{Ground, Phone};
use base64::{Engine, engine::general_purpose::STANDARD};
use blackbox::on_each_database;
use chrono::TimeDelta;
use crypto_box::{SecretKey, aead::OsRng};
use ed25519_dalek::{Signer, SigningKey};
use huishou_domain::{
    blob::{PART, hash_of, name_of},
    ids::DeviceId,
    sync::revocation::{
        Mode, Statement, picture_text, quarantine_text, recovery_text, sealed_text,
    },
};
use huishou_server::{
    blobs::{Done, Part},
    problem::Problem,
    staff::{
        identity::seal_for,
        pairing,
        quarantine::{self, HandedIn, Kept},
        recovery::{self, Asked},
        register::{self, NewDevice},
        revoke, signature,
    },
    store::{devices, pairing as codes, worklist::Wanted},
};
use serde_json::{json, value::RawValue};
use uuid::Uuid;

/// A device that knows its own key.
struct Tablet {
    key: SigningKey,
    id: DeviceId,
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|i| Uuid::new_v4().as_bytes()[i % 16]))
}

fn public(key: &SigningKey) -> String {
    STANDARD.encode(key.verifying_key().to_bytes())
}

fn sign(key: &SigningKey, text: &str) -> String {
    STANDARD.encode(key.sign(text.as_bytes()).to_bytes())
}

async fn code(ground: &Ground) -> String {
    let code = pairing::new_code();
    let (hash, now) = (
        pairing::hash(&ground.app.desk.pairing_key, &code),
        ground.app.now(),
    );
    let term = (now, now + TimeDelta::hours(24));
    let mut conn = ground.app.db.read().await.unwrap();
    codes::insert(&mut conn, hash, None, Some(ground.admin), term)
        .await
        .unwrap();
    code
}

impl Tablet {
    async fn register(ground: &Ground) -> Self {
        let key = key();
        let new = NewDevice {
            pairing_code: code(ground).await,
            name: "张师傅的平板".into(),
            platform: "linux".into(),
            public_key: public(&key),
        };
        let device = register::register(&ground.app, &new, "192.0.2.7")
            .await
            .unwrap();
        Self {
            key,
            id: DeviceId(device.id),
        }
    }

    fn handing_in(&self, raws: &[&str]) -> HandedIn {
        let signature = sign(&self.key, &quarantine_text(self.id, raws.iter().copied()));
        let raws = raws
            .iter()
            .map(|raw| RawValue::from_string((*raw).to_owned()).unwrap());
        HandedIn {
            device: self.id,
            mutations: raws.collect(),
            signature,
        }
    }

    async fn hears(&self, ground: &Ground) -> Option<Statement> {
        let mut conn = ground.app.db.read().await.unwrap();
        let device = devices::find(&mut conn, self.id).await.unwrap().unwrap();
        drop(conn);
        revoke::statement(&ground.app, &device).await.unwrap()
    }

    fn asks(&self, new: &SigningKey, code: &str, wrapped: &str, reply_to: &SecretKey) -> Asked {
        let reply_to = STANDARD.encode(reply_to.public_key().as_bytes());
        Asked {
            pairing_code: code.to_owned(),
            public_key: public(new),
            signature: sign(new, &recovery_text(self.id, wrapped, &reply_to)),
            wrapped: wrapped.to_owned(),
            reply_to,
        }
    }
}

async fn handed(ground: &Ground, closed: bool) -> Vec<quarantine::Listed> {
    let wanted = Wanted {
        closed,
        before: None,
        most: 100,
    };
    quarantine::list(&ground.app, wanted).await.unwrap()
}

async fn rows(ground: &Ground) -> Vec<huishou_server::store::quarantine::Entry> {
    let listed = handed(ground, false).await;
    listed.into_iter().map(|row| row.entry).collect()
}

/// A PNG of this size by its first bytes.
fn picture(size: usize, mark: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.resize(size, mark);
    bytes
}

impl Tablet {
    /// Hands `bytes[from..to]` of a picture in.
    async fn brings(
        &self,
        ground: &Ground,
        bytes: &[u8],
        (from, to): (usize, usize),
    ) -> Result<Done, Problem> {
        let name = name_of(bytes);
        let part = Part {
            start: u32::try_from(from).unwrap(),
            total: u32::try_from(bytes.len()).unwrap(),
            bytes: &bytes[from..to],
        };
        let text = picture_text(self.id, &name, part.start, part.total, part.bytes);
        let signature = sign(&self.key, &text);
        let hash = hash_of(&name).unwrap();
        quarantine::hand_picture_in(&ground.app, self.id, &hash, part, &signature).await
    }
}

const STORE_KEY: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

on_each_database! {
    async fn a_device_hears_the_signed_word_and_once_stolen_it_stays_stolen(db) {
        let ground = Ground::on(db).await;
        let tablet = Tablet::register(&ground).await;
        assert_eq!(tablet.hears(&ground).await, None);
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        let first = tablet.hears(&ground).await.unwrap();
        let pinned = signature::public_key(&ground.app.identity.server_key()).unwrap();
        assert!(signature::verify(&pinned, &first.text(), &first.signature));
        assert!(first.concerns(tablet.id, TimeDelta::zero()));
        ground.app.clock.advance(TimeDelta::minutes(5));
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        assert_eq!(tablet.hears(&ground).await.as_ref(), Some(&first), "the same word again");
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Stolen).await.unwrap();
        let stolen = tablet.hears(&ground).await.unwrap();
        assert_eq!(stolen.mode, Mode::Stolen);
        assert!(signature::verify(&pinned, &stolen.text(), &stolen.signature) && stolen.at > first.at);
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        assert_eq!(tablet.hears(&ground).await, Some(stolen));
        let nobodys = revoke::revoke(&ground.app, ground.admin, DeviceId(Uuid::now_v7()), Mode::Leave).await;
        assert_eq!(nobodys.unwrap_err().status, 404);
    }

    async fn a_device_shut_out_before_modes_were_known_leaves(db) {
        let ground = Ground::on(db).await;
        let tablet = Tablet::register(&ground).await;
        db.execute("UPDATE devices SET revoked_at = '2026-01-02 03:04:05.678'").await;
        let said = tablet.hears(&ground).await.unwrap();
        assert_eq!((said.mode, huishou_domain::time::wire(said.at).as_str()), (Mode::Leave, "2026-01-02T03:04:05.678Z"));
    }

    async fn a_leavers_outbox_is_kept_once_byte_for_byte(db) {
        let ground = Ground::on(db).await;
        let tablet = Tablet::register(&ground).await;
        let raws = [r#"{"id":1, "uid":"019b7523-3400-7000-8000-00000000000c","name":"order.pay@1"}"#, r#"{"id":2,"name":"appointment.complete@1"}"#, "17"];
        let early = quarantine::hand_in(&ground.app, &tablet.handing_in(&raws)).await.unwrap_err();
        assert_eq!((early.status, early.code.as_str()), (409, "not_revoked"));
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        let kept = quarantine::hand_in(&ground.app, &tablet.handing_in(&raws[..2])).await.unwrap();
        assert_eq!(kept, Kept { kept: 2, total: 2 });
        let again = quarantine::hand_in(&ground.app, &tablet.handing_in(&raws)).await.unwrap();
        assert_eq!(again, Kept { kept: 1, total: 3 }, "the answer was lost: only what is new is added");
        let (one, other) = (tablet.handing_in(&raws), tablet.handing_in(&raws));
        let (a, b) = tokio::join!(quarantine::hand_in(&ground.app, &one), quarantine::hand_in(&ground.app, &other));
        assert_eq!((a.unwrap().kept, b.unwrap().kept), (0, 0));
        let listed = rows(&ground).await;
        let mut texts: Vec<&str> = listed.iter().map(|row| row.raw.get()).collect();
        texts.sort_unstable();
        let mut wanted = raws;
        wanted.sort_unstable();
        assert_eq!(texts, wanted, "byte for byte");
        assert!(listed.iter().all(|row| row.outcome.is_none() && row.device_name.as_deref() == Some("张师傅的平板")));
        let first = listed.iter().find(|row| row.mutation_id == Some(1)).unwrap();
        let closing = async |key| quarantine::close(&ground.app, ground.admin, key, "已入账", None).await;
        assert_eq!(closing(first.id).await.unwrap().status, 204);
        assert_eq!(closing(first.id).await.unwrap_err().status, 404, "closed already");
        assert_eq!(rows(&ground).await.len(), 2);
        let closed = handed(&ground, true).await;
        assert_eq!(closed[0].entry.resolution.as_deref(), Some("已入账"));
    }

    async fn the_list_says_what_had_taken_effect_before(db) {
        let ground = Ground::on(db).await;
        let booked = ground.booking(Some(ground.zhang)).await;
        let mut phone: Phone = ground.device(ground.zhang).await;
        let args = json!({"appointment_id": booked.appointment});
        let raw = phone.mutation("appointment.start", &args).to_string();
        phone.push_all(std::slice::from_ref(&raw)).await.unwrap();
        let tablet = Tablet::register(&ground).await;
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        quarantine::hand_in(&ground.app, &tablet.handing_in(&[&raw, r#"{"id":2}"#])).await.unwrap();
        let listed = rows(&ground).await;
        let outcome = |id| listed.iter().find(|row| row.mutation_id == Some(id)).unwrap().outcome.clone();
        assert_eq!((outcome(1).as_deref(), outcome(2)), (Some("applied"), None));
    }

    async fn only_the_leaver_itself_hands_in(db) {
        let ground = Ground::on(db).await;
        let (tablet, other) = (Tablet::register(&ground).await, Tablet::register(&ground).await);
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        let fails = async |handed: HandedIn| quarantine::hand_in(&ground.app, &handed).await.unwrap_err().code;
        let forged = Tablet { key: other.key.clone(), id: tablet.id };
        assert_eq!(fails(forged.handing_in(&["{}"])).await, "bad_signature");
        let changed = HandedIn { mutations: vec![RawValue::from_string("1".into()).unwrap()], ..tablet.handing_in(&["2"]) };
        assert_eq!(fails(changed).await, "bad_signature", "not what was signed");
        let unknown = Tablet { key: key(), id: DeviceId(Uuid::now_v7()) };
        assert_eq!(fails(unknown.handing_in(&["{}"])).await, "device_unknown");
        let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(fails(tablet.handing_in(&many)).await, "push_too_large");
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Stolen).await.unwrap();
        let stolen: Problem = quarantine::hand_in(&ground.app, &tablet.handing_in(&["{}"])).await.unwrap_err();
        assert_eq!((stolen.status, stolen.code.as_str()), (403, "device_revoked"));
        assert_eq!(stolen.more.unwrap()["statement"]["mode"], "stolen");
        assert_eq!(db.count("SELECT COUNT(*) FROM quarantined_mutations").await, 0);
    }

    async fn a_leavers_pictures_come_in_parts_and_the_list_says_which_are_here(db) {
        let ground = Ground::on(db).await;
        let tablet = Tablet::register(&ground).await;
        let (photo, signature, lost) = (picture(PART + 9, 1), picture(500, 2), picture(40, 3));
        let early = tablet.brings(&ground, &photo, (0, PART)).await.unwrap_err();
        assert_eq!((early.status, early.code.as_str()), (409, "not_revoked"));
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        let weigh = json!({"id": 1, "name": "order.weigh@1", "args": {"photos": [name_of(&photo), name_of(&lost)]}}).to_string();
        let accept = json!({"id": 2, "name": "order.accept@1", "args": {"blob": name_of(&signature)}}).to_string();
        quarantine::hand_in(&ground.app, &tablet.handing_in(&[&weigh, &accept])).await.unwrap();

        let first = tablet.brings(&ground, &photo, (0, PART)).await.unwrap();
        assert!(!first.progress.is_whole());
        let astray = tablet.brings(&ground, &photo, (5, 9)).await.unwrap_err();
        assert_eq!((astray.code.as_str(), &astray.more.unwrap()["expected"]), ("offset_mismatch", &json!(PART)));
        let whole = tablet.brings(&ground, &photo, (PART, PART + 9)).await.unwrap();
        assert!(whole.progress.is_whole() && whole.is_new);
        let again = tablet.brings(&ground, &photo, (0, PART)).await.unwrap();
        assert!(again.progress.is_whole() && !again.is_new, "the last answer was lost");
        tablet.brings(&ground, &signature, (0, 500)).await.unwrap();
        assert_eq!(db.count("SELECT COUNT(*) FROM quarantined_pictures").await, 2);

        let rows = handed(&ground, false).await;
        let of = |id| rows.iter().find(|row| row.entry.mutation_id == Some(id)).unwrap();
        let mut named = vec![(name_of(&photo), true), (name_of(&lost), false)];
        named.sort();
        let shown: Vec<(String, bool)> = of(1).pictures.iter().map(|p| (p.sha256.clone(), p.here)).collect();
        assert_eq!((shown, of(1).pictures_missing), (named, 1));
        assert_eq!((of(2).pictures.len(), of(2).pictures_missing), (1, 0));
    }

    async fn a_leavers_pictures_have_bounds_and_nobody_else_hands_any_in(db) {
        let ground = Ground::on(db).await;
        let (tablet, other) = (Tablet::register(&ground).await, Tablet::register(&ground).await);
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Leave).await.unwrap();
        let code = async |who: &Tablet, bytes: &[u8], part| who.brings(&ground, bytes, part).await.unwrap_err().code;
        let small = picture(100, 1);
        let forged = Tablet { key: other.key.clone(), id: tablet.id };
        assert_eq!(code(&forged, &small, (0, 100)).await, "bad_signature");
        let unknown = Tablet { key: key(), id: DeviceId(Uuid::now_v7()) };
        assert_eq!(code(&unknown, &small, (0, 100)).await, "device_unknown");
        let part = Part { start: 0, total: 100, bytes: &small };
        let signed = sign(&tablet.key, &picture_text(tablet.id, &name_of(&small), 0, 100, b"other bytes"));
        let swapped = quarantine::hand_picture_in(&ground.app, tablet.id, &hash_of(&name_of(&small)).unwrap(), part, &signed).await;
        assert_eq!(swapped.unwrap_err().code, "bad_signature", "not the bytes that were signed");
        assert_eq!(code(&tablet, b"%PDF-1.7 no picture", (0, 19)).await, "blob_type_unsupported");
        assert_eq!(db.count("SELECT COUNT(*) FROM quarantined_pictures").await, 0);

        let filled = format!("INSERT INTO quarantined_pictures VALUES (UNHEX('{}'), REPEAT('x', 32), 2147483600, NOW())", tablet.id.0.simple());
        db.execute(&filled).await;
        assert_eq!(code(&tablet, &small, (0, 100)).await, "quarantine_full");
        assert!(tablet.brings(&ground, &picture(40, 2), (0, 40)).await.unwrap().progress.is_whole(), "what still fits is taken");
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Stolen).await.unwrap();
        assert_eq!(code(&tablet, &picture(20, 2), (0, 20)).await, "device_revoked");
    }

    async fn a_device_gets_its_stores_key_back_by_a_pairing_code(db) {
        let ground = Ground::on(db).await;
        let (tablet, other) = (Tablet::register(&ground).await, Tablet::register(&ground).await);
        let wrapped = seal_for(&ground.app.identity.recovery_key(), &sealed_text(tablet.id, STORE_KEY)).unwrap();
        let (new, reply) = (key(), SecretKey::generate(&mut OsRng));
        let recover = async |id: DeviceId, asked: Asked| recovery::recover(&ground.app, id, &asked, "192.0.2.7").await;
        let unpermitted = recover(tablet.id, tablet.asks(&new, "ZZZZZZZZ", &wrapped, &reply)).await;
        assert_eq!(unpermitted.unwrap_err().code, "bad_pairing_code");
        let permit = code(&ground).await;
        let unproven = Asked { signature: sign(&key(), "x"), ..tablet.asks(&new, &permit, &wrapped, &reply) };
        assert_eq!(recover(tablet.id, unproven).await.unwrap_err().code, "bad_signature");
        let anothers = recover(other.id, other.asks(&new, &permit, &wrapped, &reply)).await;
        assert_eq!(anothers.unwrap_err().code, "not_this_devices_key", "a key is given back in no other device's name");

        let sealed = recover(tablet.id, tablet.asks(&new, &permit, &wrapped, &reply)).await.unwrap();
        let open = |sealed: &str| reply.unseal(&STANDARD.decode(sealed).unwrap()).unwrap();
        assert_eq!(open(&sealed), STORE_KEY.as_bytes());
        let again = recover(tablet.id, tablet.asks(&new, &permit, &wrapped, &reply)).await.unwrap();
        assert_eq!(open(&again), STORE_KEY.as_bytes(), "the answer was lost");
        let thief = key();
        let used = recover(tablet.id, tablet.asks(&thief, &permit, &wrapped, &reply)).await;
        assert_eq!(used.unwrap_err().code, "pairing_code_used");
        let mut conn = ground.app.db.read().await.unwrap();
        let now = devices::find(&mut conn, tablet.id).await.unwrap().unwrap();
        drop(conn);
        assert_eq!(now.public_key, new.verifying_key().to_bytes(), "the device's key is the new one");
        assert_eq!(db.count("SELECT COUNT(*) FROM device_recoveries").await, 1, "audited once");
        assert_eq!(db.texts("SELECT LOWER(HEX(permitted_by)) FROM device_recoveries").await, [ground.admin.0.simple().to_string()]);

        let late = code(&ground).await;
        ground.app.clock.advance(TimeDelta::hours(25));
        let expired = recover(tablet.id, tablet.asks(&thief, &late, &wrapped, &reply)).await;
        assert_eq!(expired.unwrap_err().code, "pairing_code_expired");
        revoke::revoke(&ground.app, ground.admin, tablet.id, Mode::Stolen).await.unwrap();
        let stolen = recover(tablet.id, tablet.asks(&key(), &code(&ground).await, &wrapped, &reply)).await.unwrap_err();
        assert_eq!(stolen.code, "device_revoked", "a stolen device gets nothing back");
        assert_eq!(stolen.more.unwrap()["statement"]["mode"], "stolen");
    }
}
