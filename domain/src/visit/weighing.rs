//! The order is weighed: its final quote, and which of several counts.

use super::{
    Act, Applied, Visit, appointment,
    order::{actor_id, dispute_unless, make_current, settle},
};
use crate::{
    blob,
    command::Weigh,
    difference::difference,
    ids::StaffId,
    order::{FinalQuote, Order, OrderStatus as S},
    quote::AdjustmentLimits,
    review::ReviewCode,
};

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
        quote: args.quote(act.happened_at()),
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

/// Lines that differ from the estimate without saying why.
fn owes_reasons(visit: &Visit, args: &Weigh, act: &Act) -> bool {
    let limits = AdjustmentLimits::default();
    visit.appointment.as_ref().is_some_and(|booked| {
        !difference(&booked.estimate, &args.quote(act.happened_at()), &limits)
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
