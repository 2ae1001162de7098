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
    let who = Who::clerk(station);
    first(both, name, station, &who, Memory::AsItIs).await
}

/// The same from a server of ours that has just been started and has read nothing yet.
///
/// # Errors
/// Of either side.
pub async fn cold(both: &mut Both, name: &str, station: &Station) -> Result<Measured> {
    let who = Who::clerk(station);
    first(both, name, station, &who, Memory::Empty).await
}

/// A first sync of what one collector of a station holds.
///
/// # Errors
/// Of either side.
pub async fn scoped(both: &mut Both, name: &str, station: &Station) -> Result<Measured> {
    let user = station.collector(1);
    let staff = crate::store::look::staff_id(both.ours.database(), &user).await?;
    let who = Who {
        user,
        collector: Some(staff),
        visits: station.visits / station.collectors,
    };
    first(both, name, station, &who, Memory::AsItIs).await
}

/// Whose device it is, and how many visits it has to get.
struct Who {
    user: String,
    collector: Option<String>,
    visits: u32,
}

impl Who {
    fn clerk(station: &Station) -> Self {
        Self {
            user: station.clerk().to_owned(),
            collector: None,
            visits: station.visits,
        }
    }
}

/// What our server remembers of earlier reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    AsItIs,
    Empty,
}

async fn first(
    both: &mut Both,
    name: &str,
    station: &Station,
    who: &Who,
    memory: Memory,
) -> Result<Measured> {
    let mut measured = Measured::new(name);
    for run in 0..both.scale.runs {
        for side in both.turns(run) {
            if memory == Memory::Empty && side == Side::Ours {
                both.ours.stop_server().await;
                both.ours.start_server().await;
            }
            let mut client = both.client(side, station, &who.user).await?;
            let done = client
                .call(&json!({"op": "pull", "collector": who.collector}))
                .await?;
            let got = done.answer["documents"].as_u64().unwrap_or(0);
            ensure!(got >= u64::from(who.visits) * 2, "{side:?} got {got} only");
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
