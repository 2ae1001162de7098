//! What the server finds out about a stated price. It never refuses a weighing or ticket: goods were weighed and money
//! was handed over; what cannot be explained becomes a review. An estimate is refused for it (sync.md §5, pricing.md
//! "Quote").

use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    money::Fen,
    number::Number,
    price_book::PriceBook,
    pricing::{Book, UnitPrice},
    quote::{self, Adjustment, AdjustmentLimits, BookRef, Item, QuoteLine},
    staff::Role,
    visit::PriceFindings,
};

/// How long a superseded book may still be used by a device that has not heard of the new one.
const GRACE: TimeDelta = TimeDelta::hours(24);

/// A quote as stated by who weighed.
#[derive(Debug, Clone, Copy)]
pub struct Stated<'a> {
    /// The book it was made with.
    pub book: &'a BookRef,
    /// Goods.
    pub items: &'a [Item],
    /// Lines.
    pub lines: &'a [QuoteLine],
    /// Their sum.
    pub total: Fen,
    /// Rounding and bargains.
    pub adjustments: &'a [Adjustment],
    /// What the customer gets.
    pub due: Fen,
}

/// The book named, as the server has it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// As published.
    pub book: &'a PriceBook,
    /// Ready to price with.
    pub compiled: &'a Book,
    /// When the next version came into force.
    pub superseded_at: Option<DateTime<Utc>>,
}

/// Compares what was stated with what the named book says.
#[must_use]
pub fn findings(
    stated: Stated<'_>,
    known: Option<Known<'_>>,
    city: &str,
    role: Role,
    at: DateTime<Utc>,
) -> PriceFindings {
    let same = |k: &Known<'_>| stated.book.hash.is_empty() || stated.book.hash == k.book.hash;
    let Some(known) = known.filter(same) else {
        return PriceFindings {
            unknown_book: true,
            ..PriceFindings::default()
        };
    };
    let limits = AdjustmentLimits::default();
    let lines_agree = recomputed(stated, known.compiled) && stated.book.city == city;
    let due_agrees = quote::check_adjustments(
        stated.total,
        stated.lines.len(),
        stated.adjustments,
        stated.due,
        role,
        &limits,
    )
    .is_ok();
    PriceFindings {
        mismatch: !(lines_agree && due_agrees),
        stale: known
            .superseded_at
            .is_some_and(|superseded| at > superseded + GRACE),
        unknown_book: false,
    }
}

/// Whether the book gives these lines and this total for these goods.
fn recomputed(stated: Stated<'_>, book: &Book) -> bool {
    let items: Result<Vec<_>, _> = stated.items.iter().map(serde_json::to_value).collect();
    let Some(priced) = items.ok().and_then(|items| book.price(&items).ok()) else {
        return false;
    };
    let equal = |(stated, priced): (&QuoteLine, &huishou_domain::pricing::PricedLine)| {
        stated.category == priced.category
            && stated.amount == priced.amount
            && stated
                .quantity
                .parse::<Number>()
                .is_ok_and(|quantity| quantity == priced.quantity)
            && stated
                .unit_price
                .parse::<UnitPrice>()
                .is_ok_and(|price| price == priced.unit_price)
            && (stated.applied.is_empty() || stated.applied == priced.applied)
    };
    stated.total == priced.total
        && stated.lines.len() == priced.lines.len()
        && stated.lines.iter().zip(&priced.lines).all(equal)
}
