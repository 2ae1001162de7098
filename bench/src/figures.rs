//! Medians, percentiles, ratios, and the table they are printed in.

use std::fmt::Write;

/// The value below which `percent` of the values lie, by nearest rank; 0 of none.
#[must_use]
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

/// The middle value.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// One workload's measurements of both sides.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// What was done.
    pub name: String,
    /// Milliseconds of each run here.
    pub ours: Vec<f64>,
    /// Milliseconds of each run of the peer.
    pub peer: Vec<f64>,
    /// Bytes of each run here.
    pub our_bytes: Vec<f64>,
    /// Bytes of each run of the peer.
    pub peer_bytes: Vec<f64>,
    /// Processor milliseconds of each run here: client, server, database.
    pub our_cpu: Vec<Vec<f64>>,
    /// Processor milliseconds of each run of the peer: client, server.
    pub peer_cpu: Vec<Vec<f64>>,
}

impl Measured {
    /// Without runs yet.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// How many times the peer's median is ours.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        median(&self.peer) / median(&self.ours)
    }

    fn row(&self) -> String {
        let side = |ms: &[f64], bytes: &[f64]| {
            if ms.is_empty() {
                return "– | – | –".to_owned();
            }
            format!(
                "{} | {} | {}",
                millis(median(ms)),
                millis(percentile(ms, 95)),
                kib(median(bytes))
            )
        };
        let ratio = if self.ours.is_empty() || self.peer.is_empty() {
            "–".to_owned()
        } else {
            format!("**{:.1}×**", self.ratio())
        };
        format!(
            "| {} | {} | {} | {ratio} |",
            self.name,
            side(&self.ours, &self.our_bytes),
            side(&self.peer, &self.peer_bytes)
        )
    }
}

/// The table of both sides.
#[must_use]
pub fn table(rows: &[Measured]) -> String {
    let mut text =
        "| workload | ours ms, median | p95 | KiB | peer ms, median | p95 | KiB | peer ÷ ours |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
            .to_owned();
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", row.row());
    }
    text
}

/// Where the processors spent their time, for what limits each.
#[must_use]
pub fn cpu_table(rows: &[Measured]) -> String {
    let mut text = "| workload | our client | server | database | peer's client | server |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    let cell = |runs: &[Vec<f64>], part: usize| {
        let part: Vec<f64> = runs
            .iter()
            .filter_map(|run| run.get(part).copied())
            .collect();
        if part.is_empty() {
            "–".to_owned()
        } else {
            millis(median(&part))
        }
    };
    for row in rows {
        let cells = [
            cell(&row.our_cpu, 0),
            cell(&row.our_cpu, 1),
            cell(&row.our_cpu, 2),
            cell(&row.peer_cpu, 0),
            cell(&row.peer_cpu, 1),
        ];
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {} |", row.name, cells.join(" | "));
    }
    text
}

/// Milliseconds with the digits that mean something.
#[must_use]
pub fn millis(ms: f64) -> String {
    match ms {
        ms if ms >= 100.0 => format!("{ms:.0}"),
        ms if ms >= 10.0 => format!("{ms:.1}"),
        ms => format!("{ms:.2}"),
    }
}

fn kib(bytes: f64) -> String {
    millis(bytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        assert!((median(&values) - 3.0).abs() < f64::EPSILON);
        assert!((percentile(&values, 95) - 5.0).abs() < f64::EPSILON);
        assert!((percentile(&values, 20) - 1.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 50).abs() < f64::EPSILON);
    }

    #[test]
    fn a_row_names_both_medians_and_their_ratio() {
        let row = Measured {
            name: "W3".to_owned(),
            ours: vec![2.0, 3.0, 4.0],
            peer: vec![30.0, 33.0, 36.0],
            our_bytes: vec![1024.0],
            peer_bytes: vec![2048.0],
            ..Measured::default()
        };
        assert_eq!(
            row.row(),
            "| W3 | 3.00 | 4.00 | 1.00 | 33.0 | 36.0 | 2.00 | **11.0×** |"
        );
    }
}
