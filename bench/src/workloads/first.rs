//! W1 a first sync of everything, W2 a first sync of one collector's 1 %, W3 a pull with nothing new.

use super::{Both, Side};
use crate::{figures::Measured, store::fill::Station};
use anyhow::{Result, ensure};
use serde_json::json;

/// Pulls with nothing new of one run.
const IDLE_PULLS: usize = 10;

/// A first sync of a whole station into a fresh store.
///
/// # Errors
/// Of either side.
pub async fn whole(both: &mut Both, name: &str, station: &Station) -> Result<Measured> {
    let user = station.clerk().to_owned();
    first(both, name, station, &user, None, station.visits).await
}

/// A first sync of what one collector of a station holds.
///
/// # Errors
/// Of either side.
pub async fn scoped(both: &mut Both, name: &str, station: &Station) -> Result<Measured> {
    let user = station.collector(1);
    let staff = crate::store::look::staff_id(both.ours.database(), &user).await?;
    let visits = station.visits / station.collectors;
    first(both, name, station, &user, Some(&staff), visits).await
}

async fn first(
    both: &mut Both,
    name: &str,
    station: &Station,
    user: &str,
    collector: Option<&str>,
    visits: u32,
) -> Result<Measured> {
    let mut measured = Measured::new(name);
    for run in 0..both.scale.runs {
        for side in both.turns(run) {
            let mut client = both.client(side, station, user).await?;
            let done = client
                .call(&json!({"op": "pull", "collector": collector}))
                .await?;
            let got = done.answer["documents"].as_u64().unwrap_or(0);
            ensure!(got >= u64::from(visits) * 2, "{side:?} got {got} only");
            measured.note(side, done.ms, done.moved.total(), done.cpu);
        }
    }
    Ok(measured)
}

/// Pulls with nothing new, on a store that holds the whole station.
///
/// # Errors
/// Of either side.
pub async fn idle(both: &mut Both, name: &str, station: &Station) -> Result<Measured> {
    let mut measured = Measured::new(name);
    let mut clients = Vec::new();
    for side in both.turns(0) {
        let mut client = both.client(side, station, station.clerk()).await?;
        for _ in 0..3 {
            client.call(&json!({"op": "pull"})).await?;
        }
        clients.push((side, client));
    }
    for run in 0..both.scale.runs * IDLE_PULLS {
        let turn = run % 2;
        for at in 0..clients.len() {
            let index = (at + turn) % clients.len();
            let (side, client) = &mut clients[index];
            let done = client.call(&json!({"op": "pull"})).await?;
            let got = done.answer["documents"].as_u64().unwrap_or(0);
            ensure!(got == 0 || *side == Side::Peer, "{got} came unasked");
            measured.note(*side, done.ms, done.moved.total(), done.cpu);
        }
    }
    Ok(measured)
}
