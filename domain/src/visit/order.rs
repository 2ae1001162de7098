//! Transitions of the order, one function a row of sync.md's second table; weighing, acceptance and money have files of
//! their own. What was weighed and paid is kept whatever the state; only which quote counts and the status change.

use super::{Act, Applied, Refusal};
use crate::{
    command::Receive,
    ids::{QuoteId, StaffId},
    order::{Order, OrderStatus as S},
    quote::Item,
    review::ReviewCode,
};
use uuid::Uuid;

/// Depot and collector may weigh this much apart, in percent.
const REWEIGH_TOLERANCE_PERCENT: i128 = 2;

/// The same identity told again with other contents is looked at, once a person.
pub(super) fn dispute_unless(same: bool, order: &Order, act: &Act, done: &mut Applied) {
    let by = act.party.staff_id();
    let noted = order
        .reviews
        .iter()
        .any(|r| r.code == ReviewCode::Disputed && r.by == by);
    if !same && !noted {
        done.review(ReviewCode::Disputed);
    }
}

pub(super) fn make_current(order: &mut Order, id: QuoteId) {
    order.current_quote = Some(id);
    if let Some(due) = order.current().map(|q| q.quote.due) {
        order.due = due;
    }
}

/// 0 or 1, by what was paid against what is due. A ticket that is paid is completed at once.
pub(super) fn settle(order: &Order) -> S {
    match (order.is_settled(), order.appointment_id) {
        (true, None) => S::Completed,
        (true, Some(_)) => S::Paid,
        (false, _) => S::Unpaid,
    }
}

pub(super) fn void(order: &mut Order, args: &str, done: &mut Applied) -> Result<(), Refusal> {
    match order.status {
        S::Unpaid | S::Paid if order.paid_fen() != 0 => Err(Refusal::Paid),
        S::Unpaid | S::Paid => {
            order.status = S::Cancelled;
            order.void_reason = Some(args.to_owned());
            done.order_changed = true;
            Ok(())
        }
        S::Completed if order.appointment_id.is_none() && order.paid_fen() == 0 => {
            // A ticket completes the moment it is paid; with all money back it may still be voided.
            order.status = S::Cancelled;
            order.void_reason = Some(args.to_owned());
            done.order_changed = true;
            Ok(())
        }
        S::Completed => Err(Refusal::Completed),
        S::Cancelled => Ok(()),
    }
}

pub(super) fn receive(order: &mut Order, args: &Receive, act: &Act, done: &mut Applied) {
    if differs_beyond_tolerance(order, &args.items) {
        done.review(ReviewCode::ReweighDifference);
    }
    match order.status {
        S::Unpaid => done.review(ReviewCode::UnpaidReceived),
        S::Paid => order.status = S::Completed,
        S::Completed if order.received_at.is_some() => return,
        S::Completed => {}
        S::Cancelled => {
            order.status = S::Completed;
            done.review(ReviewCode::CancelledReceived);
        }
    }
    order.received_at.get_or_insert(act.happened_at());
    done.order_changed = true;
}

/// Any category whose depot weight differs from the collector's by more than the tolerance.
fn differs_beyond_tolerance(order: &Order, depot: &[Item]) -> bool {
    let Some(current) = order.current().filter(|_| !depot.is_empty()) else {
        return false;
    };
    let collector: i128 = current
        .quote
        .lines
        .iter()
        .filter_map(|l| l.quantity.parse::<crate::number::Number>().ok())
        .map(|n| n.scaled())
        .sum();
    let weighed: i128 = depot.iter().filter_map(Item::net).sum();
    (weighed - collector).abs() * 100 > collector.abs() * REWEIGH_TOLERANCE_PERCENT
}

/// The member of staff who acted; the customer and the product itself have no staff id and never weigh or pay.
pub(super) fn actor_id(act: &Act) -> StaffId {
    act.party.staff_id().unwrap_or(StaffId(Uuid::nil()))
}

impl Item {
    /// Kilograms or pieces as stated: the quantity, or gross less tare (deductions are the price's affair).
    fn net(&self) -> Option<i128> {
        match (&self.quantity, &self.weighing) {
            (Some(quantity), _) => Some(quantity.scaled()),
            (None, Some(w)) => {
                Some(w.gross.scaled() - w.tare.as_ref().map_or(0, crate::number::Number::scaled))
            }
            (None, None) => None,
        }
    }
}
