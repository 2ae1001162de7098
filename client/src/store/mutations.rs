//! `mutations`: the outbox. Every command made here with its exact bytes; it is pending, then answered, then retired
//! (the base contains its effect), and applied ones are kept a week for a server that was restored.

use super::Db;
use crate::error::Result;
use huishou_domain::{
    appointment::Slot,
    ids::{StaffId, StationId},
    staff::Actor,
    sync::message::{MAX_BYTES, MAX_MUTATIONS, Outcome},
};
use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What replaying a command needs and the wire does not carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Role and station of the person who acted, as they were then.
    pub actor: Actor,
    /// The slot a new time was shown in.
    #[serde(default)]
    pub slot: Option<Slot>,
    /// The depot of a phone booking.
    #[serde(default)]
    pub depot: Option<Depot>,
}

/// Where a phone booking belongs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depot {
    /// The depot that serves its address.
    pub station_id: StationId,
    /// That depot's city, whose prices count.
    pub city: String,
}

/// A command made here.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Number on this device.
    pub id: i64,
    /// Identity.
    pub uid: Uuid,
    /// Command with version.
    pub name: String,
    /// Who.
    pub actor: StaffId,
    /// The order's id of the visit it is about.
    pub visit: Option<Uuid>,
    /// The appointment, if it is about one.
    pub appointment_id: Option<Uuid>,
    /// Trusted time, unix milliseconds.
    pub made_at: i64,
    /// The exact bytes.
    pub bytes: String,
    /// For the overlay.
    pub context: Context,
    /// None while unanswered.
    pub outcome: Option<Outcome>,
    /// The base contains its effect, or it never took effect.
    pub retired: bool,
    /// Refused and not dealt with.
    pub open: bool,
}

const COLUMNS: &str =
    "id, uid, name, actor, visit, appointment_id, made_at, bytes, context, outcome, retired, open";

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let context: String = row.get(8)?;
        let outcome: Option<String> = row.get(9)?;
        Ok(Self {
            id: row.get(0)?,
            uid: row.get(1)?,
            name: row.get(2)?,
            actor: StaffId(row.get(3)?),
            visit: row.get(4)?,
            appointment_id: row.get(5)?,
            made_at: row.get(6)?,
            bytes: row.get(7)?,
            context: serde_json::from_str(&context).map_err(|e| broken(8, e))?,
            outcome: outcome.as_deref().and_then(outcome_of),
            retired: row.get(10)?,
            open: row.get(11)?,
        })
    }
}

fn broken(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

const fn outcome_text(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Rejected => "rejected",
        Outcome::Conflict => "conflict",
    }
}

fn outcome_of(text: &str) -> Option<Outcome> {
    [Outcome::Applied, Outcome::Rejected, Outcome::Conflict]
        .into_iter()
        .find(|o| outcome_text(*o) == text)
}

fn list(db: &Db, rest: &str, params: impl rusqlite::Params) -> Result<Vec<Stored>> {
    let mut statement = db.prepare_cached(&format!("SELECT {COLUMNS} FROM mutations {rest}"))?;
    let rows = statement.query_map(params, Stored::read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Adds a command to the outbox.
///
/// # Errors
/// Of the store.
pub fn insert(db: &Db, new: &Stored) -> Result<()> {
    let context = serde_json::to_string(&new.context)?;
    db.prepare_cached(
        "INSERT INTO mutations (id, uid, name, actor, visit, appointment_id, made_at, bytes, context) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![new.id, new.uid, new.name, new.actor.uuid(), new.visit, new.appointment_id, new.made_at, new.bytes, context])?;
    Ok(())
}

/// What a push carries: numbers and bytes of unanswered ones above a number in order, within the limits of a request, at
/// least one.
///
/// # Errors
/// Of the store.
pub fn batch(db: &Db, after: i64) -> Result<Vec<(i64, String)>> {
    let limit = i64::try_from(MAX_MUTATIONS).unwrap_or(i64::MAX);
    let mut found: Vec<(i64, String)> = db
        .prepare_cached(
            "SELECT id, bytes FROM mutations WHERE outcome IS NULL AND id > ?2 ORDER BY id LIMIT ?1",
        )?
        .query_map([limit, after], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut sum = 0;
    let fits = found.iter().take_while(|(_, bytes)| {
        sum += bytes.len() + 1;
        sum <= MAX_BYTES
    });
    let count = fits.count().max(1);
    found.truncate(count);
    Ok(found)
}

/// Uids of the unanswered commands of a visit, oldest first: what a new one depends on.
///
/// # Errors
/// Of the store.
pub fn unanswered_of(db: &Db, visit: Uuid) -> Result<Vec<Uuid>> {
    let mut statement = db.prepare_cached(
        "SELECT uid FROM mutations WHERE visit = ?1 AND outcome IS NULL ORDER BY id",
    )?;
    let rows = statement.query_map([visit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The commands whose effect on a visit is not in the base yet, oldest first.
///
/// # Errors
/// Of the store.
pub fn overlaid(db: &Db, visit: Uuid) -> Result<Vec<Stored>> {
    list(
        db,
        "WHERE visit = ?1 AND retired = 0 AND (outcome IS NULL OR outcome = 'applied') ORDER BY id",
        [visit],
    )
}

/// How a visit stands: (unanswered, refused and open, answered but not retired).
///
/// # Errors
/// Of the store.
pub fn standing(db: &Db, visit: Uuid) -> Result<(u32, u32, u32)> {
    Ok(db
        .prepare_cached(
            "SELECT coalesce(sum(outcome IS NULL), 0), coalesce(sum(open), 0), coalesce(sum(outcome = 'applied' AND retired = 0), 0)
             FROM mutations WHERE visit = ?1",
        )?
        .query_row([visit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?)
}

/// Counts of unanswered and of open refused commands.
///
/// # Errors
/// Of the store.
pub fn counts(db: &Db) -> Result<(u32, u32)> {
    Ok(db
        .prepare_cached("SELECT (SELECT count(*) FROM mutations WHERE outcome IS NULL), (SELECT count(*) FROM mutations WHERE open = 1)")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// A command by number.
///
/// # Errors
/// Of the store.
pub fn by_id(db: &Db, id: i64) -> Result<Option<Stored>> {
    Ok(list(db, "WHERE id = ?1", [id])?.pop())
}

/// A command by identity.
///
/// # Errors
/// Of the store.
pub fn by_uid(db: &Db, uid: Uuid) -> Result<Option<Stored>> {
    Ok(list(db, "WHERE uid = ?1", [uid])?.pop())
}

/// Stores what became of a command. Refused ones are open until someone deals with them, and have nothing to retire.
///
/// # Errors
/// Of the store.
pub fn answer(db: &Db, id: i64, outcome: Outcome, at: i64) -> Result<()> {
    let refused = outcome != Outcome::Applied;
    db.prepare_cached("UPDATE mutations SET outcome = ?2, open = ?3, retired = max(retired, ?3), answered_at = ?4 WHERE id = ?1")?
        .execute(params![id, outcome_text(outcome), refused, at])?;
    Ok(())
}

/// Retires the answered commands up to `last`, and names their visits.
///
/// # Errors
/// Of the store.
pub fn retire_through(db: &Db, last: i64) -> Result<Vec<Uuid>> {
    let mut statement =
        db.prepare_cached("SELECT DISTINCT visit FROM mutations WHERE retired = 0 AND outcome IS NOT NULL AND id <= ?1 AND visit IS NOT NULL")?;
    let visits = statement
        .query_map([last], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    db.prepare_cached(
        "UPDATE mutations SET retired = 1 WHERE retired = 0 AND outcome IS NOT NULL AND id <= ?1",
    )?
    .execute([last])?;
    Ok(visits)
}

/// Whether [`retire_through`] would retire any.
///
/// # Errors
/// Of the store.
pub fn any_to_retire(db: &Db, last: i64) -> Result<bool> {
    Ok(db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM mutations WHERE retired = 0 AND outcome IS NOT NULL AND id <= ?1)")?
        .query_row([last], |row| row.get(0))?)
}

/// What is known of a command when its verdict comes.
pub struct Told {
    /// Identity.
    pub uid: Uuid,
    /// Command with version.
    pub name: String,
    /// The visit it is about.
    pub visit: Option<Uuid>,
}

/// An unanswered command by number, as far as its verdict concerns it.
///
/// # Errors
/// Of the store.
pub fn unanswered_by_id(db: &Db, id: i64) -> Result<Option<Told>> {
    let read = |row: &Row<'_>| {
        Ok(Told {
            uid: row.get(0)?,
            name: row.get(1)?,
            visit: row.get(2)?,
        })
    };
    Ok(db
        .prepare_cached("SELECT uid, name, visit FROM mutations WHERE id = ?1 AND outcome IS NULL")?
        .query_row([id], read)
        .optional()?)
}

/// The refused command has been dealt with.
///
/// # Errors
/// Of the store.
pub fn close(db: &Db, id: i64) -> Result<()> {
    db.prepare_cached("UPDATE mutations SET open = 0 WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Highest id up to which every verdict is stored here.
///
/// # Errors
/// Of the store.
pub fn confirmed(db: &Db, last_id: i64) -> Result<i64> {
    let first: Option<i64> = db
        .prepare_cached("SELECT min(id) FROM mutations WHERE outcome IS NULL")?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(first.map_or(last_id, |first| first - 1))
}

/// For the sync centre: unanswered and open ones first, then the newest answered.
///
/// # Errors
/// Of the store.
pub fn for_people(db: &Db, answered: u32) -> Result<Vec<Stored>> {
    let mut found = list(
        db,
        "WHERE outcome IS NULL OR open = 1 ORDER BY open DESC, id",
        [],
    )?;
    found.extend(list(
        db,
        "WHERE outcome IS NOT NULL AND open = 0 ORDER BY id DESC LIMIT ?1",
        [answered],
    )?);
    Ok(found)
}

/// The unanswered ones, oldest first.
///
/// # Errors
/// Of the store.
pub fn unanswered(db: &Db) -> Result<Vec<Stored>> {
    list(db, "WHERE outcome IS NULL ORDER BY id", [])
}

/// Visits that commands kept here are about.
///
/// # Errors
/// Of the store.
pub fn visits(db: &Db) -> Result<Vec<Uuid>> {
    let mut statement =
        db.prepare_cached("SELECT DISTINCT visit FROM mutations WHERE visit IS NOT NULL")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Visits with commands that are not retired or still open.
///
/// # Errors
/// Of the store.
pub fn live_visits(db: &Db) -> Result<Vec<Uuid>> {
    let mut statement =
        db.prepare_cached("SELECT DISTINCT visit FROM mutations WHERE (retired = 0 OR open = 1) AND visit IS NOT NULL")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets what was applied and answered before `before` (unix milliseconds), oldest first and without leaving gaps:
/// a server that was restored can only hear again what is kept in one piece.
///
/// # Errors
/// Of the store.
pub fn prune(db: &Db, before: i64) -> Result<()> {
    let keep: Option<i64> = db
        // The first from below, not the least of all: mostly the very first stays.
        .prepare_cached("SELECT id FROM mutations WHERE outcome IS NULL OR open = 1 OR retired = 0 OR answered_at >= ?1 ORDER BY id LIMIT 1")?
        .query_row([before], |row| row.get(0))
        .optional()?;
    db.prepare_cached("DELETE FROM mutations WHERE id < ?1")?
        .execute([keep.unwrap_or(i64::MAX)])?;
    Ok(())
}

/// So many commands after a number, in order.
///
/// # Errors
/// Of the store.
pub fn after(db: &Db, id: i64, most: u32) -> Result<Vec<Stored>> {
    list(db, "WHERE id > ?1 ORDER BY id LIMIT ?2", params![id, most])
}

/// So many commands below a number and above another, the highest first.
///
/// # Errors
/// Of the store.
pub fn before(db: &Db, id: i64, above: i64, most: u32) -> Result<Vec<Stored>> {
    list(
        db,
        "WHERE id < ?1 AND id > ?2 ORDER BY id DESC LIMIT ?3",
        params![id, above, most],
    )
}
