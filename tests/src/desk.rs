//! A member of staff on a device, over plain HTTP: pairing, sessions, push and pull spoken by hand, so that tests
//! can say what the product's own engine never would.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{SecondsFormat, Utc};
use ed25519_dalek::{Signer, SigningKey};
use rand::RngCore;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::{Answer, Api};

/// A signed-in member of staff on a registered device.
#[derive(Clone, Debug)]
pub struct Desk {
    api: Api,
    key: SigningKey,
    /// The session as the server answered it.
    pub session: Value,
    /// The device as the server answered it.
    pub device: Value,
}

/// A new device key.
#[must_use]
pub fn device_key() -> SigningKey {
    let mut seed = [0_u8; 32];
    rand::rng().fill_bytes(&mut seed);
    SigningKey::from_bytes(&seed)
}

/// What registers a device: `POST /staff/v1/devices`.
#[must_use]
pub fn registration(pairing: &str, key: &SigningKey) -> Value {
    let public = STANDARD.encode(key.verifying_key().to_bytes());
    json!({"pairing_code": pairing, "name": "测试机", "platform": "test", "public_key": public})
}

/// What signs in: `POST /staff/v1/sessions`.
#[must_use]
pub fn credentials(device: &str, username: &str, password: &str, key: &SigningKey) -> Value {
    let client_time = now();
    let text = format!("huishou-session\n{device}\n{username}\n{client_time}");
    json!({"username": username, "password": password, "device": device, "client_time": client_time, "signature": sign(key, &text)})
}

/// What renews a session: `POST /staff/v1/sessions/refresh`.
#[must_use]
pub fn renewal(device: &str, refresh_token: &str, key: &SigningKey) -> Value {
    let text = format!("huishou-refresh\n{device}\n{refresh_token}");
    json!({"refresh_token": refresh_token, "device": device, "signature": sign(key, &text)})
}

fn sign(key: &SigningKey, text: &str) -> String {
    STANDARD.encode(key.sign(text.as_bytes()).to_bytes())
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl Desk {
    /// Registers a new device with a pairing code and signs in on it.
    pub async fn open(server: &Api, pairing: &str, username: &str, password: &str) -> Self {
        let key = device_key();
        let answer = server
            .post("/staff/v1/devices", &registration(pairing, &key))
            .await;
        assert!(answer.status < 300, "not paired: {}", answer.text);
        let device = answer.body["device"].clone();
        let id = device["id"].as_str().expect("the device's id");
        let session = server
            .post(
                "/staff/v1/sessions",
                &credentials(id, username, password, &key),
            )
            .await;
        assert!(session.status < 300, "not signed in: {}", session.text);
        let token = session.body["access_token"].as_str().expect("a token");
        Self {
            api: server.with_token(token),
            key,
            session: session.body.clone(),
            device,
        }
    }

    /// The same device and person with another server of the same database.
    #[must_use]
    pub fn at(&self, server: &Api) -> Self {
        let token = self.session["access_token"].as_str().expect("a token");
        Self {
            api: server.with_token(token),
            key: self.key.clone(),
            session: self.session.clone(),
            device: self.device.clone(),
        }
    }

    /// Calls with this person's token.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The device's key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Who is signed in.
    #[must_use]
    pub fn staff_id(&self) -> &str {
        self.session["staff"]["id"]
            .as_str()
            .expect("the staff's id")
    }

    /// The device's id.
    #[must_use]
    pub fn device_id(&self) -> &str {
        self.device["id"].as_str().expect("the device's id")
    }

    /// A mutation of this person, made now.
    #[must_use]
    pub fn mutation(&self, id: i64, name: &str, args: &Value) -> Value {
        json!({"id": id, "uid": Uuid::now_v7(), "name": name, "actor": self.staff_id(), "args": args, "client_time": now()})
    }

    /// Pushes mutations, whatever the answer.
    pub async fn try_push(&self, mutations: &[Value]) -> Answer {
        let request =
            json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": mutations});
        self.api.post("/sync/v1/push", &request).await
    }

    /// Pushes mutations; answers their verdicts.
    pub async fn push(&self, mutations: &[Value]) -> Vec<Value> {
        let answer = self.try_push(mutations).await;
        answer.expect(200)["verdicts"]
            .as_array()
            .expect("verdicts")
            .clone()
    }
}
