//! W4: what was done offline goes up, a thousand edits at once and one by itself. The edits are made before the clock
//! starts; it stops when each is acknowledged and the acknowledgement stored.

use super::{Both, Side, named};
use crate::{client::Client, figures::Measured, store::look};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// Pushes of a single edit in one run.
const SINGLE: usize = 10;

/// The first push of many edits by a device that has synced once, single edits after that, as many edits again, and making
/// an edit offline (no network). Every run has a fresh station and fresh stores.
///
/// # Errors
/// Of either side.
pub async fn pushes(both: &mut Both) -> Result<[Measured; 4]> {
    let edits = both.scale.edits;
    let mut first = Measured::new(&format!("W4 push of {edits} offline edits"));
    let mut one = Measured::new("W4 push of one edit");
    let mut again = Measured::new(&format!("W4 push of {edits} more"));
    let mut local = Measured::new("an edit made offline");
    for run in 0..both.scale.runs {
        let visits = both.scale.visits.max(u32::try_from(2 * edits + SINGLE)?);
        let station = both.station(&format!("edits{run}"), visits, 2).await?;
        let ids =
            look::appointments(both.ours.database(), &station.id, 0, 2 * edits + SINGLE).await;
        for side in both.turns(run) {
            let mut client = both.client(side, &station, station.clerk()).await?;
            client.call(&json!({"op": "pull"})).await?;
            let ids = named(side, &ids);
            edit(&mut client, &ids[..edits], side, &mut local).await?;
            push(&mut client, edits, side, &mut first).await?;
            let (singles, others) = ids[edits..].split_at(SINGLE);
            for id in singles {
                edit(&mut client, std::slice::from_ref(id), side, &mut local).await?;
                push(&mut client, 1, side, &mut one).await?;
            }
            edit(&mut client, others, side, &mut local).await?;
            push(&mut client, edits, side, &mut again).await?;
        }
    }
    Ok([first, one, again, local])
}

async fn edit(client: &mut Client, ids: &[String], side: Side, local: &mut Measured) -> Result<()> {
    let done = client
        .call(&json!({"op": "edit", "ids": ids, "command": "appointment.confirm", "set": {"status": 1}}))
        .await?;
    let took = done.answer["took"].as_array().cloned().unwrap_or_default();
    let took = took.iter().filter_map(Value::as_f64);
    match side {
        Side::Ours => local.ours.extend(took),
        Side::Peer => local.peer.extend(took),
    }
    Ok(())
}

async fn push(
    client: &mut Client,
    expect: usize,
    side: Side,
    measured: &mut Measured,
) -> Result<()> {
    let done = client.call(&json!({"op": "push"})).await?;
    let sent = match side {
        Side::Ours => &done.answer["push"]["verdicts"],
        Side::Peer => &done.answer["documents"],
    };
    ensure!(
        sent.as_u64() == u64::try_from(expect).ok(),
        "{side:?} sent {sent}"
    );
    measured.note(side, done.ms, done.moved.total(), done.cpu);
    Ok(())
}
