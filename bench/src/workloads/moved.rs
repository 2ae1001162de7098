//! W6: a collector works offline while the dispatcher gives the visits to somebody else. Counted afterwards: rows that
//! a device holds and should not, rows it should hold and does not, and edits that the server does not have.

use super::{Both, Side, named};
use crate::{client::Client, store::fill::Station, store::look};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What was wrong afterwards, over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wrong {
    /// Visits moved.
    pub moved: usize,
    /// Edits made offline on them.
    pub edits: usize,
    /// Rows left on the first collector's device.
    pub left_behind: usize,
    /// Rows missing on the second collector's device.
    pub missing: usize,
    /// Edits that the server does not have.
    pub lost: usize,
}

/// What was wrong here and with the peer.
///
/// # Errors
/// Of either side.
pub async fn reassign(both: &mut Both) -> Result<[Wrong; 2]> {
    let mut wrong = [Wrong::default(); 2];
    for run in 0..both.scale.runs {
        let station = both
            .station(&format!("moved{run}"), both.scale.reassigned * 2, 2)
            .await?;
        for side in both.turns(run) {
            let ids =
                look::appointments(both.ours.database(), &station.id, 0, usize::MAX >> 1).await;
            let first = look::staff_id(both.ours.database(), &station.collector(1)).await?;
            let theirs = match side {
                Side::Ours => look::of_collector(both.ours.database(), &station.collector(1)).await,
                Side::Peer => theirs(both, &station, &first, &ids).await?,
            };
            let sums = &mut wrong[usize::from(side == Side::Peer)];
            one(both, side, &station, &theirs, sums).await?;
        }
    }
    Ok(wrong)
}

/// The appointments that the peer's documents give to a collector.
async fn theirs(
    both: &mut Both,
    station: &Station,
    staff: &str,
    ids: &[String],
) -> Result<Vec<String>> {
    let mut client = both.client(Side::Peer, station, station.clerk()).await?;
    let documents = documents(&mut client, ids).await?;
    let own = documents.iter().filter(|doc| doc["assignee"] == staff);
    Ok(own
        .filter_map(|doc| doc["id"].as_str().map(str::to_owned))
        .collect())
}

async fn documents(client: &mut Client, ids: &[String]) -> Result<Vec<Value>> {
    let ids = named(Side::Peer, ids);
    let done = client.call(&json!({"op": "conflicts", "ids": ids})).await?;
    let found = done.answer["found"].as_array().cloned().unwrap_or_default();
    Ok(found.iter().map(|found| found["doc"].clone()).collect())
}

async fn one(
    both: &mut Both,
    side: Side,
    station: &Station,
    theirs: &[String],
    wrong: &mut Wrong,
) -> Result<()> {
    let database = both.ours.database();
    let first = look::staff_id(database, &station.collector(1)).await?;
    let second = look::staff_id(database, &station.collector(2)).await?;
    let mut from = both.client(side, station, &station.collector(1)).await?;
    let mut to = both.client(side, station, &station.collector(2)).await?;
    sync(&mut from, &first).await?;
    sync(&mut to, &second).await?;
    ensure!(
        held(&mut from).await?.len() == theirs.len(),
        "a first sync of their own"
    );
    let edited = &theirs[..theirs.len() / 2];
    from.call(
        &json!({"op": "edit", "ids": named(side, edited), "command": "appointment.start",
                      "set": {"status": 4, "started_at": "2026-11-23T08:00:00.000Z"}}),
    )
    .await?;
    match side {
        Side::Ours => assign(both, theirs, &second).await?,
        Side::Peer => {
            let mut desk = both.client(side, station, station.clerk()).await?;
            sync_all(&mut desk).await?;
            desk.call(
                &json!({"op": "edit", "ids": named(side, theirs), "set": {"assignee": second}}),
            )
            .await?;
            sync_all(&mut desk).await?;
        }
    }
    for _ in 0..2 {
        sync(&mut from, &first).await?;
        sync(&mut to, &second).await?;
    }
    let (kept, got) = (held(&mut from).await?, held(&mut to).await?);
    let moved: BTreeSet<&String> = theirs.iter().collect();
    wrong.moved += moved.len();
    wrong.edits += edited.len();
    wrong.left_behind += match side {
        Side::Ours => {
            let right = look::of_collector(both.ours.database(), &station.collector(1)).await;
            kept.iter().filter(|id| !right.contains(id)).count()
        }
        Side::Peer => kept.iter().filter(|id| moved.contains(id)).count(),
    };
    wrong.missing += moved.iter().filter(|id| !got.contains(**id)).count();
    wrong.lost += match side {
        Side::Ours => look::not_started(both.ours.database(), edited).await,
        Side::Peer => {
            let documents = documents(&mut from, edited).await?;
            documents
                .iter()
                .filter(|doc| doc["started_at"].is_null())
                .count()
        }
    };
    eprintln!("W6 {side:?} {wrong:?}");
    Ok(())
}

async fn sync(client: &mut Client, collector: &str) -> Result<()> {
    client
        .call(&json!({"op": "sync", "collector": collector}))
        .await
        .map(drop)
}

async fn sync_all(client: &mut Client) -> Result<()> {
    client.call(&json!({"op": "sync"})).await.map(drop)
}

/// Appointments a client holds.
async fn held(client: &mut Client) -> Result<BTreeSet<String>> {
    let done = client
        .call(&json!({"op": "held", "prefix": "appointment:"}))
        .await?;
    let rows = done.answer["rows"].as_array().context("rows")?;
    let id = |row: &Value| {
        let id = row[0].as_str()?;
        Some(id.trim_start_matches("appointment:").to_owned())
    };
    Ok(rows.iter().filter_map(id).collect())
}

/// The administrator gives visits to somebody else.
async fn assign(both: &Both, ids: &[String], to: &str) -> Result<()> {
    let desk = Desk::of(both).await?;
    let mutations: Vec<Value> = (1_i64..)
        .zip(ids)
        .map(|(number, id)| {
            let args = json!({"appointment_id": id, "assignee": to});
            desk.0.mutation(number, "appointment.assign@1", &args)
        })
        .collect();
    for some in mutations.chunks(100) {
        let verdicts = desk.0.push(some).await;
        let applied = verdicts
            .iter()
            .filter(|v| v["outcome"] == "applied")
            .count();
        ensure!(applied == some.len(), "{verdicts:?}");
    }
    Ok(())
}

/// A desk of its own each time: numbers begin at 1.
struct Desk(blackbox::Desk);

impl Desk {
    async fn of(both: &Both) -> Result<Self> {
        let code = both.ours.pairing_code().await?;
        let api = blackbox::Api::new(both.ours.server_url());
        Ok(Self(
            blackbox::Desk::open(&api, &code, "admin", both.ours.password()).await,
        ))
    }
}
