//! What can still be read of a store whose file has gone bad: page by page from both ends, until a page refuses.

use super::{Db, drafts, journal, meta, mutations, mutations::Stored};
use crate::error::Result;
use huishou_domain::sync::message::Verdict;
use serde_json::Value;

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

/// Reads what can be read. A page that cannot be read ends a direction, never the whole.
#[must_use]
pub fn read(db: &Db) -> Readable {
    let mut found = Readable {
        last_id: meta::get(db, meta::Key::LastId).ok().flatten(),
        ..Readable::default()
    };
    let mut stored = forwards(db);
    let reached = stored.last().map_or(i64::MIN, |last| last.id);
    let mut behind = backwards(db, reached);
    behind.reverse();
    stored.append(&mut behind);
    for one in stored {
        let verdict = match one.outcome {
            Some(_) => journal::of(db, one.uid).ok().flatten(),
            None => None,
        };
        found.commands.push((one, verdict));
    }
    for (key, at) in drafts::all(db).unwrap_or_default() {
        if let Ok(Some(body)) = drafts::get(db, &key) {
            found.drafts.push((key, body, at));
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

/// Opens a file that may be bad, changing nothing of its tables.
///
/// # Errors
/// Where nothing of it can be read at all.
pub fn open(path: &std::path::Path, key: &super::StoreKey) -> Result<Db> {
    super::connect(path, key)
}
