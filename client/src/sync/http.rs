//! The server's HTTP interface: registration, sessions, push and pull. Errors come as RFC 9457 problems with a code.

use crate::error::{Error, Result};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId, StationId};
use huishou_domain::staff::Role;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;

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

/// Speaks HTTP with one server.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    base: String,
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
        Ok(Self { client, base })
    }

    /// The address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
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
        let request = self.client.post(format!("{}{path}", self.base)).json(body);
        let bytes = Self::send(request, token).await?;
        serde_json::from_slice(&bytes).map_err(|e| Error::Undecodable(e.to_string()))
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

    async fn send(mut request: reqwest::RequestBuilder, token: Option<&str>) -> Result<Vec<u8>> {
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
