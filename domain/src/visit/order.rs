//! Transitions of the order, one function a row of sync.md's second table. What was weighed and paid is kept
//! whatever the state; only which quote counts and the status change.

use super::{Act, Applied, Party, Refusal, Visit, appointment};
use crate::{
    blob,
    command::{Accept, Pay, Receive, RefundArgs, Weigh},
    difference::{difference, needs_explicit_acceptance},
    ids::{QuoteId, StaffId},
    order::{Acceptance, AcceptedBy, FinalQuote, Order, OrderStatus as S, Payment, Refund},
    quote::{AdjustmentLimits, Item, Quote, QuoteKind},
    review::ReviewCode,
};
use uuid::Uuid;

/// Depot and collector may weigh this much apart, in percent.
const REWEIGH_TOLERANCE_PERCENT: i128 = 2;

pub(super) fn weigh(visit: &mut Visit, args: &Weigh, act: &Act, done: &mut Applied) {
    if let Some(told) = visit
        .order
        .quotes
        .iter()
        .find(|q| q.quote.id == args.quote_id)
    {
        let same = told.quote.due == args.due
            && told.quote.items == args.items
            && told.photos == known_photos(args);
        dispute_unless(same, &visit.order, act, done);
        return;
    }
    appointment::begin(visit, act, done);
    note_price_findings(act, done);
    if owes_reasons(visit, args, act) {
        done.review(ReviewCode::ReasonsOwed);
    }
    let order = &mut visit.order;
    let by = actor_id(act);
    let counts = decide_which_counts(order, by, done);
    order.quotes.push(FinalQuote {
        quote: final_quote(args, act),
        by,
        at: act.at,
        photos: known_photos(args),
    });
    if blob::photos_fault(&args.photos).is_some() {
        done.review(ReviewCode::Disputed);
    }
    done.order_changed = true;
    if counts {
        order.weighed_at = Some(act.happened_at());
        make_current(order, args.quote_id);
    }
    order.status = match order.status {
        S::Completed => {
            done.review(ReviewCode::ReweighedAfterCompletion);
            S::Completed
        }
        S::Cancelled => {
            done.review(ReviewCode::CancelledMeanwhile);
            settle(order)
        }
        S::Unpaid | S::Paid => settle(order),
    };
}

/// What can be photos of this weighing: a fact is taken whatever else it names.
fn known_photos(args: &Weigh) -> Vec<String> {
    let names = args
        .photos
        .iter()
        .filter(|name| blob::hash_of(name).is_some());
    names
        .take(blob::MAX_PHOTOS)
        .map(|name| name.to_ascii_lowercase())
        .collect()
}

/// The same identity told again with other contents is looked at, once a person.
fn dispute_unless(same: bool, order: &Order, act: &Act, done: &mut Applied) {
    let by = act.party.staff_id();
    let noted = order
        .reviews
        .iter()
        .any(|r| r.code == ReviewCode::Disputed && r.by == by);
    if !same && !noted {
        done.review(ReviewCode::Disputed);
    }
}

/// Lines that differ from the estimate without saying why.
fn owes_reasons(visit: &Visit, args: &Weigh, act: &Act) -> bool {
    let limits = AdjustmentLimits::default();
    visit.appointment.as_ref().is_some_and(|booked| {
        !difference(&booked.estimate, &final_quote(args, act), &limits)
            .reasons_owed
            .is_empty()
    })
}

/// A later weighing by the same person corrects their own. Of two people's, an accepted one stays; otherwise the
/// later by server time counts. A completed order keeps what it was completed with.
fn decide_which_counts(order: &Order, by: StaffId, done: &mut Applied) -> bool {
    if order.status == S::Completed {
        return false;
    }
    let Some(current) = order.current() else {
        return true;
    };
    if order.paid_fen() != 0 {
        done.review(ReviewCode::ReweighedAfterPayment);
    }
    if current.by == by {
        return true;
    }
    done.review(ReviewCode::WeighedTwice);
    order.accepted().is_none()
}

fn final_quote(args: &Weigh, act: &Act) -> Quote {
    Quote {
        id: args.quote_id,
        kind: QuoteKind::Final,
        book: args.book.clone(),
        items: args.items.clone(),
        lines: args.lines.clone(),
        total: args.total,
        adjustments: args.adjustments.clone(),
        due: args.due,
        gap_reasons: args.gap_reasons.clone(),
        trace: Vec::new(),
        created_at: act.happened_at(),
    }
}

fn note_price_findings(act: &Act, done: &mut Applied) {
    let found = &act.price;
    for (is, code) in [
        (found.unknown_book, ReviewCode::UnknownBook),
        (found.stale, ReviewCode::PriceStale),
        (found.mismatch, ReviewCode::PriceMismatch),
    ] {
        if is {
            done.review(code);
        }
    }
}

fn make_current(order: &mut Order, id: QuoteId) {
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

pub(super) fn accept(
    visit: &mut Visit,
    args: &Accept,
    act: &Act,
    done: &mut Applied,
) -> Result<(), Refusal> {
    let known = visit
        .order
        .quotes
        .iter()
        .any(|q| q.quote.id == args.quote_id);
    match act.party {
        // From the mini-program it is a wish about something seen on a screen, and may be refused.
        Party::Customer(_) => refuse_customers_acceptance(&visit.order, args, known)?,
        // Nobody accepts in the mini-program for the customer.
        _ if args.by == AcceptedBy::MiniProgram => {
            dispute_unless(false, &visit.order, act, done);
            return Ok(());
        }
        _ => appointment::note_changed_plans(visit, act, done),
    }
    let order = &mut visit.order;
    let again = |a: &Acceptance| a.quote_id == args.quote_id && a.by == args.by;
    if order.acceptances.iter().any(again) {
        return Ok(());
    }
    let outweighs = known && outweighs_current(order, args.quote_id);
    order.acceptances.push(Acceptance {
        quote_id: args.quote_id,
        by: args.by,
        at: act.happened_at(),
        blob: args.blob.clone(),
    });
    done.order_changed = true;
    match order.status {
        S::Cancelled => done.review(ReviewCode::AcceptedCancelled),
        S::Unpaid if outweighs => {
            make_current(order, args.quote_id);
            order.status = settle(order);
        }
        S::Unpaid | S::Paid | S::Completed => {}
    }
    if !known {
        done.review(ReviewCode::Disputed);
    }
    Ok(())
}

/// Of two people's weighings the accepted one counts. A quote that its own author has corrected does not come back.
fn outweighs_current(order: &Order, accepted: QuoteId) -> bool {
    let author = |id| order.quotes.iter().find(|q| q.quote.id == id).map(|q| q.by);
    let latest_of_author = order
        .quotes
        .iter()
        .rfind(|q| Some(q.by) == author(accepted))
        .is_some_and(|q| q.quote.id == accepted);
    latest_of_author && order.current_quote != Some(accepted) && order.accepted().is_none()
}

fn refuse_customers_acceptance(order: &Order, args: &Accept, known: bool) -> Result<(), Refusal> {
    match order.status {
        S::Cancelled => Err(Refusal::Cancelled),
        _ if order.weighed_at.is_none() => Err(Refusal::NotWeighed),
        _ if !known => Err(Refusal::UnknownQuote),
        _ if order.current_quote != Some(args.quote_id) => Err(Refusal::QuoteSuperseded),
        _ => Ok(()),
    }
}

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

/// Far below the estimate, and the customer has neither signed nor accepted in the mini-program (product.md,
/// promise 3).
#[must_use]
pub fn lacks_explicit_acceptance(visit: &Visit) -> bool {
    let (Some(booked), Some(current)) = (&visit.appointment, visit.order.current()) else {
        return false;
    };
    let limits = AdjustmentLimits::default();
    let explicit = |a: &Acceptance| a.quote_id == current.quote.id && a.by != AcceptedBy::Tap;
    needs_explicit_acceptance(booked.estimate.due, current.quote.due, &limits)
        && !visit.order.acceptances.iter().any(explicit)
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
fn actor_id(act: &Act) -> StaffId {
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
