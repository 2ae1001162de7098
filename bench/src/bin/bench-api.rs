//! Measures the customers' API side by side with its peer and prints the tables. `scripts/bench-api` builds what it needs
//! and calls it; sizes by `BENCH_SCALE`.

// Rates and milliseconds are measurements, not money.
#![allow(clippy::float_arithmetic)]

use anyhow::{Result, bail};
use bench::api::{
    assured, closed, loads, pricing,
    scene::{Running, Scene, Side},
    summary,
    table::{Compared, Run, rate, table},
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
    /// Only these: quote, me, list, create, hot (all into one slot), mixed; open is the open loop, pricing the
    /// pricing engine alone.
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
    open: Open,
    /// Seconds of each engine's run.
    pricing: f64,
}

/// Seconds of the open loop's parts.
struct Open {
    /// Each part of the maximum.
    part: f64,
    /// The mixed load at its fixed rate.
    fixed: f64,
    /// The overload.
    overload: f64,
}

/// Requests a second that are to be held.
const HELD: f64 = 5_000.0;
const MODES: [&str; 4] = ["quote", "me", "list", "create"];

impl Plan {
    fn of(options: &Options) -> Result<Self> {
        let (runs, seconds, rows, open, pricing) = match options.scale.as_str() {
            "full" => (5, 10, vec![200_000, 2_000_000], [20.0, 60.0, 10.0], 3.0),
            "small" => (2, 5, vec![200_000], [6.0, 20.0, 6.0], 1.0),
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
            open: Open {
                part: open[0],
                fixed: open[1],
                overload: open[2],
            },
            pricing,
        })
    }
}

fn wanted(options: &Options, name: &str) -> bool {
    options.only.is_empty() || options.only.iter().any(|only| only == name)
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let plan = Plan::of(&options)?;
    if wanted(&options, "pricing") {
        println!("{}", pricing::compare(plan.runs, plan.pricing)?);
        if options.only.len() == 1 {
            return Ok(());
        }
    }
    let peer = options.peer.clone().filter(|_| !options.without_peer);
    if peer.is_none() {
        println!("There is no peer: only our side is measured, and nothing is compared.\n");
    }
    let scene = Scene::open(peer).await?;
    println!("{}\n", scene.durability());
    let mut closed = Vec::new();
    for rows in &plan.rows {
        let ours = scene.ours(*rows, &plan.settings).await?;
        let peer = scene.peer(*rows).await?;
        assured::lists_are_read(&ours).await?;
        println!("{rows} appointments: no list is answered from a cache.\n");
        ours.base.close().await;
        if options.hold {
            hold(&ours, peer.as_ref())?;
        }
        let sides = Sides {
            ours: &ours,
            peer: peer.as_ref(),
        };
        let mut all = Vec::new();
        for mode in modes(&options) {
            all.push(compare(&scene, &sides, mode, &plan, *rows)?);
        }
        if !all.is_empty() {
            println!("{}", table(&all));
        }
        closed.push(all);
        // At the larger size, where there are two.
        if wanted(&options, "open") && Some(rows) == plan.rows.last() {
            open_loop(&scene, &sides, &plan).await?;
        }
    }
    if let [few, many] = closed.as_slice() {
        println!("{}", growth(few, many));
    }
    Ok(())
}

fn modes(options: &Options) -> Vec<&str> {
    if options.only.is_empty() {
        return MODES.to_vec();
    }
    let only = options.only.iter().map(String::as_str);
    only.filter(|name| !["open", "pricing"].contains(name))
        .collect()
}

struct Sides<'a> {
    ours: &'a Running,
    peer: Option<&'a Running>,
}

impl Sides<'_> {
    fn both(&self) -> impl Iterator<Item = &Running> {
        std::iter::once(self.ours).chain(self.peer)
    }
}

/// The mixed load: what both can serve, what it is like at parts of that, at 5,000 a second, and beyond.
async fn open_loop(scene: &Scene, sides: &Sides<'_>, plan: &Plan) -> Result<()> {
    let (mut rows, mut recoveries) = (Vec::new(), Vec::new());
    for side in sides.both() {
        let mixed = closed::measure(scene, side, "mixed", plan.seconds)?;
        let (who, maximum) = (side.side.as_str(), mixed.seen.rate());
        eprintln!("{who} serves {maximum:.0} mixed requests a second");
        for percent in [25.0, 50.0, 75.0] {
            let name = format!("{percent:.0} % of {maximum:.0}/s");
            let rate = maximum * percent / 100.0;
            scene.settle(side);
            rows.push(loads::steady(side, &name, rate, plan.open.part).await?);
        }
        scene.settle(side);
        let name = format!("{HELD:.0}/s for {:.0} s", plan.open.fixed);
        rows.push(loads::steady(side, &name, HELD, plan.open.fixed).await?);
        scene.settle(side);
        let (stretches, recovered) = loads::overload(side, maximum, plan.open.overload).await?;
        rows.extend(stretches);
        recoveries.push(match recovered {
            Some(seconds) => format!("{who}: well again {seconds:.1} s after the overload."),
            None => {
                format!("{who}: not well again in the time that was measured after the overload.")
            }
        });
    }
    println!("{}\n{}\n", summary::table(&rows), recoveries.join("\n"));
    Ok(())
}

/// What ten times as many rows cost each call.
fn growth(few: &[Compared], many: &[Compared]) -> String {
    let mut text =
        "| call | many rows ÷ few, requests/s: ours | the peer |\n| --- | ---: | ---: |\n"
            .to_owned();
    for (few, many) in few.iter().zip(many) {
        let ratio = |few: &[Run], many: &[Run]| {
            if few.is_empty() {
                "–".to_owned()
            } else {
                format!("{:.2}", rate(many) / rate(few))
            }
        };
        text += &format!(
            "| {} | {} | {} |\n",
            many.name,
            ratio(&few.ours, &many.ours),
            ratio(&few.peer, &many.peer)
        );
    }
    text
}

/// Runs of one mode, the sides in turns, each going first as often as the other.
fn compare(
    scene: &Scene,
    sides: &Sides<'_>,
    mode: &str,
    plan: &Plan,
    rows: u64,
) -> Result<Compared> {
    let mut compared = Compared {
        name: format!("{mode}, {rows} rows"),
        ..Compared::default()
    };
    for run in 0..plan.runs {
        let mut turns: Vec<&Running> = sides.both().collect();
        if run % 2 == 1 {
            turns.reverse();
        }
        for side in turns {
            let measured = closed::measure(scene, side, mode, plan.seconds)?;
            eprintln!(
                "{mode} {} {:.0}/s p50 {:.2} p99 {:.2} ms, refused {}",
                side.side.as_str(),
                measured.seen.rate(),
                measured.seen.p50,
                measured.seen.p99,
                measured.seen.refused
            );
            match side.side {
                Side::Ours => compared.ours.push(measured),
                Side::Peer => compared.peer.push(measured),
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
