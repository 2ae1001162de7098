//! `price`: the pricing engine on a pipe, in the form of the golden cases.

use huishou_domain::pricing::price_line_json;
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};

/// Prices line by line until the input ends; blank lines are left out.
///
/// # Errors
/// Input that is no text, or an output that went away.
pub fn run(input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match serde_json::from_str::<Value>(&line) {
            Ok(case) => price_line_json(&case),
            Err(_) => json!({"error": {"code": "malformed_json", "line": null, "field": null}}),
        };
        writeln!(output, "{answer}")?;
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_golden_case_comes_out_of_the_pipe_as_expected() {
        let golden = include_str!("../../../domain/vectors/pricing.ndjson");
        let mut out = Vec::new();
        run(golden.as_bytes(), &mut out).unwrap();
        let answers = String::from_utf8(out).unwrap();
        let mut count = 0;
        for (case, answer) in golden.lines().zip(answers.lines()) {
            let case: Value = serde_json::from_str(case).unwrap();
            let answer: Value = serde_json::from_str(answer).unwrap();
            assert_eq!(answer, case["expect"], "{case}");
            count += 1;
        }
        assert!(count > 50, "{count} cases");
    }
}
