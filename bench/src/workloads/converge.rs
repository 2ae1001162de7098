//! W5: many clients, each its own process, edit and sync in bursts until all hold all of each other's edits.

use super::{Both, Side, named};
use crate::{figures::Measured, store::look};
use anyhow::{Context, Result};
use serde_json::json;
use std::time::Instant;

/// Edits between two rounds of sync.
const BURST: usize = 5;
/// Rounds after which they are taken never to be equal.
const MOST_ROUNDS: usize = 500;

/// From the first edit until the last client is equal.
///
/// # Errors
/// Of either side, or they do not become equal.
pub async fn converge(both: &mut Both) -> Result<Measured> {
    let (clients, each) = (both.scale.clients, both.scale.edits_each);
    let mut measured = Measured::new(&format!(
        "W5 {clients} clients, {each} edits each, until equal"
    ));
    for run in 0..both.scale.runs {
        let code = format!("meet{run}");
        let visits = u32::try_from(clients * each)?;
        let station = both.station(&code, visits, 2).await?;
        let ids = look::appointments(both.ours.database(), &station.id, 0, clients * each).await;
        for side in both.turns(run) {
            let mut crew = Vec::new();
            for _ in 0..clients {
                let mut client = both.client(side, &station, station.clerk()).await?;
                client.call(&json!({"op": "sync"})).await?;
                crew.push(client);
            }
            let ids = named(side, &ids);
            let (began, mut tasks, mut moved) = (Instant::now(), Vec::new(), 0);
            for (mut client, own) in crew.into_iter().zip(ids.chunks(each)) {
                let command = json!({
                    "op": "converge", "edits": own, "burst": BURST, "expect": clients * each, "rounds": MOST_ROUNDS,
                    "command": "appointment.confirm", "set": {"status": 1}, "prefix": "appointment:",
                });
                tasks.push(tokio::spawn(async move {
                    let done = client.call(&command).await?;
                    anyhow::Ok((done, client))
                }));
            }
            let mut kept = Vec::new();
            for task in tasks {
                let (done, client) = task.await.context("a client")??;
                // The proxy counts for all: the greatest difference is the whole.
                moved = moved.max(done.moved.total());
                kept.push(client);
            }
            measured.note(
                side,
                began.elapsed().as_secs_f64() * 1_000.0,
                moved,
                Vec::new(),
            );
            if side == Side::Ours {
                for client in &mut kept {
                    // Fails unless the server's sums of each scope are the client's own.
                    client.call(&json!({"op": "check"})).await?;
                }
            }
        }
    }
    Ok(measured)
}
