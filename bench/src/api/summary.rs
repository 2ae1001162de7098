//! What an open loop's outcomes come to.

use super::open::Outcome;
use crate::figures::{millis, percentile};
use std::fmt::Write;

/// One stretch of an open loop.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What it is.
    pub name: String,
    /// Requests a second that were due.
    pub offered: f64,
    /// Answers of 2xx a second.
    pub served: f64,
    /// Milliseconds of those: median, 99th, 99.9th percentile, the slowest.
    pub ok: [f64; 4],
    /// Answers 429 and 503.
    pub refused: usize,
    /// Their median and 99th percentile.
    pub refusals: [f64; 2],
    /// Broken connections, time-outs, other answers.
    pub failed: usize,
    /// 99th percentile of what a request waited in the generator before it was sent.
    pub waited: f64,
}

impl Summary {
    /// Of the requests due from `from` to `to` seconds.
    #[must_use]
    pub fn of(name: &str, outcomes: &[Outcome], from: f64, to: f64) -> Self {
        let some: Vec<&Outcome> = outcomes
            .iter()
            .filter(|o| o.due >= from * 1e3 && o.due < to * 1e3)
            .collect();
        let took = |which: fn(u16) -> bool| -> Vec<f64> {
            let of = some.iter().filter(|o| which(o.status));
            of.map(|o| o.took).collect()
        };
        let (ok, refused) = (took(served), took(refused));
        let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX)) / (to - from);
        let waited: Vec<f64> = some.iter().map(|o| o.waited).collect();
        Self {
            name: name.to_owned(),
            offered: count(some.len()),
            served: count(ok.len()),
            ok: [
                percentile(&ok, 50),
                percentile(&ok, 99),
                permille(&ok, 999),
                percentile(&ok, 100),
            ],
            refused: refused.len(),
            refusals: [percentile(&refused, 50), percentile(&refused, 99)],
            failed: some.len() - ok.len() - refused.len(),
            waited: percentile(&waited, 99),
        }
    }
}

fn served(status: u16) -> bool {
    (200..300).contains(&status)
}

const fn refused(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// By nearest rank, in thousandths.
fn permille(values: &[f64], rank: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = (sorted.len() * rank).div_ceil(1_000).max(1);
    sorted.get(at - 1).copied().unwrap_or_default()
}

/// Seconds from the overload's end until half a second has passed in which everything due was served within `limit`
/// milliseconds; counted to the beginning of that half second. `None` where it never came.
#[must_use]
pub fn recovery(outcomes: &[Outcome], overload_end: f64, limit: f64) -> Option<f64> {
    const BUCKET: f64 = 100.0;
    const ENOUGH: usize = 5;
    let last = outcomes.last()?.due;
    let (mut from, mut good) = (overload_end * 1e3, 0);
    while from + BUCKET <= last {
        let mut some = outcomes
            .iter()
            .filter(|o| o.due >= from && o.due < from + BUCKET);
        good = if some.all(|o| served(o.status) && o.took <= limit) {
            good + 1
        } else {
            0
        };
        from += BUCKET;
        if good == ENOUGH {
            return Some((from - overload_end * 1e3 - BUCKET * 5.0) / 1e3);
        }
    }
    None
}

/// A row each.
#[must_use]
pub fn table(rows: &[Summary]) -> String {
    let mut text = "| load | due /s | served /s | p50 ms | p99 ms | p99.9 ms | slowest ms | 429 and 503 | their p50 ms | p99 ms | failed | waited in the generator, p99 ms |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n".to_owned();
    for row in rows {
        let ok = row.ok.map(millis).join(" | ");
        let refusals = row.refusals.map(millis).join(" | ");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {ok} | {} | {refusals} | {} | {} |",
            row.name,
            row.offered,
            row.served,
            row.refused,
            row.failed,
            millis(row.waited)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::requests::Kind;

    fn outcome(due: f64, took: f64, status: u16) -> Outcome {
        Outcome {
            kind: Kind::Me,
            due,
            waited: 0.0,
            took,
            status,
        }
    }

    #[test]
    fn refusals_are_counted_apart_from_what_was_served_and_from_failures() {
        let outcomes = [
            outcome(0.0, 5.0, 200),
            outcome(100.0, 1.0, 503),
            outcome(200.0, 7.0, 201),
            outcome(300.0, 10_000.0, 0),
            outcome(1_000.0, 3.0, 200),
        ];
        let summary = Summary::of("x", &outcomes, 0.0, 1.0);
        assert_eq!((summary.refused, summary.failed), (1, 1));
        assert!((summary.served - 2.0).abs() < 1e-9);
        assert!((summary.ok[3] - 7.0).abs() < 1e-9);
        assert!((summary.refusals[1] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn recovery_is_the_beginning_of_the_first_good_half_second() {
        let mut outcomes: Vec<Outcome> = Vec::new();
        for step in 0..40_u32 {
            let due = f64::from(step) * 50.0;
            // Slow until 700 ms after the overload's end at half a second.
            let took = if due < 1_200.0 { 900.0 } else { 4.0 };
            outcomes.push(outcome(due, took, 200));
        }
        let after = recovery(&outcomes, 0.5, 50.0);
        assert!(
            after.is_some_and(|seconds| (seconds - 0.7).abs() < 1e-6),
            "{after:?}"
        );
        assert_eq!(recovery(&outcomes, 0.5, 1.0), None);
    }
}
