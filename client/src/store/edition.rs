//! What the server said, in two editions: the one that is shown, and the next one, which a first sync fills page by page
//! in tables of its own that nobody reads. It takes the place of the shown one in one commit, when it is whole.

use super::Db;
use crate::error::Result;
use rusqlite::OptionalExtension;

/// The tables of an edition. They refer to each other by no constraint, so that one can take the other's place.
const TABLES: [&str; 4] = ["bodies", "base", "appointment_list", "order_list"];

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// What screens and commands read.
    Shown,
    /// What is being fetched.
    Next,
}

impl Edition {
    /// What its tables' names begin with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Shown => "",
            Self::Next => "next_",
        }
    }
}

/// Makes the next edition's tables, empty and without indexes.
///
/// # Errors
/// Of the store.
pub fn begin(db: &Db) -> Result<()> {
    for table in TABLES {
        let sql: String = db.query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |row| row.get(0),
        )?;
        // What follows the name: columns and constraints.
        let columns = sql.find('(').map_or("", |at| &sql[at..]);
        db.execute_batch(&format!("CREATE TABLE next_{table} {columns}"))?;
    }
    Ok(())
}

/// Whether a next edition was begun.
///
/// # Errors
/// Of the store.
pub fn is_begun(db: &Db) -> Result<bool> {
    Ok(db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'next_base')",
        )?
        .query_row([], |row| row.get(0))?)
}

/// The next edition is shown from now on; the other is no more.
///
/// # Errors
/// Of the store.
pub fn swap(db: &Db) -> Result<()> {
    for table in TABLES {
        let indexes = indexes(db, table)?;
        db.execute_batch(&format!(
            "DROP TABLE {table}; ALTER TABLE next_{table} RENAME TO {table}; {indexes}"
        ))?;
    }
    Ok(())
}

/// Throws the next edition away, if there is one.
///
/// # Errors
/// Of the store.
pub fn discard(db: &Db) -> Result<()> {
    if is_begun(db)? {
        for table in TABLES {
            db.execute_batch(&format!("DROP TABLE IF EXISTS next_{table}"))?;
        }
    }
    Ok(())
}

/// What makes a table's indexes.
fn indexes(db: &Db, table: &str) -> Result<String> {
    let all: Option<String> = db
        .query_row(
            "SELECT group_concat(sql, '; ') FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
            [table],
            |row| row.get(0),
        )
        .optional()?
        .flatten();
    Ok(all.unwrap_or_default())
}
