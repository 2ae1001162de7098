//! What goes wrong and when: all of it follows from a seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// One fault of servers, database, Redis or line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL of a server; it is started again after so long.
    KillServer(usize, Duration),
    /// SIGSTOP of a server, SIGCONT after so long.
    PauseServer(usize, Duration),
    /// One server is stopped, and while it stands the other is killed and started again.
    PauseOneKillOther(usize, Duration),
    /// SIGKILL of the database; it is started again after so long.
    KillDatabase(Duration),
    /// SIGSTOP of the database, SIGCONT after so long.
    PauseDatabase(Duration),
    /// SIGKILL of Redis; it is started again, empty, after so long.
    KillRedis(Duration),
    /// SIGSTOP of Redis, SIGCONT after so long: it takes questions and answers none.
    HangRedis(Duration),
    /// Every connection is reset at once.
    CutLine,
}

/// A seeded run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The pause before each fault, and the fault.
    pub faults: Vec<(Duration, Fault)>,
    /// Acknowledged commands that the run waits for.
    pub goal: usize,
}

impl Plan {
    /// Faults for about so many seconds.
    pub fn of(seed: u64, seconds: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut left = Duration::from_secs(seconds);
        let mut faults = Vec::new();
        while !left.is_zero() {
            let pause = between(&mut random, 300, 1_500);
            let fault = Self::fault(&mut random, faults.len());
            left = left.saturating_sub(pause + fault.length());
            faults.push((pause, fault));
        }
        let goal = usize::try_from(seconds * 3).unwrap();
        Self { faults, goal }
    }

    /// The database's faults come third and eighth of ten, those of Redis second and sixth, so that a short run has them
    /// too.
    fn fault(random: &mut StdRng, n: usize) -> Fault {
        let server = random.random_range(0..2);
        let drawn = random.random_range(0..10);
        match (n % 10, drawn) {
            (2, _) => Fault::KillDatabase(between(random, 0, 700)),
            (7, _) => Fault::PauseDatabase(between(random, 200, 1_500)),
            (1, _) => Fault::KillRedis(between(random, 0, 1_500)),
            (5, _) => Fault::HangRedis(between(random, 200, 2_000)),
            (0, _) | (_, 0..4) => Fault::KillServer(server, between(random, 0, 1_200)),
            (_, 4..7) => Fault::PauseServer(server, between(random, 200, 2_000)),
            (_, 7..9) => Fault::PauseOneKillOther(server, between(random, 300, 1_500)),
            _ => Fault::CutLine,
        }
    }
}

impl Fault {
    fn length(self) -> Duration {
        match self {
            Self::KillServer(_, length)
            | Self::PauseServer(_, length)
            | Self::PauseOneKillOther(_, length)
            | Self::KillDatabase(length)
            | Self::PauseDatabase(length)
            | Self::KillRedis(length)
            | Self::HangRedis(length) => length,
            Self::CutLine => Duration::ZERO,
        }
    }
}

/// A length of time by chance, in milliseconds.
pub fn between(random: &mut StdRng, least: u64, most: u64) -> Duration {
    Duration::from_millis(random.random_range(least..most))
}

#[test]
fn a_seed_makes_the_same_plan_again_and_a_short_one_has_every_part_in_it() {
    let (one, again) = (Plan::of(7, 20), Plan::of(7, 20));
    assert_eq!(one.faults, again.faults);
    for seed in 0..50 {
        let plan = Plan::of(seed, 20);
        let has = |wanted: fn(&Fault) -> bool| plan.faults.iter().any(|(_, fault)| wanted(fault));
        assert!(
            has(|fault| matches!(fault, Fault::KillServer(..))),
            "{seed}"
        );
        assert!(
            has(|fault| matches!(fault, Fault::KillDatabase(_))),
            "{seed}"
        );
        assert!(
            has(|fault| matches!(fault, Fault::PauseDatabase(_))),
            "{seed}"
        );
        assert!(has(|fault| matches!(fault, Fault::KillRedis(_))), "{seed}");
    }
}
