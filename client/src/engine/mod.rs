//! The engine's face: everything a window or a command line asks, as methods. Local methods answer from the store at
//! once and block only on it; those that talk to the server are async.

mod actions;
mod arguments;
mod blobs;
mod booking;
mod books;
mod centre;
mod commands;
mod contact;
mod courier;
mod desk;
mod details;
mod diagnostics;
mod fill;
mod hints;
mod history;
mod keeping;
mod lease;
mod leaving;
mod lists;
mod parting;
mod practice;
mod preview;
mod recover;
mod repair;
mod rules;
mod salvage;
mod salvaged;
mod session;
mod set_aside;

pub use contact::Round;
pub use courier::Courier;
pub use diagnostics::{Finding, Verified};
pub use leaving::note_wiped;
pub use recover::{recover, ways_back};
pub use repair::{Offer, Repair};
pub use salvage::{Plan, plan_salvage, salvage};
pub use session::home_city;
pub use set_aside::{bring_back, set_aside};

use crate::{
    aside,
    clock::{Clock, SystemClock, TrustedClock},
    copies::Copies,
    error::{Error, Result},
    folder,
    secrets::{InStore, KeySource, OsKeyring, Secrets},
    store::{Commit, Db, Store, StoreKey, meta},
    sync::{http::Http, run::Shared},
    view::{
        session::{Person, SessionState},
        sync::{DataChanged, SyncStatus},
    },
    wipe,
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};
use tokio::sync::{Notify, broadcast};

/// Events kept for a listener that is slow.
const EVENT_BACKLOG: usize = 256;

/// How to open the engine.
#[derive(Clone)]
pub struct Config {
    /// Folder of the stores; made when absent.
    pub data: PathBuf,
    /// Server address that overrides the stored one.
    pub server: Option<String>,
    /// Where the store's key comes from.
    pub key: KeySource,
    /// The machine's clocks.
    pub clock: Arc<dyn Clock>,
}

impl Config {
    /// The folder, the key from the environment or the keyring, the real clocks.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            server: None,
            key: KeySource::from_env(),
            clock: Arc::new(SystemClock::default()),
        }
    }
}

/// Something that screens should know.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// State of sync changed.
    SyncStatus(Box<SyncStatus>),
    /// Lists should be read again.
    DataChanged(DataChanged),
    /// Someone signed in or out, or practice began or ended.
    SessionChanged(Box<SessionState>),
}

/// The local-first engine of one data folder. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    key: Mutex<StoreKey>,
    /// None over a store that lies in no folder.
    copies: Option<Copies>,
    main: Shared,
    practice: Mutex<Option<Shared>>,
    secrets: Arc<dyn Secrets>,
    books: Mutex<books::Cache>,
    events: broadcast::Sender<Event>,
    wake: Notify,
    gate: tokio::sync::Mutex<()>,
    running: AtomicBool,
    /// The line to the server, by its address: connections are kept between rounds.
    http: Mutex<Option<(String, Http)>>,
    /// Hints come: the poll may be slow.
    hinted: AtomicBool,
    /// The offline lease was over when it was last looked at.
    locked: AtomicBool,
    /// Why the end of the last round could not even be noted: the disk, or the store itself.
    trouble: Mutex<Option<String>>,
}

impl Engine {
    /// Opens the data folder, making the store and its key at the first start.
    ///
    /// # Errors
    /// `no_keyring` (ask for a passphrase and open with [`KeySource::Passphrase`]), `passphrase_needed`,
    /// `passphrase_wrong`, `keyring_locked`, `store_key_missing` ([`recover`] may help), `store_key_wrong`,
    /// `store_not_encrypted`, `store_newer`, `store_corrupt` ([`salvage`] helps), `disk_full`, `disk_read_only`.
    pub fn open(config: Config) -> Result<Self> {
        folder::make(&config.data)?;
        aside::go_on(&config.data)?;
        let wiped = wipe::begun(&config.data);
        if wiped.is_some() {
            wipe::finish(&config.data, &config.key)?;
        }
        salvage::swap(&config.data)?;
        let exists = aside::is_any(&config.data)?;
        let key = config.key.store_key(&config.data, exists)?;
        let copies = Copies::of(&config.data, &key);
        let now = config.clock.wall().timestamp_millis();
        let mut store = keeping::open(&config.data, &key, &copies, now)?;
        if let Some(wiped) = wiped {
            store.write(Commit::Other, |db| leaving::note_wiped(db, &wiped))?;
        }
        Self::assemble(config, key, store, Some(copies))
    }

    /// An engine over an open store, wherever that lies.
    ///
    /// # Errors
    /// Of the store or keyring.
    pub fn over(config: Config, key: StoreKey, store: Store) -> Result<Self> {
        Self::assemble(config, key, store, None)
    }

    fn assemble(
        config: Config,
        key: StoreKey,
        store: Store,
        copies: Option<Copies>,
    ) -> Result<Self> {
        let mut store = store;
        repair::after_upgrade(&mut store)?;
        let clock = Arc::new(clock_of(&config, store.db())?);
        let main = Shared {
            store: Arc::new(Mutex::new(store)),
            clock,
        };
        let secrets: Arc<dyn Secrets> = if config.key.is_keyring() {
            Arc::new(OsKeyring::of(&config.data)?)
        } else {
            Arc::new(InStore::new(Arc::clone(&main.store)))
        };
        let inner = Inner {
            config,
            key: Mutex::new(key),
            copies,
            main,
            practice: Mutex::new(None),
            secrets,
            books: Mutex::default(),
            events: broadcast::channel(EVENT_BACKLOG).0,
            wake: Notify::new(),
            gate: tokio::sync::Mutex::new(()),
            running: AtomicBool::new(false),
            http: Mutex::new(None),
            hinted: AtomicBool::new(false),
            locked: AtomicBool::new(false),
            trouble: Mutex::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Lets go of the folder, so that its store can be made anew: whatever is still asked of this engine is refused from
    /// then on. Ends whatever practice there is; waits for a round of contact that is under way.
    ///
    /// # Errors
    /// Of SQLite; then it is as open as before.
    pub async fn close(&self) -> Result<()> {
        let _no_round = self.inner.gate.lock().await;
        *lock(&self.inner.practice) = None;
        *lock(&self.inner.main.store) = Store::closed()?;
        Ok(())
    }

    /// Listens to what screens should know.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe()
    }

    /// The store in use: practice while practising.
    fn shared(&self) -> Shared {
        self.practice_store()
            .unwrap_or_else(|| self.inner.main.clone())
    }

    fn practice_store(&self) -> Option<Shared> {
        lock(&self.inner.practice).clone()
    }

    fn is_practice(&self) -> bool {
        lock(&self.inner.practice).is_some()
    }

    /// The real store and its clock, for those who bring their own network.
    #[must_use]
    pub fn main(&self) -> Shared {
        self.inner.main.clone()
    }

    /// Reads from the store in use.
    fn read<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        let shared = self.shared();
        let store = lock(&shared.store);
        work(store.db())
    }

    /// The person whose name stands on what is done.
    fn person(&self) -> Result<Person> {
        self.read(session::person)?
            .ok_or_else(Error::sign_in_required)
    }

    fn notify(&self, event: Event) {
        // Nobody listening is no fault.
        let _ = self.inner.events.send(event);
    }

    fn changed(&self, kinds: &[&str]) {
        if self.inner.events.receiver_count() == 0 {
            return;
        }
        if !kinds.is_empty() {
            let kinds = kinds.iter().map(ToString::to_string).collect();
            self.notify(Event::DataChanged(DataChanged { kinds }));
        }
        if let Ok(status) = self.sync_status() {
            self.notify(Event::SyncStatus(Box::new(status)));
        }
    }
}

fn clock_of(config: &Config, db: &Db) -> Result<TrustedClock> {
    let contact = meta::get(db, meta::Key::Contact)?;
    let floor = meta::get(db, meta::Key::Floor)?;
    Ok(TrustedClock::new(Arc::clone(&config.clock), contact, floor))
}

/// A lock whose holder died is still good: every change to the store is a transaction.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
