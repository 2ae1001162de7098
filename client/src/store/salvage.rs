//! What can still be read of a store whose file has gone bad: page by page from both ends, until a page refuses.

use super::{Db, StoreKey, blobs, connect, drafts, journal, meta, mutations, mutations::Stored};
use crate::error::Result;
use huishou_domain::{blob::name_of, sync::message::Verdict};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Rows read at a time: few, so that one bad page costs few.
const STRIDE: u32 = 20;

/// What was readable.
#[derive(Debug, Default)]
pub struct Readable {
    /// Commands with their verdicts, by number.
    pub commands: Vec<(Stored, Option<Verdict>)>,
    /// Drafts: key, contents, unix milliseconds.
    pub drafts: Vec<(String, Value, i64)>,
    /// Highest command number given out, if that can be read.
    pub last_id: Option<i64>,
    /// Pictures, without their bytes.
    pub pictures: Vec<blobs::Row>,
    /// There may have been more pictures.
    pub pictures_broken: bool,
}

impl Readable {
    /// Of a file that is not there.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            pictures_broken: true,
            ..Self::default()
        }
    }
}

/// Reads what can be read. A page that cannot be read ends a direction, never the whole; after one a connection reads
/// nothing more, so each part has its own.
#[must_use]
pub fn read(path: &Path, key: &StoreKey) -> Readable {
    let fresh = || connect(path, key).ok();
    let mut found = Readable {
        last_id: fresh().and_then(|db| meta::get(&db, meta::Key::LastId).ok().flatten()),
        ..Readable::default()
    };
    let (stored, _) = from_both_ends(
        fresh,
        |stored: &Stored| stored.id,
        |db, after| mutations::after(db, after, STRIDE),
        |db, before, reached| mutations::before(db, before, reached, STRIDE),
    );
    let mut verdicts = fresh();
    for one in stored {
        let verdict = match (&one.outcome, &verdicts) {
            (Some(_), Some(db)) => match journal::of(db, one.uid) {
                Ok(verdict) => verdict,
                Err(_) => {
                    verdicts = fresh();
                    None
                }
            },
            _ => None,
        };
        found.commands.push((one, verdict));
    }
    found.drafts = drafts_of(fresh);
    (found.pictures, found.pictures_broken) = from_both_ends(
        fresh,
        |row: &blobs::Row| row.place,
        |db, after| blobs::above(db, after, STRIDE),
        |db, before, reached| blobs::below(db, before, reached, STRIDE),
    );
    found
}

/// The bytes of pictures, one after the other: after a page that refuses a new connection reads on.
pub struct Album {
    path: PathBuf,
    key: StoreKey,
    db: Option<Db>,
}

impl Album {
    /// Of the store in this file.
    #[must_use]
    pub fn of(path: &Path, key: &StoreKey) -> Self {
        Self {
            path: path.to_owned(),
            key: key.clone(),
            db: None,
        }
    }

    /// A picture's bytes, if they can be read and are the ones they should be.
    pub fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        if self.db.is_none() && self.path.exists() {
            self.db = connect(&self.path, &self.key).ok();
        }
        match blobs::get(self.db.as_ref()?, name) {
            Ok(bytes) => bytes.filter(|bytes| name_of(bytes) == name),
            Err(_) => {
                self.db = None;
                None
            }
        }
    }
}

fn drafts_of(fresh: impl Fn() -> Option<Db>) -> Vec<(String, Value, i64)> {
    let keys = fresh().and_then(|db| drafts::all(&db).ok());
    let mut found = Vec::new();
    let mut db = fresh();
    for (key, at) in keys.unwrap_or_default() {
        match db.as_ref().map(|db| drafts::get(db, &key)) {
            Some(Ok(Some(body))) => found.push((key, body, at)),
            Some(Err(_)) => db = fresh(),
            _ => {}
        }
    }
    found
}

/// What can be reached from the first row up, and from the last one down to there; and whether a page refused.
fn from_both_ends<Row>(
    fresh: impl Fn() -> Option<Db>,
    place: impl Fn(&Row) -> i64,
    above: impl Fn(&Db, i64) -> Result<Vec<Row>>,
    below: impl Fn(&Db, i64, i64) -> Result<Vec<Row>>,
) -> (Vec<Row>, bool) {
    let (mut found, is_whole) = pages(fresh(), i64::MIN, &place, above);
    if is_whole {
        return (found, false);
    }
    let reached = found.last().map_or(i64::MIN, &place);
    let down = |db: &Db, before| below(db, before, reached);
    let (mut behind, _) = pages(fresh(), i64::MAX, &place, down);
    behind.reverse();
    found.append(&mut behind);
    (found, true)
}

/// Page after page until one is empty, or refuses: then false.
fn pages<Row>(
    db: Option<Db>,
    start: i64,
    place: impl Fn(&Row) -> i64,
    next: impl Fn(&Db, i64) -> Result<Vec<Row>>,
) -> (Vec<Row>, bool) {
    let mut found: Vec<Row> = Vec::new();
    let Some(db) = db else {
        return (found, false);
    };
    loop {
        let from = found.last().map_or(start, &place);
        match next(&db, from) {
            Ok(mut page) if !page.is_empty() => found.append(&mut page),
            Ok(_) => return (found, true),
            Err(_) => return (found, false),
        }
    }
}
