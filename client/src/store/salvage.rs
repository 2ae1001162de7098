//! What can still be read of a store whose file has gone bad: page by page from both ends, until a page refuses.

use super::{Db, StoreKey, connect, drafts, journal, meta, mutations, mutations::Stored};
use huishou_domain::sync::message::Verdict;
use serde_json::Value;
use std::path::Path;

/// Commands read at a time: few, so that one bad page costs few.
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
    let mut stored = fresh().map(|db| forwards(&db)).unwrap_or_default();
    let reached = stored.last().map_or(i64::MIN, |last| last.id);
    let mut behind = fresh()
        .map(|db| backwards(&db, reached))
        .unwrap_or_default();
    behind.reverse();
    stored.append(&mut behind);
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
    found
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

fn forwards(db: &Db) -> Vec<Stored> {
    let mut found: Vec<Stored> = Vec::new();
    loop {
        let after = found.last().map_or(i64::MIN, |last| last.id);
        match mutations::after(db, after, STRIDE) {
            Ok(mut page) if !page.is_empty() => found.append(&mut page),
            _ => return found,
        }
    }
}

/// From the newest down to `reached`, newest first.
fn backwards(db: &Db, reached: i64) -> Vec<Stored> {
    let mut found: Vec<Stored> = Vec::new();
    loop {
        let before = found.last().map_or(i64::MAX, |first| first.id);
        match mutations::before(db, before, reached, STRIDE) {
            Ok(mut page) if !page.is_empty() => found.append(&mut page),
            _ => return found,
        }
    }
}
