//! The encrypted store, the only place with SQL in the client: one file per table. SQLCipher, write-ahead log,
//! `synchronous=FULL`: what was committed survives a kill and a power cut.

pub mod appointment_list;
pub mod base;
pub mod blobs;
mod cipher;
pub mod disk;
pub mod drafts;
pub mod edition;
pub mod journal;
pub mod lives;
pub mod memberships;
pub mod mend;
pub mod meta;
pub mod migrate;
pub mod mutations;
pub mod older;
pub mod order_list;
pub mod overlay;
pub mod people;
pub mod salvage;
pub mod secrets;
pub mod settings;
pub mod settling;
pub mod staging;
pub mod verify;

use crate::{crash::crash_point, error::Result};
use rusqlite::{Connection, TransactionBehavior};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Pages kept deciphered, KiB: a first sync that spills them in the midst of its transaction ciphers them twice.
const CACHE_KIB: i64 = 32 * 1024;

pub use rusqlite::Connection as Db;
pub use settling::Settling;

use cipher::{connect, connect_finding};

/// The key of the store, 32 random bytes; wiped from memory when let go, never shown.
#[derive(Clone)]
pub struct StoreKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StoreKey(…)")
    }
}

impl StoreKey {
    /// These bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in self.0.iter() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Reads [`StoreKey::hex`].
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut key = Zeroizing::new([0; 32]);
        for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(key))
    }
}

/// Which commit this is, for the crash points on either side of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// A command of the person in front of the screen.
    Exec,
    /// Which numbers are about to be sent.
    Sent,
    /// New numbers for what waits.
    Renumber,
    /// The answer to a push.
    Push,
    /// The same, if it only says what took effect: a power cut that takes it makes the device ask again, and the server
    /// says the same again.
    Verdicts,
    /// A page of a pull.
    Stage,
    /// A complete pull.
    Apply,
    /// When the server was last heard, and nothing else.
    Contact,
    /// Anything else.
    Other,
}

impl Commit {
    const fn points(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Exec => Some(("exec.before_commit", "exec.after_commit")),
            Self::Push | Self::Verdicts => Some(("push.before_commit", "push.after_commit")),
            Self::Stage => Some(("stage.before_commit", "stage.after_commit")),
            Self::Apply => Some(("apply.before_commit", "apply.after_commit")),
            Self::Renumber => Some(("renumber.before_commit", "renumber.after_commit")),
            Self::Sent | Self::Contact | Self::Other => None,
        }
    }

    /// Whether it waits until the disk has it, with all that was committed before.
    const fn waits(self) -> bool {
        !matches!(
            self,
            Self::Stage | Self::Sent | Self::Contact | Self::Verdicts
        )
    }
}

/// An open store.
pub struct Store {
    db: Connection,
    /// None for one that is nowhere.
    path: Option<PathBuf>,
    settling: Settling,
}

impl Store {
    /// Opens or creates the store and brings its tables up to date.
    ///
    /// # Errors
    /// `store_not_encrypted` for a plain SQLite file or a build without SQLCipher, `store_key_wrong`, `store_newer`
    /// when a newer version of the app has written it, `store_failed`.
    pub fn open(path: &Path, key: &StoreKey) -> Result<Self> {
        Self::open_keeping(path, key, |_| Ok(()))
    }

    /// The same; `before_upgrade` sees the store of an older version of the app before its tables are changed.
    ///
    /// # Errors
    /// As for [`Store::open`], and what `before_upgrade` reports.
    pub fn open_keeping(
        path: &Path,
        key: &StoreKey,
        before_upgrade: impl FnOnce(&Db) -> Result<()>,
    ) -> Result<Self> {
        Self::begin(path, key, before_upgrade).map_err(|error| disk::judged(Some(path), error))
    }

    fn begin(
        path: &Path,
        key: &StoreKey,
        before_upgrade: impl FnOnce(&Db) -> Result<()>,
    ) -> Result<Self> {
        if !path.exists() {
            crate::folder::private(path)?;
        }
        let (db, format) = connect_finding(path, key)?;
        let mut store = Self {
            db,
            path: Some(path.to_owned()),
            settling: Settling::of(path, key, format),
        };
        store.db.pragma_update(None, "journal_mode", "WAL")?;
        store.db.pragma_update(None, "synchronous", "FULL")?;
        store.db.pragma_update(None, "foreign_keys", true)?;
        store.db.pragma_update(None, "cache_size", -CACHE_KIB)?;
        settling::let_grow(&store.db)?;
        if migrate::is_older(&store.db)? {
            before_upgrade(&store.db)?;
        }
        migrate::run(&mut store.db)?;
        Ok(store)
    }

    /// A store that is nowhere and holds nothing: stands in while the real one's files are taken away.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn nowhere() -> Result<Self> {
        let mut db = Connection::open_in_memory()?;
        migrate::run(&mut db)?;
        Ok(Self {
            db,
            path: None,
            settling: Settling::default(),
        })
    }

    /// A store that was let go of: it has no tables, so that nothing is ever read from it or taken for kept in it.
    ///
    /// # Errors
    /// Of SQLite.
    pub fn closed() -> Result<Self> {
        let db = Connection::open_in_memory()?;
        Ok(Self {
            db,
            path: None,
            settling: Settling::default(),
        })
    }

    /// The same store under another key.
    ///
    /// # Errors
    /// Of the store.
    pub fn rekeyed(self, key: &StoreKey) -> Result<Self> {
        self.db.pragma_update(None, "journal_mode", "DELETE")?;
        let pragma = Zeroizing::new(format!("x'{}'", *key.hex()));
        self.db.pragma_update(None, "rekey", pragma.as_str())?;
        self.db.pragma_update(None, "journal_mode", "WAL")?;
        Ok(self)
    }

    /// Brings everything from the write-ahead log into the file itself, so that it can be moved alone.
    ///
    /// # Errors
    /// Of the store.
    pub fn settle(self) -> Result<()> {
        self.db.pragma_update(None, "journal_mode", "DELETE")?;
        self.db.close().map_err(|(_, error)| error.into())
    }

    /// For reading.
    #[must_use]
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// What brings the write-ahead log into the file, when enough of it has come together since the last time: to be run
    /// beside the work, on a thread of its own.
    pub fn due_settling(&mut self) -> Option<Settling> {
        self.settling.due()
    }

    /// Runs `work` in one transaction: all of it or nothing.
    ///
    /// # Errors
    /// What `work` or the commit reports; then nothing has changed.
    pub fn write<T>(&mut self, commit: Commit, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
        self.settling.note(commit);
        let done = if commit.waits() {
            transact(&mut self.db, commit, work)
        } else {
            without_waiting(&mut self.db, |db| transact(db, commit, work))
        };
        done.map_err(|error| disk::judged(self.path.as_deref(), error))
    }
}

/// Several reads as of one moment: each by itself would lock and unlock the file.
///
/// # Errors
/// What `work` reports, or of the store.
pub fn at_once<T>(db: &Db, work: impl FnOnce(&Db) -> Result<T>) -> Result<T> {
    if !db.is_autocommit() {
        return work(db);
    }
    db.prepare_cached("BEGIN")?.execute([])?;
    let _open = Reading(db);
    work(db)
}

/// Ends with the reads, however they end; SQLite has ended them itself where it could not read on.
struct Reading<'db>(&'db Db);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self
                .0
                .prepare_cached("COMMIT")
                .and_then(|mut s| s.execute([]))
        {
            tracing::warn!(%error, "reads were not ended");
        }
    }
}

/// What a power cut takes is asked for again: it survives a kill, and need not wait for the disk.
fn without_waiting<T>(
    db: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    db.pragma_update(None, "synchronous", "NORMAL")?;
    let done = work(db);
    db.pragma_update(None, "synchronous", "FULL")?;
    done
}

fn transact<T>(
    db: &mut Connection,
    commit: Commit,
    work: impl FnOnce(&Db) -> Result<T>,
) -> Result<T> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    if commit.waits() {
        meta::remove(&transaction, meta::Key::Unsynced)?;
    }
    let points = commit.points();
    if let Some((before, _)) = points {
        crash_point(before);
    }
    transaction.commit()?;
    if let Some((_, after)) = points {
        crash_point(after);
    }
    Ok(value)
}
