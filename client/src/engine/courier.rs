//! Sync's messages over HTTP with a token that is renewed as needed, signed by the device's key.

use super::{Engine, session::Access};
use crate::{
    crash::crash_point,
    error::{Error, Result},
    folder,
    secrets::{DeviceKey, REFRESH_TOKEN},
    store::meta,
    sync::{
        http::{Granted, Http, Refresh},
        transport::{Transport, Wire},
    },
};
use huishou_domain::{
    ids::DeviceId,
    sync::message::{PullAnswer, PullRequest, PushAnswer, PushRequest},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{File, TryLockError},
    time::Duration,
};
use zeroize::Zeroizing;

/// How long a turn is waited for, and how often it is asked for: a little longer than a request may take.
const TURN: Duration = Duration::from_millis(50);
const MOST_TURNS: u32 = 1_500;

/// Carries messages for the person signed in, over any line.
pub struct Courier<W = Http> {
    engine: Engine,
    wire: W,
}

impl Courier {
    /// To the engine's server.
    ///
    /// # Errors
    /// `not_registered`.
    pub fn new(engine: &Engine) -> Result<Self> {
        Ok(Self::over(engine, engine.http()?))
    }
}

impl<W: Wire> Courier<W> {
    /// Over this line.
    pub(super) fn over(engine: &Engine, wire: W) -> Self {
        Self {
            engine: engine.clone(),
            wire,
        }
    }

    pub(super) const fn wire(&self) -> &W {
        &self.wire
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T> {
        let token = self.token().await?;
        match self.wire.post(path, Some(&token), body).await {
            Err(Error::Problem {
                status: 401, code, ..
            }) if code != "device_revoked" => {
                let token = self.renew(Some(&token)).await?;
                self.wire.post(path, Some(&token), body).await
            }
            answer => answer,
        }
    }

    pub(super) async fn token(&self) -> Result<String> {
        let access: Option<Access> = self
            .engine
            .main_read(|db| meta::get(db, meta::Key::Access))?;
        match access {
            Some(access) if access.until > self.engine.inner.main.clock.now() => Ok(access.token),
            _ => self.renew(None).await,
        }
    }

    /// A new access token, in place of one that is no good. One process of the device renews at a time: a token that
    /// another one has used up meanwhile would end the session. When the session has ended the person signs in again;
    /// the outbox stays.
    pub(super) async fn renew(&self, stale: Option<&str>) -> Result<String> {
        let _alone = self.alone().await;
        if let Some(renewed) = self.renewed(stale)? {
            return Ok(renewed);
        }
        let device = self
            .engine
            .device()?
            .ok_or_else(|| Error::code("not_registered"))?;
        let token = self.refresh_token()?;
        let granted = match self.refresh(device.id, &token).await {
            Err(Error::Problem {
                status: 400..=499,
                code,
                ..
            }) if code != "device_revoked" && code != "rate_limited" => {
                // Someone who did not wait may have renewed it all the same.
                let newer = self.refresh_token()?;
                if *newer == *token {
                    return Err(Error::sign_in_required());
                }
                self.refresh(device.id, &newer)
                    .await
                    .map_err(|_| Error::sign_in_required())?
            }
            granted => granted?,
        };
        crash_point("refresh.before_store");
        self.engine.keep_session(&granted)?;
        Ok(granted.access_token)
    }

    /// What another process has renewed while this one waited.
    fn renewed(&self, stale: Option<&str>) -> Result<Option<String>> {
        let access: Option<Access> = self
            .engine
            .main_read(|db| meta::get(db, meta::Key::Access))?;
        let now = self.engine.inner.main.clock.now();
        let fresh = access.filter(|a| a.until > now && Some(a.token.as_str()) != stale);
        Ok(fresh.map(|access| access.token))
    }

    fn refresh_token(&self) -> Result<Zeroizing<String>> {
        let stored = self.engine.inner.secrets.get(REFRESH_TOKEN)?;
        let stored = stored.ok_or_else(Error::sign_in_required)?;
        let token = String::from_utf8(stored).map_err(|_| Error::sign_in_required())?;
        Ok(Zeroizing::new(token))
    }

    async fn refresh(&self, device: DeviceId, token: &str) -> Result<Granted> {
        let key = DeviceKey::of(self.engine.inner.secrets.as_ref())?;
        let refresh = Refresh {
            refresh_token: token.to_owned(),
            device,
            signature: key.sign(&format!("huishou-refresh\n{device}\n{token}")),
        };
        self.wire
            .post("/staff/v1/sessions/refresh", None, &refresh)
            .await
    }

    /// Waits for its turn; none where there is no folder, or where whoever has the turn does not give it back.
    async fn alone(&self) -> Option<File> {
        self.engine.inner.copies.as_ref()?;
        let path = self.engine.inner.config.data.join(folder::SESSION_LOCK);
        let file = folder::private(&path).ok()?;
        for _ in 0..MOST_TURNS {
            match file.try_lock() {
                Ok(()) => return Some(file),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(TURN).await,
                Err(TryLockError::Error(_)) => return None,
            }
        }
        tracing::warn!("another process keeps the session to itself; not waited for any longer");
        None
    }
}

impl<W: Wire> Transport for Courier<W> {
    async fn push(&self, request: &PushRequest) -> Result<PushAnswer> {
        self.post("/sync/v1/push", request).await
    }

    async fn pull(&self, request: &PullRequest) -> Result<PullAnswer> {
        self.post("/sync/v1/pull", request).await
    }
}
