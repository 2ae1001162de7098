//! Money of the order: paid and given back. Each payment is a fact of its own; the status follows from their sum.

use super::{
    Act, Applied, Visit,
    acceptance::lacks_explicit_acceptance,
    appointment,
    order::{actor_id, dispute_unless, settle},
};
use crate::{
    command::{Pay, RefundArgs},
    order::{Order, OrderStatus as S, Payment, Refund},
    review::ReviewCode,
};

pub(super) fn pay(visit: &mut Visit, args: &Pay, act: &Act, done: &mut Applied) {
    let told = visit
        .order
        .payments
        .iter()
        .find(|p| p.payment_id == args.payment_id);
    if let Some(told) = told {
        let same = told.amount == args.amount && told.method == args.method;
        dispute_unless(same, &visit.order, act, done);
        return;
    }
    appointment::note_changed_plans(visit, act, done);
    if lacks_explicit_acceptance(visit) {
        done.review(ReviewCode::AcceptanceMissing);
    }
    let order = &mut visit.order;
    let was = order.status;
    order.payments.push(Payment {
        payment_id: args.payment_id,
        method: args.method,
        amount: args.amount,
        at: act.happened_at(),
        by: actor_id(act),
    });
    done.order_changed = true;
    match was {
        S::Unpaid => pay_unpaid(order, done),
        S::Paid | S::Completed => done.review(ReviewCode::DoublePayment),
        S::Cancelled => {
            order.status = S::Paid;
            done.review(ReviewCode::PaidCancelled);
        }
    }
}

fn pay_unpaid(order: &mut Order, done: &mut Applied) {
    if order.weighed_at.is_none() {
        done.review(ReviewCode::PaidUnweighed);
        return;
    }
    if order.paid_fen() > i128::from(order.due.fen()) {
        done.review(ReviewCode::Overpaid);
    }
    order.status = settle(order);
}

pub(super) fn refund(visit: &mut Visit, args: &RefundArgs, act: &Act, done: &mut Applied) {
    if visit
        .order
        .refunds
        .iter()
        .any(|r| r.refund_id == args.refund_id)
    {
        return;
    }
    appointment::note_changed_plans(visit, act, done);
    let order = &mut visit.order;
    if !covers(order, args) {
        done.review(ReviewCode::RefundUnmatched);
    }
    order.refunds.push(Refund {
        refund_id: args.refund_id,
        payment_id: args.payment_id,
        amount: args.amount,
        at: act.happened_at(),
        by: actor_id(act),
    });
    done.order_changed = true;
    match order.status {
        S::Paid => order.status = settle(order),
        S::Completed => done.review(ReviewCode::RefundedCompleted),
        S::Unpaid | S::Cancelled => {}
    }
}

/// The payment exists and what was refunded of it so far leaves room.
fn covers(order: &Order, args: &RefundArgs) -> bool {
    let back: i128 = order
        .refunds
        .iter()
        .filter(|r| r.payment_id == args.payment_id)
        .map(|r| i128::from(r.amount.fen()))
        .sum();
    order
        .payments
        .iter()
        .find(|p| p.payment_id == args.payment_id)
        .is_some_and(|p| back + i128::from(args.amount.fen()) <= i128::from(p.amount.fen()))
}
