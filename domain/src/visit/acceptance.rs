//! The customer accepts what was weighed: by signature, by tap, or in the mini-program.

use super::{
    Act, Applied, Party, Refusal, Visit, appointment,
    order::{dispute_unless, make_current, settle},
};
use crate::{
    command::Accept,
    difference::needs_explicit_acceptance,
    ids::QuoteId,
    order::{Acceptance, AcceptedBy, Order, OrderStatus as S},
    quote::AdjustmentLimits,
    review::ReviewCode,
};

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
