//! Bringing the write-ahead log into the file. SQLite would do that in whichever commit finds the log long, and one
//! command in sixty would wait for it: here the log may grow, and a connection of its own settles it beside the work.

use super::{
    Commit, StoreKey,
    cipher::{Format, connect_as},
};
use crate::error::Result;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// Pages of the log with which a commit settles it after all: nobody came to do it, or it grows faster than that. A first
/// sync of some ten thousand aggregates is over before.
const MOST_PAGES: u32 = 8_000;
/// The log's file is cut to this when it begins anew, bytes.
const MOST_BYTES: i64 = 16 << 20;
/// What has to come together before it is worth while; a command counts one.
const WORTH: u32 = 64;

/// The log of one store, and how much of it is not settled.
#[derive(Default)]
pub struct Settling {
    store: Option<(PathBuf, StoreKey, Format)>,
    unsettled: u32,
}

impl Settling {
    pub(super) fn of(path: &Path, key: &StoreKey, format: Format) -> Self {
        Self {
            store: Some((path.to_owned(), key.clone(), format)),
            unsettled: 0,
        }
    }

    /// Something is about to be written.
    pub(super) const fn note(&mut self, commit: Commit) {
        let weight = match commit {
            Commit::Stage => WORTH,
            _ => 1,
        };
        self.unsettled = self.unsettled.saturating_add(weight);
    }

    pub(super) fn due(&mut self) -> Option<Self> {
        if self.unsettled < WORTH {
            return None;
        }
        self.unsettled = 0;
        Some(Self {
            store: self.store.clone(),
            unsettled: 0,
        })
    }

    /// Settles what nobody is reading in the log; nobody waits for it.
    ///
    /// # Errors
    /// Of the store; then it is left to the next time.
    pub fn run(&self) -> Result<()> {
        let Some((path, key, format)) = &self.store else {
            return Ok(());
        };
        // A store that was taken away meanwhile is not made anew.
        let db = connect_as(*format, path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// The log may grow further than SQLite lets it.
pub(super) fn let_grow(db: &Connection) -> Result<()> {
    db.pragma_update(None, "wal_autocheckpoint", MOST_PAGES)?;
    db.pragma_update(None, "journal_size_limit", MOST_BYTES)?;
    Ok(())
}
