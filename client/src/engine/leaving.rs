//! A device that is shut out (sync.md 25). Only a statement signed by the server key that was pinned at registration
//! leads to a wipe; whatever else says so, everything stays and nothing is sent.

use super::{Engine, Event, keeping, lock};
use crate::{
    aside,
    crash::crash_point,
    error::{Error, Result},
    folder,
    secrets::{DeviceKey, Recovery, is_signed, seal_store_key},
    store::{Commit, Db, Store, blobs, meta, mutations, mutations::Stored},
    sync::{
        http::{HandIn, HandedIn},
        transport::Wire,
    },
    view::session::Wiped,
    wipe,
};
use chrono::TimeDelta;
use huishou_domain::sync::{
    message::{MAX_BYTES, MAX_MUTATIONS},
    revocation::{Mode, Statement, quarantine_text},
};
use huishou_domain::time::wire;
use serde_json::{Value, value::RawValue};

/// Instances of the server may differ in their clocks by so much.
const SLACK: TimeDelta = TimeDelta::minutes(10);

impl Engine {
    /// Looks at what the server said no to: if it is that this device is shut out, and that is proven, the device leaves
    /// or is wiped.
    ///
    /// # Errors
    /// Of the store, or of handing the outbox in; it is tried again with the next contact.
    pub(super) async fn heed<W: Wire>(
        &self,
        failure: &Error,
        line: impl Fn() -> Result<W> + Send,
    ) -> Result<()> {
        let Error::Problem { code, body, .. } = failure else {
            return Ok(());
        };
        if code != "device_revoked" {
            return Ok(());
        }
        match self.proven(body)? {
            Some(said) if said.mode == Mode::Stolen => self.wipe(&said, 0, None),
            Some(said) => self.leave(&said, &line()?).await,
            None => Ok(()),
        }
    }

    /// The statement in an answer, if it is one, about this device, and of the server that was pinned.
    fn proven(&self, body: &Value) -> Result<Option<Statement>> {
        let said: Option<Statement> = body
            .get("statement")
            .and_then(|said| serde_json::from_value(said.clone()).ok());
        let pinned: Option<String> = self.main_read(|db| meta::get(db, meta::Key::ServerKey))?;
        let (Some(said), Some(pinned), Some(device)) = (said, pinned, self.device()?) else {
            tracing::warn!("told that this device is shut out, without proof; everything stays");
            return Ok(None);
        };
        let is_ours = said.concerns(device.id, SLACK);
        if is_ours && is_signed(&pinned, &said.text(), &said.signature) {
            return Ok(Some(said));
        }
        tracing::error!("a false statement that this device is shut out; everything stays");
        Ok(None)
    }

    /// Hands the outbox in, then wipes.
    async fn leave(&self, said: &Statement, wire: &impl Wire) -> Result<()> {
        self.main_write(|db| meta::set(db, meta::Key::Leaving, said))?;
        crash_point("quarantine.before_send");
        let pending = self.main_read(mutations::unanswered)?;
        let mut rest = pending.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(batch(rest));
            match self.hand_in(now, wire).await {
                Err(Error::Problem { code, body, .. }) if code == "device_revoked" => {
                    return self.stolen_after_all(&body, pending.len() - rest.len());
                }
                handed => handed?,
            }
            rest = later;
        }
        crash_point("quarantine.before_pictures");
        let left = match self.hand_pictures_in(wire).await {
            Err(Error::Problem { code, body, .. }) if code == "device_revoked" => {
                return self.stolen_after_all(&body, pending.len());
            }
            handed => handed?,
        };
        crash_point("quarantine.before_note");
        self.wipe(said, pending.len(), Some(left))
    }

    /// Told so while it was handing in.
    fn stolen_after_all(&self, body: &Value, handed_in: usize) -> Result<()> {
        match self.proven(body)? {
            Some(said) if said.mode == Mode::Stolen => self.wipe(&said, handed_in, None),
            _ => Ok(()),
        }
    }

    async fn hand_in(&self, pending: &[Stored], wire: &impl Wire) -> Result<()> {
        let device = self
            .device()?
            .ok_or_else(|| Error::code("not_registered"))?;
        let texts = pending.iter().map(|stored| stored.bytes.as_str());
        let text = quarantine_text(device.id, texts.clone());
        let raws = texts.map(|raw| RawValue::from_string(raw.to_owned()));
        let handing = HandIn {
            device: device.id,
            mutations: raws.collect::<std::result::Result<_, _>>()?,
            signature: DeviceKey::of(self.inner.secrets.as_ref())?.sign(&text),
        };
        let handed: HandedIn = wire.post("/sync/v1/quarantine", None, &handing).await?;
        tracing::info!(
            commands = pending.len(),
            total = handed.total,
            "the outbox was handed in"
        );
        Ok(())
    }

    /// Wipes the data folder and begins anew with an empty store; `handed_in` commands had been handed in, and `left`
    /// pictures were not, where that is known.
    fn wipe(&self, said: &Statement, handed_in: usize, left: Option<u32>) -> Result<()> {
        let data = &self.inner.config.data;
        let wiped = self.told(said, handed_in, left)?;
        let mut store = lock(&self.inner.main.store);
        if !self.is_folders_store(&store)? {
            tracing::warn!("the folder holds another store by now; only this one is let go");
            *store = self.fresh()?;
            return Ok(());
        }
        wipe::begin(data, &wiped)?;
        *store = Store::nowhere()?;
        wipe::finish(data, &self.inner.config.key)?;
        *store = self.fresh()?;
        store.write(Commit::Other, |db| note_wiped(db, &wiped))?;
        drop(store);
        tracing::warn!(mode = said.mode.as_str(), "this device was wiped");
        let state = self.session_state()?;
        self.notify(Event::SessionChanged(Box::new(state)));
        Ok(())
    }

    /// What is to be told of a wipe once it is done.
    fn told(&self, said: &Statement, handed_in: usize, left: Option<u32>) -> Result<Wiped> {
        let stolen = said.mode == Mode::Stolen;
        let (waiting, pictures) =
            self.main_read(|db| Ok((mutations::counts(db)?.0, blobs::count_waiting(db)?)))?;
        let handed_in = u32::try_from(handed_in).unwrap_or(u32::MAX);
        Ok(Wiped {
            stolen,
            at: Some(wire(said.at)),
            handed_in,
            lost: waiting.saturating_sub(handed_in),
            pictures: left.unwrap_or(pictures),
            aside: u32::try_from(aside::all(&self.inner.config.data)?.len()).unwrap_or(u32::MAX),
            server: self.server()?.filter(|_| !stolen),
        })
    }

    /// Whether the file in the folder is still the one that is open: another process may have wiped it and begun anew.
    fn is_folders_store(&self, open: &Store) -> Result<bool> {
        if self.inner.copies.is_none() {
            // It lies in no folder that another process could have.
            return Ok(true);
        }
        let device = |store: &Store| meta::get::<Value>(store.db(), meta::Key::Device);
        let key = lock(&self.inner.key).clone();
        match Store::open(&self.inner.config.data.join(folder::STORE), &key) {
            Ok(there) => Ok(device(&there)? == device(open)?),
            Err(error) if error.stable_code() == "store_key_wrong" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The folder's store, opened anew with its key.
    fn fresh(&self) -> Result<Store> {
        let config = &self.inner.config;
        let path = config.data.join(folder::STORE);
        let key = config.key.store_key(&config.data, path.exists())?;
        let copies = crate::copies::Copies::of(&config.data, &key);
        let store = keeping::open(&config.data, &key, &copies, self.wall_millis())?;
        *lock(&self.inner.key) = key;
        if let Some(kept) = &self.inner.copies {
            kept.rekey(&lock(&self.inner.key));
        }
        Ok(store)
    }

    /// Pins the server's keys, and lays the store's key, sealed for the server, beside the store. `anew`: the device has
    /// just been registered; else what was pinned before stays.
    pub(super) fn pin(
        &self,
        server_key: Option<&str>,
        recovery_key: Option<&str>,
        anew: bool,
    ) -> Result<()> {
        let (Some(server_key), Some(recovery_key)) = (server_key, recovery_key) else {
            return Ok(());
        };
        let pinned: Option<String> = self.main_read(|db| meta::get(db, meta::Key::ServerKey))?;
        if let (Some(pinned), false) = (&pinned, anew) {
            if pinned != server_key {
                tracing::error!("the server's key is another one than was pinned; it is not taken");
            }
            return Ok(());
        }
        self.main_write(|db| {
            meta::set(db, meta::Key::ServerKey, server_key)?;
            meta::set(db, meta::Key::RecoveryKey, recovery_key)
        })?;
        let (Some(device), Some(server)) = (self.device()?, self.server()?) else {
            return Ok(());
        };
        if self.inner.copies.is_none() {
            return Ok(());
        }
        let key = lock(&self.inner.key).clone();
        let Some(wrapped) = seal_store_key(recovery_key, device.id, &key) else {
            return Err(Error::Undecodable("the server's recovery key".into()));
        };
        let recovery = Recovery {
            device: device.id,
            server,
            server_key: server_key.to_owned(),
            wrapped,
        };
        recovery.keep(&self.inner.config.data)
    }
}

/// Notes in a new store that the one before it was wiped.
///
/// # Errors
/// Of the store.
pub fn note_wiped(db: &Db, wiped: &Wiped) -> Result<()> {
    meta::set(db, meta::Key::Wiped, wiped)?;
    meta::set(db, meta::Key::LastError, "device_wiped")
}

/// How many of these fit into one request; at least one.
fn batch(pending: &[Stored]) -> usize {
    let mut bytes = 0;
    let fits = pending.iter().take(MAX_MUTATIONS).take_while(|stored| {
        bytes += stored.bytes.len() + 1;
        bytes <= MAX_BYTES
    });
    fits.count().max(1)
}
