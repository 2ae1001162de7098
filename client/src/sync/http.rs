//! The server's HTTP interface: registration, sessions, push and pull. Errors come as RFC 9457 problems with a code.

use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId, StationId};
use huishou_domain::staff::Role;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A collector's stairwell may be slow; a server that says nothing for so long is not there.
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// `POST /staff/v1/devices`.
#[derive(Debug, Serialize)]
pub struct Pairing {
    /// From an administrator; used once.
    pub pairing_code: String,
    /// A name people recognise the device by.
    pub name: String,
    /// Operating system.
    pub platform: String,
    /// Ed25519, base64.
    pub public_key: String,
}

/// A registered device.
#[derive(Debug, Deserialize)]
pub struct Registered {
    /// The device.
    pub device: RegisteredDevice,
    /// The server's signing key, to be pinned; Ed25519, base64.
    #[serde(default)]
    pub server_key: Option<String>,
    /// The key that the store's key is sealed for; X25519, base64.
    #[serde(default)]
    pub recovery_key: Option<String>,
}

/// The device as the server knows it.
#[derive(Debug, Deserialize)]
pub struct RegisteredDevice {
    /// Identity.
    pub id: DeviceId,
    /// Name.
    pub name: String,
}

/// `POST /staff/v1/sessions`.
#[derive(Serialize)]
pub struct SignIn {
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Device.
    pub device: DeviceId,
    /// Time that is signed, RFC 3339 with milliseconds.
    pub client_time: String,
    /// Over `huishou-session\n{device}\n{username}\n{client_time}`.
    pub signature: String,
}

/// `POST /staff/v1/devices/{id}/recovery`.
#[derive(Serialize)]
pub struct RecoveryRequest {
    /// From an administrator; used once.
    pub pairing_code: String,
    /// The device's new Ed25519 key, base64.
    pub public_key: String,
    /// The store's key as it was sealed for the server, base64.
    pub wrapped: String,
    /// X25519 key that the answer is sealed for, base64.
    pub reply_to: String,
    /// The new key's over `huishou-recovery\n{device}\n{wrapped}\n{reply_to}`.
    pub signature: String,
}

/// Its answer.
#[derive(Deserialize)]
pub struct RecoveryAnswer {
    /// The store's key, sealed for `reply_to`; base64.
    pub wrapped: String,
}

/// `POST /sync/v1/quarantine`.
#[derive(Serialize)]
pub struct HandIn {
    /// This device.
    pub device: DeviceId,
    /// What is pending, byte for byte.
    pub mutations: Vec<Box<serde_json::value::RawValue>>,
    /// The device key's signature.
    pub signature: String,
}

/// Its answer.
#[derive(Debug, Deserialize)]
pub struct HandedIn {
    /// All that the server keeps of this device.
    pub total: i64,
}

/// `POST /staff/v1/sessions/refresh`.
#[derive(Serialize)]
pub struct Refresh {
    /// The newest token.
    pub refresh_token: String,
    /// Device.
    pub device: DeviceId,
    /// Over `huishou-refresh\n{device}\n{refresh_token}`.
    pub signature: String,
}

/// A session granted.
#[derive(Deserialize)]
pub struct Granted {
    /// Bearer token, 15 minutes.
    pub access_token: String,
    /// For the next one.
    pub refresh_token: String,
    /// Seconds.
    pub expires_in: i64,
    /// Who.
    pub staff: StaffOfSession,
    /// What this device may hold.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The server's signing key, for a device that has not pinned one yet.
    #[serde(default)]
    pub server_key: Option<String>,
    /// The key that the store's key is sealed for.
    #[serde(default)]
    pub recovery_key: Option<String>,
    /// Orders everything.
    #[serde(with = "huishou_domain::time::millis")]
    pub server_time: DateTime<Utc>,
}

/// The person signed in.
#[derive(Debug, Clone, Deserialize)]
pub struct StaffOfSession {
    /// Identity.
    pub id: StaffId,
    /// Sign-in name.
    pub username: String,
    /// Name shown.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Home station.
    #[serde(default)]
    pub station_id: Option<StationId>,
    /// Its name.
    #[serde(default)]
    pub station_name: Option<String>,
}

#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    field: Option<String>,
}

/// Requests longer than this are packed.
const PACK_FROM: usize = 1024;
/// The least work that packs.
const PACK_LEVEL: i32 = 1;

/// The body packed with zstd, where that is worth it.
fn packed(plain: &[u8]) -> Option<Vec<u8>> {
    if plain.len() <= PACK_FROM {
        return None;
    }
    let packed = zstd::bulk::compress(plain, PACK_LEVEL).ok()?;
    (packed.len() < plain.len()).then_some(packed)
}

/// The server could not read a packed request: newer ones say so, older ones take it for bad JSON.
fn is_unread(status: u16, code: &str) -> bool {
    status == 415 || (status == 400 && code == "malformed_json")
}

/// Speaks HTTP with one server.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    base: String,
    /// The server does not read packed requests.
    plain: Arc<AtomicBool>,
}

impl Http {
    /// For the server at `base` (`http://…`).
    ///
    /// # Errors
    /// `bad_server_address` when it is no address.
    pub fn new(base: &str) -> Result<Self> {
        let base = base.trim().trim_end_matches('/').to_owned();
        let is_address = reqwest::Url::parse(&base)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
        if !is_address {
            return Err(Error::field("bad_server_address", "server"));
        }
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("huishou/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::Offline(e.to_string()))?;
        Ok(Self {
            client,
            base,
            plain: Arc::new(AtomicBool::new(false)),
        })
    }

    /// The address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    /// Sends JSON and reads JSON.
    ///
    /// # Errors
    /// `Offline` without an answer, `Problem` for one that says no, `Undecodable` for one that says nothing known.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Result<T> {
        let plain = serde_json::to_vec(body)?;
        let packed = if self.plain.load(Ordering::Relaxed) {
            None
        } else {
            packed(&plain)
        };
        let bytes = match packed {
            None => self.post_bytes(path, token, plain, false).await?,
            Some(packed) => match self.post_bytes(path, token, packed, true).await {
                Err(Error::Problem { status, code, .. }) if is_unread(status, &code) => {
                    let bytes = self.post_bytes(path, token, plain, false).await?;
                    self.plain.store(true, Ordering::Relaxed);
                    bytes
                }
                answer => answer?,
            },
        };
        serde_json::from_slice(&bytes).map_err(|e| Error::Undecodable(e.to_string()))
    }

    async fn post_bytes(
        &self,
        path: &str,
        token: Option<&str>,
        body: Vec<u8>,
        is_packed: bool,
    ) -> Result<Vec<u8>> {
        let mut request = self
            .request(reqwest::Method::POST, path)
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        if is_packed {
            request = request.header(reqwest::header::CONTENT_ENCODING, "zstd");
        }
        Self::send(request, token).await
    }

    /// `DELETE`, whose answer has no body.
    ///
    /// # Errors
    /// As for [`Http::post`].
    pub async fn delete(&self, path: &str, token: Option<&str>) -> Result<()> {
        Self::send(self.client.delete(format!("{}{path}", self.base)), token)
            .await
            .map(|_| ())
    }

    pub(crate) async fn send(
        mut request: reqwest::RequestBuilder,
        token: Option<&str>,
    ) -> Result<Vec<u8>> {
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request
            .send()
            .await
            .map_err(|e| Error::Offline(e.without_url().to_string()))?;
        let status = answer.status();
        let bytes = answer
            .bytes()
            .await
            .map_err(|e| Error::Offline(e.without_url().to_string()))?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let problem: Problem = serde_json::from_value(body.clone()).unwrap_or_default();
        let code = if problem.code.is_empty() {
            "server_error".to_owned()
        } else {
            problem.code
        };
        Err(Error::Problem {
            status: status.as_u16(),
            code,
            field: problem.field,
            body: Box::new(body),
        })
    }
}

#[cfg(test)]
#[path = "http_golden.rs"]
mod golden;
