//! W4: what was done offline goes up, a thousand edits at once and one by itself. The edits are made before the clock
//! starts; it stops when each is acknowledged and the acknowledgement stored.

use super::{Both, Side, named};
use crate::{client::Client, figures::Measured, store::look};
use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// The push of many edits, the push of one, and making one offline (no network).
///
/// # Errors
/// Of either side.
pub async fn pushes(both: &mut Both) -> Result<[Measured; 3]> {
    let (runs, edits) = (both.scale.runs, both.scale.edits);
    let visits = u32::try_from(runs * (edits + 1))?;
    let station = both.station("edits", visits, 2).await?;
    let mut many = Measured::new(&format!("W4 push of {edits} offline edits"));
    let mut one = Measured::new("W4 push of one edit");
    let mut local = Measured::new("an edit made offline");
    let mut clients = Vec::new();
    for side in both.turns(0) {
        let mut client = both.client(side, &station, station.clerk()).await?;
        // The peer remembers what it pushed: its first push reads everything once, which is not what is measured.
        for op in ["pull", "push", "pull", "push"] {
            client.call(&json!({"op": op})).await?;
        }
        clients.push((side, client));
    }
    for run in 0..runs {
        let ids = look::appointments(
            both.ours.database(),
            &station.id,
            run * (edits + 1),
            edits + 1,
        )
        .await;
        for side in both.turns(run) {
            let (_, client) = &mut clients[usize::from(side == Side::Peer)];
            let ids = named(side, &ids);
            edit(client, &ids[..edits], side, &mut local).await?;
            push(client, edits, side, &mut many).await?;
            edit(client, &ids[edits..], side, &mut local).await?;
            push(client, 1, side, &mut one).await?;
        }
    }
    Ok([many, one, local])
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
