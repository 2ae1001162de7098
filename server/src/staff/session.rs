//! The authorised object of a staff handler: loaded from the token, the device and the person as they are now.

use crate::{
    app::State,
    auth::Claims,
    problem::Problem,
    store::{
        contacts::{self, Contact},
        devices::Device,
        staff::Person,
    },
    sync::{
        ports::{Look, Place},
        pull::Caller,
    },
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

/// Who an access token says that its bearer is; what it allows is known only with a [`StaffSession`].
#[derive(Debug, Clone, Copy)]
pub struct Bearer {
    /// On which device, signed in as whom.
    pub caller: Caller,
    chain: Uuid,
}

impl Bearer {
    /// Of a token for staff.
    ///
    /// # Errors
    /// `invalid_token`.
    pub fn of(claims: Claims) -> Result<Self, Problem> {
        let Claims {
            sub,
            dev: Some(device),
            jti: chain,
            ..
        } = claims
        else {
            return Err(Problem::unauthorized("invalid_token"));
        };
        let caller = Caller {
            device,
            staff: StaffId(sub),
        };
        Ok(Self { caller, chain })
    }
}

impl StaffSession {
    /// Loads the session that an access token is for.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`, `session_ended`.
    pub async fn load(app: &State, bearer: Bearer) -> Result<Self, Problem> {
        let Bearer { caller, chain } = bearer;
        let mut conn = app.db.read().await?;
        let contact = contacts::of(&mut conn, caller.device, caller.staff, chain).await?;
        app.db.rest(conn);
        Self::begin(app, contact, chain).await
    }

    /// The same with a look at what is new, in the same statement.
    ///
    /// # Errors
    /// `device_unknown`, `device_revoked`, `session_ended`.
    pub async fn load_looking(
        app: &State,
        bearer: Bearer,
        place: Option<&Place>,
    ) -> Result<(Self, Option<Look>), Problem> {
        let Bearer { caller, chain } = bearer;
        let (device, staff) = (caller.device, caller.staff);
        let mut conn = app.db.read().await?;
        let (contact, look) = match place {
            Some(place) => contacts::with_look(&mut conn, device, staff, chain, place)
                .await?
                .unzip(),
            None => (contacts::of(&mut conn, device, staff, chain).await?, None),
        };
        app.db.rest(conn);
        Ok((Self::begin(app, contact, chain).await?, look))
    }

    async fn begin(app: &State, contact: Option<Contact>, chain: Uuid) -> Result<Self, Problem> {
        let contact = contact.ok_or_else(|| Problem::unauthorized("device_unknown"))?;
        if contact.device.revoked_at.is_some() {
            super::revoke::turn_away(app, &contact.device).await?;
            return Err(Problem::new(403, "device_revoked"));
        }
        let person = admitted(contact.person, contact.live)?;
        Ok(Self {
            person,
            device: contact.device,
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

/// Who may go on: a person at work, in a session that has not ended.
///
/// # Errors
/// `session_ended`.
pub fn admitted(person: Option<Person>, is_live: bool) -> Result<Person, Problem> {
    person
        .filter(|person| person.staff.active && is_live)
        .ok_or_else(|| Problem::unauthorized("session_ended"))
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
