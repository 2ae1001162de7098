//! Five hundred seeds with every `make test`, in parts that run side by side. The nightly target runs ten thousand
//! (`make sim-nightly`).
#![allow(clippy::panic)]

use huishou_sim::world::{Plan, run};

/// Seeds of one part.
const PART: u64 = 50;

fn part(n: u64) {
    for seed in n * PART + 1..=(n + 1) * PART {
        if let Err(failure) = run(Plan::of(seed)) {
            panic!("{failure}");
        }
    }
}

macro_rules! parts {
    ($($name:ident = $n:literal),*) => {$(
        #[test]
        fn $name() {
            part($n);
        }
    )*};
}

parts!(
    seeds_1_to_50 = 0,
    seeds_51_to_100 = 1,
    seeds_101_to_150 = 2,
    seeds_151_to_200 = 3,
    seeds_201_to_250 = 4,
    seeds_251_to_300 = 5,
    seeds_301_to_350 = 6,
    seeds_351_to_400 = 7,
    seeds_401_to_450 = 8,
    seeds_451_to_500 = 9
);

#[test]
fn a_seed_replays_step_by_step() {
    let runs = [run(Plan::of(7)), run(Plan::of(7))].map(|run| match run {
        Ok(totals) => format!("{totals:?}"),
        Err(failure) => format!("{failure:?}"),
    });
    assert_eq!(runs[0], runs[1], "one seed decides everything");
}
