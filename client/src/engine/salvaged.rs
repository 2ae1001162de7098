//! Pictures of a store that has gone bad: those that are not up yet go into the new one, from the file or from their
//! copies. What the server has comes back from there.

use crate::{
    copies,
    error::Result,
    folder,
    store::{Db, StoreKey, blobs, salvage::Album},
};
use huishou_domain::blob::PictureType;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// A picture that can be kept.
pub struct Keepable {
    name: String,
    made_at: i64,
    refused: Option<String>,
}

/// What can be found of the pictures.
pub struct Pictures {
    data: PathBuf,
    key: StoreKey,
    /// Those that can be kept, oldest first.
    pub kept: Vec<Keepable>,
    /// Of these, the ones that only a copy holds.
    pub from_copies: usize,
    /// Those that nothing holds any more.
    pub lost: usize,
}

impl Pictures {
    /// Looks at each once. `listed` is what the file lists, `named` what the commands name that are kept; `is_broken`:
    /// the list may be longer than what was read of it.
    ///
    /// # Errors
    /// Of the folder.
    pub fn of(
        data: &Path,
        key: &StoreKey,
        listed: Vec<blobs::Row>,
        named: BTreeSet<String>,
        is_broken: bool,
    ) -> Result<Self> {
        let mut found = Self {
            data: data.to_owned(),
            key: key.clone(),
            kept: Vec::new(),
            from_copies: 0,
            lost: 0,
        };
        let copied: BTreeSet<String> = copies::pictures(data)?.into_iter().collect();
        let listed: BTreeMap<String, blobs::Row> = listed
            .into_iter()
            .map(|row| (row.name.clone(), row))
            .collect();
        let mut album = found.album();
        for row in listed.values().filter(|row| !row.is_up) {
            let (made_at, refused) = (row.made_at, row.refused.clone());
            if album.bytes(&row.name).is_some() {
                found.keep(&row.name, made_at, refused);
            } else if copies::picture(data, key, &row.name).is_some() {
                found.keep(&row.name, made_at, refused);
                found.from_copies += 1;
            } else {
                found.lost += 1;
            }
        }
        for name in copied
            .union(&named)
            .filter(|name| !listed.contains_key(*name))
        {
            match copies::picture(data, key, name) {
                Some(copy) => {
                    found.keep(name, copy.made_at, None);
                    found.from_copies += 1;
                }
                None if is_broken || copied.contains(name) => found.lost += 1,
                None => {}
            }
        }
        found
            .kept
            .sort_by(|a, b| (a.made_at, &a.name).cmp(&(b.made_at, &b.name)));
        Ok(found)
    }

    fn album(&self) -> Album {
        Album::of(&self.data.join(folder::STORE), &self.key)
    }

    fn keep(&mut self, name: &str, made_at: i64, refused: Option<String>) {
        self.kept.push(Keepable {
            name: name.to_owned(),
            made_at,
            refused,
        });
    }

    /// Puts a picture into a new store, to be brought up.
    ///
    /// # Errors
    /// Of the new store.
    pub fn put(&self, db: &Db, picture: &Keepable) -> Result<()> {
        let name = &picture.name;
        let read = self.album().bytes(name);
        let copy = || copies::picture(&self.data, &self.key, name).map(|copy| copy.bytes);
        let Some(bytes) = read.or_else(copy) else {
            tracing::error!("a picture that could be read before cannot be read now");
            return Ok(());
        };
        let kind = PictureType::of(&bytes).map_or("application/octet-stream", PictureType::as_str);
        blobs::put(db, name, kind, &bytes, picture.made_at)?;
        match &picture.refused {
            Some(code) => blobs::refuse(db, name, code),
            None => Ok(()),
        }
    }
}
