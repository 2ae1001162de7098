//! Figures over many seeds: that what is meant to go wrong did, and how often.

use crate::world::Totals;
use std::{fmt, time::Instant};

/// Sums over seeds.
pub struct Report {
    begun: Instant,
    seeds: u64,
    sum: Totals,
}

impl Report {
    /// Nothing yet.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            begun: Instant::now(),
            seeds: 0,
            sum: Totals::default(),
        }
    }

    /// Adds a seed's.
    pub fn add(&mut self, totals: Totals) {
        self.seeds += 1;
        let sum = &mut self.sum;
        sum.steps += totals.steps;
        sum.micros += totals.micros;
        sum.deeds += totals.deeds;
        sum.disks.add(totals.disks);
        sum.acts.add(totals.acts);
        sum.network.add(totals.network);
        sum.ledger.add(totals.ledger);
        sum.troubles.add(totals.troubles);
        sum.hints.add(totals.hints);
    }

    /// The sums.
    #[must_use]
    pub const fn sum(&self) -> &Totals {
        &self.sum
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = self.begun.elapsed().as_millis().max(1);
        let tenths = u128::from(self.seeds) * 10_000 / took;
        let Totals {
            steps,
            micros,
            deeds,
            acts,
            network,
            ledger,
            disks,
            troubles,
            hints,
        } = &self.sum;
        writeln!(
            f,
            "{} seeds in {}.{:01} s ({}.{} a second), {steps} steps, {} virtual hours, {deeds} commands accepted",
            self.seeds,
            took / 1_000,
            took / 100 % 10,
            tenths / 10,
            tenths % 10,
            micros / 3_600_000_000,
        )?;
        writeln!(f, "people:   {acts:?}")?;
        writeln!(f, "network:  {network:?}")?;
        writeln!(f, "database: {ledger:?}")?;
        writeln!(f, "disks:    {disks:?}")?;
        writeln!(f, "nodes:    {troubles:?}")?;
        write!(f, "hints:    {hints:?}")
    }
}
