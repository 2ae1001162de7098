//! Who uses the device: registration, sign-in and out.

use super::{Engine, Event, lease, lists};
use crate::{
    crash::crash_point,
    error::{Error, Result},
    secrets::{DeviceKey, REFRESH_TOKEN},
    store::{Commit, Db, meta, people, people::Known},
    sync::{
        http::{Granted, Http, Pairing, Registered, SignIn},
        push::Device,
        transport::Wire,
    },
    view::session::{Credentials, Mode, Person, Registration, SessionState, Settings},
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{ids::StaffId, time::wire};
use serde::{Deserialize, Serialize};

/// A bearer token and when it ends by trusted time.
#[derive(Clone, Serialize, Deserialize)]
pub struct Access {
    /// The token.
    pub token: String,
    /// Its end, less a margin.
    #[serde(with = "huishou_domain::time::millis")]
    pub until: DateTime<Utc>,
}

/// Renew a token this much before its end.
const MARGIN_SECONDS: i64 = 30;

impl Engine {
    /// How the app is being used.
    ///
    /// # Errors
    /// Of the store.
    pub fn session_state(&self) -> Result<SessionState> {
        let practice = self.is_practice();
        let (person, city) = self.read(|db| Ok((person(db)?, home_city(db)?)))?;
        let mode = match (practice, &person) {
            (true, _) => Mode::Practice,
            (false, Some(_)) => Mode::SignedIn,
            (false, None) => Mode::SignedOut,
        };
        let (person_is_in, now) = (person.is_some(), self.inner.main.clock.now());
        let device = self.device()?;
        Ok(SessionState {
            mode,
            person,
            device_id: device.as_ref().map(|d| d.id),
            device_name: device.map(|d| d.name),
            server: self.server()?,
            city,
            keyring: self.inner.config.key.is_keyring(),
            lease_over: !practice
                && person_is_in
                && self.main_read(|db| lease::is_over(db, now))?,
            wiped: self.main_read(|db| meta::get(db, meta::Key::Wiped))?,
        })
    }

    /// Pairs this device, signs in and starts the first sync.
    ///
    /// # Errors
    /// `bad_server_address`, `bad_pairing_code`, `bad_credentials`, `offline`.
    pub async fn register(&self, registration: Registration) -> Result<SessionState> {
        let http = Http::new(&registration.server)?;
        self.pair(&http, &registration.pairing_code, &registration.device_name)
            .await?;
        self.sign_in_with(&http, registration.username, registration.password)
            .await
    }

    /// Signs in on a registered device.
    ///
    /// # Errors
    /// `not_registered`, `bad_credentials`, `device_revoked`, `offline`.
    pub async fn sign_in(&self, credentials: Credentials) -> Result<SessionState> {
        let http = self.http()?;
        self.sign_in_with(&http, credentials.username, credentials.password)
            .await
    }

    /// Signs in on a registered device over any line.
    ///
    /// # Errors
    /// As for [`Engine::sign_in`].
    pub async fn sign_in_over(
        &self,
        wire: &impl Wire,
        credentials: Credentials,
    ) -> Result<SessionState> {
        self.sign_in_with(wire, credentials.username, credentials.password)
            .await
    }

    /// Signs out. What is pending stays and is pushed after the next sign-in.
    ///
    /// # Errors
    /// Of the store or keyring; a server that cannot be reached does not matter.
    pub async fn sign_out(&self) -> Result<SessionState> {
        let token = self.main_read(|db| meta::get::<Access>(db, meta::Key::Access))?;
        if let (Some(access), Ok(http)) = (token, self.http())
            && let Err(error) = http.delete("/staff/v1/sessions", Some(&access.token)).await
        {
            tracing::info!(%error, "signed out here only");
        }
        self.inner.secrets.remove(REFRESH_TOKEN)?;
        self.main_write(|db| {
            meta::remove(db, meta::Key::Access)?;
            meta::remove(db, meta::Key::Person)
        })?;
        self.session_changed()
    }

    /// Preferences of this device.
    ///
    /// # Errors
    /// Of the store.
    pub fn settings_get(&self) -> Result<Settings> {
        self.main_read(crate::store::settings::get)
    }

    /// Stores preferences.
    ///
    /// # Errors
    /// `invalid` for a language or theme the app does not have.
    pub fn settings_put(&self, settings: &Settings) -> Result<Settings> {
        if !["zh", "en"].contains(&settings.language.as_str()) {
            return Err(Error::field("invalid", "language"));
        }
        if !["system", "light", "dark"].contains(&settings.theme.as_str()) {
            return Err(Error::field("invalid", "theme"));
        }
        self.main_write(|db| crate::store::settings::put(db, settings))?;
        self.inner.wake.notify_one();
        self.changed(&[]);
        Ok(settings.clone())
    }

    async fn pair(&self, http: &Http, code: &str, name: &str) -> Result<()> {
        let key = DeviceKey::of(self.inner.secrets.as_ref())?;
        let pairing = Pairing {
            pairing_code: code.trim().to_owned(),
            name: name.trim().to_owned(),
            platform: std::env::consts::OS.to_owned(),
            public_key: key.public(),
        };
        let answer = http.post("/staff/v1/devices", None, &pairing).await;
        let registered: Registered = match answer {
            // The key is one that was registered and shut out, or whose answer was lost: this is another device.
            Err(Error::Problem { code, .. }) if code == "device_known" => {
                let key = DeviceKey::anew(self.inner.secrets.as_ref())?;
                let pairing = Pairing {
                    public_key: key.public(),
                    ..pairing
                };
                http.post("/staff/v1/devices", None, &pairing).await?
            }
            answer => answer?,
        };
        let device = Device {
            id: registered.device.id,
            name: registered.device.name,
        };
        self.main_write(|db| {
            meta::remove(db, meta::Key::Leaving)?;
            meta::remove(db, meta::Key::Wiped)?;
            meta::set(db, meta::Key::Device, &device)?;
            meta::set(db, meta::Key::Server, http.base())
        })?;
        self.pin(
            registered.server_key.as_deref(),
            registered.recovery_key.as_deref(),
            true,
        )?;
        self.begin_copy();
        Ok(())
    }

    async fn sign_in_with<W: Wire>(
        &self,
        line: &W,
        username: String,
        password: String,
    ) -> Result<SessionState> {
        let device = self
            .device()?
            .ok_or_else(|| Error::code("not_registered"))?;
        let client_time = wire(self.inner.main.clock.now());
        let key = DeviceKey::of(self.inner.secrets.as_ref())?;
        let signature = key.sign(&format!(
            "huishou-session\n{}\n{username}\n{client_time}",
            device.id
        ));
        let sign_in = SignIn {
            username,
            password,
            device: device.id,
            client_time,
            signature,
        };
        let granted: Granted = match line.post("/staff/v1/sessions", None, &sign_in).await {
            Err(failure) => {
                Box::pin(self.heed(&failure, || Ok(line.clone()))).await?;
                return Err(failure);
            }
            granted => granted?,
        };
        self.keep_session(&granted)?;
        self.main_write(|db| meta::set(db, meta::Key::Server, line.base()))?;
        self.begin_copy();
        lock_practice_away(self);
        self.inner.wake.notify_one();
        self.session_changed()
    }

    /// Stores what the server granted.
    pub(crate) fn keep_session(&self, granted: &Granted) -> Result<()> {
        self.inner
            .secrets
            .set(REFRESH_TOKEN, granted.refresh_token.as_bytes())?;
        crash_point("refresh.after_token");
        let contact = self.inner.main.clock.met(granted.server_time);
        let until =
            granted.server_time + TimeDelta::seconds((granted.expires_in - MARGIN_SECONDS).max(0));
        let access = Access {
            token: granted.access_token.clone(),
            until,
        };
        let staff = granted.staff.clone();
        let person = Person {
            id: staff.id,
            username: staff.username,
            name: staff.name,
            role: staff.role,
            station_id: staff.station_id,
            station_name: staff.station_name,
        };
        let known = Known {
            person,
            scopes: granted.scopes.clone(),
        };
        self.main_write(|db| {
            people::put(db, &known, granted.server_time.timestamp_millis())?;
            meta::set(db, meta::Key::Person, &known.person.id)?;
            meta::set(db, meta::Key::Access, &access)?;
            meta::set_contact(db, &contact)?;
            meta::remove(db, meta::Key::OfflineSince)?;
            meta::remove(db, meta::Key::LastError)
        })?;
        self.pin(
            granted.server_key.as_deref(),
            granted.recovery_key.as_deref(),
            false,
        )
    }

    pub(super) fn session_changed(&self) -> Result<SessionState> {
        let state = self.session_state()?;
        self.notify(Event::SessionChanged(Box::new(state.clone())));
        self.changed(&[
            "appointment",
            "order",
            "price_book",
            "staff",
            "station",
            "mutation",
            "draft",
        ]);
        Ok(state)
    }

    /// This device, once registered.
    pub(super) fn device(&self) -> Result<Option<Device>> {
        self.main_read(|db| meta::get(db, meta::Key::Device))
    }

    /// Server address, once known.
    pub(super) fn server(&self) -> Result<Option<String>> {
        match &self.inner.config.server {
            Some(server) => Ok(Some(server.clone())),
            None => self.main_read(|db| meta::get(db, meta::Key::Server)),
        }
    }

    /// HTTP with the server.
    pub(super) fn http(&self) -> Result<Http> {
        let server = self
            .server()?
            .ok_or_else(|| Error::code("not_registered"))?;
        let mut kept = super::lock(&self.inner.http);
        if let Some((_, http)) = kept.as_ref().filter(|(of, _)| *of == server) {
            return Ok(http.clone());
        }
        let http = Http::new(&server)?;
        *kept = Some((server, http.clone()));
        Ok(http)
    }

    /// Reads from the real store, practising or not.
    pub(crate) fn main_read<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        work(super::lock(&self.inner.main.store).db())
    }

    /// Writes to the real store, practising or not.
    pub(crate) fn main_write<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        super::lock(&self.inner.main.store).write(Commit::Other, work)
    }
}

fn lock_practice_away(engine: &Engine) {
    *super::lock(&engine.inner.practice) = None;
}

/// Who is signed in, with scopes.
fn known(db: &Db) -> Result<Option<Known>> {
    match meta::get::<StaffId>(db, meta::Key::Person)? {
        Some(id) => people::get(db, id),
        None => Ok(None),
    }
}

/// Who is signed in.
pub fn person(db: &Db) -> Result<Option<Person>> {
    Ok(known(db)?.map(|known| known.person))
}

/// City of this person's price book: their station's, or the one whose catalogue they hold.
///
/// # Errors
/// Of the store.
pub fn home_city(db: &Db) -> Result<Option<String>> {
    let Some(known) = known(db)? else {
        return Ok(None);
    };
    if let Some(id) = known.person.station_id
        && let Some(station) = lists::station(db, id)?
    {
        return Ok(Some(station.city));
    }
    Ok(known
        .scopes
        .iter()
        .find_map(|scope| scope.strip_prefix("catalog:"))
        .map(str::to_owned))
}
