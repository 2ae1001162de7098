//! Copies of pictures that are not up yet, each in a file of its own beside the copies of the outbox. A command's copy
//! names a picture by its hash and stays small; the picture is sealed and synced once, when it is taken, and its copy
//! goes when the server has it.

use super::{Copies, record};
use crate::{
    error::{Error, Result},
    folder,
    secrets::random_bytes,
    store::{Db, StoreKey, blobs, blobs::Standing},
};
use crypto_secretbox::{Nonce, XSalsa20Poly1305, aead::Aead};
use huishou_domain::blob::{PictureType, hash_of, name_of};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// How file names end.
const END: &str = ".copy";
/// Length of a nonce; random ones of this length do not repeat.
const NONCE: usize = 24;
/// Length of the time that stands before the bytes.
const TIME: usize = 8;

/// A picture as its copy holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its type.
    pub kind: PictureType,
    /// Since when it is here, unix milliseconds.
    pub made_at: i64,
    /// Its bytes; their hash is its name.
    pub bytes: Vec<u8>,
}

impl Copies {
    /// Keeps a copy of a picture that has just been taken.
    ///
    /// # Errors
    /// Of the folder; the picture is in the store all the same.
    pub fn add_picture(&self, name: &str, made_at: i64, bytes: &[u8]) -> Result<()> {
        let sealed = seal(&self.cipher(), made_at, bytes)?;
        folder::replace(&path(&self.folder, name), &sealed)
    }

    /// Lets the copy of a picture go that is not to be brought up any more.
    ///
    /// # Errors
    /// Of the folder.
    pub fn drop_picture(&self, name: &str) -> Result<()> {
        folder::remove(&path(&self.folder, name))
    }

    /// Sets the copies right: what waits has one, what is up has none. One that the store does not know stays: the store
    /// may have lost the picture.
    ///
    /// # Errors
    /// Of the folder or the store.
    pub fn keep_pictures(&self, db: &Db) -> Result<()> {
        let there: BTreeSet<String> = pictures(&self.folder)?.into_iter().collect();
        for waiting in blobs::waiting(db)? {
            if there.contains(&waiting.name) {
                continue;
            }
            if let Some(bytes) = blobs::get(db, &waiting.name)? {
                self.add_picture(&waiting.name, waiting.made_at, &bytes)?;
            }
        }
        for name in there {
            if blobs::standing(db, &name)? == Some(Standing::Settled) {
                self.drop_picture(&name)?;
            }
        }
        Ok(())
    }
}

/// Names of the pictures of which there are copies.
///
/// # Errors
/// Of the folder.
pub fn pictures(folder: &Path) -> Result<Vec<String>> {
    let names = folder::beginning(folder, folder::PICTURE)?;
    let names = names.iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        let name = name.strip_prefix(folder::PICTURE)?.strip_suffix(END)?;
        hash_of(name).map(|_| name.to_owned())
    });
    Ok(names.collect())
}

/// A picture from its copy; none without one, or where it was damaged or sealed with another key.
#[must_use]
pub fn picture(folder: &Path, key: &StoreKey, name: &str) -> Option<Picture> {
    let sealed = std::fs::read(path(folder, name)).ok()?;
    let found = open(&record::cipher(key), &sealed)?;
    (name_of(&found.bytes) == name).then_some(found)
}

/// Puts the pictures back that the store has lost; they are brought up like others. Answers how many.
///
/// # Errors
/// Of the folder or the store.
pub fn put_pictures_back(db: &Db, folder: &Path, key: &StoreKey) -> Result<usize> {
    let mut back = 0;
    for name in pictures(folder)? {
        if blobs::standing(db, &name)?.is_some() {
            continue;
        }
        if let Some(found) = picture(folder, key, &name) {
            blobs::put(db, &name, found.kind.as_str(), &found.bytes, found.made_at)?;
            back += 1;
        }
    }
    Ok(back)
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}{name}{END}", folder::PICTURE))
}

fn seal(cipher: &XSalsa20Poly1305, made_at: i64, bytes: &[u8]) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE] = random_bytes();
    let plain = [&made_at.to_be_bytes(), bytes].concat();
    let hidden = cipher
        .encrypt(&Nonce::from(nonce), plain.as_slice())
        .map_err(|_| Error::code("store_failed"))?;
    Ok([nonce.as_slice(), &hidden].concat())
}

fn open(cipher: &XSalsa20Poly1305, sealed: &[u8]) -> Option<Picture> {
    let (nonce, hidden) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let mut plain = cipher.decrypt(&Nonce::from(nonce), hidden).ok()?;
    let made_at = i64::from_be_bytes(plain.get(..TIME)?.try_into().ok()?);
    let bytes = plain.split_off(TIME);
    Some(Picture {
        kind: PictureType::of(&bytes)?,
        made_at,
        bytes,
    })
}
