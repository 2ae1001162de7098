//! What the database holds after a workload, and what it did meanwhile.

use anyhow::{Context, Result};
use blackbox::Database;
use std::collections::BTreeMap;

/// Appointments of a station as text ids, in the order of their ids, from `skip` on.
pub async fn appointments(db: &Database, station: &str, skip: usize, most: usize) -> Vec<String> {
    ids(
        db,
        &format!("scope_station = UNHEX('{station}') ORDER BY id LIMIT {skip}, {most}"),
    )
    .await
}

/// Appointments that a collector's device is to hold.
pub async fn of_collector(db: &Database, username: &str) -> Vec<String> {
    let staff = staff(username);
    ids(
        db,
        &format!("scope_collector = {staff} OR scope_fact = {staff}"),
    )
    .await
}

/// Of these appointments, those without a trace of a start.
pub async fn not_started(db: &Database, appointments: &[String]) -> usize {
    let started = ids(db, "started_at IS NOT NULL").await;
    appointments
        .iter()
        .filter(|id| !started.contains(id))
        .count()
}

/// Id of a member of staff as text.
///
/// # Errors
/// Nobody has that name.
pub async fn staff_id(db: &Database, username: &str) -> Result<String> {
    let sql = format!("SELECT LOWER(HEX(id)) FROM staff WHERE username = '{username}'");
    let id = db.texts(&sql).await.pop().context("a member of staff")?;
    Ok(id.parse::<uuid::Uuid>()?.to_string())
}

/// `Handler_read%` of all connections since the database started.
pub async fn handler_reads(db: &Database) -> BTreeMap<String, u64> {
    let sql = "SELECT CONCAT(VARIABLE_NAME, ' ', VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME LIKE 'HANDLER_READ%'";
    let rows = db.texts(sql).await;
    rows.iter()
        .filter_map(|row| {
            let (name, value) = row.split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        })
        .collect()
}

/// The database's own process id.
///
/// # Errors
/// It left no file with it.
pub async fn process(db: &Database) -> Result<u32> {
    let path = db
        .texts("SELECT @@pid_file")
        .await
        .pop()
        .context("a path")?;
    Ok(std::fs::read_to_string(path)?.trim().parse()?)
}

fn staff(username: &str) -> String {
    format!("(SELECT id FROM staff WHERE username = '{username}')")
}

async fn ids(db: &Database, condition: &str) -> Vec<String> {
    let sql = format!("SELECT LOWER(HEX(id)) FROM appointments WHERE {condition}");
    let text = |hex: &String| Some(hex.parse::<uuid::Uuid>().ok()?.to_string());
    db.texts(&sql).await.iter().filter_map(text).collect()
}
