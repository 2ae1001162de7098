//! Price books on the way of a push: publishing one, and looking up the one a quote was made with.

use super::{
    effect::{Deed, Effect},
    price::{self, Known, Stated},
};
use crate::{
    problem::Problem,
    store::{Tx, price_books},
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    command::Command,
    price_book::{PriceBook, PriceBookError},
    quote::BookRef,
    staff::Role,
    visit::PriceFindings,
};

/// Publishes a price book: the next version of its city, by an administrator.
///
/// # Errors
/// Of the database.
pub(super) async fn publish(
    tx: &mut Tx,
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

/// Why a book is not published: code and field.
pub type NotPublished = (&'static str, String);

/// Writes a checked book as its city's next version.
///
/// # Errors
/// Of the database; inside, what is wrong with the book.
pub async fn put_in_force(
    tx: &mut Tx,
    book: &PriceBook,
    at: DateTime<Utc>,
) -> Result<Result<(), NotPublished>, Problem> {
    if let Err(error) = book.verify() {
        return Ok(Err(fault(&error)));
    }
    let newest = price_books::newest_version(tx.conn(), &book.city).await?;
    if book.version != newest + 1 {
        return Ok(Err(("version_taken", "book.version".to_owned())));
    }
    price_books::insert(tx, book, at).await?;
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

/// What the server finds out about the price of a weighing or ticket; nothing about other commands.
pub(super) async fn price_findings(
    tx: &mut Tx,
    deed: &Deed<'_>,
    command: &Command,
    city: Option<&str>,
) -> Result<PriceFindings, Problem> {
    let Some(stated) = stated(command) else {
        return Ok(PriceFindings::default());
    };
    let superseded_at =
        price_books::superseded_at(tx.conn(), &stated.book.city, stated.book.version, deed.at)
            .await?;
    let known = deed.book.map(|c| Known {
        book: &c.book,
        compiled: &c.rules,
        superseded_at,
    });
    let at = deed.believed_time().unwrap_or(deed.at);
    Ok(price::findings(
        stated,
        known,
        city.unwrap_or_default(),
        deed.actor.role,
        at,
    ))
}

/// The book that a weighing or ticket names.
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
        Command::Ticket(t) => Some(Stated {
            book: &t.quote.book,
            items: &t.quote.items,
            lines: &t.quote.lines,
            total: t.quote.total,
            adjustments: &t.quote.adjustments,
            due: t.quote.due,
        }),
        _ => None,
    }
}
