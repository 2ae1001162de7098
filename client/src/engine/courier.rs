//! Sync's messages over HTTP with a token that is renewed as needed, signed by the device's key.

use super::{Engine, session::Access};
use crate::{
    error::{Error, Result},
    secrets::{DeviceKey, REFRESH_TOKEN},
    store::meta,
    sync::{
        http::{Granted, Http, Refresh},
        transport::Transport,
    },
};
use huishou_domain::sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest};
use serde::{Serialize, de::DeserializeOwned};

/// Carries messages for the person signed in.
pub struct Courier {
    engine: Engine,
    http: Http,
}

impl Courier {
    /// To the engine's server.
    ///
    /// # Errors
    /// `not_registered`.
    pub fn new(engine: &Engine) -> Result<Self> {
        Ok(Self {
            engine: engine.clone(),
            http: engine.http()?,
        })
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T> {
        let token = self.token().await?;
        match self.http.post(path, Some(&token), body).await {
            Err(Error::Problem {
                status: 401, code, ..
            }) if code != "device_revoked" => {
                let token = self.renew().await?;
                self.http.post(path, Some(&token), body).await
            }
            answer => answer,
        }
    }

    async fn token(&self) -> Result<String> {
        let access: Option<Access> = self
            .engine
            .main_read(|db| meta::get(db, meta::Key::Access))?;
        match access {
            Some(access) if access.until > self.engine.inner.main.clock.now() => Ok(access.token),
            _ => self.renew().await,
        }
    }

    /// A new access token. When the session has ended the person signs in again; the outbox stays.
    async fn renew(&self) -> Result<String> {
        let device = self
            .engine
            .device()?
            .ok_or_else(|| Error::code("not_registered"))?;
        let secrets = self.engine.inner.secrets.as_ref();
        let stored = secrets
            .get(REFRESH_TOKEN)?
            .ok_or_else(Error::sign_in_required)?;
        let refresh_token = String::from_utf8(stored).map_err(|_| Error::sign_in_required())?;
        let signature = DeviceKey::of(secrets)?
            .sign(&format!("huishou-refresh\n{}\n{refresh_token}", device.id));
        let refresh = Refresh {
            refresh_token,
            device: device.id,
            signature,
        };
        let granted: Granted = match self
            .http
            .post("/staff/v1/sessions/refresh", None, &refresh)
            .await
        {
            Err(Error::Problem {
                status: 400..=499,
                code,
                ..
            }) if code != "device_revoked" && code != "rate_limited" => {
                return Err(Error::sign_in_required());
            }
            answer => answer?,
        };
        self.engine.keep_session(&granted)?;
        Ok(granted.access_token)
    }
}

impl Transport for Courier {
    async fn push(&self, request: &PushRequest) -> Result<PushAnswer> {
        self.post("/sync/v1/push", request).await
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullAnswer> {
        self.post("/sync/v1/pull", request).await
    }
}
