//! Publishing a price book.

use crate::{
    app::State,
    once,
    once::Reply,
    problem::Problem,
    store::{StoreError, idempotency::Keyed, price_books},
    sync::catalogue,
};
use huishou_domain::{
    ids::PriceBookId,
    price_book::{EffectiveFrom, PriceBook},
};
use serde_json::Value;
use uuid::Uuid;

/// A book to be published.
#[derive(Debug, Clone)]
pub struct NewBook {
    /// City division code.
    pub city: String,
    /// RFC 3339, kept letter for letter.
    pub effective_from: String,
    /// The rules.
    pub rules: Vec<Value>,
}

/// Checks, numbers and publishes a book.
///
/// # Errors
/// What is wrong with it by field, `version_taken`, those of the idempotency key, or the database's.
pub async fn publish(app: &State, new: &NewBook, keyed: Option<&Keyed>) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    let effective_from = EffectiveFrom::parse(&new.effective_from)
        .map_err(|_| Problem::field("effective_from", "type"))?;
    let id = PriceBookId(Uuid::now_v7());
    let reply = once!(app, keyed, tx => {
        let newest = price_books::newest(tx.conn(), &new.city).await?;
        let book = PriceBook::publish(
            id,
            &new.city,
            newest.version + 1,
            effective_from.clone(),
            new.rules.clone(),
        );
        let book = book.map_err(|error| {
            let (code, field) = catalogue::fault(&error);
            Problem::field(field.trim_start_matches("book."), code)
        })?;
        if newest.begins_after(book.effective_from.at()) {
            return Err(Problem::field("effective_from", catalogue::TOO_EARLY));
        }
        price_books::insert(tx, &book, app.now())
            .await
            .map_err(taken)?;
        Reply::of(201, &book)
    })?;
    app.books.forget();
    Ok(reply)
}

/// Two published at once: the later one looks again.
fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Duplicate(_) => Problem::conflict("version_taken", None),
        error => error.into(),
    }
}
