//! Price books on the way of a push: publishing one, and looking up the one a quote was made with.

use super::{
    effect::{Deed, Effect},
    ports::Effecting,
    price::{self, Known, Stated},
};
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use huishou_domain::{
    command::Command,
    price_book::{PriceBook, PriceBookError},
    quote::{Adjustment, BookRef, Quote, needs_approval},
    staff::Role,
    visit::PriceFindings,
};
use std::collections::BTreeSet;

/// Publishes a price book: the next version of its city, by an administrator.
///
/// # Errors
/// Of the database.
pub(super) async fn publish(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    command: &Command,
) -> Result<Effect, Problem> {
    let Command::Publish(args) = command else {
        return Ok(Effect::rejected("undecodable"));
    };
    if deed.actor.role != Role::Admin {
        return Ok(Effect::rejected("forbidden"));
    }
    match put_in_force(tx, &args.book, deed.at).await? {
        Ok(()) => Ok(Effect::Applied {
            version: Some(i64::from(args.book.version)),
            reviews: Vec::new(),
        }),
        Err((code, field)) => Ok(Effect::rejected_field(code, &field)),
    }
}

/// A book that would begin before the newest one published: it would never be in force, or be so before anyone could
/// know.
pub const TOO_EARLY: &str = "effective_from_too_early";

/// Approvers named in one quote at most; more are nobody's.
const MOST_APPROVERS: usize = 8;

/// Why a book is not published: code and field.
pub type NotPublished = (&'static str, String);

/// Writes a checked book as its city's next version.
///
/// # Errors
/// Of the database; inside, what is wrong with the book.
pub async fn put_in_force(
    tx: &mut impl Effecting,
    book: &PriceBook,
    at: DateTime<Utc>,
) -> Result<Result<(), NotPublished>, Problem> {
    if let Err(error) = book.verify() {
        return Ok(Err(fault(&error)));
    }
    let newest = tx.newest_book(&book.city).await?;
    if book.version != newest.version + 1 {
        return Ok(Err(("version_taken", "book.version".to_owned())));
    }
    if newest.begins_after(book.effective_from.at()) {
        return Ok(Err((TOO_EARLY, "book.effective_from".to_owned())));
    }
    tx.insert_book(book, at).await?;
    Ok(Ok(()))
}

/// The stable code of what is wrong with a book, and where: down to `book.rules[3].factors[0].value`.
#[must_use]
pub fn fault(error: &PriceBookError) -> NotPublished {
    let (code, field) = match error {
        PriceBookError::EffectiveFrom => ("type", "effective_from"),
        PriceBookError::City => ("unknown_division", "city"),
        PriceBookError::Version => ("type", "version"),
        PriceBookError::Rules(fault) => ("invalid_book", fault.field.as_deref().unwrap_or("rules")),
        PriceBookError::NotText(path) => ("invalid_book", path.as_str()),
        PriceBookError::HashMismatch => ("hash_mismatch", "hash"),
    };
    (code, format!("book.{field}"))
}

/// What the server finds out about the price that a command states; nothing about commands that state none. A book's
/// age counts at the moment of a weighing or ticket; of an estimate, which nobody has accepted, when it arrives.
pub(super) async fn price_findings(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    command: &Command,
    city: Option<&str>,
) -> Result<PriceFindings, Problem> {
    let Some(stated) = stated(command) else {
        return Ok(PriceFindings::default());
    };
    let superseded_at = tx
        .superseded_at(&stated.book.city, stated.book.version, deed.at)
        .await?;
    let known = deed.book.map(|c| Known {
        book: &c.book,
        compiled: &c.rules,
        superseded_at,
    });
    let happened = deed.believed_time().filter(|_| command.is_fact());
    let at = happened.unwrap_or(deed.at);
    let mut findings =
        price::findings(stated, known, city.unwrap_or_default(), deed.actor.role, at);
    findings.mismatch |= !approved(tx, deed, stated.adjustments).await?;
    Ok(findings)
}

/// Whether everybody who is said to have approved an adjustment that needs it is with us, and is somebody else.
async fn approved(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    adjustments: &[Adjustment],
) -> Result<bool, Problem> {
    let names: BTreeSet<&str> = adjustments
        .iter()
        .filter(|a| needs_approval(a, deed.actor.role))
        .filter_map(|a| a.approved_by.as_deref())
        .map(str::trim)
        .collect();
    if names.len() > MOST_APPROVERS {
        return Ok(false);
    }
    for name in names {
        let person = tx.person_named(name).await?;
        if !person.is_some_and(|p| p.staff.active && p.staff.id != deed.actor.id) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The book that a command's quote names.
#[must_use]
pub fn named_book(command: &Command) -> Option<&BookRef> {
    stated(command).map(|stated| stated.book)
}

fn stated(command: &Command) -> Option<Stated<'_>> {
    match command {
        Command::Weigh(w) => Some(Stated {
            book: &w.book,
            items: &w.items,
            lines: &w.lines,
            total: w.total,
            adjustments: &w.adjustments,
            due: w.due,
        }),
        Command::Ticket(t) => Some(of_quote(&t.quote)),
        Command::Estimate(e) => Some(of_quote(&e.quote)),
        Command::Create(c) => c.estimate.as_ref().map(of_quote),
        _ => None,
    }
}

fn of_quote(quote: &Quote) -> Stated<'_> {
    Stated {
        book: &quote.book,
        items: &quote.items,
        lines: &quote.lines,
        total: quote.total,
        adjustments: &quote.adjustments,
        due: quote.due,
    }
}
