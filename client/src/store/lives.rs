//! Numbers of commands when the server and this store no longer agree about them: a server that was set back, or a
//! store that was. Numbers of the present life begin at 1 and are dense; what was answered in earlier lives stands at 0
//! and below, in its order.

use super::Db;
use crate::error::Result;
use huishou_domain::sync::message::Mutation;
use rusqlite::params;
use uuid::Uuid;

/// Far below every number in use: where rows wait while they change numbers.
const ASIDE: i64 = 1 << 40;

/// What a server that was set back no longer knows waits again: commands above a number that were answered, but for
/// those that were refused and dealt with. Names their visits.
///
/// # Errors
/// Of the store.
pub fn wait_again_above(db: &Db, last: i64) -> Result<Vec<Uuid>> {
    wait_again(db, "id > ?1", last)
}

/// The same for commands of earlier lives, whose numbers the server has never seen in this one.
///
/// # Errors
/// Of the store.
pub fn wait_again_of_earlier_lives(db: &Db) -> Result<Vec<Uuid>> {
    wait_again(db, "id <= ?1", 0)
}

/// Everything kept that took effect waits again, to be told in a new life: what rested on numbers of an earlier one
/// could be forgotten by the server without anybody noticing. Names the visits.
///
/// # Errors
/// Of the store.
pub fn wait_again_in_new_life(db: &Db) -> Result<Vec<Uuid>> {
    forget_answers(db, "id > ?1 AND outcome = 'applied'", i64::MIN)
}

fn wait_again(db: &Db, which: &str, bound: i64) -> Result<Vec<Uuid>> {
    let forgotten =
        format!("{which} AND outcome IS NOT NULL AND (outcome = 'applied' OR open = 1)");
    forget_answers(db, &forgotten, bound)
}

fn forget_answers(db: &Db, forgotten: &str, bound: i64) -> Result<Vec<Uuid>> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT DISTINCT visit FROM mutations WHERE {forgotten} AND visit IS NOT NULL"
    ))?;
    let visits = statement
        .query_map([bound], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    db.prepare_cached(&format!(
        "UPDATE journal SET superseded = 1 WHERE superseded = 0 AND uid IN (SELECT uid FROM mutations WHERE {forgotten})"
    ))?
    .execute([bound])?;
    db.prepare_cached(&format!(
        "UPDATE mutations SET outcome = NULL, retired = 0, open = 0, answered_at = NULL WHERE {forgotten}"
    ))?
    .execute([bound])?;
    Ok(visits)
}

/// Whether the server had answered this command and is told it again.
///
/// # Errors
/// Of the store.
pub fn is_told_again(db: &Db, uid: Uuid) -> Result<bool> {
    Ok(db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM journal WHERE uid = ?1 AND superseded = 1)")?
        .query_row([uid], |row| row.get(0))?)
}

/// How many commands of the present life above a number wait for a verdict.
///
/// # Errors
/// Of the store.
pub fn waiting_above(db: &Db, last: i64) -> Result<i64> {
    Ok(db
        .prepare_cached("SELECT count(*) FROM mutations WHERE outcome IS NULL AND id > ?1")?
        .query_row([last], |row| row.get(0))?)
}

/// Gives what waits new numbers from 1, in the old order; what was answered stays behind at 0 and below. Only the number
/// in the bytes changes. Answers the highest number given.
///
/// # Errors
/// Of the store.
pub fn renumber(db: &Db) -> Result<i64> {
    db.execute("UPDATE mutations SET id = id - ?1", [ASIDE])?;
    let answered: i64 = db.query_row(
        "SELECT count(*) FROM mutations WHERE outcome IS NOT NULL",
        [],
        |row| row.get(0),
    )?;
    let mut rows = db.prepare("SELECT id, outcome IS NULL, bytes FROM mutations ORDER BY id")?;
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<Vec<(i64, bool, String)>>>()?;
    let mut update = db.prepare("UPDATE mutations SET id = ?2, bytes = ?3 WHERE id = ?1")?;
    let (mut behind, mut last) = (-answered, 0);
    for (aside, waits, bytes) in rows {
        if waits {
            last += 1;
            update.execute(params![aside, last, numbered(&bytes, last)?])?;
        } else {
            behind += 1;
            update.execute(params![aside, behind, bytes])?;
        }
    }
    Ok(last)
}

/// A command's bytes under another number, otherwise as they were.
///
/// # Errors
/// Bytes that are no command.
pub fn numbered(bytes: &str, id: i64) -> Result<String> {
    if let Some((_, rest)) = bytes
        .strip_prefix("{\"id\":")
        .and_then(|rest| rest.split_once(','))
    {
        return Ok(format!("{{\"id\":{id},{rest}"));
    }
    let mutation: Mutation = serde_json::from_str(bytes)?;
    Ok(serde_json::to_string(&Mutation { id, ..mutation })?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_number_changes_in_the_bytes() {
        let odd = r#"{"id":17,"uid":"01936a00-0000-7000-8000-000000000001","args":{"id":17, "x" : "1,2"},"later":true}"#;
        assert_eq!(
            numbered(odd, 3).unwrap(),
            r#"{"id":3,"uid":"01936a00-0000-7000-8000-000000000001","args":{"id":17, "x" : "1,2"},"later":true}"#
        );
        let elsewhere = r#"{"uid":"01936a00-0000-7000-8000-000000000001","id":17,"name":"x@1","actor":"01936a00-0000-7000-8000-000000000001","args":{},"client_time":"2026-11-23T02:00:00.125Z"}"#;
        let again: Mutation = serde_json::from_str(&numbered(elsewhere, 3).unwrap()).unwrap();
        assert_eq!((again.id, again.name.as_str()), (3, "x@1"));
        assert!(numbered("no command", 3).is_err());
    }
}
