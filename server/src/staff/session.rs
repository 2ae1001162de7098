//! The authorised object of a staff handler: loaded from the token, the device and the person as they are now.

use crate::{
    app::State,
    auth::{Audience, Claims},
    problem::Problem,
    store::{
        devices::{self, Device},
        refresh_tokens, staff,
        staff::Person,
    },
    sync::pull::Caller,
};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    staff::Role,
};
use uuid::Uuid;

/// A member of staff, signed in on a device that may still talk to the server.
#[derive(Debug, Clone)]
pub struct StaffSession {
    /// Who.
    pub person: Person,
    /// On which device.
    pub device: Device,
    /// The session: the chain of its refresh tokens.
    pub chain: Uuid,
}

/// An administrator's session.
#[derive(Debug, Clone)]
pub struct AdminSession(pub StaffSession);

impl StaffSession {
    /// Loads the session that an access token is for.
    ///
    /// # Errors
    /// `invalid_token`, `token_expired`, `device_revoked`, `session_ended`.
    pub async fn load(app: &State, token: &str) -> Result<Self, Problem> {
        let claims = app.tokens.verify(token, Audience::Staff, app.now());
        let claims = claims.map_err(|fault| Problem::unauthorized(fault.as_str()))?;
        let Claims {
            sub,
            dev: Some(device),
            jti: chain,
            ..
        } = claims
        else {
            return Err(Problem::unauthorized("invalid_token"));
        };
        let mut conn = app.db.read().await?;
        let device = devices::find(&mut conn, device)
            .await?
            .ok_or_else(|| Problem::unauthorized("device_unknown"))?;
        if device.revoked_at.is_some() {
            drop(conn);
            super::revoke::turn_away(app, &device).await?;
            return Err(Problem::new(403, "device_revoked"));
        }
        let person = staff::find(&mut conn, StaffId(sub)).await?;
        let person = person
            .filter(|p| p.staff.active)
            .ok_or_else(|| Problem::unauthorized("session_ended"))?;
        if !refresh_tokens::is_live(&mut conn, chain).await? {
            return Err(Problem::unauthorized("session_ended"));
        }
        Ok(Self {
            person,
            device,
            chain,
        })
    }

    /// The device's id.
    #[must_use]
    pub const fn device_id(&self) -> DeviceId {
        DeviceId(self.device.id)
    }

    /// As sync needs it.
    #[must_use]
    pub const fn caller(&self) -> Caller {
        Caller {
            device: DeviceId(self.device.id),
            staff: self.person.staff.id,
        }
    }
}

impl AdminSession {
    /// The session, if it is an administrator's.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn of(session: StaffSession) -> Result<Self, Problem> {
        match session.person.staff.role {
            Role::Admin => Ok(Self(session)),
            Role::Collector | Role::Station | Role::Dispatcher => Err(Problem::forbidden()),
        }
    }

    /// Who acts.
    #[must_use]
    pub const fn id(&self) -> StaffId {
        self.0.person.staff.id
    }
}
