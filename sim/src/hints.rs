//! Hints (sync.md 22): who may see something that has just got its number hears at once that there is something to
//! pull. Here they are lost, late and doubled; nothing may depend on them.

use crate::{
    chance::Chance,
    device::Device,
    executor::{Executor, MILLI, Node, SECOND},
    ledger::{
        Commit, replica,
        rows::{Key, Row, Tables},
    },
};
use huishou_domain::sync::scope::Scope;
use std::collections::BTreeSet;

/// What became of hints.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Given.
    pub given: u64,
    /// Lost.
    pub lost: u64,
    /// Given twice.
    pub doubled: u64,
}

impl Counts {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.given += other.given;
        self.lost += other.lost;
        self.doubled += other.doubled;
    }
}

/// How often what happens to a hint, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    /// It is lost.
    pub lose: u32,
    /// It comes again, up to a minute later.
    pub double: u32,
}

/// The scopes in which a commit gave something a number.
#[must_use]
pub fn scopes_of(commit: &Commit) -> BTreeSet<String> {
    let numbered = commit.changes.iter().filter_map(|c| match (&c.key, &c.is) {
        (Key::Log(_), Some(Row::Log(entry))) if c.was.is_none() => Some(entry.scope.clone()),
        _ => None,
    });
    numbered.collect()
}

/// Tells a device, if it is on and may see any of these scopes.
pub fn tell(
    device: &Device,
    scopes: &BTreeSet<String>,
    tables: &Tables,
    line: Line,
    (executor, chance): (&Executor, &Chance),
    counts: &mut Counts,
) {
    let sees = |scope: &Scope| scopes.contains(&scope.to_string());
    if !device.is_on() || !replica::granted(tables, device.staff).iter().any(sees) {
        return;
    }
    if chance.permille(line.lose) {
        counts.lost += 1;
        return;
    }
    counts.given += 1;
    let mut delays = vec![chance.below(500 * MILLI)];
    if chance.permille(line.double) {
        counts.doubled += 1;
        delays.push(chance.below(60 * SECOND));
    }
    for delay in delays {
        let (device, executor) = (device.clone(), executor.clone());
        let here = executor.clone();
        here.spawn(Node::WORLD, async move {
            executor.sleep(delay).await;
            device.wake.notify_one();
        });
    }
}
