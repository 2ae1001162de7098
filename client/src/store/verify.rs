//! Checks of the file itself and of what its tables promise each other; for support and tests.

use super::Db;
use crate::error::Result;

/// What is wrong with the file: SQLite's and SQLCipher's own checks. Empty when all is well.
///
/// # Errors
/// Of the store.
pub fn file_faults(db: &Db) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for line in lines(db, "PRAGMA integrity_check")? {
        if line != "ok" {
            faults.push(format!("integrity_check: {line}"));
        }
    }
    faults.extend(
        lines(db, "PRAGMA cipher_integrity_check")?
            .into_iter()
            .map(|line| format!("cipher_integrity_check: {line}")),
    );
    faults.extend(
        lines(db, "PRAGMA foreign_key_check")?
            .into_iter()
            .map(|line| format!("foreign_key_check: {line}")),
    );
    Ok(faults)
}

/// What helps against a broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cure {
    /// The marks of commands are set right ([`super::mend`]).
    Marks,
    /// The server's state is fetched anew.
    Refetch,
    /// What screens read is made anew from the server's state and the commands.
    Rebuild,
}

/// What the tables promise each other, as counts of rows that break the promise, with its name and what helps.
///
/// # Errors
/// Of the store.
pub fn broken_promises(db: &Db) -> Result<Vec<(String, Cure)>> {
    const PROMISES: &[(&str, Cure, &str)] = &[
        (
            "mutation ids are dense within the incarnation",
            Cure::Marks,
            // An older copy gets new numbers with its next push.
            "SELECT coalesce(max(id) - min(id) + 1 - count(*), 0) FROM mutations WHERE id > 0 AND NOT EXISTS (SELECT 1 FROM meta WHERE key = 'older_copy' AND value = 'true')",
        ),
        (
            "the last id is known",
            Cure::Marks,
            "SELECT count(*) FROM mutations WHERE id > coalesce((SELECT value FROM meta WHERE key = 'last_id'), 0)",
        ),
        (
            "retired means answered",
            Cure::Marks,
            "SELECT count(*) FROM mutations WHERE retired = 1 AND outcome IS NULL",
        ),
        (
            "open means refused",
            Cure::Marks,
            "SELECT count(*) FROM mutations WHERE open = 1 AND (outcome IS NULL OR outcome = 'applied')",
        ),
        (
            "answered means a verdict in the journal",
            Cure::Marks,
            "SELECT count(*) FROM mutations m WHERE outcome IS NOT NULL AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.uid = m.uid AND j.superseded = 0)",
        ),
        (
            "what waits has a number of this incarnation",
            Cure::Marks,
            "SELECT count(*) FROM mutations WHERE outcome IS NULL AND id <= 0 AND NOT EXISTS (SELECT 1 FROM meta WHERE key = 'older_copy' AND value = 'true')",
        ),
        (
            "what is held has a scope",
            Cure::Refetch,
            "SELECT count(*) FROM base b WHERE dropped = 0 AND NOT EXISTS (SELECT 1 FROM scope_sets s WHERE s.id = b.scopes)",
        ),
        (
            "what is held has a body",
            Cure::Refetch,
            "SELECT count(*) FROM base b WHERE NOT EXISTS (SELECT 1 FROM bodies t WHERE t.id = b.body)",
        ),
        (
            "each body is of something held",
            Cure::Marks,
            "SELECT (SELECT count(*) FROM bodies) - (SELECT count(*) FROM base)",
        ),
        (
            "shadows have no scope",
            Cure::Refetch,
            "SELECT count(*) FROM base WHERE dropped = 1 AND scopes IS NOT NULL",
        ),
        (
            "shadows have open changes",
            Cure::Refetch,
            "SELECT count(*) FROM base b WHERE dropped = 1 AND NOT EXISTS (SELECT 1 FROM mutations m WHERE m.visit = b.visit AND (m.retired = 0 OR m.open = 1))",
        ),
        (
            "overlays have changes",
            Cure::Rebuild,
            "SELECT count(*) FROM overlay o WHERE NOT EXISTS (SELECT 1 FROM mutations m WHERE m.visit = o.visit AND m.retired = 0)",
        ),
        (
            "staged pages have a cursor",
            Cure::Refetch,
            "SELECT count(*) FROM staging WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'staged_cursor')",
        ),
        (
            "a next edition is of staged pages",
            Cure::Refetch,
            "SELECT count(*) FROM sqlite_schema WHERE name = 'next_base' AND NOT EXISTS (SELECT 1 FROM staging)",
        ),
    ];
    let mut faults = Vec::new();
    for (promise, cure, query) in PROMISES {
        let broken: i64 = db.query_row(query, [], |row| row.get(0))?;
        if broken != 0 {
            faults.push((format!("{promise}: {broken} rows do not keep it"), *cure));
        }
    }
    Ok(faults)
}

/// SQLCipher's version.
///
/// # Errors
/// Of the store.
pub fn cipher_version(db: &Db) -> Result<String> {
    Ok(lines(db, "PRAGMA cipher_version")?.join(" "))
}

fn lines(db: &Db, query: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare(query)?;
    let rows = statement.query_map([], |row| {
        Ok(match row.get_ref(0)? {
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
