//! `huishou-sim`: runs seeds. `SEEDS=n` of them from `FROM` (1) up to the first that fails (`GO_ON=1`: all, a line for
//! each that fails), or one (`SEED=x`) with every event as it happens.

use huishou_sim::{
    report::Report,
    world::{Plan, run},
};
use std::{process::ExitCode, str::FromStr};

fn number<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

fn main() -> ExitCode {
    if let Some(seed) = number("SEED") {
        return one(seed);
    }
    let (from, count) = (number("FROM").unwrap_or(1), number("SEEDS").unwrap_or(500));
    let go_on = number::<u8>("GO_ON").is_some();
    let (mut report, mut failed) = (Report::begin(), 0_u64);
    for seed in from..from + count {
        match run(Plan::of(seed)) {
            Ok(totals) => report.add(totals),
            Err(failure) if go_on => {
                failed += 1;
                let broken = &failure.broken;
                println!("seed {seed}: {}: {}", broken.rule, broken.what);
            }
            Err(failure) => {
                println!("{failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{report}");
    if failed > 0 {
        println!("{failed} seeds failed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn one(seed: u64) -> ExitCode {
    let plan = Plan {
        aloud: true,
        ..Plan::of(seed)
    };
    match run(plan) {
        Ok(totals) => {
            let mut report = Report::begin();
            report.add(totals);
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            let mut quiet = failure;
            quiet.trace.clear();
            println!("{quiet}");
            ExitCode::FAILURE
        }
    }
}
