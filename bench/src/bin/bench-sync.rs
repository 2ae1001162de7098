//! Measures sync side by side with its peer and prints the table. `scripts/bench-sync` builds what it needs and calls
//! it; sizes by `BENCH_SCALE`.

use anyhow::{Context, Result};
use bench::{
    figures::{Measured, cpu_table, table},
    scale::Scale,
    workloads::{Both, converge, edits, feed, first, floors, local, moved, polling, tail},
};
use clap::Parser;
use std::time::Duration;

/// Sync side by side with PouchDB and express-pouchdb.
#[derive(Parser)]
struct Options {
    /// Sizes: full, small or tiny.
    #[arg(long, env = "BENCH_SCALE", default_value = "full")]
    scale: String,
    /// Interleaved runs, instead of the scale's.
    #[arg(long)]
    runs: Option<usize>,
    /// Only these workloads, as `w1,w3`; w1 is the smaller first sync, w1x the larger; floors, feed, tail, poll, local are
    /// the figures of our side alone.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Our side alone, for a look at a change.
    #[arg(long)]
    without_peer: bool,
    /// Waits for a line on standard input after each workload's set-up, for a profiler.
    #[arg(long)]
    hold: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let mut scale = Scale::named(&options.scale)?;
    if let Some(runs) = options.runs {
        scale = scale.runs(runs);
    }
    let mut both = Both::start(scale, !options.without_peer).await?;
    eprintln!("server and database: {:?}", both.ours.processes().await?);
    let rows = measure(&mut both, &options).await?;
    if !rows.is_empty() {
        println!(
            "{}\nProcessor milliseconds, medians:\n\n{}",
            table(&rows),
            cpu_table(&rows)
        );
    }
    if ["floors", "local", "feed", "poll", "tail"]
        .iter()
        .any(|name| wanted(&options, name))
    {
        println!("| what | figure |\n| --- | --- |");
        costs(&mut both, &options).await?;
        println!();
    }
    if wanted(&options, "w6") {
        let [ours, peer] = moved::reassign(&mut both).await?;
        println!("{}", reassigned(ours, peer, both.peer.is_some()));
    }
    Ok(())
}

fn wanted(options: &Options, name: &str) -> bool {
    options.only.is_empty() || options.only.iter().any(|only| only == name)
}

async fn measure(both: &mut Both, options: &Options) -> Result<Vec<Measured>> {
    let (scale, mut rows) = (both.scale, Vec::new());
    let any = |names: &[&str]| names.iter().any(|name| wanted(options, name));
    if any(&["w1", "w3"]) {
        let station = both.station("some", scale.visits, 2).await?;
        if options.hold {
            hold()?;
        }
        if any(&["w1"]) {
            let name = format!("W1 first sync of {} aggregates", scale.visits * 2);
            rows.push(first::whole(both, &name, &station).await?);
            let name = format!("{name}, from a server just started");
            rows.push(first::cold(both, &name, &station).await?);
        }
        if any(&["w3"]) {
            let name = format!("W3 pull with nothing new, {} held", scale.visits * 2);
            rows.push(first::idle(both, &name, &station).await?);
        }
    }
    if any(&["w4"]) {
        rows.extend(edits::pushes(both).await?);
    }
    if any(&["w5"]) {
        rows.push(converge::converge(both).await?);
    }
    if any(&["w1x", "w2"]) {
        let station = both.station("many", scale.many_visits, 100).await?;
        if any(&["w1x"]) {
            let name = format!("W1 first sync of {} aggregates", scale.many_visits * 2);
            rows.push(first::whole(both, &name, &station).await?);
        }
        if any(&["w2"]) {
            let name = format!(
                "W2 scoped first sync, 1 % of {} aggregates",
                scale.many_visits * 2
            );
            rows.push(first::scoped(both, &name, &station).await?);
        }
    }
    Ok(rows)
}

/// What has no counterpart with the peer.
async fn costs(both: &mut Both, options: &Options) -> Result<()> {
    let scale = both.scale;
    if wanted(options, "floors") {
        print!("{}", floors::measure(both).await?);
    }
    if wanted(options, "local") {
        let station = both.ours.station("large", scale.many_visits, 2).await?;
        print!("{}", local::large(both, &station).await?);
    }
    if wanted(options, "feed") {
        let (rounds, seconds) = scale.feed;
        print!(
            "{}",
            feed::cost(&mut both.ours, rounds, Duration::from_secs(seconds)).await?
        );
    }
    if wanted(options, "poll") {
        let (devices, seconds) = scale.polling;
        print!(
            "{}",
            polling::idle(&mut both.ours, devices, Duration::from_secs(seconds)).await?
        );
    }
    // Last: it leaves very many rows behind.
    if wanted(options, "tail") {
        print!(
            "{}",
            tail::growth(&both.ours, scale.visits, scale.grown, 18).await?
        );
    }
    Ok(())
}

fn hold() -> Result<()> {
    eprintln!("press return");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("a line")?;
    Ok(())
}

fn reassigned(ours: moved::Wrong, peer: moved::Wrong, with_peer: bool) -> String {
    let side = |name: &str, w: moved::Wrong| {
        format!(
            "| {name} | {} | {} | {} | {} | {} |\n",
            w.moved, w.edits, w.left_behind, w.missing, w.lost
        )
    };
    let mut text = "| W6 | visits moved | edited offline | rows wrongly left behind | rows missing | edits lost |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    text.push_str(&side("ours", ours));
    if with_peer {
        text.push_str(&side("peer", peer));
    }
    text
}
