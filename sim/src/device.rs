//! A device: the real engine on its real encrypted store, on a disk that forgets, with clocks that lie, in the hands of
//! somebody who works.

mod age;
mod contact;
mod hands;

pub use hands::Hands;

use crate::{
    chance::Chance,
    disk::{self, Backup, Disk},
    door,
    executor::{Executor, Node},
    neglect::Neglect,
    trace::Trace,
};
use huishou_client::{
    clock::Clock,
    engine::{Config, Engine, note_wiped},
    error::{Error, Result},
    secrets::{DEVICE_KEY, KeySource, REFRESH_TOKEN},
    store::{Commit, Db, Store, StoreKey, meta, migrate, mutations, people, secrets},
    sync::push::Device as Registered,
    view::session::Person,
    wipe,
};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    staff::Staff,
    sync::message::Outcome,
};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;

const KEY: [u8; 32] = [0x1b; 32];
/// The store's file.
const STORE: &str = "huishou.db";

/// What is kept of a device while it is off.
struct Life {
    engine: Option<Engine>,
    backup: Option<Backup>,
    is_older: bool,
    /// Its session is that of an older copy: another one may have used it up.
    is_worn: bool,
    /// It was told to sign in anew, and may be: since it was last asked.
    signed_out: Vec<bool>,
}

/// A device. Clones are the same one.
#[derive(Clone)]
pub struct Device {
    /// Its node.
    pub node: Node,
    /// Its identity.
    pub id: DeviceId,
    /// Who uses it.
    pub staff: StaffId,
    /// As what they sign in.
    pub username: Arc<str>,
    /// Its disk.
    pub disk: Disk,
    /// Its clocks.
    pub hands: Arc<Hands>,
    /// Woken when the person has done something.
    pub wake: Arc<Notify>,
    /// Hints come to it.
    pub hinted: Arc<AtomicBool>,
    /// What its app leaves undone.
    pub neglect: Neglect,
    /// It was wiped.
    pub wiped: Arc<AtomicBool>,
    /// Its store may be another one than before.
    pub anew: Arc<AtomicBool>,
    /// It has to compare everything with the server, which it has not done yet.
    pub checks: Arc<AtomicBool>,
    /// It has lost its knowledge of the server's history, as one of an older version has, until the next contact.
    pub unaware: Arc<AtomicBool>,
    plug: Arc<disk::vfs::Plug>,
    life: Arc<Mutex<Life>>,
    trace: Trace,
}

/// A disk with an empty store of this build on it.
fn template() -> Result<Backup> {
    static MADE: OnceLock<Backup> = OnceLock::new();
    if let Some(made) = MADE.get() {
        return Ok(made.clone());
    }
    let disk = Disk::default();
    let plug = disk::vfs::plug_in(&disk)?;
    let store = Store::open(&plug.folder().join(STORE), &StoreKey::new(KEY))?;
    // For the whole process: what a disk without power does to SQLCipher is no news here.
    store.db().pragma_update(None, "cipher_log_level", "NONE")?;
    drop(store);
    Ok(MADE.get_or_init(|| disk.backup()).clone())
}

/// The refresh token of the session that a device has when a run begins.
#[must_use]
pub fn first_token(device: DeviceId) -> String {
    format!("first-of-{device}")
}

impl Device {
    /// A new device in a person's hands: registered and signed in, never synced.
    ///
    /// # Errors
    /// Of the store.
    pub fn new(
        node: Node,
        id: DeviceId,
        staff: &Staff,
        executor: &Executor,
        chance: &Chance,
        trace: &Trace,
    ) -> Result<Self> {
        let disk = Disk::default();
        disk.put_back(&template()?);
        let plug = Arc::new(disk::vfs::plug_in(&disk)?);
        let hands = Hands::new(executor, chance);
        let device = Self {
            node,
            id,
            staff: staff.id,
            username: staff.username.as_str().into(),
            disk,
            hands: Arc::new(hands),
            wake: Arc::default(),
            hinted: Arc::default(),
            neglect: Neglect::None,
            wiped: Arc::default(),
            anew: Arc::default(),
            checks: Arc::default(),
            unaware: Arc::default(),
            plug,
            life: Arc::new(Mutex::new(Life {
                engine: None,
                backup: None,
                is_older: false,
                is_worn: false,
                signed_out: Vec::new(),
            })),
            trace: trace.clone(),
        };
        device.boot()?;
        device.sign_in(staff)?;
        Ok(device)
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The app is started.
    ///
    /// # Errors
    /// Of the store.
    pub fn boot(&self) -> Result<()> {
        self.hands.boot();
        self.anew.store(true, Ordering::Relaxed);
        let config = Config {
            data: self.plug.folder(),
            server: Some("http://simulated".to_owned()),
            key: KeySource::Given("1b".repeat(32)),
            clock: Arc::clone(&self.hands) as Arc<dyn Clock>,
        };
        let wiped = wipe::begun(&config.data);
        if wiped.is_some() {
            wipe::finish(&config.data, &config.key)?;
        }
        let mut store = Store::open(&self.path(STORE), &StoreKey::new(KEY))?;
        if let Some(wiped) = wiped {
            store.write(Commit::Other, |db| note_wiped(db, &wiped))?;
        }
        let engine = Engine::over(config, StoreKey::new(KEY), store)?;
        self.life().engine = Some(engine);
        Ok(())
    }

    /// The app is replaced by a newer version, whose tables hold otherwise what the server says: as it is started for the
    /// first time, that is fetched anew, and what was done here stays.
    ///
    /// # Errors
    /// Of the store.
    pub fn upgrade(&self) -> Result<()> {
        let path = self.plug.folder().join(STORE);
        migrate::rebuild(&path, &StoreKey::new(KEY))?;
        if self.neglect == Neglect::None {
            return Ok(());
        }
        let mut store = Store::open(&path, &StoreKey::new(KEY))?;
        store.write(Commit::Other, |db| match self.neglect {
            Neglect::UpgradeForgetsOutbox => {
                for stored in mutations::unanswered(db)? {
                    mutations::answer(db, stored.id, Outcome::Applied, 0)?;
                }
                mutations::retire_through(db, i64::MAX)?;
                mutations::prune(db, i64::MAX)
            }
            Neglect::UpgradeForgetsOverlay => meta::remove(db, meta::Key::Rebuild),
            _ => Ok(()),
        })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.plug.folder().join(name)
    }

    /// What a sign-in leaves in the store.
    ///
    /// # Errors
    /// Of the store.
    pub fn sign_in(&self, staff: &Staff) -> Result<()> {
        let person = Person {
            id: staff.id,
            username: staff.username.clone(),
            name: staff.name.clone(),
            role: staff.role,
            station_id: staff.station_id,
            station_name: None,
        };
        let known = people::Known {
            person,
            scopes: Vec::new(),
        };
        let registered = Registered {
            id: self.id,
            name: "simulated".to_owned(),
        };
        self.write(|db| {
            people::put(db, &known, 0)?;
            meta::set(db, meta::Key::Person, &staff.id)?;
            meta::set(db, meta::Key::ServerKey, &door::identity().server_key())?;
            secrets::set(db, DEVICE_KEY, &door::device_key(self.id))?;
            secrets::set(db, REFRESH_TOKEN, first_token(self.id).as_bytes())?;
            meta::set(db, meta::Key::Device, &registered)
        })
    }

    /// The times its person was told to sign in anew since this was last asked, and whether that may be.
    #[must_use]
    pub fn take_signed_out(&self) -> Vec<bool> {
        std::mem::take(&mut self.life().signed_out)
    }

    /// The engine, while the device is on.
    #[must_use]
    pub fn engine(&self) -> Option<Engine> {
        self.life().engine.clone()
    }

    /// Reads from the store, while the device is on.
    pub fn read<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Option<Result<T>> {
        let shared = self.engine()?.main();
        let store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        Some(work(store.db()))
    }

    fn write<T>(&self, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        let engine = self.engine().ok_or_else(|| Error::code("off"))?;
        let shared = engine.main();
        let mut store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.write(Commit::Other, work)
    }

    /// Whether it is running.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.life().engine.is_some()
    }

    /// It stops at once, wherever it was. With `power`, the machine does; else only the app is killed, and the system
    /// still has what was written.
    pub fn crash(&self, executor: &Executor, power: bool) {
        self.trace.note(
            self.node,
            if power {
                "power cut"
            } else {
                "the app is killed"
            },
        );
        if !power {
            self.disk.flush();
        }
        self.disk.cut_power();
        executor.kill(self.node);
        drop(self.life().engine.take());
    }

    /// Ends the app without ceremony, for good.
    pub fn switch_off(&self) {
        self.disk.cut_power();
        drop(self.life().engine.take());
    }

    /// Makes a copy of the whole disk, as a backup program would with the app closed.
    pub fn take_backup(&self) {
        self.life().backup = Some(self.disk.backup());
    }

    /// Puts the copy back in the place of everything.
    pub fn put_backup(&self) {
        let mut life = self.life();
        if let Some(backup) = &life.backup {
            self.disk.put_back(backup);
            life.is_older = true;
            life.is_worn = true;
            self.wiped.store(false, Ordering::Relaxed);
        }
    }

    /// Whether an older copy was put back since this was last asked.
    #[must_use]
    pub fn take_is_older(&self) -> bool {
        std::mem::take(&mut self.life().is_older)
    }
}
