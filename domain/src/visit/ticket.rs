//! The walk-in ticket (散客单): an order that begins weighed.

use super::{Act, Applied};
use crate::{
    command::TicketCreate,
    ids::StaffId,
    order::{FinalQuote, Order},
    quote::{Quote, QuoteKind},
    review::{Review, ReviewCode},
    staff::Role,
};
use uuid::Uuid;

/// Makes the order of a ticket; reviews about its price are noted on it. A ticket is a fact and always made.
#[must_use]
pub fn create_ticket(args: &TicketCreate, act: &Act) -> (Order, Applied) {
    let staff = act.party.staff();
    let by = staff.map_or(StaffId(Uuid::nil()), |a| a.id);
    let mut order = Order::new(args.order_id, args.station_id, act.happened_at());
    order.collector = staff.filter(|a| a.role == Role::Collector).map(|a| a.id);
    order.seller = args.seller.clone();
    order.quotes = vec![FinalQuote {
        quote: Quote {
            kind: QuoteKind::Final,
            trace: Vec::new(),
            ..args.quote.clone()
        },
        by,
        at: act.at,
        photos: Vec::new(),
    }];
    order.current_quote = Some(args.quote.id);
    order.due = args.quote.due;
    order.weighed_at = Some(act.happened_at());
    order.updated_at = act.at;
    order.status = super::order::settle(&order);
    let foreign =
        staff.is_some_and(|a| !a.role.plans_everywhere() && a.station != Some(args.station_id));
    let mut done = Applied {
        order_changed: true,
        ..Applied::default()
    };
    for (is, code) in [
        (act.price.unknown_book, ReviewCode::UnknownBook),
        (act.price.stale, ReviewCode::PriceStale),
        (act.price.mismatch, ReviewCode::PriceMismatch),
        (foreign, ReviewCode::ForeignStation),
    ] {
        if is {
            done.review(code);
            order.reviews.push(Review {
                code,
                at: act.at,
                by: staff.map(|a| a.id),
            });
        }
    }
    (order, done)
}

/// The same ticket told again changes nothing; other contents under a known id are looked at.
pub(super) fn again(order: &Order, args: &TicketCreate, done: &mut Applied) {
    let same = order
        .quotes
        .first()
        .is_some_and(|q| q.quote.id == args.quote.id && q.quote.due == args.quote.due);
    if !same {
        done.review(ReviewCode::DuplicateTicket);
    }
}
