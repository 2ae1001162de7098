//! Staff on their devices: pairing, signing in, refreshing, being shut out.

use super::support::Ground;
use base64::{Engine, engine::general_purpose::STANDARD};
use blackbox::on_each_database;
use chrono::TimeDelta;
use ed25519_dalek::{Signer, SigningKey};
use huishou_domain::{
    ids::{DeviceId, StationId},
    staff::Role,
};
use huishou_server::{
    admin::{self, people::NewPerson},
    app::State,
    auth::Audience,
    problem::Problem,
    refresh,
    staff::{
        AdminSession, StaffSession,
        register::{self, NewDevice},
        session::Bearer,
        sign_in::{self, Credentials, Session},
        signature,
    },
};
use uuid::Uuid;

/// The session that an access token is for.
async fn load(app: &State, token: &str) -> Result<StaffSession, Problem> {
    let claims = app.tokens.verify(token, Audience::Staff, app.now());
    let claims = claims.map_err(|fault| Problem::unauthorized(fault.as_str()))?;
    StaffSession::load(app, Bearer::of(claims)?).await
}

struct Laptop {
    key: SigningKey,
    id: DeviceId,
}

impl Laptop {
    fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.key.sign(text.as_bytes()).to_bytes())
    }

    async fn sign_in(
        &self,
        ground: &Ground,
        username: &str,
        password: &str,
    ) -> Result<Session, Problem> {
        let client_time = "2026-11-23T02:00:00.000Z".to_owned();
        let signature = self.sign(&signature::session_text(self.id, username, &client_time));
        let (username, password) = (username.to_owned(), password.to_owned());
        sign_in::sign_in(
            &ground.app,
            Credentials {
                username,
                password,
                device: self.id,
                signature,
                client_time,
            },
        )
        .await
    }

    async fn refresh(&self, ground: &Ground, token: &str) -> Result<Session, Problem> {
        let signature = self.sign(&signature::refresh_text(self.id, token));
        sign_in::refresh(&ground.app, token, self.id, &signature).await
    }
}

fn new_device(code: &str, key: &SigningKey) -> NewDevice {
    NewDevice {
        pairing_code: code.to_owned(),
        name: "张师傅的平板".to_owned(),
        platform: "linux".to_owned(),
        public_key: STANDARD.encode(key.verifying_key().to_bytes()),
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|i| Uuid::new_v4().as_bytes()[i % 16]))
}

const PASSWORD: &str = "一个好密码 2026";

async fn pairing_code(ground: &Ground, admin: &AdminSession, station: Option<StationId>) -> String {
    let made = admin::new_pairing_code(&ground.app, admin, station, None)
        .await
        .unwrap();
    made.body["code"].as_str().unwrap().to_owned()
}

/// An administrator on a device of their own, by the front door.
async fn administrator(ground: &Ground) -> (Laptop, Session, AdminSession) {
    let new = NewPerson {
        username: "boss".to_owned(),
        name: "Boss".to_owned(),
        role: Role::Admin,
        station: None,
    };
    admin::people::add(&ground.app, &new, PASSWORD.to_owned(), None)
        .await
        .unwrap();
    let key = key();
    let code = "ABCD2345";
    let hash = huishou_server::staff::pairing::hash(&ground.app.desk.pairing_key, code);
    let now = ground.app.now();
    let mut connection = ground.app.db.read().await.unwrap();
    huishou_server::store::pairing::insert(
        &mut connection,
        hash,
        None,
        None,
        (now, now + TimeDelta::hours(1)),
    )
    .await
    .unwrap();
    drop(connection);
    let device = register::register(&ground.app, &new_device(code, &key), "192.0.2.7")
        .await
        .unwrap();
    let laptop = Laptop {
        key,
        id: DeviceId(device.id),
    };
    let session = laptop.sign_in(ground, "boss", PASSWORD).await.unwrap();
    let loaded = load(&ground.app, &session.access_token).await.unwrap();
    (laptop, session, AdminSession::of(loaded).unwrap())
}

on_each_database! {
    async fn a_pairing_code_lets_one_device_in_once(db) {
        let ground = Ground::on(db).await;
        let (_, _, admin) = administrator(&ground).await;
        let code = pairing_code(&ground, &admin, Some(ground.west)).await;
        assert_eq!(code.len(), 8);
        assert_eq!(db.count(&format!("SELECT COUNT(*) FROM pairing_codes WHERE HEX(code_hash) LIKE '%{}%'", code)).await, 0, "only a hash is stored");
        let key = key();
        let typed = format!("{}-{}", code[..4].to_lowercase(), &code[4..]);
        let device = register::register(&ground.app, &new_device(&typed, &key), "192.0.2.7").await.unwrap();
        assert_eq!(device.station_id, Some(ground.west.0));
        let again = register::register(&ground.app, &new_device(&code, &key), "192.0.2.7").await.unwrap();
        assert_eq!(again.id, device.id, "the answer was lost: the same device");
        let other = SigningKey::from_bytes(&[77; 32]);
        assert_eq!(register::register(&ground.app, &new_device(&code, &other), "192.0.2.7").await.unwrap_err().code, "pairing_code_used");
        let late = pairing_code(&ground, &admin, None).await;
        ground.app.clock.advance(TimeDelta::hours(25));
        assert_eq!(register::register(&ground.app, &new_device(&late, &other), "192.0.2.7").await.unwrap_err().code, "pairing_code_expired");
        for bad in ["ZZZZZZZZ", "", "短", "ABCD2345ABCD"] {
            assert_eq!(register::register(&ground.app, &new_device(bad, &other), "192.0.2.7").await.unwrap_err().code, "bad_pairing_code");
        }
        for _ in 0..200 {
            let _ = register::register(&ground.app, &new_device("ZZZZZZZZ", &other), "192.0.2.7").await;
        }
        assert_eq!(register::register(&ground.app, &new_device("ZZZZZZZZ", &other), "192.0.2.7").await.unwrap_err().status, 429, "guessing is slowed down");
        let fresh = pairing_code(&ground, &admin, None).await;
        assert!(register::register(&ground.app, &new_device(&fresh, &other), "192.0.2.8").await.is_ok(), "and keeps nobody else out");
    }

    async fn signing_in_takes_the_password_and_the_devices_key(db) {
        let ground = Ground::on(db).await;
        let (laptop, session, _) = administrator(&ground).await;
        assert_eq!(session.expires_in, 900);
        assert_eq!(session.scopes.len(), 4, "two stations, one catalogue, the administrators' own");
        let wrong = laptop.sign_in(&ground, "boss", "wrong").await.unwrap_err();
        let nobody = laptop.sign_in(&ground, "nobody", PASSWORD).await.unwrap_err();
        assert_eq!((wrong.status, &wrong.code), (nobody.status, &nobody.code), "the same answer");
        assert_eq!(wrong.code, "bad_credentials");
        let stolen_password = Laptop { key: key(), id: laptop.id };
        assert_eq!(stolen_password.sign_in(&ground, "boss", PASSWORD).await.unwrap_err().code, "bad_signature");
        let unknown = Laptop { key: key(), id: DeviceId(Uuid::now_v7()) };
        assert_eq!(unknown.sign_in(&ground, "boss", PASSWORD).await.unwrap_err().code, "device_unknown");
        for _ in 0..8 { let _ = laptop.sign_in(&ground, "boss", "wrong").await; }
        let slowed = laptop.sign_in(&ground, "boss", PASSWORD).await.unwrap_err();
        assert_eq!((slowed.status, slowed.code.as_str()), (429, "too_many_attempts"));
        assert!(slowed.retry_after.is_some());
    }

    async fn refresh_tokens_rotate_and_a_lost_answer_is_no_theft(db) {
        let ground = Ground::on(db).await;
        let (laptop, first, _) = administrator(&ground).await;
        let second = laptop.refresh(&ground, &first.refresh_token).await.unwrap();
        let again = laptop.refresh(&ground, &first.refresh_token).await.unwrap();
        assert_eq!(second.refresh_token, again.refresh_token, "the same successor until it is used");
        let third = laptop.refresh(&ground, &second.refresh_token).await.unwrap();
        assert_ne!(second.refresh_token, third.refresh_token);
        let thief = Laptop { key: key(), id: laptop.id };
        assert_eq!(thief.refresh(&ground, &third.refresh_token).await.unwrap_err().code, "bad_signature", "a token without the key is no good");
        assert!(load(&ground.app, &third.access_token).await.is_ok());
        assert_eq!(laptop.refresh(&ground, &first.refresh_token).await.unwrap_err().code, "refresh_reused", "its successor has been used");
        assert_eq!(laptop.refresh(&ground, &third.refresh_token).await.unwrap_err().code, "refresh_reused", "the whole chain has ended");
        assert_eq!(load(&ground.app, &third.access_token).await.unwrap_err().code, "session_ended");
        assert_eq!(laptop.refresh(&ground, "made up").await.unwrap_err().code, "refresh_invalid");
        assert!(laptop.sign_in(&ground, "boss", PASSWORD).await.is_ok());
    }

    async fn a_used_token_from_elsewhere_ends_the_session(db) {
        let ground = Ground::on(db).await;
        let (laptop, first, _) = administrator(&ground).await;
        let second = laptop.refresh(&ground, &first.refresh_token).await.unwrap();
        let thief = Laptop { key: key(), id: laptop.id };
        assert_eq!(thief.refresh(&ground, &second.refresh_token).await.unwrap_err().code, "bad_signature", "not used yet: nothing is known of a theft");
        assert!(load(&ground.app, &second.access_token).await.is_ok());
        assert_eq!(thief.refresh(&ground, &first.refresh_token).await.unwrap_err().code, "refresh_reused");
        assert_eq!(load(&ground.app, &second.access_token).await.unwrap_err().code, "session_ended");
        // From another device that proves its own key.
        let anew = laptop.sign_in(&ground, "boss", PASSWORD).await.unwrap();
        let next = laptop.refresh(&ground, &anew.refresh_token).await.unwrap();
        let loaded = load(&ground.app, &next.access_token).await.unwrap();
        let code = pairing_code(&ground, &AdminSession::of(loaded).unwrap(), None).await;
        let other_key = key();
        let device = register::register(&ground.app, &new_device(&code, &other_key), "192.0.2.9").await.unwrap();
        let other = Laptop { key: other_key, id: DeviceId(device.id) };
        assert_eq!(other.refresh(&ground, &next.refresh_token).await.unwrap_err().code, "refresh_invalid");
        assert_eq!(other.refresh(&ground, &anew.refresh_token).await.unwrap_err().code, "refresh_reused");
        assert_eq!(laptop.refresh(&ground, &next.refresh_token).await.unwrap_err().code, "refresh_reused", "the whole chain has ended");
        assert_eq!(other.refresh(&ground, "made up").await.unwrap_err().code, "refresh_invalid");
        let nobodys = Laptop { key: key(), id: DeviceId(Uuid::now_v7()) };
        assert_eq!(nobodys.refresh(&ground, "made up").await.unwrap_err().code, "device_unknown");
    }

    async fn a_server_that_was_set_back_finds_the_refreshes_it_has_forgotten(db) {
        let ground = Ground::on(db).await;
        let (laptop, first, _) = administrator(&ground).await;
        let second = laptop.refresh(&ground, &first.refresh_token).await.unwrap();
        let third = laptop.refresh(&ground, &second.refresh_token).await.unwrap();
        let known: String = refresh::hash(&first.refresh_token).iter().map(|byte| format!("{byte:02x}")).collect();
        db.execute(&format!("DELETE FROM refresh_tokens WHERE token_hash <> X'{known}'")).await;
        db.execute("UPDATE refresh_tokens SET successor_hash = NULL").await;
        assert_eq!(laptop.refresh(&ground, "made up").await.unwrap_err().code, "refresh_invalid");
        let thief = Laptop { key: key(), id: laptop.id };
        assert_eq!(thief.refresh(&ground, &third.refresh_token).await.unwrap_err().code, "bad_signature");
        let fourth = laptop.refresh(&ground, &third.refresh_token).await.unwrap();
        let again = laptop.refresh(&ground, &third.refresh_token).await.unwrap();
        assert_eq!(fourth.refresh_token, again.refresh_token);
        assert!(load(&ground.app, &fourth.access_token).await.is_ok());
        laptop.refresh(&ground, &fourth.refresh_token).await.unwrap();
        assert_eq!(laptop.refresh(&ground, &first.refresh_token).await.unwrap_err().code, "refresh_reused", "used ones are known as such again");
    }

    async fn two_refreshes_at_once_get_the_same_successor(db) {
        let ground = Ground::on(db).await;
        let (laptop, session, _) = administrator(&ground).await;
        let (a, b) = tokio::join!(laptop.refresh(&ground, &session.refresh_token), laptop.refresh(&ground, &session.refresh_token));
        assert_eq!(a.unwrap().refresh_token, b.unwrap().refresh_token);
    }

    async fn a_revoked_device_is_shut_out_of_everything(db) {
        let ground = Ground::on(db).await;
        let (laptop, session, admin) = administrator(&ground).await;
        admin::revoke_device(&ground.app, &admin, laptop.id).await.unwrap();
        assert_eq!(load(&ground.app, &session.access_token).await.unwrap_err().code, "device_revoked");
        assert_eq!(laptop.refresh(&ground, &session.refresh_token).await.unwrap_err().code, "device_revoked");
        assert_eq!(laptop.sign_in(&ground, "boss", PASSWORD).await.unwrap_err().code, "device_revoked");
        assert_eq!(admin::revoke_device(&ground.app, &admin, DeviceId(Uuid::now_v7())).await.unwrap_err().status, 404);
    }

    async fn signing_out_and_a_new_password_end_sessions(db) {
        let ground = Ground::on(db).await;
        let (laptop, session, _) = administrator(&ground).await;
        let elsewhere = laptop.sign_in(&ground, "boss", PASSWORD).await.unwrap();
        let here = load(&ground.app, &session.access_token).await.unwrap();
        assert_eq!(sign_in::change_password(&ground.app, &here, "wrong".to_owned(), "another 2026".to_owned(), None).await.unwrap_err().code, "bad_credentials");
        sign_in::change_password(&ground.app, &here, PASSWORD.to_owned(), "another 2026".to_owned(), None).await.unwrap();
        assert_eq!(load(&ground.app, &elsewhere.access_token).await.unwrap_err().code, "session_ended");
        assert!(load(&ground.app, &session.access_token).await.is_ok(), "this one goes on");
        assert_eq!(laptop.sign_in(&ground, "boss", PASSWORD).await.unwrap_err().code, "bad_credentials");
        assert!(laptop.sign_in(&ground, "boss", "another 2026").await.is_ok());
        sign_in::sign_out(&ground.app, &here).await.unwrap();
        assert_eq!(load(&ground.app, &session.access_token).await.unwrap_err().code, "session_ended");
    }

    async fn only_administrators_get_an_administrators_session(db) {
        let ground = Ground::on(db).await;
        let (laptop, _, _) = administrator(&ground).await;
        let new = NewPerson { username: "clerk2".to_owned(), name: "Clerk".to_owned(), role: Role::Station, station: Some(ground.west) };
        admin::people::add(&ground.app, &new, PASSWORD.to_owned(), None).await.unwrap();
        assert_eq!(admin::people::add(&ground.app, &new, PASSWORD.to_owned(), None).await.unwrap_err().errors[0].code, "taken");
        let session = laptop.sign_in(&ground, "clerk2", PASSWORD).await.unwrap();
        let loaded = load(&ground.app, &session.access_token).await.unwrap();
        assert_eq!(AdminSession::of(loaded).unwrap_err().status, 403);
        let tampered = format!("{}x", session.access_token);
        assert_eq!(load(&ground.app, &tampered).await.unwrap_err().code, "invalid_token");
        ground.app.clock.advance(TimeDelta::minutes(16));
        assert_eq!(load(&ground.app, &session.access_token).await.unwrap_err().code, "token_expired");
    }
}
