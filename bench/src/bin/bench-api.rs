//! Measures the customers' API side by side with its peer and prints the tables. `scripts/bench-api` builds what it needs
//! and calls it; sizes by `BENCH_SCALE`.

// Rates and milliseconds are measurements, not money.
#![allow(clippy::float_arithmetic)]

use anyhow::{Result, bail};
use bench::api::{
    assured, closed,
    scene::{Running, Scene},
    table::{Compared, table},
};
use clap::Parser;
use std::path::PathBuf;

/// The customers' API side by side with the base system's design in Go.
#[derive(Parser)]
struct Options {
    /// Sizes: full or small.
    #[arg(long, env = "BENCH_SCALE", default_value = "full")]
    scale: String,
    /// Interleaved runs, instead of the scale's.
    #[arg(long)]
    runs: Option<usize>,
    /// Seconds of each run, instead of the scale's.
    #[arg(long)]
    seconds: Option<u64>,
    /// Appointments there are, instead of the scale's.
    #[arg(long, value_delimiter = ',')]
    rows: Vec<u64>,
    /// Only these: quote, me, list, create, hot (all into one slot), mixed.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Our side alone, for a look at a change.
    #[arg(long)]
    without_peer: bool,
    /// The folder of the built peer.
    #[arg(long)]
    peer: Option<PathBuf>,
    /// Settings for our server, as `HUISHOU_LOG=warn`; may be given again.
    #[arg(long = "set")]
    settings: Vec<String>,
    /// Starts the servers, prints their addresses and waits for a line on standard input: for a profiler.
    #[arg(long)]
    hold: bool,
}

struct Plan {
    runs: usize,
    seconds: u64,
    rows: Vec<u64>,
    settings: Vec<(String, String)>,
}

impl Plan {
    fn of(options: &Options) -> Result<Self> {
        let (runs, seconds, rows) = match options.scale.as_str() {
            "full" => (5, 10, vec![200_000, 2_000_000]),
            "small" => (2, 5, vec![200_000]),
            other => bail!("BENCH_SCALE is full or small, not {other}"),
        };
        let settings = options
            .settings
            .iter()
            .map(|text| match text.split_once('=') {
                Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
                None => bail!("--set KEY=VALUE, not {text}"),
            });
        Ok(Self {
            runs: options.runs.unwrap_or(runs),
            seconds: options.seconds.unwrap_or(seconds),
            rows: if options.rows.is_empty() {
                rows
            } else {
                options.rows.clone()
            },
            settings: settings.collect::<Result<_>>()?,
        })
    }
}

const MODES: [&str; 4] = ["quote", "me", "list", "create"];

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let plan = Plan::of(&options)?;
    let peer = options.peer.clone().filter(|_| !options.without_peer);
    if peer.is_none() {
        eprintln!("there is no peer: only our side is measured, and nothing is compared");
    }
    let scene = Scene::open(peer).await?;
    for rows in &plan.rows {
        let ours = scene.ours(*rows, &plan.settings).await?;
        let peer = scene.peer(*rows).await?;
        assured::lists_are_read(&ours).await?;
        eprintln!("{rows} rows: no list is answered from a cache");
        ours.base.close().await;
        if options.hold {
            hold(&ours, peer.as_ref())?;
        }
        let modes: Vec<&str> = if options.only.is_empty() {
            MODES.to_vec()
        } else {
            options.only.iter().map(String::as_str).collect()
        };
        let mut all = Vec::new();
        for mode in modes {
            all.push(compare(&scene, &ours, peer.as_ref(), mode, &plan, *rows)?);
        }
        println!("{}", table(&all));
    }
    Ok(())
}

/// Runs of one mode, the sides in turns, each going first as often as the other.
fn compare(
    scene: &Scene,
    ours: &Running,
    peer: Option<&Running>,
    mode: &str,
    plan: &Plan,
    rows: u64,
) -> Result<Compared> {
    let mut compared = Compared {
        name: format!("{mode}, {rows} rows"),
        ..Compared::default()
    };
    for run in 0..plan.runs {
        let mut turns = vec![(ours, true)];
        turns.extend(peer.map(|peer| (peer, false)));
        if run % 2 == 1 {
            turns.reverse();
        }
        for (side, is_ours) in turns {
            let measured = closed::measure(scene, side, mode, plan.seconds)?;
            eprintln!(
                "{mode} {} {:.0}/s p50 {:.2} p99 {:.2} ms, refused {}",
                side.side.as_str(),
                measured.seen.rate(),
                measured.seen.p50,
                measured.seen.p99,
                measured.seen.refused
            );
            if is_ours {
                compared.ours.push(measured);
            } else {
                compared.peer.push(measured);
            }
        }
    }
    Ok(compared)
}

fn hold(ours: &Running, peer: Option<&Running>) -> Result<()> {
    eprintln!(
        "ours: {} process {} tokens {}",
        ours.url,
        ours.pid(),
        ours.tokens
    );
    if let Some(peer) = peer {
        eprintln!(
            "peer: {} process {} tokens {}",
            peer.url,
            peer.pid(),
            peer.tokens
        );
    }
    eprintln!("press return to go on");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
