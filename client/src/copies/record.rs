//! The lines of a copy: who and what the store is, the commands that nobody else has, what was being typed.

use crate::{
    error::{Error, Result},
    secrets::{DEVICE_KEY, random_bytes},
    store::{
        Db, StoreKey, drafts, journal, meta, mutations,
        mutations::{Context, Stored},
        people,
        people::Known,
        secrets, settings,
    },
    view::session::Settings,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use crypto_secretbox::{KeyInit, Nonce, XSalsa20Poly1305, aead::Aead};
use hmac::{Hmac, Mac};
use huishou_domain::{blob::names_in, ids::StaffId, sync::message::Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Length of a nonce; random ones of this length do not repeat.
const NONCE: usize = 24;

/// Values of `meta` that a store made anew needs.
const CARRIED: &[meta::Key] = &[
    meta::Key::LastId,
    meta::Key::Incarnation,
    meta::Key::OlderCopy,
    meta::Key::Device,
    meta::Key::Server,
    meta::Key::ServerKey,
    meta::Key::RecoveryKey,
    meta::Key::Person,
    meta::Key::Contact,
    meta::Key::Floor,
];

/// How a generation begins. It may hold a key: never shown.
#[derive(Clone, Serialize, Deserialize)]
pub struct Head {
    /// When, unix milliseconds.
    pub made_at: i64,
    /// Highest command number given out.
    pub last_id: i64,
    /// Which life of the store.
    pub incarnation: u32,
    /// What is pending, open, typed and known, in few words: another text means another state.
    pub fingerprint: String,
    /// Values of `meta`.
    pub meta: BTreeMap<String, Value>,
    /// Who signed in here.
    pub people: Vec<(Known, i64)>,
    /// Preferences.
    pub settings: Settings,
    /// The device's private key, where it lies in the store and not in the keyring; base64. The line is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<String>,
}

impl Head {
    /// Of a store as it is now.
    ///
    /// # Errors
    /// Of the store.
    pub fn of(db: &Db, now: i64) -> Result<Self> {
        let mut values = BTreeMap::new();
        for key in CARRIED {
            if let Some(value) = meta::get::<Value>(db, *key)? {
                values.insert(key.text().to_owned(), value);
            }
        }
        let last_id = meta::get(db, meta::Key::LastId)?.unwrap_or(0);
        let incarnation = meta::get(db, meta::Key::Incarnation)?.unwrap_or(1);
        let (pending, open) = mutations::counts(db)?;
        let typed: Vec<(String, i64)> = drafts::all(db)?;
        let device_key = secrets::get(db, DEVICE_KEY)?.map(|key| BASE64.encode(key));
        let known = values.len();
        Ok(Self {
            made_at: now,
            last_id,
            incarnation,
            fingerprint: format!("{incarnation} {last_id} {pending} {open} {known} {typed:?}"),
            meta: values,
            people: people::all(db)?,
            settings: settings::get(db)?,
            device_key,
        })
    }

    /// Whether it was made of a store with another device or another way of numbering.
    #[must_use]
    pub fn is_of_another_store(&self, fresh: &Self) -> bool {
        let device = |head: &Self| head.meta.get(meta::Key::Device.text()).cloned();
        self.incarnation != fresh.incarnation || device(self) != device(fresh)
    }
}

/// A command with what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Which life of the store its number belongs to.
    pub incarnation: u32,
    /// Number on this device.
    pub id: i64,
    /// Identity.
    pub uid: Uuid,
    /// Command with version.
    pub name: String,
    /// Who.
    pub actor: StaffId,
    /// The order's id of the visit it is about.
    pub visit: Option<Uuid>,
    /// The appointment, if it is about one.
    pub appointment_id: Option<Uuid>,
    /// Trusted time, unix milliseconds.
    pub made_at: i64,
    /// The exact bytes.
    pub bytes: String,
    /// For the overlay.
    pub context: Context,
    /// Why it was refused, where it was and nobody has dealt with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl Kept {
    /// Of a stored command.
    #[must_use]
    pub fn of(stored: Stored, incarnation: u32, verdict: Option<Verdict>) -> Self {
        Self {
            incarnation,
            id: stored.id,
            uid: stored.uid,
            name: stored.name,
            actor: stored.actor,
            visit: stored.visit,
            appointment_id: stored.appointment_id,
            made_at: stored.made_at,
            bytes: stored.bytes,
            context: stored.context,
            verdict,
        }
    }

    /// The pictures that it names.
    #[must_use]
    pub fn pictures(&self) -> Vec<String> {
        let made: Value = serde_json::from_str(&self.bytes).unwrap_or_default();
        made.get("args").map(names_in).unwrap_or_default()
    }

    /// As it is stored: without a verdict it waits again.
    #[must_use]
    pub fn stored(&self) -> Stored {
        Stored {
            id: self.id,
            uid: self.uid,
            name: self.name.clone(),
            actor: self.actor,
            visit: self.visit,
            appointment_id: self.appointment_id,
            made_at: self.made_at,
            bytes: self.bytes.clone(),
            context: self.context.clone(),
            outcome: None,
            retired: false,
            open: false,
        }
    }
}

/// What was being typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its key.
    pub key: String,
    /// Contents.
    pub body: Value,
    /// When, unix milliseconds.
    pub at: i64,
}

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Record {
    /// The first of a generation.
    Head(Box<Head>),
    /// A command.
    Command(Box<Kept>),
    /// A draft.
    Draft(Draft),
}

/// Everything that a generation begins with, after its head: what waits for a verdict, what was refused and is open,
/// what was being typed.
pub fn contents(db: &Db) -> Result<Vec<Record>> {
    let incarnation = meta::get(db, meta::Key::Incarnation)?.unwrap_or(1);
    let mut records = Vec::new();
    for stored in mutations::for_people(db, 0)? {
        let verdict = match stored.outcome {
            Some(_) => journal::of(db, stored.uid)?,
            None => None,
        };
        let kept = Kept::of(stored, incarnation, verdict);
        records.push(Record::Command(Box::new(kept)));
    }
    for (key, at) in drafts::all(db)? {
        if let Some(body) = drafts::get(db, &key)? {
            records.push(Record::Draft(Draft { key, body, at }));
        }
    }
    Ok(records)
}

/// The cipher for copies of the store with this key: a key for one purpose, so that the store's own is used for the
/// store alone.
pub fn cipher(key: &StoreKey) -> XSalsa20Poly1305 {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key.bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(b"huishou copies of the outbox");
    XSalsa20Poly1305::new(&mac.finalize().into_bytes())
}

/// Sealing and opening of lines.
pub trait Sealer: Sized {
    /// The line, with its end.
    fn seal(&self, cipher: &XSalsa20Poly1305) -> Result<Vec<u8>>;
    /// What a line says; none if it was damaged, cut off, or sealed with another key.
    fn open(cipher: &XSalsa20Poly1305, line: &[u8]) -> Option<Self>;
}

impl Sealer for Record {
    fn seal(&self, cipher: &XSalsa20Poly1305) -> Result<Vec<u8>> {
        let text = Zeroizing::new(serde_json::to_vec(self)?);
        let nonce: [u8; NONCE] = random_bytes();
        let hidden = cipher
            .encrypt(&Nonce::from(nonce), text.as_slice())
            .map_err(|_| Error::code("store_failed"))?;
        let mut line = BASE64
            .encode([nonce.as_slice(), &hidden].concat())
            .into_bytes();
        line.push(b'\n');
        Ok(line)
    }

    fn open(cipher: &XSalsa20Poly1305, line: &[u8]) -> Option<Self> {
        let sealed = BASE64.decode(line.trim_ascii_end()).ok()?;
        let (nonce, hidden) = sealed.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let text = cipher.decrypt(&Nonce::from(nonce), hidden).ok()?;
        serde_json::from_slice(&Zeroizing::new(text)).ok()
    }
}
