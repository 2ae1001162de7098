//! Estimate against final quote: what changed per line, where a reason is owed, and whether the customer must
//! accept explicitly (pricing.md, "Quote").

use crate::{
    money::Fen,
    number::Number,
    quote::{AdjustmentLimits, GapCode, Quote, QuoteLine},
};
use serde::Serialize;
use std::collections::HashMap;

/// A quantity may differ by this much (percent of the estimate's) without a reason.
const QUANTITY_TOLERANCE_PERCENT: i128 = 10;

/// The difference of a final quote from its estimate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Difference {
    /// The estimate's due.
    pub estimate: Fen,
    /// The final quote's due.
    pub due: Fen,
    /// due − estimate.
    pub gap: Fen,
    /// Line by line of the final quote.
    pub lines: Vec<LineDifference>,
    /// Estimated lines that the final quote has no counterpart for.
    pub missing: Vec<usize>,
    /// Lines that owe a reason and have none (or `other` without words).
    pub reasons_owed: Vec<usize>,
    /// Due is so far below the estimate that a tap is not enough: signature or mini-program.
    pub explicit_acceptance: bool,
}

/// One final line against its estimated counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LineDifference {
    /// Line of the final quote.
    pub line: usize,
    /// Counterpart in the estimate: the same category, the first not yet taken.
    pub estimate_line: Option<usize>,
    /// Amount minus the counterpart's amount.
    pub gap: Fen,
    /// The unit price differs.
    pub unit_price: bool,
    /// The quantity differs by more than a tenth.
    pub quantity: bool,
    /// A reason is required.
    pub reason_required: bool,
    /// The reason given.
    pub reason: Option<GapCode>,
}

/// Compares a final quote with its estimate.
#[must_use]
pub fn difference(estimate: &Quote, final_quote: &Quote, limits: &AdjustmentLimits) -> Difference {
    let counterparts = counterparts(&estimate.lines, &final_quote.lines);
    let lines: Vec<_> = final_quote
        .lines
        .iter()
        .enumerate()
        .map(|(line, ours)| {
            let theirs = counterparts[line].and_then(|i| estimate.lines.get(i));
            line_difference(line, ours, counterparts[line], theirs, final_quote)
        })
        .collect();
    let taken: Vec<usize> = counterparts.iter().flatten().copied().collect();
    let gap = final_quote.due.fen().saturating_sub(estimate.due.fen());
    Difference {
        estimate: estimate.due,
        due: final_quote.due,
        gap: Fen::from_fen(gap),
        missing: (0..estimate.lines.len())
            .filter(|i| !taken.contains(i))
            .collect(),
        reasons_owed: lines
            .iter()
            .filter(|l| l.reason_required && !has_reason(final_quote, l.line))
            .map(|l| l.line)
            .collect(),
        explicit_acceptance: needs_explicit_acceptance(estimate.due, final_quote.due, limits),
        lines,
    }
}

/// Due below the estimate by more than the set percentage.
#[must_use]
pub fn needs_explicit_acceptance(estimate: Fen, due: Fen, limits: &AdjustmentLimits) -> bool {
    let below = i128::from(estimate.fen()) - i128::from(due.fen());
    below * 100 > i128::from(estimate.fen()) * i128::from(limits.explicit_acceptance_percent)
}

fn counterparts(estimate: &[QuoteLine], lines: &[QuoteLine]) -> Vec<Option<usize>> {
    let mut waiting: HashMap<&str, std::collections::VecDeque<usize>> = HashMap::new();
    for (i, line) in estimate.iter().enumerate() {
        waiting.entry(&line.category).or_default().push_back(i);
    }
    lines
        .iter()
        .map(|line| waiting.get_mut(line.category.as_str())?.pop_front())
        .collect()
}

fn line_difference(
    line: usize,
    ours: &QuoteLine,
    estimate_line: Option<usize>,
    theirs: Option<&QuoteLine>,
    quote: &Quote,
) -> LineDifference {
    let before = theirs.map_or(0, |l| l.amount.fen());
    let unit_price = theirs.is_some_and(|l| !same_number(&l.unit_price, &ours.unit_price));
    let quantity = theirs.is_some_and(|l| beyond_tolerance(&l.quantity, &ours.quantity));
    LineDifference {
        line,
        estimate_line,
        gap: Fen::from_fen(ours.amount.fen().saturating_sub(before)),
        unit_price,
        quantity,
        reason_required: theirs.is_none() || unit_price || quantity,
        reason: quote
            .gap_reasons
            .iter()
            .find(|r| r.line == line)
            .map(|r| r.code),
    }
}

fn has_reason(quote: &Quote, line: usize) -> bool {
    quote.gap_reasons.iter().any(|r| {
        let words = r.text.as_deref().is_some_and(|t| !t.trim().is_empty());
        r.line == line && (r.code != GapCode::Other || words)
    })
}

fn same_number(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<Number>(), b.parse::<Number>()), (Ok(a), Ok(b)) if a == b)
}

fn beyond_tolerance(estimate: &str, ours: &str) -> bool {
    let (Ok(estimate), Ok(ours)) = (estimate.parse::<Number>(), ours.parse::<Number>()) else {
        return estimate != ours;
    };
    let (estimate, ours) = (estimate.scaled(), ours.scaled());
    (ours - estimate).abs() * 100 > estimate.abs() * QUANTITY_TOLERANCE_PERCENT
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::quote::{BookRef, GapReason, QuoteKind};
    use chrono::DateTime;
    use uuid::Uuid;

    fn quote(lines: &[(&str, &str, &str, i64)]) -> Quote {
        let lines: Vec<_> = lines
            .iter()
            .map(|(category, quantity, price, amount)| QuoteLine {
                category: (*category).into(),
                quantity: (*quantity).into(),
                unit_price: (*price).into(),
                applied: vec![],
                amount: Fen::from_fen(*amount),
            })
            .collect();
        let total = Fen::from_fen(lines.iter().map(|l| l.amount.fen()).sum());
        Quote {
            id: Uuid::nil().into(),
            kind: QuoteKind::Final,
            book: BookRef {
                city: "330100".into(),
                version: 1,
                hash: String::new(),
            },
            items: vec![],
            lines,
            total,
            adjustments: vec![],
            due: total,
            gap_reasons: vec![],
            trace: vec![],
            created_at: DateTime::default(),
        }
    }

    #[test]
    fn a_tenth_more_or_less_needs_no_reason_and_a_gram_beyond_does() {
        let estimate = quote(&[("paper/cardboard", "10", "1.1", 1100)]);
        let limits = AdjustmentLimits::default();
        assert!(
            difference(
                &estimate,
                &quote(&[("paper/cardboard", "11", "1.10", 1210)]),
                &limits
            )
            .reasons_owed
            .is_empty()
        );
        assert_eq!(
            difference(
                &estimate,
                &quote(&[("paper/cardboard", "11.001", "1.1", 1210)]),
                &limits
            )
            .reasons_owed,
            [0]
        );
    }

    #[test]
    fn goods_nobody_booked_and_other_prices_owe_a_reason_until_it_is_given_in_words() {
        let estimate = quote(&[("paper/cardboard", "10", "1.1", 1100)]);
        let mut last = quote(&[
            ("metal/iron", "3", "1.8", 540),
            ("paper/cardboard", "10", "0.9", 900),
        ]);
        let limits = AdjustmentLimits::default();
        assert_eq!(difference(&estimate, &last, &limits).reasons_owed, [0, 1]);
        last.gap_reasons = vec![
            GapReason {
                line: 0,
                code: GapCode::Category,
                text: None,
            },
            GapReason {
                line: 1,
                code: GapCode::Other,
                text: Some(" ".into()),
            },
        ];
        assert_eq!(
            difference(&estimate, &last, &limits).reasons_owed,
            [1],
            "other without words is no reason"
        );
    }

    #[test]
    fn more_than_a_tenth_below_the_estimate_needs_explicit_acceptance() {
        let estimate = quote(&[("paper/cardboard", "10", "1", 1000)]);
        let limits = AdjustmentLimits::default();
        assert!(
            !difference(
                &estimate,
                &quote(&[("paper/cardboard", "9", "1", 900)]),
                &limits
            )
            .explicit_acceptance
        );
        assert!(
            difference(
                &estimate,
                &quote(&[("paper/cardboard", "8.99", "1", 899)]),
                &limits
            )
            .explicit_acceptance
        );
    }
}
