//! The workloads, each done by both sides in turn.

pub mod converge;
pub mod edits;
pub mod feed;
pub mod first;
pub mod floors;
pub mod local;
pub mod moved;
pub mod polling;
pub mod tail;
mod unmarked;

use crate::{client::Client, figures::Measured, ours::Ours, peer::Peer, scale::Scale, store::fill};
use anyhow::Result;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Both sides, and how much to measure.
pub struct Both {
    /// Ours.
    pub ours: Ours,
    /// The peer; none when only our side is looked at.
    pub peer: Option<Peer>,
    /// Sizes.
    pub scale: Scale,
    documents: TempDir,
}

/// Which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Ours.
    Ours,
    /// The peer.
    Peer,
}

impl Both {
    /// Starts both sides, empty but for the demo city.
    ///
    /// # Errors
    /// One does not start.
    pub async fn start(scale: Scale, with_peer: bool) -> Result<Self> {
        Ok(Self {
            ours: Ours::start().await?,
            peer: if with_peer {
                Some(Peer::start().await?)
            } else {
                None
            },
            scale,
            documents: TempDir::with_prefix("bench-documents-")?,
        })
    }

    /// The sides in the order of this run: every other run the peer goes first.
    #[must_use]
    pub fn turns(&self, run: usize) -> Vec<Side> {
        let mut turns = match self.peer {
            Some(_) => vec![Side::Ours, Side::Peer],
            None => vec![Side::Ours],
        };
        if run % 2 == 1 {
            turns.reverse();
        }
        turns
    }

    /// Fills a station here and a database of the same name there with the same bodies.
    ///
    /// # Errors
    /// Of either side.
    pub async fn station(
        &mut self,
        code: &str,
        visits: u32,
        collectors: u32,
    ) -> Result<fill::Station> {
        let station = self.ours.station(code, visits, collectors).await?;
        if let Some(peer) = &mut self.peer {
            let path = self.documents.path().join(code);
            let mut client = self.ours.client(station.clerk()).await?;
            client.call(&json!({"op": "pull"})).await?;
            let dumped = self.ours.dump(&mut client, &path).await?;
            eprintln!("{code}: {}", sizes(&dumped));
            peer.load(code, &path).await?;
        }
        Ok(station)
    }

    /// A fresh client of a side that holds (or is to hold) a station as its clerk, or as one of its collectors.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn client(
        &mut self,
        side: Side,
        station: &fill::Station,
        user: &str,
    ) -> Result<Client> {
        match (side, &mut self.peer) {
            (Side::Peer, Some(peer)) => peer.client(&station.code).await,
            _ => self.ours.client(user).await,
        }
    }
}

fn sizes(dumped: &Value) -> String {
    let (count, bytes) = (
        dumped["documents"].as_u64().unwrap_or(0),
        dumped["bytes"].as_u64().unwrap_or(0),
    );
    format!("{count} aggregates of {} B", bytes / count.max(1))
}

/// An appointment's id as a side names it.
#[must_use]
pub fn named(side: Side, ids: &[String]) -> Vec<String> {
    match side {
        Side::Ours => ids.to_vec(),
        Side::Peer => ids.iter().map(|id| format!("appointment:{id}")).collect(),
    }
}

impl Measured {
    /// Notes a run of a side.
    pub fn note(&mut self, side: Side, ms: f64, bytes: u64, cpu: Vec<f64>) {
        #[allow(clippy::cast_precision_loss)]
        let bytes = bytes as f64;
        let (times, moved) = match side {
            Side::Ours => (&mut self.ours, &mut self.our_bytes),
            Side::Peer => (&mut self.peer, &mut self.peer_bytes),
        };
        times.push(ms);
        moved.push(bytes);
        eprintln!(
            "{} {side:?} {ms:.2} ms {bytes} B, processors {cpu:.1?} ms",
            self.name
        );
        match side {
            Side::Ours => self.our_cpu.push(cpu),
            Side::Peer => self.peer_cpu.push(cpu),
        }
    }
}
