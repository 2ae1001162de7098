//! Adjustments: what is rounded off (抹零), bargained (议价) or given on top of the lines, and who may do how much of it.

use crate::{money::Fen, staff::Role};
use serde::{Deserialize, Serialize};

/// Why the amount due differs from the sum of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum AdjustmentKind {
    /// 抹零: below ¥1, anyone may.
    RoundDown,
    /// 议价: up to 10 % of the total for a collector, any for station staff with an approver.
    Bargain,
    /// A bonus (coupon, loyalty).
    Bonus,
}

/// A signed amount on top of the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Adjustment {
    /// The line it belongs to; none for the whole quote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub line: Option<usize>,
    /// Which kind.
    pub kind: AdjustmentKind,
    /// Signed.
    pub amount: Fen,
    /// In words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub reason: Option<String>,
    /// Who approved it (username), where the role needs that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub approved_by: Option<String>,
}

/// Limits of adjustments; configurable, these are the product's defaults (pricing.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdjustmentLimits {
    /// 抹零 stays below this.
    pub round_down_below: Fen,
    /// A collector's bargaining, percent of the total.
    pub collector_bargain_percent: i64,
    /// A due below the estimate by more than this needs the customer's explicit acceptance, in percent.
    pub explicit_acceptance_percent: i64,
}

impl Default for AdjustmentLimits {
    fn default() -> Self {
        Self {
            round_down_below: Fen::from_fen(100),
            collector_bargain_percent: 10,
            explicit_acceptance_percent: 10,
        }
    }
}

/// Why adjustments are not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustmentFault {
    /// 抹零 of a yuan or more, or upwards.
    RoundDownTooLarge,
    /// Bargained past the role's limit.
    BargainTooLarge,
    /// A bargain or bonus that needs an approver.
    ApprovalNeeded,
    /// A bonus that takes something away.
    BonusNegative,
    /// A line that the quote does not have.
    UnknownLine,
    /// The due would be negative, or is not total + Σ adjustments.
    DueWrong,
}

impl AdjustmentFault {
    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoundDownTooLarge => "round_down_too_large",
            Self::BargainTooLarge => "bargain_too_large",
            Self::ApprovalNeeded => "approval_needed",
            Self::BonusNegative => "bonus_negative",
            Self::UnknownLine => "unknown_line",
            Self::DueWrong => "due_wrong",
        }
    }
}

/// total + Σ adjustments; `None` on overflow or below zero.
#[must_use]
pub fn due(total: Fen, adjustments: &[Adjustment]) -> Option<Fen> {
    let sum = adjustments
        .iter()
        .try_fold(total.fen(), |sum, a| sum.checked_add(a.amount.fen()))?;
    (sum >= 0).then(|| Fen::from_fen(sum))
}

/// Checks adjustments against the limits of the role that grants them. That the approver exists and is somebody else
/// is for the caller to check, who knows the people.
///
/// # Errors
/// The first fault found; the due is checked last.
pub fn check_adjustments(
    total: Fen,
    lines: usize,
    adjustments: &[Adjustment],
    stated_due: Fen,
    role: Role,
    limits: &AdjustmentLimits,
) -> Result<(), AdjustmentFault> {
    let of = |kind| adjustments.iter().filter(move |a| a.kind == kind);
    let sum_of = |kind| of(kind).map(|a| i128::from(a.amount.fen())).sum::<i128>();
    if adjustments
        .iter()
        .any(|a| a.line.is_some_and(|line| line >= lines))
    {
        return Err(AdjustmentFault::UnknownLine);
    }
    let rounded = sum_of(AdjustmentKind::RoundDown);
    if rounded > 0 || -rounded >= i128::from(limits.round_down_below.fen()) {
        return Err(AdjustmentFault::RoundDownTooLarge);
    }
    let bargained = sum_of(AdjustmentKind::Bargain).abs();
    let allowed = i128::from(total.fen()) * i128::from(limits.collector_bargain_percent);
    if role == Role::Collector && bargained * 100 > allowed {
        return Err(AdjustmentFault::BargainTooLarge);
    }
    if of(AdjustmentKind::Bonus).any(|a| a.amount.is_negative()) {
        return Err(AdjustmentFault::BonusNegative);
    }
    if adjustments
        .iter()
        .any(|a| needs_approval(a, role) && !has_approver(a))
    {
        return Err(AdjustmentFault::ApprovalNeeded);
    }
    if due(total, adjustments) == Some(stated_due) {
        Ok(())
    } else {
        Err(AdjustmentFault::DueWrong)
    }
}

/// Whose word an adjustment needs: station staff bargain with an approver; a bonus is given by someone who plans, or
/// with their approval.
#[must_use]
pub fn needs_approval(adjustment: &Adjustment, role: Role) -> bool {
    match adjustment.kind {
        AdjustmentKind::RoundDown => false,
        AdjustmentKind::Bargain => role == Role::Station,
        AdjustmentKind::Bonus => !role.plans_everywhere(),
    }
}

fn has_approver(adjustment: &Adjustment) -> bool {
    adjustment
        .approved_by
        .as_deref()
        .is_some_and(|name| !name.trim().is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn adjustment(kind: AdjustmentKind, fen: i64, approved_by: Option<&str>) -> Adjustment {
        Adjustment {
            line: None,
            kind,
            amount: Fen::from_fen(fen),
            reason: None,
            approved_by: approved_by.map(Into::into),
        }
    }

    #[test]
    fn each_role_has_its_limits() {
        use AdjustmentFault as F;
        use AdjustmentKind as K;
        for (kind, fen, approver, role, expected) in [
            (K::RoundDown, -99, None, Role::Collector, Ok(())),
            (
                K::RoundDown,
                -100,
                None,
                Role::Admin,
                Err(F::RoundDownTooLarge),
            ),
            (
                K::RoundDown,
                1,
                None,
                Role::Collector,
                Err(F::RoundDownTooLarge),
            ),
            (K::Bargain, 1000, None, Role::Collector, Ok(())),
            (
                K::Bargain,
                -1001,
                None,
                Role::Collector,
                Err(F::BargainTooLarge),
            ),
            (
                K::Bargain,
                5000,
                None,
                Role::Station,
                Err(F::ApprovalNeeded),
            ),
            (K::Bargain, 5000, Some("admin"), Role::Station, Ok(())),
            (K::Bonus, 500, None, Role::Collector, Err(F::ApprovalNeeded)),
            (K::Bonus, 500, Some("admin"), Role::Collector, Ok(())),
            (K::Bonus, 500, None, Role::Dispatcher, Ok(())),
            (
                K::Bonus,
                -500,
                Some("admin"),
                Role::Collector,
                Err(F::BonusNegative),
            ),
        ] {
            let total = Fen::from_fen(10_000);
            let adjustments = [adjustment(kind, fen, approver)];
            let stated = due(total, &adjustments).unwrap();
            let checked = check_adjustments(
                total,
                1,
                &adjustments,
                stated,
                role,
                &AdjustmentLimits::default(),
            );
            assert_eq!(checked, expected, "{kind:?} of {fen} fen by {role:?}");
        }
    }

    #[test]
    fn an_adjustment_names_a_line_that_exists_and_the_due_adds_up() {
        let total = Fen::from_fen(10_000);
        let mut rounding = adjustment(AdjustmentKind::RoundDown, -50, None);
        let check = |a: &Adjustment, stated| {
            check_adjustments(
                total,
                2,
                std::slice::from_ref(a),
                Fen::from_fen(stated),
                Role::Collector,
                &AdjustmentLimits::default(),
            )
        };
        assert_eq!(check(&rounding, 9_950), Ok(()));
        assert_eq!(check(&rounding, 9_951), Err(AdjustmentFault::DueWrong));
        rounding.line = Some(2);
        assert_eq!(check(&rounding, 9_950), Err(AdjustmentFault::UnknownLine));
    }
}
