//! Copies of the outbox beside the store. The store is the truth; a copy is what is left when a page of it goes bad or
//! its write-ahead log loses its end.
//!
//! A generation begins with everything that a lost store would take with it, and each command done here is added and
//! synced before the person hears that it is done. Lines are sealed one by one with a key that follows from the store's
//! (XSalsa20-Poly1305): a line that was damaged or cut off is noticed, and the others can still be read. The newest
//! generations are kept. Pictures that are not up yet lie beside them, each in a file of its own.

mod pictures;
mod record;
mod restore;

pub use pictures::{Picture, picture, pictures, put_pictures_back};
pub use record::{Draft, Head, Kept};
pub use restore::{Gathered, gather, insert, insert_draft, put_back};

use crate::{
    crash::crash_point,
    error::{Error, Result},
    folder,
    store::{Db, StoreKey},
};
use crypto_secretbox::XSalsa20Poly1305;
use record::{Record, Sealer};
use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Generations kept.
const KEEP: usize = 3;
/// A generation is closed after so many commands were added…
const MOST_ADDED: usize = 200;
/// …or when it is so old.
const MOST_AGE_MS: i64 = 24 * 3_600 * 1_000;
/// How file names end.
const END: &str = ".copy";

/// The copies of one folder.
pub struct Copies {
    folder: PathBuf,
    cipher: Mutex<XSalsa20Poly1305>,
    open: Mutex<Option<Generation>>,
}

/// The generation that is being added to.
struct Generation {
    number: u32,
    file: File,
    added: usize,
    head: Head,
    /// The newest command: life of the store, number.
    tail: (u32, i64),
}

impl Copies {
    /// The copies of a folder whose store has this key.
    #[must_use]
    pub fn of(folder: &Path, key: &StoreKey) -> Self {
        Self {
            folder: folder.to_owned(),
            cipher: Mutex::new(record::cipher(key)),
            open: Mutex::new(None),
        }
    }

    /// The store was wiped and has another key: there are no copies, and new ones are sealed anew.
    pub fn rekey(&self, key: &StoreKey) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.cipher.lock().unwrap_or_else(PoisonError::into_inner) = record::cipher(key);
    }

    fn cipher(&self) -> XSalsa20Poly1305 {
        let cipher = self.cipher.lock();
        cipher.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a command that has just been done, and makes it last.
    ///
    /// # Errors
    /// Of the folder; the command is in the store all the same.
    pub fn add(&self, command: &Kept) -> Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let follows = match &*open {
            Some(current) => path(&self.folder, current.number + 1).exists(),
            None => true,
        };
        if follows {
            *open = self.newest()?;
        }
        let Some(current) = open.as_mut() else {
            return Err(Error::code("no_copy"));
        };
        let line = Record::Command(Box::new(command.clone())).seal(&self.cipher())?;
        current.file.write_all(&line)?;
        current.file.sync_data()?;
        current.added += 1;
        current.tail = current.tail.max((command.incarnation, command.id));
        Ok(())
    }

    /// Begins a new generation from what the store holds now, and lets the oldest go.
    ///
    /// # Errors
    /// Of the folder or the store; then the generations there are as they were.
    pub fn begin(&self, db: &Db, now: i64) -> Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let there = generations(&self.folder)?;
        let number = there.last().map_or(1, |(number, _)| number + 1);
        let head = Head::of(db, now)?;
        let mut bytes = Record::Head(Box::new(head.clone())).seal(&self.cipher())?;
        for record in record::contents(db)? {
            bytes.extend(record.seal(&self.cipher())?);
        }
        crash_point("copy.before_rename");
        folder::replace(&path(&self.folder, number), &bytes)?;
        let old = (there.len() + 1).saturating_sub(KEEP);
        for (_, old) in &there[..old] {
            folder::remove(old)?;
        }
        *open = Some(Generation {
            number,
            file: appended(&path(&self.folder, number))?,
            added: 0,
            tail: (head.incarnation, head.last_id),
            head,
        });
        if let Err(error) = self.keep_pictures(db) {
            tracing::warn!(%error, "not every picture has a copy");
        }
        Ok(())
    }

    /// Whether a new generation is due: there is none, much was added, it is old, or what it began with has changed.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_due(&self, db: &Db, now: i64) -> Result<bool> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_none() {
            *open = self.newest()?;
        }
        let Some(current) = &*open else {
            return Ok(true);
        };
        let is_full = current.added >= MOST_ADDED;
        let is_old = now - current.head.made_at >= MOST_AGE_MS;
        Ok(is_full || is_old || current.head.is_of_another_store(&Head::of(db, now)?))
    }

    /// Whether what is typed or who uses the device has changed since the generation began.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_behind(&self, db: &Db, now: i64) -> Result<bool> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(current) = &*open else {
            return Ok(true);
        };
        let fresh = Head::of(db, now)?;
        Ok(current.added > 0 || fresh.fingerprint != current.head.fingerprint)
    }

    /// The newest readable generation, ready to be added to.
    fn newest(&self) -> Result<Option<Generation>> {
        let Some((number, path)) = generations(&self.folder)?.pop() else {
            return Ok(None);
        };
        let bytes = std::fs::read(&path)?;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let head = match lines.next().map(|line| Record::open(&self.cipher(), line)) {
            Some(Some(Record::Head(head))) => *head,
            _ => return Ok(None),
        };
        let whole = bytes.ends_with(b"\n");
        let lines: Vec<&[u8]> = lines.collect();
        let added = lines.len();
        let tail = self.tail_of(&head, &lines);
        let mut file = appended(&path)?;
        if !whole {
            // What was being added when the power went: end that line, so that the next one begins a line.
            file.write_all(b"\n")?;
        }
        Ok(Some(Generation {
            number,
            file,
            added,
            tail,
            head,
        }))
    }

    /// The newest command of a generation: that of the last line that tells of one, or the head's.
    fn tail_of(&self, head: &Head, lines: &[&[u8]]) -> (u32, i64) {
        let (begun, cipher) = ((head.incarnation, head.last_id), self.cipher());
        let command = |line: &&[u8]| match Record::open(&cipher, line) {
            Some(Record::Command(kept)) => Some((kept.incarnation, kept.id)),
            _ => None,
        };
        let last = lines.iter().rev().find_map(command);
        last.map_or(begun, |last| begun.max(last))
    }

    /// The newest command that is in the copies: life of the store, number; none without a readable generation.
    ///
    /// # Errors
    /// Of the folder.
    pub fn tail(&self) -> Result<Option<(u32, i64)>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = self.newest()?;
        Ok(open.as_ref().map(|current| current.tail))
    }
}

/// Whether any copy was sealed with this key: then a store that does not open has gone bad, and the key is right.
#[must_use]
pub fn fits(folder: &Path, key: &StoreKey) -> bool {
    let cipher = record::cipher(key);
    let opens = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        let mut lines = bytes.split(|byte| *byte == b'\n');
        lines.any(|line| Record::open(&cipher, line).is_some())
    };
    generations(folder).is_ok_and(|there| there.iter().any(|(_, path)| opens(path)))
}

/// Numbers and paths of the generations, oldest first.
fn generations(folder: &Path) -> Result<Vec<(u32, PathBuf)>> {
    let mut found: Vec<(u32, PathBuf)> = folder::beginning(folder, folder::COPY)?
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let number = name.strip_prefix(folder::COPY)?.strip_suffix(END)?;
            Some((number.parse().ok()?, path.clone()))
        })
        .collect();
    found.sort();
    Ok(found)
}

fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{}{number:08}{END}", folder::COPY))
}

fn appended(path: &Path) -> Result<File> {
    Ok(File::options().append(true).open(path)?)
}
