//! `meta`: single values of this device — cursor, numbers, addresses, the last contact.

use super::Db;
use crate::{clock::Contact, error::Result};
use rusqlite::{OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

/// What is kept; the text is the stored key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Cursor after the last applied pull.
    Cursor,
    /// Cursor after the last staged page.
    StagedCursor,
    /// The staged pages replace everything held.
    StagedFresh,
    /// Highest mutation id given out.
    LastId,
    /// The server's highest processed mutation, as of the last complete pull.
    LastMutation,
    /// The server and this store do not agree about numbers any more: it is an older copy, or numbers are missing that the
    /// server wants to hear. What waits gets new numbers with the next push.
    OlderCopy,
    /// Which life of this store it is.
    Incarnation,
    /// The newest life of this store that the server knows.
    ServerIncarnation,
    /// Highest number that was ever sent in this life. Noted before sending, without waiting for the disk.
    Sent,
    /// Lowest number whose verdict was stored without waiting for the disk, and since when no commit has waited: a power
    /// cut may take it, so the server is not told yet that it is here.
    Unsynced,
    /// The server's history in which `LastMutation` was last compared.
    CountedIn,
    /// The server's history of the states held.
    Epoch,
    /// Scopes that the next pull asks for anew.
    Again,
    /// What screens read must be made anew: the tables changed.
    Rebuild,
    /// When the server last said that this version is too old, and which version that was.
    Outdated,
    /// Where the server says that the newer version can be fetched.
    Download,
    /// Device id and name.
    Device,
    /// Server address.
    Server,
    /// The server's signing key, pinned at registration.
    ServerKey,
    /// The server's key that the store's key is sealed for.
    RecoveryKey,
    /// The server's proven word that this device's person leaves: nothing new is done here, the outbox is handed in.
    Leaving,
    /// How this device was wiped, until it is registered anew.
    Wiped,
    /// Person signed in.
    Person,
    /// Access token and when it ends.
    Access,
    /// `clock::Contact`.
    Contact,
    /// Latest trusted time handed out.
    Floor,
    /// Offline since.
    OfflineSince,
    /// Code of the last failure.
    LastError,
    /// Scopes fetched again.
    Repaired,
    /// Last check that matched.
    LastCheck,
    /// When the server was last asked whether it still has the pictures that are up, unix milliseconds.
    PicturesAsked,
    /// Categories counted by the piece, from the price books held.
    PieceGoods,
    /// The day the practice book was last filled for.
    PracticeDay,
}

impl Key {
    /// The stored key.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Cursor => "cursor",
            Self::StagedCursor => "staged_cursor",
            Self::StagedFresh => "staged_fresh",
            Self::LastId => "last_id",
            Self::LastMutation => "last_mutation",
            Self::OlderCopy => "older_copy",
            Self::Incarnation => "incarnation",
            Self::ServerIncarnation => "server_incarnation",
            Self::Sent => "sent",
            Self::Unsynced => "unsynced",
            Self::CountedIn => "counted_in",
            Self::Epoch => "epoch",
            Self::Again => "again",
            Self::Rebuild => "rebuild",
            Self::Outdated => "outdated",
            Self::Download => "download",
            Self::Device => "device",
            Self::Server => "server",
            Self::ServerKey => "server_key",
            Self::RecoveryKey => "recovery_key",
            Self::Leaving => "leaving",
            Self::Wiped => "wiped",
            Self::Person => "person",
            Self::Access => "access",
            Self::Contact => "contact",
            Self::Floor => "floor",
            Self::OfflineSince => "offline_since",
            Self::LastError => "last_error",
            Self::Repaired => "repaired",
            Self::LastCheck => "last_check",
            Self::PicturesAsked => "pictures_asked",
            Self::PieceGoods => "piece_goods",
            Self::PracticeDay => "practice_day",
        }
    }
}

/// A value, if it is there.
///
/// # Errors
/// Of the store, or a value of another shape.
pub fn get<T: DeserializeOwned>(db: &Db, key: Key) -> Result<Option<T>> {
    let text: Option<String> = db
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key.text()], |row| row.get(0))
        .optional()?;
    text.map(|text| Ok(serde_json::from_str(&text)?))
        .transpose()
}

/// Stores a value.
///
/// # Errors
/// Of the store.
pub fn set<T: Serialize + ?Sized>(db: &Db, key: Key, value: &T) -> Result<()> {
    let text = serde_json::to_string(value)?;
    db.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute(params![key.text(), text])?;
    Ok(())
}

/// Stores a value under its stored key: one that a copy carried.
///
/// # Errors
/// Of the store.
pub fn set_text(db: &Db, key: &str, value: &serde_json::Value) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute(params![key, value.to_string()])?;
    Ok(())
}

/// Stores a value, or forgets it.
///
/// # Errors
/// Of the store.
pub fn put<T: Serialize>(db: &Db, key: Key, value: Option<&T>) -> Result<()> {
    match value {
        Some(value) => set(db, key, value),
        None => remove(db, key),
    }
}

/// Notes a contact: from now on the server's word is the latest trusted time.
///
/// # Errors
/// Of the store.
pub fn set_contact(db: &Db, contact: &Contact) -> Result<()> {
    set(db, Key::Contact, contact)?;
    set(db, Key::Floor, &contact.server)
}

/// Forgets a value.
///
/// # Errors
/// Of the store.
pub fn remove(db: &Db, key: Key) -> Result<()> {
    db.prepare_cached("DELETE FROM meta WHERE key = ?1")?
        .execute([key.text()])?;
    Ok(())
}
